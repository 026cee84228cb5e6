"""Files of a user with one mistake: protocols, neurons, filters, rules, figures."""

from __future__ import annotations

from .case import Case

PROTOCOL = """
from dataclasses import dataclass
import numpy as np
import xarray as xr
from snnlab import Check, Finding

@dataclass(frozen=True)
class Config:
    size: int = 3
    seed: int = 0

def run(config, engine):
    x = engine.rng("x").random(config.size)
    return xr.Dataset({"x": ("unit", x, {"units": "1", "long_name": "values"})})
"""
# What stands in the file -> what a user wrote in its place.
IN_PROTOCOL = {
    "syntax error": ("def run(config, engine):", "def run(config engine):"),
    "indentation": ("    x = engine", "  x = engine"),
    "missing module": ("import numpy as np", "import no_such_module_of_mine"),
    "wrong name of ours": ("import Check, Finding", "import Chek"),
    "no Config": ("class Config:", "class Settings:"),
    "Config is no dataclass": ("@dataclass(frozen=True)", ""),
    "no run": ("def run(", "def start("),
    "run takes one argument": ("def run(config, engine):", "def run(config):"),
    "run takes three": ("def run(config, engine):", "def run(config, engine, more):"),
    "unknown field": ("config.size)", "config.sise)"),
    "run returns None": ("    return xr.Dataset", "    xr.Dataset"),
    "run returns an array": ("    return xr.Dataset", "    return x or xr.Dataset"),
    "run returns a dict": ("    return xr.Dataset({", "    return dict({"),
    "run raises": ("    x = engine", "    raise RuntimeError('no')\n    x = engine"),
    "run asserts": ("    x = engine", "    assert False\n    x = engine"),
    "run divides by zero": ("    x = engine", "    1/0\n    x = engine"),
    "run exits": ("    x = engine", "    raise SystemExit(0)\n    x = engine"),
    "run recurses": ("    x = engine", "    run(config, engine)\n    x = engine"),
    "import exits": ("import numpy as np", "raise SystemExit(0)"),
    "import raises": ("import numpy as np", "raise ValueError('two\\nlines')"),
    "a field without default": ("    size: int = 3\n", "    size: int\n"),
    "a default of another type": ("size: int = 3", "size: int = 'many'"),
    "a mutable default": ("    size: int = 3\n", "    size: int = 3\n    many: list = []\n"),
    "a field named like an option": ("    size: int = 3\n", "    size: int = 3\n    out: str = 'x'\n"),
    "seed is text": ("seed: int = 0", "seed: str = 'a'"),
    "seed is negative": ("seed: int = 0", "seed: int = -1"),
    "wrong dimension": ('("unit", x', '(("unit", "more"), x'),
    "a wrong stream": ('engine.rng("x")', "engine.rng()"),
}
HOOKS = {
    "CONTROLS is a list": 'CONTROLS = ["off"]',
    "CONTROLS is text": 'CONTROLS = "off"',
    "CONTROLS of an unknown field": 'CONTROLS = {"off": {"sise": 1}}',
    "CONTROLS without settings": 'CONTROLS = {"off": 3}',
    "VARIANTS is a set": 'VARIANTS = {"a", "b"}',
    "VARIANTS of an unknown field": 'VARIANTS = {"a": {"sise": 1}}',
    "QUICK is a list": "QUICK = [1]",
    "QUICK of an unknown field": 'QUICK = {"sise": 1}',
    "QUICK_VARIANTS of no variant": 'QUICK_VARIANTS = {"a": {"size": 1}}',
    "FIGURE is a number": "FIGURE = 3",
    "FIGURE is not there": 'FIGURE = "no_such_figure"',
    "checks is no function": "checks = 3",
    "settle is no function": "settle = 3",
    "models is no function": "models = 3",
    "cost is no function": "cost = 3",
    "settle returns None": "def settle(config):\n    pass",
    "settle raises": "def settle(config):\n    raise KeyError('x')",
    "settle exits": "def settle(config):\n    raise SystemExit(0)",
    "settle changes the seed": "import dataclasses as d\ndef settle(config):\n    return d.replace(config, seed=9)",
    "models returns a set": "def models(config):\n    return {'a': {1}}",
}
# What is wrong only once a run is there: the run is kept, and exit status 2 says what to mend.
NEURON = """
from brian2 import ms, mV
from snnlab import NeuronModel
MINE = NeuronModel(name="mine", current="volt", equations="dv/dt = (current - v)/tau_m : volt (unless refractory)",
    threshold="v > -40*mV", reset="v = -65*mV", refractory=2*ms, parameters=dict(tau_m=10*ms), initial=dict(v="-65*mV"))
FORCE = dict(g="0.04*mV*second", q="10*mV", alpha="5e-6*second**2", bias="-39*mV", dt="0.5*ms", rls_interval="5*ms")
"""
IN_NEURON = {
    "syntax error": ("MINE = NeuronModel(", "MINE = NeuronModel(("),
    "no name": ('name="mine", ', ""),
    "no equations": ('equations="dv/dt = (current - v)/tau_m : volt (unless refractory)",', ""),
    "no current": ('current="volt", ', ""),
    "equations without unit": (" : volt (unless refractory)", ""),
    "wrong unit": ("(current - v)/tau_m : volt", "(current - v) : volt"),
    "unknown name": ("(current - v)/tau_m", "(current - v - leak)/tau_m"),
    "a clashing name": ("tau_m", "e"),
    "a name of the network": ("tau_m", "r"),
    "threshold of an unknown name": ("v > -40*mV", "u > -40*mV"),
    "threshold without unit": ("v > -40*mV", "v > -40"),
    "threshold is no condition": ('threshold="v > -40*mV"', 'threshold="v + 1*mV"'),
    "reset of an unknown name": ("v = -65*mV", "u = -65*mV"),
    "reset without unit": ('reset="v = -65*mV"', 'reset="v = -65"'),
    "reset that is no statement": ('reset="v = -65*mV"', 'reset="v > 3"'),
    "negative refractory": ("refractory=2*ms", "refractory=-2*ms"),
    "refractory in mV": ("refractory=2*ms", "refractory=2*mV"),
    "refractory without unit": ("refractory=2*ms", "refractory=2"),
    "refractory is a list": ("refractory=2*ms", "refractory=[2*ms]"),
    "parameter is text": ("tau_m=10*ms", "tau_m='ten'"),
    "parameter in mV": ("tau_m=10*ms", "tau_m=10*mV"),
    "parameter without unit": ("tau_m=10*ms", "tau_m=10"),
    "parameter nan": ("tau_m=10*ms", "tau_m=float('nan')*ms"),
    "parameter negative": ("tau_m=10*ms", "tau_m=-10*ms"),
    "parameters is a list": ("parameters=dict(tau_m=10*ms)", "parameters=[10*ms]"),
    "initial of an unknown state": ('initial=dict(v="-65*mV")', 'initial=dict(u="-65*mV")'),
    "initial without unit": ('initial=dict(v="-65*mV")', 'initial=dict(v="-65")'),
    "initial that is no expression": ('initial=dict(v="-65*mV")', 'initial=dict(v="-65*mV;")'),
    "FORCE is a number": ("FORCE = dict(g=", "FORCE = 3\nOTHER = dict(g="),
    "FORCE without unit": ('g="0.04*mV*second"', "g=0.04"),
    "FORCE of a wrong unit": ('g="0.04*mV*second"', 'g="0.04*mV"'),
    "FORCE of an unknown name": ('g="0.04*mV*second"', 'gg="0.04*mV*second"'),
    "FORCE runs code": ('g="0.04*mV*second"', "g=\"__import__('os')\""),
    "wrong keyword": ("threshold=", "treshold="),
    "equations is a list": ('equations="dv/dt', 'equations=["x"], source="dv/dt'),
}
FILTER = """
from brian2 import ms
from snnlab import SynapseModel
MINE = SynapseModel(name="mine", equations="ds/dt = -s/tau_decay : Hz", output="s", on_spike="s += weight/tau_decay",
    parameters=dict(tau_decay=20*ms))
"""
RULE = """
from snnlab import RateRule
MINE = RateRule("mine", "x_pre*y_post - w")
"""
IN_RULE = {
    "syntax error": ('"x_pre*y_post - w"', '"x_pre*y_post - w'),
    "unknown name": ("- w", "- v"),
    "no expression": ("x_pre*y_post - w", "x_pre*"),
    "a statement": ("x_pre*y_post - w", "w = 3"),
    "runs code": ("x_pre*y_post - w", "__import__('os').getcwd()"),
    "empty": ("x_pre*y_post - w", ""),
    "a number": ('"x_pre*y_post - w"', "3"),
    "no rule": ("RateRule(", "dict("),
    "wrong import": ("import RateRule", "import RateRul"),
}


def _changed(text: str, right: str, wrong: str) -> str:
    assert right in text, right
    return text.replace(right, wrong)


def cases() -> list[Case]:
    """Return a case for each mistake in each kind of file."""
    quick = ["--quick", "--no-figure", "--no-progress"]
    found = []
    for what, change in IN_PROTOCOL.items():
        found.append(Case(f"protocol: {what}", ["run", "p.py", *quick], {"p.py": _changed(PROTOCOL, *change)}))
    for what, text in HOOKS.items():
        found.append(Case(f"protocol: {what}", ["run", "p.py", "--no-progress"], {"p.py": PROTOCOL + text}))
        found.append(Case(f"study: {what}", ["study", "p.py", "--seeds", "0:2"], {"p.py": PROTOCOL + text}))
    for what, change in IN_NEURON.items():
        command = ["run", "force_sine", *quick, "--neuron", "m.py", "--target", "numpy", "--n", "20"]
        command += ["--seconds", "0.2", "--learn-start", "0.05", "--learn-stop", "0.1"]
        found.append(Case(f"neuron: {what}", command, {"m.py": _changed(NEURON, *change)}))
    for what, change in IN_RULE.items():
        command = ["run", "reservoir_mnist", *quick, "--plasticity", "m.py"]
        found.append(Case(f"rule: {what}", command, {"m.py": _changed(RULE, *change)}))
    for what, text in {"empty": "", "no model": "x = 3", "text": "hello", "a filter": FILTER}.items():
        found.append(Case(f"neuron file: {what}", ["run", "force_sine", *quick, "--neuron", "m.py"], {"m.py": text}))
    for what, text in {"empty": "", "no model": "x = 3", "text": "hello", "a neuron": NEURON}.items():
        found.append(Case(f"filter file: {what}", ["run", "force_sine", *quick, "--filter", "m.py"], {"m.py": text}))
    figures = {
        "empty": "", "no draw": "x = 3", "syntax error": "def draw(:", "draw is a number": "draw = 3\nneeds = []",
        "import raises": "1/0", "import exits": "raise SystemExit(0)",
    }  # fmt: skip
    for what, text in figures.items():
        found.append(Case(f"figure file: {what}", ["figure", "f.py"], {"f.py": text}))
    return found
