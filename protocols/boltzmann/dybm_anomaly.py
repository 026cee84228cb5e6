"""A machine that has memorised a word is surprised by a wrong letter (Osogami & Otsuka 2015, anomaly detection)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from snnlab.analysis.roc import roc_area
from snnlab.engine.brian import Engine
from snnlab.errors import UserError
from snnlab.files.describe import describe
from snnlab.lab.claims import Check, Finding, per_seed
from snnlab.learning.logistic import Logistic, past
from snnlab.networks.boltzmann import (
    SHUFFLED_TEACHER,
    SequenceConfig,
    boltzmann_models,
    memorise,
    settle_boltzmann,
    stored_machine,
)
from snnlab.protocols.boltzmann._shared import RECALLED, by_setting, of_the_paper
from snnlab.stimuli.pictures.bitmaps import letter_places, substitutions, word

FIGURE = "osogami2015_anomaly"
CONTROLS = SHUFFLED_TEACHER
QUICK = {"sequence": "SUN", "periods": 20_000}
NAMES = {
    "spelling": ("word that is shown", None),
    "surprise": ("negative log likelihood of each bit for the machine", "nats"),
    "baseline": ("negative log likelihood of each bit for a logistic regression on the past", "nats"),
    "column": ("1: column of a wrong letter that differs, 2: its others, 0: of another letter, -1: not counted", "1"),
}
DIFFERENT = "area under the ROC curve, columns that differ against all of right letters"
AREA = "area under the ROC curve, all columns of a wrong letter against all of right letters"
OF_REGRESSION = " (logistic regression on the past)"
# This is our criterion for every machine, including machines that do not recall everything.
LEAST = 0.7
SURPRISED = of_the_paper(
    "direction",
    "A machine that knows SCIENCE finds the letters of SCIENSE less likely where they are wrong.",
    "negative log likelihood of each column as the word is shown",
    locator="figure of anomaly detection",
    note="The paper shows one wrong letter; ours is the area over all letters that are as wide.",
)
ABOVE_CHANCE = {"bar": (0.5, float("inf")), "bar_from": "chance: half of the area"}


@dataclass(frozen=True)
class Config(SequenceConfig):
    """Settings of the run."""

    sequence: str = "SCIENCE"
    """a word"""
    periods: int = 300_000
    """largest number of training periods; training stops earlier when the word is recalled"""


def settle(config: Config) -> Config:
    """Check a Config and return it. A word without a letter that can be replaced is refused."""
    word(config.sequence)
    if not substitutions(config.sequence):
        raise UserError(f"sequence: expected a word with a letter as wide as another letter, got {config.sequence!r}")
    return settle_boltzmann(config)


def models(config: Config) -> dict:
    """Return the data and models that a settled Config names: the word as columns, and the changed words."""
    return boltzmann_models(*config.sequences()) | {"wrong": substitutions(config.sequence)}


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train a machine as `dybm_science` does, then show it the word with each wrong letter, without learning.

    Returns the Dataset of :func:`snnlab.networks.boltzmann.memorise` with three more variables. Each ``spelling`` is
    shown for one period and is followed by one period of the right word.

    - ``surprise`` (spelling, shown, neuron): negative log likelihood (nats) of each bit for the machine.
    - ``baseline``, same shape: the same for a logistic regression on as many past steps as the longest delay.
    - ``column`` (spelling, shown): 1 for a column of the wrong letter that differs from the right letter; 2 for its
      other columns; 0 for columns of other letters; -1 for the columns within the longest delay after the wrong letter,
      which also have a high surprise and are not counted.
    """
    right, places = word(config.sequence), letter_places(config.sequence)
    dataset = memorise(config, right, config.periods, (), engine)
    machine, traces = stored_machine(dataset, config.rule())
    # The regression gets the same number of past steps as the machine's queues hold.
    lags = config.longest_delay
    repeated = np.concatenate([right] * (1 + -(-lags // len(right))))
    regression = Logistic(past(right, repeated, lags), right)
    spellings, surprise, baseline, columns = substitutions(config.sequence), [], [], []
    for spelling in [config.sequence, *spellings]:
        shown = np.concatenate([word(spelling), right])
        surprise.append(machine.read(shown, traces)[0])
        baseline.append(regression.surprise(past(shown, repeated, lags), shown))
        kind = np.zeros(len(shown), np.int8)
        for (start, stop), a, b in zip(places, spelling, config.sequence, strict=True):
            if a != b:
                kind[start:stop] = np.where((shown[start:stop] != right[start:stop]).any(1), 1, 2)
                kind[stop : stop + lags] = -1
        columns.append(kind)
    found = dataset.assign(
        spelling=("spelling", [config.sequence, *spellings]),
        surprise=(("spelling", "shown", "neuron"), np.array(surprise, np.float32)),
        baseline=(("spelling", "shown", "neuron"), np.array(baseline, np.float32)),
        column=(("spelling", "shown"), np.array(columns)),
    )
    return describe(found, NAMES)


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return the check that every machine must pass: surprise detects wrong letters."""
    return [Check(DIFFERENT, measure(dataset)[DIFFERENT], LEAST, 1.0, "our criterion")]


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return how well surprise separates wrong letters from right letters: areas under ROC curves."""
    kind = dataset.column.values
    values = {}
    for what, counted in ((DIFFERENT, (kind == 0) | (kind == 1)), (AREA, kind >= 0)):
        for name, suffix in (("surprise", ""), ("baseline", OF_REGRESSION)):
            values[what + suffix] = roc_area(dataset[name].values.sum(2)[counted], kind[counted] > 0)
    return values | {RECALLED: float(dataset.wrong.values[-1] == 0)}


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """Compare the area under the ROC curve of the machines with the area of the regression."""
    rows = []
    for config, runs, shuffled in by_setting(datasets):
        name, measured, broken = config["sequence"], list(map(measure, runs)), list(map(measure, shuffled))
        for what in (DIFFERENT, AREA):
            null = f"0.5; {np.mean([m[what + OF_REGRESSION] for m in measured]):.3f}: logistic regression on the past"
            null += f"; {np.mean([m[what] for m in broken]):.2f}: taught in another order" if broken else ""
            values = per_seed(runs, [m[what] for m in measured])
            beside = {"published": SURPRISED, **ABOVE_CHANCE} if what == DIFFERENT else {}
            rows.append(Finding.over_seeds(f"{name}: {what}", values, null, against=0.5, **beside))
            gain = per_seed(runs, [m[what] - m[what + OF_REGRESSION] for m in measured])
            title = f"{name}: {what}, minus that of the regression"
            rows.append(Finding.over_seeds(title, gain, "0: no better", against=0))
    return rows
