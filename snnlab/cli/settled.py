"""Description of a run before it is computed: settled settings, steps, memory, and a rough time."""

from __future__ import annotations

import dataclasses
from typing import Any

from ..engine.settings import Cost
from ..errors import UserError
from ..lab.claims import table
from ..lab.own import call_own
from ..lab.run import Run
from .options import HEADINGS, heading


def describe_run(run: Run) -> str:
    """Return the settled settings of a run by heading, with a mark for filled-in values, and its expected cost."""
    config, given = run.config, dataclasses.asdict(run.given)
    rows: dict[str, list[list[str]]] = {name: [] for name in HEADINGS}
    for name, value in run.values.items():
        settled = "settled" if given[name] is None and value is not None else ""
        rows.setdefault(heading(type(config), name), []).append([f"  {name}", _text(value), settled])
    parts = [table(group, (name, "", "")) for name, group in rows.items() if group]
    facts = [["preset", run.protocol.preset(run.given)], ["variant", run.protocol.variant(run.given)]]
    facts += [["condition", run.protocol.condition(config)], *_cost(run)]
    there = "exists already" if run.path.is_file() else "would be written"
    facts.append(["run file", f"{run.path} {there}"])
    return "\n".join(parts) + "\n\n" + table(facts, ("", ""))


def _text(value: Any) -> str:
    if isinstance(value, tuple | list):
        return " ".join(map(_text, value)) or "none"
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _cost(run: Run) -> list[list[str]]:
    """Return rows with the expected cost of a run."""
    if run.protocol.cost is None:
        return [["steps, memory, time", "not known for this protocol"]]
    try:
        cost = call_own("cost", run.protocol.spec, run.protocol.cost, run.config)
    except UserError as error:
        return [["steps, memory, time", str(error)]]
    if not isinstance(cost, Cost):
        text = f"protocol: {run.protocol.spec}: cost: expected it to return a Cost, got {type(cost).__name__}"
        return [["steps, memory, time", text]]
    return [
        [cost.what, f"{cost.steps:,}"],
        ["memory of arrays", _size(cost.memory)],
        ["CPU time, roughly", _time(cost.seconds)],
    ]


def _size(size: float) -> str:
    unit = next(u for u in ("GiB", "MiB", "KiB") if size >= {"GiB": 2**30, "MiB": 2**20, "KiB": 0}[u])
    return f"{size / {'GiB': 2**30, 'MiB': 2**20, 'KiB': 2**10}[unit]:.3g} {unit}"


def _time(seconds: float) -> str:
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.2g} {unit}"
    return f"{max(seconds, 1):.2g} s"
