"""A network of leaky neurons learns a triangle wave."""

from dataclasses import dataclass

import numpy as np

from snnlab import Check, Finding, ForceConfig, train_force

QUICK = {"n": 400, "seconds": 2.0, "learn_start": 0.2, "learn_stop": 1.5}  # what --quick changes
CONTROLS = {"shuffled": {"control": "shuffled_teacher"}}  # each must break a check
FIGURE = "nicola2017_fig2"  # drawn of every run


@dataclass(frozen=True)
class Config(ForceConfig):
    """Every field of ForceConfig, and those that stand here; each is an option of the command line."""

    neuron: str = "lif"
    frequency: float = 4.0
    """frequency of the triangle (Hz)"""


def run(config, engine):
    def triangle(t):
        return 2 / np.pi * np.arcsin(np.sin(2 * np.pi * config.frequency * t))

    return train_force(config, triangle, engine)


def checks(dataset):
    stop = dataset.attrs["learn_stop"]
    late = (dataset.time > stop - 0.25) & (dataset.time <= stop)
    error = float(np.sqrt(((dataset.output - dataset.teacher)[late] ** 2).mean()))
    return [Check("RMSE at the end of learning", error, 0.0, 0.15, "my criterion")]


def findings(datasets):
    errors = [checks(dataset)[0].measured for dataset in datasets]
    return [Finding.over_seeds("RMSE at the end of learning", errors, null="0.58: standard deviation of the teacher")]
