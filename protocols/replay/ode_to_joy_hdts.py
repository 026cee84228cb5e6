"""Do pulses that mark the time help a network to learn a long melody? (Nicola & Clopath 2017, supplement)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import xarray as xr

from snnlab.analysis import oscillations as osc
from snnlab.engine.brian import Engine
from snnlab.errors import UserError
from snnlab.files.describe import describe
from snnlab.files.record import attribute
from snnlab.lab.claims import Check, Finding, Published
from snnlab.lab.grouping import settings
from snnlab.networks.force import CONTROLS as BROKEN
from snnlab.networks.force import Phase, melody, require_free_run, require_sampling
from snnlab.networks.replay import CONTROLS as OF_PULSES
from snnlab.networks.replay import HdtsConfig, settle_pulses, train_with_hdts
from snnlab.networks.replay import moments as replay
from snnlab.stimuli.sounds.music import ODE_TO_JOY_LONG

FIGURE = "ode_to_joy_hdts"
INF = float("inf")
# The free run lasts six melodies and the largest lag of the last one.
FREE_SECONDS = 105.0
BETTER = Published(
    source="Nicola & Clopath 2017, doi:10.1038/s41467-017-01827-3",
    locator="supplementary figure 17 by the list of scripts (ModelDB 190565)",
    kind="direction",
    claimed="With pulses that mark the time a network learns a long melody faster and more accurately.",
    value=None,
    unit="1",
    measure="not known to us; ours are notes right and error of the free run",
    basis="authors' program",
    text_read="secondary",
)
# These are the values of the authors' script (ModelDB 190565), except q_hdts. In the script, internal pulses have the
# size of all feedback, 4e3, and need 5000 neurons and 500 s. With twice this size and the paper's RLS gain, 3000
# neurons and 200 s are enough. Other neurons have the values of their file.
SETTINGS = {"izhikevich_b": {"g": 1e4, "q": 4e3, "alpha": 2, "rls_interval": 4.0, "q_hdts": 8e3}}
CONTROLS = BROKEN | OF_PULSES
ERROR = "RMSE of the free run / sd of the teacher"
# This is our criterion for a learned melody. It is the criterion of ode_to_joy at the end of learning.
LEARNED = 0.5
# Internal pulses that were taught for at least this time (s) continue after learning.
ENOUGH = 200.0
NO_PULSES, UNORDERED = "no pulses", ", in random order"
IN_ORDER = "internal pulses followed by the next one (share)"


@dataclass(frozen=True)
class Config(HdtsConfig):
    """Settings of the run. None means the value in SETTINGS for this neuron, or else the value in the neuron file."""

    neuron: str = "izhikevich_b"
    """{neurons} (published: izhikevich_b), or path/to/file.py:NAME"""
    hdts: Literal["internal", "external", "none"] = "internal"
    """source of the pulses: internal (published), further outputs that the network learns; external, an input; none"""
    n: int = 3000
    """number of neurons"""
    pulses: int = 64
    """number of pulses in the 16 s of the melody"""
    song_start: float | None = None
    """time when teaching of the notes begins (s); before, only the pulses are taught; None means from the start"""
    seconds: float | None = None
    """length of the run (s); None means 105 s after learning"""
    learn_start: float = 1.0
    """start of the learning window (s)"""
    learn_stop: float = 201.0
    """end of the learning window (s)"""
    rls_gain: Literal["undivided", "exact"] = "exact"
    """weight step with P(t) r (the paper's formula) or P(t-1) r (2017 MATLAB)"""
    record_interval: float | None = 10.0
    """time between two recorded samples (ms), a multiple of dt"""


VARIANTS = {
    "no pulses": {"hdts": "none"},
    "no pulses, 500 s": {"hdts": "none", "learn_stop": 501.0},
    "pulses in random order": {"hdts": "internal", "pulse_order": "random"},
    "internal pulses, 100 s": {"hdts": "internal", "learn_stop": 101.0},
    "internal pulses": {"hdts": "internal"},
    "internal pulses first": {"hdts": "internal", "song_start": 101.0},
    "external pulses, 20 s": {"hdts": "external", "learn_stop": 21.0},
    "external pulses": {"hdts": "external"},
}
QUICK = {"hdts": "external", "n": 600, "learn_stop": 24.0}
QUICK_VARIANTS = {
    "no pulses, 500 s": {"learn_stop": 60.0},
    "internal pulses, 100 s": {"learn_stop": 12.0},
    "internal pulses first": {"song_start": 12.0},
    "external pulses, 20 s": {"learn_stop": 12.0},
}


def settle(config: Config) -> Config:
    """Return the Config with a value for every field that was None."""
    if not 0 < config.learn_stop < INF:
        raise UserError(f"learn_stop: expected a number > 0, got {config.learn_stop}")
    if config.song_start is not None and not config.learn_start <= config.song_start < config.learn_stop:
        raise UserError(
            f"song_start: expected a number >= learn_start = {config.learn_start:g} s and < learn_stop = "
            f"{config.learn_stop:g} s, got {config.song_start:g}"
        )
    require_free_run(config)
    if config.song_start is not None and config.hdts != "internal":
        raise UserError(f"song_start: expected None unless pulses are internal, got --hdts {config.hdts}")
    config = settle_pulses(config, seconds=config.learn_stop + FREE_SECONDS, **SETTINGS.get(config.neuron, {}))
    require_sampling(config, melody.STEP)
    return config


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train the network; see :func:`snnlab.train_force` for what the dataset holds.

    ``output`` and ``teacher`` (time, note) hold the notes. ``loudest_pulse`` (time) is the index of the largest
    internal pulse.
    """
    begin = config.song_start

    def notes(t: np.ndarray) -> np.ndarray:
        values = ODE_TO_JOY_LONG(t)
        # After learning, the free run is compared with this signal.
        return values if begin is None else values * (np.asarray(t) >= begin)[:, None]

    # P is reset, because after the first teacher it would be too small to learn the second.
    phases = [Phase(begin, fresh_rls=True)] if begin is not None else []
    dataset = train_with_hdts(config, notes, ODE_TO_JOY_LONG.period, engine, phases=phases)
    count = len(ODE_TO_JOY_LONG.frequencies)
    whole = {name: np.asarray(dataset[name]) for name in ("output", "teacher")}
    kept = {name: (("time", "note"), values[:, :count]) for name, values in whole.items()}
    if config.hdts == "internal":
        kept["loudest_pulse"] = ("time", whole["output"][:, count:].argmax(1).astype(np.int16))
    names = {"loudest_pulse": ("index of the internal pulse that is largest", "1")}
    return describe(dataset.drop_vars(["output", "teacher"]).assign(kept), names)


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return every measure of a run by name."""
    pieces = melody.aligned(dataset, ODE_TO_JOY_LONG)
    values, (outputs, teachers, _) = melody.measure(dataset, ODE_TO_JOY_LONG, pieces), pieces
    if len(outputs):
        even = np.arange(round(ODE_TO_JOY_LONG.period / melody.STEP)) * melody.STEP
        values[ERROR] = osc.rmse(outputs, teachers) / float(np.sqrt(ODE_TO_JOY_LONG(even).var(0).mean()))
    if "loudest_pulse" in dataset:
        values[IN_ORDER] = _in_order(dataset)
    return values


def _in_order(dataset: xr.Dataset) -> float:
    """Return the share of pulses in the free run that are followed by the next pulse of the sequence."""
    pulses = int(attribute(dataset, "config")["pulses"])
    free = osc.between(dataset.time.values, dataset.attrs["learn_stop"] + 1, INF)
    # A pulse counts if it is the largest one for at least a fifth of its length.
    width = ODE_TO_JOY_LONG.period / pulses / float(dataset.time[1] - dataset.time[0])
    return replay.in_order(dataset.loudest_pulse.values[free], pulses, width / 5)


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return our criteria as checks, for ordered pulses that were taught long enough.

    We could not read a number in the paper. Other runs serve as comparisons and have no checks.
    """
    config = attribute(dataset, "config")
    compared = config["hdts"] == "none" or config["pulse_order"] == "random" or config["song_start"] is not None
    if compared or (config["hdts"] == "internal" and melody.learned(dataset) < ENOUGH):
        return []
    rows = melody.criteria(dataset, ODE_TO_JOY_LONG)
    return [Check(what, *row, "our criterion") for what, row in rows.items()]


def export(dataset: xr.Dataset, stem: Path) -> list[Path]:
    """Write the free run as sound to ``stem``.wav, and return the written files."""
    return melody.write_sound(dataset, stem, ODE_TO_JOY_LONG)


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """Return right notes and error of the free run for each source of pulses and learning time, and the speed-up."""
    groups: dict[tuple, list[tuple[int, dict[str, float]]]] = {}
    for dataset in datasets:
        if dataset.attrs["condition"] != "default":
            continue
        config, values = attribute(dataset, "config"), measure(dataset)
        if ERROR not in values:
            continue
        source = NO_PULSES if config["hdts"] == "none" else f"{config['hdts']} pulses"
        source += UNORDERED if config["pulse_order"] == "random" else ""
        source += "" if config["song_start"] is None else f", alone for {config['song_start']:g} s"
        same = settings(dataset, ("hdts", "pulse_order", "song_start", "learn_stop", "seconds", "q_hdts"))
        groups.setdefault((source, config["n"], same, melody.learned(dataset)), []).append((config["seed"], values))
    right, _ = melody.chance(melody=ODE_TO_JOY_LONG)
    nulls = {
        melody.NOTES_RIGHT: f"{right:.2f}: notes in random order",
        ERROR: "1: the mean of each note",
        IN_ORDER: "1/(m - 1) of m pulses: in random order",
    }
    rows = []
    for (source, n, _, learned), runs in sorted(groups.items()):
        for what, null in nulls.items():
            if all(what in values for _, values in runs):
                name = f"{source}, N = {n}, learning for {learned:g} s: {what}"
                against = {melody.NOTES_RIGHT: right, ERROR: 1.0}.get(what)
                found = {seed: values[what] for seed, values in runs}
                rows.append(Finding.over_seeds(name, found, null, against=against))
    return rows + _beside(groups) + _sooner(groups)


def _beside(groups: dict[tuple, list[tuple[int, dict[str, float]]]]) -> list[Finding]:
    """Compare right notes and error with the controls of the same seed and learning time."""
    rows = []
    for (source, n, same, learned), runs in sorted(groups.items()):
        for control in (NO_PULSES, f"internal pulses{UNORDERED}"):
            others = dict(groups.get((control, n, same, learned), []))
            pairs = {seed: (values, others[seed]) for seed, values in runs if seed in others}
            if source in (control, NO_PULSES) or len(pairs) < 3:
                continue
            name = f"{source}, N = {n}, learning for {learned:g} s"
            right, error = melody.NOTES_RIGHT, ERROR
            more = {seed: mine[right] - theirs[right] for seed, (mine, theirs) in pairs.items()}
            ratio = {seed: mine[error] / theirs[error] for seed, (mine, theirs) in pairs.items()}
            published = BETTER if (source, control) == ("internal pulses", NO_PULSES) else "none"
            what, bar = f"{name}: notes right (share) less those with {control}", {"bar_from": "the sign"}
            rows += [
                Finding.over_seeds(what, more, "0: no difference", published, against=0, bar=(0.0, INF), **bar),
                Finding.ratio(
                    f"{name}: error over that with {control}",
                    ratio,
                    "1: no difference",
                    published,
                    bar=(0.0, 1.0),
                    **bar,
                ),
            ]
    return rows


def _sooner(groups: dict[tuple, list[tuple[int, dict[str, float]]]]) -> list[Finding]:
    """Return learning time without pulses / learning time with pulses, for each seed that learns with pulses.

    If a network never meets the criterion without pulses, the longest tested time is a lower bound. A network that
    meets it without pulses already at the shortest tested time is left out.
    """
    curves: dict[tuple, dict[int, dict[float, float]]] = {}
    for (source, n, same, learned), runs in groups.items():
        for seed, values in runs:
            curves.setdefault((same, n, source), {}).setdefault(seed, {})[learned] = values[ERROR]
    rows = []
    for (same, n, source), seeds in sorted(curves.items()):
        if source == NO_PULSES:
            continue
        without = curves.get((same, n, NO_PULSES), {})
        common = sorted(set(seeds) & set(without))
        ratios, never = {}, 0
        for seed in common:
            sooner, later = _learned(seeds[seed]), _learned(without[seed])
            if sooner < INF and later > min(without[seed]):
                never += later == INF
                ratios[seed] = min(later, max(without[seed])) / sooner
        if len(ratios) < 3:
            continue
        of = f"{len(ratios)} of {len(common)} networks that learn with pulses"
        what = f"learning time to an error of {LEARNED:g} sd, without pulses / with pulses"
        name, null = f"{source}, N = {n}, {of}", "1: no sooner"
        if never:
            what = f"lower bound of {what} ({never} never reach it without pulses)"
            least, found = min(ratios.values()), {"values": tuple(ratios.values()), "seeds": tuple(ratios)}
            interval = "none: the smallest is a bound"
            rows.append(Finding(f"{name}: {what}", least, least, INF, len(ratios), null, interval=interval, **found))
        else:
            rows.append(Finding.ratio(f"{name}: {what}", ratios, null))
    return rows


def _learned(curve: dict[float, float]) -> float:
    """Return the shortest learning time (s) after which the error meets the criterion."""
    return min((time for time, error in curve.items() if error <= LEARNED), default=INF)
