"""Parts that the protocols of separation and completion share: the reduced preset, variants, comparisons of rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import xarray as xr

from snnlab.files.record import attribute
from snnlab.lab.claims import Finding, Published
from snnlab.lab.grouping import by_name, settings

OTHERWISE = {
    "bar": (0.0, float("inf")),
    "bar_from": "the sign",
    "condition": "a recurrent reservoir beside a random walk of its weights; the source compares rules in one layer",
}
QUICK = {"n": 100, "sequences": 10}
# Learning stops at these relative changes of the weights. Between spiking neurons, weights have bounds and reach them
# at a change of about half their norm.
CHANGES = {"rate": (0.5, 1.0, 2.0), "spiking": (0.2, 0.4)}
# These are the learning rates. The sum of random steps grows with the square root of their number, so the random walk
# has a larger rate.
RATES = {
    "rate": {"hebb": 1e-3, "stlr": 1e-3, "random_walk": 1e-2},
    "spiking": {"stdp": 2e-3, "hebb": 5e-4, "stlr": 5e-3, "random_walk": 2e-2},
}
VARIANTS = {
    f"{kind}, {rule}, {change:g}" if change else f"{kind}, none": {"reservoir": kind} | overrides
    for kind, rates in RATES.items()
    for rule, change, overrides in [
        ("none", 0, {}),
        *(
            (rule, c, {"plasticity": rule, "change": c, "eta": eta})
            for rule, eta in rates.items()
            for c in CHANGES[kind]
        ),
    ]
}


def compare_rules(
    datasets: list[xr.Dataset],
    measured: Callable[[xr.Dataset], dict[str, float]],
    published: Mapping[tuple[str, str], Published] = MappingProxyType({}),
) -> list[Finding]:
    """Return the gain of each rule over no learning and over a random walk, with one difference for each seed.

    Measures with a comma in their name are compared. ``published`` holds claims under (rule, measure). A claim stands
    beside the gain over the random walk.
    """
    networks: dict[str, list[xr.Dataset]] = {}
    for run in datasets:
        networks.setdefault(settings(run, ("plasticity", "eta", "change")), []).append(run)
    rows = []
    for alike in networks.values():
        named = by_name(alike, name_rule, _same)
        rules = {
            name: {attribute(run, "config")["seed"]: measured(run) for run in runs} for name, runs in named.items()
        }
        for name, runs in named.items():
            config = attribute(runs[0], "config")
            walk = _name(config | {"plasticity": "random_walk"})
            for other, to in (("none", "no learning"), (walk, "a random walk")):
                seeds = sorted(rules[name].keys() & rules.get(other, {}).keys())
                if config["plasticity"] == "none" or name == other or len(seeds) < 3:
                    continue
                for what in (w for w in rules[name][seeds[0]] if "," in w):
                    added = {seed: rules[name][seed][what] - rules[other][seed][what] for seed in seeds}
                    title = f"{config['reservoir']}: {name}, over {to}: {what}"
                    claim = published.get((config["plasticity"], what.partition(", ")[2])) if other == walk else None
                    beside = {"published": claim, **OTHERWISE} if claim else {}
                    rows.append(Finding.over_seeds(title, added, f"0: as {to}", against=0, **beside))
    return rows


def group_by_change(datasets: list[xr.Dataset]) -> dict[str, list[xr.Dataset]]:
    """Return runs by reservoir, rule and change."""
    return by_name(datasets, lambda run: f"{attribute(run, 'config')['reservoir']}: {name_rule(run)}", _same)


def name_rule(run: xr.Dataset) -> str:
    """Return the name of a rule and the change of the weights, as text."""
    return _name(attribute(run, "config"))


def _name(config: dict) -> str:
    rule = config["plasticity"]
    return rule if rule == "none" else f"{rule}, change {config['change']:g}"


def _same(run: xr.Dataset) -> str:
    # Without a rule, its learning rate and its change have no effect.
    return settings(run, ("eta", "change") if attribute(run, "config")["plasticity"] == "none" else ())
