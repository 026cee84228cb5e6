"""Description of a run before it is computed: settled settings, steps, memory, and a rough time."""

from __future__ import annotations

import dataclasses
from typing import Any

from ..lab.claims import table
from ..lab.estimate import cost_of
from ..lab.run import Run
from ..lab.tables import duration, size
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
    cost = cost_of(run)
    if cost is None:
        return [["steps, memory, time", "not known for this protocol, which has no cost"]]
    return [
        [cost.what, f"{cost.steps:,}"],
        ["memory of arrays", size(cost.memory)],
        ["CPU time, roughly", duration(cost.seconds)],
    ]
