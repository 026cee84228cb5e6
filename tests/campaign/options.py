"""Options with values of a wrong class, for every field of every protocol; and arguments of the commands themselves."""

from __future__ import annotations

import dataclasses
import shlex
from typing import Literal, Union, get_args, get_origin, get_type_hints

from snnlab.lab.discovery import files
from snnlab.lab.protocol import find_protocol

from .case import Case

BAD = {
    int: ["abc", "1.5", "nan", "", "-7", "1e999", "0x10", "1 2"],
    float: ["abc", "nan", "inf", "-inf", "1e999", "", "1,5", "5ms"],
    bool: ["maybe", "2"],
}
NAMES = ["nope", "", "no/such.py", "no_such_module:X"]
# Any text is a name of these fields' kinds, and they refuse those that they do not know.
TEXTS = {"neuron", "filter", "plasticity", "teacher", "images", "song", "labels", "movie", "sequence", "novel"}
TEXTS |= {"parameters"}
# One command a line, as a shell reads it.
COMMANDS = """
rum
run
run ''
run force_sin
run no/such.py
run .
run force_sine x
study
study force_sine --seeds
study force_sine --seeds 3:1
study force_sine --seeds a:b
study force_sine --seeds 1.5
study force_sine --seeds -1:2
study force_sine --seeds 0:99999999999
study force_sine --vary n
study force_sine --vary n=
study force_sine --vary n=1:inf:3
study force_sine --vary n=nan
study force_sine --vary n=1:2:3
study force_sine --vary n=1.5
study force_sine --vary n=100,200 --vary n=300
study force_sine --vary seed=1,2
study force_sine --vary nn=1,2
study force_sine --vary n=1:2:1000000000
study force_sine --vary target=numpy,foo
study force_sine --vary g=a,b
study force_sine --jobs 0
study force_sine --jobs -3
study force_sine --json .
study force_sine --json no/such/folder.json
study force_sine --controls nope
study no_such
claims
claims none.nc
claims .
claims --jsn
claims ''
figure
figure nope
figure nicola2017_fig2 --run none.nc
figure .
figure nicola2017_fig2 --run
figure no/such.py
reproduce nope
reproduce force_sine --nope
data get
data get nope
data nope
list nope
list --nope
compare
compare a.nc
compare a.nc b.nc
--nope
run force_sine --seed 99999999999999999999999
run force_sine --preset nope
run force_sine --preset ''
run force_sine --n 100000000
run force_sine --dt 1e-9
run force_sine --seconds 1e12
run force_sine --n
run force_sine --quik
run force_sine --out setup.txt/runs
study dybm_stdp_window --seeds 0:3
study synaptic_filters --out setup.txt/runs
figure synaptic_filters --out setup.txt
reproduce synaptic_filters --out setup.txt
reproduce synaptic_filters --gallery setup.txt
reproduce synaptic_filters --gallery setup.txt/deep/gallery
run neuron_models --lif-seconds 1e-9
run neuron_models --points 2.5
run force_sine --neuron lif --parameters 'tau_m=__import__('"'"'os'"'"').getcwd()'
run force_sine --neuron lif --parameters 'tau_m=10*ms' 'tau_m=20*ms'
run force_sine --neuron lif --parameters tau_m
run force_sine --neuron lif --parameters =3
run force_sine --g 1e300 --quick
run force_sine --control foo
"""


def kinds(hint: object) -> tuple[type | str, ...]:
    """Return the plain types of a type hint, for a tuple those of its values; "choice" stands for a Literal."""
    if get_origin(hint) is Literal:
        return ("choice",)
    if get_origin(hint) in (Union, type(int | str), tuple):
        return tuple(kind for part in get_args(hint) for kind in kinds(part))
    return (hint,) if isinstance(hint, type) else ()


def values(name: str, hint: object) -> list[str]:
    """Return texts that no field of this name and type can mean."""
    found = kinds(hint)
    if "choice" in found:
        return ["nope", ""]
    if str in found:
        return NAMES if name in TEXTS else []
    if float in found:
        return BAD[float]
    if int in found:
        return BAD[int]
    return BAD[bool] if bool in found else []


def cases() -> list[Case]:
    """Return a case for each field of each protocol and each class of wrong values, and those of the commands."""
    commands = [shlex.split(line) for line in COMMANDS.strip().splitlines()]
    found = [Case(f"command: {' '.join(each)}", each, {"setup.txt": "a file"}) for each in commands]
    for protocol in files("protocols"):
        config = find_protocol(protocol).Config
        hints = get_type_hints(config)
        for each in dataclasses.fields(config):
            for value in values(each.name, hints[each.name]):
                option = f"--{each.name.replace('_', '-')}"
                command = ["run", protocol, "--quick", "--no-figure", "--no-progress", f"{option}={value}"]
                found.append(Case(f"{protocol}: {option}={value}", command))
    return found
