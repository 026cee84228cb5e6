"""Names that Brian2 or a network reserves, for models of all kinds."""

# Equations of neurons and filters may use these, but not define them.
CONSTANTS = {"pi", "e", "inf", "t", "dt", "i", "N", "t_in_timesteps", "lastspike", "not_refractory", "xi", "_spike"}
# No state and no parameter of a neuron or a filter may have one of these names.
OF_NEURONS = {"pi", "e", "inf", "i", "j", "t", "dt", "N", "xi", "current"}
# The same for a synapse that learns. Single capital letters are names in sympy.
OF_SYNAPSES = {"pi", "e", "inf", "i", "j", "t", "dt", "xi", "w", "lastupdate", *"CEINOQS"}
# Words of an expression that are not names.
WORDS = {"and", "or", "not", "True", "False"}
# Names that the equations of a synapse may use besides its own.
IN_SYNAPSES = {"w", "t", "dt", "int", "if", "else", "event", "driven", "clock", *WORDS}
