"""Groups of runs that have the same settings, the same condition or the same name."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Collection, Mapping
from statistics import fmean
from typing import Any

from ..errors import unknown
from ..files import record

# In runs of format 1, these fields do not change what a run computes.
_NEUTRAL_1 = ("seed", "target", "eigenvalues", "record_spikes", "record_voltages", "record_decoders", "record_start")


def neutral(config: type) -> tuple[str, ...]:
    """Return the fields of a Config that do not change what a run computes: seed, target, and its ``NEUTRAL``."""
    return ("seed", "target", *getattr(config, "NEUTRAL", ()))


def given(run: Any) -> dict:
    """Return the fields of a run's Config whose given value differs from the default of the class.

    A run of format 1 stores its Config as it was given; fields that were not given are None.
    """
    return json.loads(run.attrs.get("given", run.attrs["config"]))


def settings(run: Any, without: Collection[str] = ()) -> str:
    """Return the settings of a run as text, without seed, target, recording settings and the fields ``without``."""
    left_out = {*json.loads(run.attrs.get("neutral", json.dumps(_NEUTRAL_1))), *without}
    config = record.attribute(run, "config")
    return json.dumps({k: v for k, v in config.items() if k not in left_out}, sort_keys=True)


def by_condition(datasets: Collection, without: Collection[str] = ("control",)) -> list[dict[str, list]]:
    """Return the runs of each setting by condition. Runs of one setting differ only in seed and control.

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
    """Return runs by name. If runs of one name have different settings, a number follows the name.

    ``name`` and ``same`` get a run; ``same`` returns its settings as text.
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
    """Return the variant that a stored Config has, or the nearest variant with the settings that differ from it.

    A variant with another name in one of its settings, such as another neuron, is none that the Config is near to.

    Parameters
    ----------
    config : dict
        Config of a run, as it is stored in the run file.
    default : type
        Class of the Config, whose defaults are the published values.
    variants, quick, quick_variants : dict
        VARIANTS, QUICK and QUICK_VARIANTS of the protocol. Variants are also recognised in the reduced preset.
    """
    fields = dict.fromkeys(field for overrides in variants.values() for field in overrides)
    nearest: list[str] | None = None
    for reduced in (False, True):
        for name, overrides in variants.items():
            more = [each for other, each in quick_variants.items() if variants[other] == overrides] if reduced else []
            values = {**(quick if reduced else {}), **overrides}
            for each in more:
                values |= each
            # JSON gives the values the form that they have in a file.
            preset = json.loads(json.dumps(dataclasses.asdict(default(**values))))
            if any(isinstance(overrides[k], str) and config[k] != preset[k] for k in overrides):
                continue
            found = [name, *(f"{field} {config[field]}" for field in fields if config[field] != preset[field])]
            if nearest is None or len(found) < len(nearest):
                nearest = found
    return ", ".join(nearest or [f"{field} {config[field]}" for field in fields])


class Runs(list):
    """All runs of a study, each once. ``comparisons(runs)`` of a protocol asks for variants by name.

    Example
    -------
    ``runs.of("g=0.02")`` are the default runs of a variant. ``runs.of("g=0.02", "no_feedback")`` are the runs of one of
    its controls. Points of ``--vary`` have the same names as in the report.
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
