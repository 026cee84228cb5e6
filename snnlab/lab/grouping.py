"""Which runs belong together: those of one setting, of one condition, of one name."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Collection, Mapping
from statistics import fmean
from typing import Any

from ..errors import unknown
from ..files import record

# In runs of format 1 these fields did not change what a run computes.
_NEUTRAL_1 = ("seed", "target", "eigenvalues", "record_spikes", "record_voltages", "record_decoders", "record_start")


def neutral(config: type) -> tuple[str, ...]:
    """Return the fields of a Config that do not change what a run computes: seed, target, and its ``NEUTRAL``."""
    return ("seed", "target", *getattr(config, "NEUTRAL", ()))


def given(run: Any) -> dict:
    """Return the fields of a run's Config that were given another value than the class states.

    A run of format 1 holds what was given in its Config, and None where a field was left open.
    """
    return json.loads(run.attrs.get("given", run.attrs["config"]))


def settings(run: Any, without: Collection[str] = ()) -> str:
    """Return what two runs share that differ in nothing but seed, target, what is recorded, and fields ``without``."""
    left_out = {*json.loads(run.attrs.get("neutral", json.dumps(_NEUTRAL_1))), *without}
    config = record.attribute(run, "config")
    return json.dumps({k: v for k, v in config.items() if k not in left_out}, sort_keys=True)


def by_condition(datasets: Collection, without: Collection[str] = ("control",)) -> list[dict[str, list]]:
    """Return the runs of each setting by condition; those of one setting differ in nothing but seed and control.

    ``without`` names the fields that controls set.
    """
    groups: dict[str, dict[str, list]] = {}
    for dataset in datasets:
        conditions = groups.setdefault(settings(dataset, without), {})
        conditions.setdefault(dataset.attrs["condition"], []).append(dataset)
    return list(groups.values())


def of_controls(conditions: dict[str, list], measure: Callable[[Any], dict[str, float]]) -> dict[str, dict[str, float]]:
    """Return the mean of each measure over the runs of each control, by its name in words."""
    found = {kind: [measure(run) for run in runs] for kind, runs in conditions.items() if kind != "default"}
    return {
        kind.replace("_", " "): {what: fmean(values[what] for values in each) for what in each[0]}
        for kind, each in found.items()
    }


def by_name(datasets: Collection, name: Callable[[Any], str], same: Callable[[Any], str] = settings) -> dict[str, list]:
    """Return runs by what they are called; those of one name that differ otherwise have a number behind it.

    ``name`` and ``same`` get a run; ``same`` tells what runs of one setting share.
    """
    groups: dict[str, dict[str, list]] = {}
    for dataset in datasets:
        groups.setdefault(name(dataset), {}).setdefault(same(dataset), []).append(dataset)
    return {
        f"{name} [{k + 1}]" if len(others) > 1 else name: runs
        for name, others in groups.items()
        for k, runs in enumerate(others.values())
    }


def variant_name(
    config: dict, default: type, variants: Mapping[str, dict], quick: Mapping, quick_variants: Mapping[str, dict]
) -> str:
    """Return the variant that a stored Config is, by what variants set; else the nearest one and what differs from it.

    Parameters
    ----------
    config : dict
        The Config of a run, as its file holds it.
    default : type
        Class of the Config; its defaults are the published values.
    variants, quick, quick_variants : dict
        VARIANTS, QUICK and QUICK_VARIANTS of the protocol. A variant is known in the reduced preset as well.
    """
    fields = dict.fromkeys(field for overrides in variants.values() for field in overrides)
    nearest: list[str] | None = None
    for reduced in (False, True):
        for name, overrides in variants.items():
            more = [each for other, each in quick_variants.items() if variants[other] == overrides] if reduced else []
            values = {**(quick if reduced else {}), **overrides}
            for each in more:
                values |= each
            # As they stand in a file.
            preset = json.loads(json.dumps(dataclasses.asdict(default(**values))))
            found = [name, *(f"{field} {config[field]}" for field in fields if config[field] != preset[field])]
            if nearest is None or len(found) < len(nearest):
                nearest = found
    return ", ".join(nearest or [])


class Runs(list):
    """All runs of a study, each once, for ``comparisons(runs)`` of a protocol, which asks for variants by name.

    Example
    -------
    ``runs.of("g=0.02")`` are the unbroken runs of one variant, ``runs.of("g=0.02", "no_feedback")`` those of one of
    its controls. What the command line varies is named as in its report.
    """

    def __init__(self, groups: dict[tuple[str, str], list]):
        # A point of a grid may be the default.
        once = {dataset.encoding["source"]: dataset for group in groups.values() for dataset in group}
        super().__init__(once.values())
        self._groups = groups

    def of(self, variant: str, condition: str = "default") -> list:
        """Return the runs of a variant in a condition; raises UserError if the study has none of this name."""
        if (variant, condition) not in self._groups:
            asked, *known = (v if c == "default" else f"{v} / {c}" for v, c in [(variant, condition), *self._groups])
            raise unknown("variant", asked, known)
        return self._groups[variant, condition]
