"""Which runs belong together: those of one setting, of one condition, of one name."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from statistics import fmean
from typing import Any

from ..files import record

# Fields of a Config that do not change what a run computes, as far as a protocol has them.
RECORDING = ("seed", "target", "eigenvalues", "record_spikes", "record_voltages", "record_decoders", "record_start")


def settings(config: dict, without: Collection[str] = ()) -> str:
    """Return what two runs share that differ in nothing but seed, target, what is recorded, and fields ``without``."""
    return json.dumps({k: v for k, v in config.items() if k not in RECORDING and k not in without}, sort_keys=True)


def by_condition(datasets: Collection, without: Collection[str] = ("control",)) -> list[dict[str, list]]:
    """Return the runs of each setting by condition; those of one setting differ in nothing but seed and control.

    ``without`` names the fields that controls set.
    """
    groups: dict[str, dict[str, list]] = {}
    for dataset in datasets:
        conditions = groups.setdefault(settings(record.attribute(dataset, "config"), without), {})
        conditions.setdefault(dataset.attrs["condition"], []).append(dataset)
    return list(groups.values())


def of_controls(conditions: dict[str, list], measure: Callable[[Any], dict[str, float]]) -> dict[str, dict[str, float]]:
    """Return the mean of each measure over the runs of each control, by its name in words."""
    found = {kind: [measure(run) for run in runs] for kind, runs in conditions.items() if kind != "default"}
    return {
        kind.replace("_", " "): {what: fmean(values[what] for values in each) for what in each[0]}
        for kind, each in found.items()
    }


def by_name(
    datasets: Collection, name: Callable[[dict], str], same: Callable[[dict], str] = settings
) -> dict[str, list]:
    """Return runs by what their Config is called; those of one name that differ otherwise have a number behind it.

    ``same`` tells what runs of one setting share.
    """
    groups: dict[str, dict[str, list]] = {}
    for dataset in datasets:
        config = record.attribute(dataset, "config")
        groups.setdefault(name(config), {}).setdefault(same(config), []).append(dataset)
    return {
        f"{name} [{k + 1}]" if len(others) > 1 else name: runs
        for name, others in groups.items()
        for k, runs in enumerate(others.values())
    }
