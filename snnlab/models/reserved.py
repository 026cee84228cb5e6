"""Names that Brian2 or a network reserves, for models of all kinds."""

# Equations of neurons and filters may use these, but not define them.
CONSTANTS = {"pi", "e", "inf", "t", "dt", "i", "N", "t_in_timesteps", "lastspike", "not_refractory", "xi", "_spike"}
# No state and no parameter of a neuron or a filter may have one of these names.
OF_NEURONS = {"pi", "e", "inf", "i", "j", "t", "dt", "N", "xi", "current"}
# In the text of a filter, these stand for the weight of a spike and for the unit of the filtered quantity.
OF_FILTERS = OF_NEURONS | {"weight", "unit"}
# The same for a synapse that learns. Single capital letters are names in sympy.
OF_SYNAPSES = {"pi", "e", "inf", "i", "j", "t", "dt", "xi", "w", "lastupdate", *"CEINOQS"}
# No parameter of a rule for rate units may have one of these names or the name of a variable or a function.
OF_RATE_RULES = OF_SYNAPSES | {"eta", "summed"}
# Words of an expression that are not names.
WORDS = {"and", "or", "not", "True", "False"}
# Names that the equations of a synapse may use besides its own.
IN_SYNAPSES = {"w", "t", "dt", "int", "if", "else", "event", "driven", "clock", *WORDS}
