"""The names of all shipped models, read from their files without an import, so that help costs little."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
# Class of a model -> folder of the package in which shipped ones stand.
FOLDERS = {
    "NeuronModel": "neurons",
    "SynapseModel": "synapses",
    "RateRule": "plasticity",
    "SpikeRule": "plasticity",
}
# What help texts name in braces -> class of the models.
KINDS = {
    "neurons": "NeuronModel",
    "filters": "SynapseModel",
    "rate rules": "RateRule",
    "spike rules": "SpikeRule",
}


@cache
def shipped_names(kind: str) -> list[str]:
    """Return the names of shipped models: "neurons" (with a threshold), "filters", "rate rules" or "spike rules".

    Example
    -------
    >>> from snnlab.models.names import shipped_names
    >>> shipped_names("filters")
    ['double_exponential', 'exponential']
    """
    cls = KINDS[kind]
    made = _made(FOLDERS[cls])
    found = []
    for call in made.values():
        whole = _whole(call, made)
        spikes = kind != "neurons" or any(each.arg == "threshold" for each in whole.keywords)
        if _function(whole) == cls and spikes:
            found.append(_name(call))
    return sorted(found)


def with_names(text: str) -> str:
    """Return a help text with the names of models in place of a kind in braces, such as {neurons}."""
    for kind in KINDS:
        if f"{{{kind}}}" in text:
            text = text.replace(f"{{{kind}}}", ", ".join(shipped_names(kind)))
    return text


def _made(folder: str) -> dict[str, ast.Call]:
    """Return the call that makes each variable at the top of a folder's files, by the variable's name."""
    found: dict[str, ast.Call] = {}
    for file in sorted((_PACKAGE / folder).glob("[a-z]*.py")):
        for statement in ast.parse(file.read_bytes()).body:
            if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
                found |= {each.id: statement.value for each in statement.targets if isinstance(each, ast.Name)}
    return found


def _whole(call: ast.Call, made: dict[str, ast.Call]) -> ast.Call:
    """Return the call that makes a model or, for ``replace(...)`` and ``MODEL.with_parameters(...)``, the original."""
    if isinstance(call.func, ast.Attribute):
        original: ast.expr = call.func.value
    elif _function(call) == "replace":
        original = call.args[0]
    else:
        return call
    found = made.get(original.id) if isinstance(original, ast.Name) else original
    return _whole(found, made) if isinstance(found, ast.Call) else call


def _function(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _name(call: ast.Call) -> str:
    """Return the name that a call gives a model, as ``name=`` or first argument."""
    values = [each.value for each in call.keywords if each.arg == "name"] or call.args
    return ast.literal_eval(values[0])
