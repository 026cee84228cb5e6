"""A dynamic Boltzmann machine beside memories from before STDP: sequence Hebb weights and a static Boltzmann machine.

Hopfield networks with asymmetric Hebb weights, for one lag and for a window of lags, learn the same bitmap. A static
Boltzmann machine over the window and the next column learns it too. The comparison shows what STDP in time adds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import threadpoolctl
import xarray as xr

from snnlab.checking import require_positive, require_whole
from snnlab.engine.brian import Engine
from snnlab.files.describe import describe
from snnlab.files.record import attribute
from snnlab.lab.claims import Check, Finding
from snnlab.networks.boltzmann import (
    LONGEST_DELAY,
    LONGEST_HISTORY,
    SHUFFLED_TEACHER,
    SequenceConfig,
    SequenceHopfield,
    WindowBoltzmann,
    memorise,
    predict,
    recall,
    settle_boltzmann,
)
from snnlab.protocols.boltzmann._shared import CONTEXT, FEW, by_setting, carried, context
from snnlab.stimuli.pictures.bitmaps import sequence_from

FIGURE = "dybm_baselines"
CONTROLS = SHUFFLED_TEACHER
QUICK = {"sequence": "SUN", "periods": 20_000}
VARIANTS = {"SCIENCE": {}, "evolution": {"sequence": "evolution"}}
ONE_LAG, LAGS, STATIC, DYNAMIC = "Hopfield, one lag", "Hopfield, window", "static Boltzmann", "dynamic Boltzmann"
MEMORIES = (ONE_LAG, LAGS, STATIC, DYNAMIC)
NAMES = {
    "memory": ("kind of memory", None),
    "memory_recalled": ("two periods that the memory recalls", "1"),
    "memory_wrong": ("wrong bits of a recall of one period", "bits"),
    "memory_missed": ("bits of one period that are predicted wrong when it is shown", "bits"),
    "parameters": ("number of parameters that the memory learns", "1"),
    "passes": ("passes through one period while the memory learns", "periods"),
}
MISSED, WRONG = "bits missed when shown (share)", "wrong bits of the recall (share)"
PASSES, WEIGHTS = "passes through the data", "parameters"
HELD_WINDOW, HELD = "past held by a window (bytes)", "past carried by the dynamic machine (bytes)"


@dataclass(frozen=True)
class Config(SequenceConfig):
    """Settings of the run."""

    periods: int = 300_000
    """largest number of training periods; the dynamic machine stops earlier when it recalls the sequence"""
    window: int = LONGEST_DELAY
    """number of past steps that the other memories get; the default is the longest delay"""
    penalty: float = 1e-2
    """lambda, the factor of the penalty on squared weights of the static machine"""


def settle(config: Config) -> Config:
    """Check the values of a Config and return it."""
    # A window has the same limits as a delay.
    require_whole("window", config.window, 1, LONGEST_HISTORY - 1)
    require_positive(config, "penalty")
    return settle_boltzmann(config)


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train a machine as `dybm_science` does, and train the other memories on the same sequence.

    Returns the Dataset of :func:`snnlab.networks.boltzmann.memorise` with these variables for each ``memory``:

    - ``memory_recalled`` (memory, replayed, neuron): two periods that the memory recalls by itself after training.
    - ``memory_wrong``: number of wrong bits in the first recalled period.
    - ``memory_missed``: number of bits of one period that are predicted wrong when the sequence is shown.
    - ``parameters``: number of learned parameters.
    - ``passes``: number of passes through one period.

    Only the dynamic machine depends on the seed.
    """
    sequence = sequence_from(config.sequence)
    dataset = memorise(config, sequence, config.periods, (), engine)
    # The named random stream gives the same order of columns as in memorise.
    taught = config.taught(sequence, engine)
    with threadpoolctl.threadpool_limits(1):
        learned = [
            SequenceHopfield.learn(taught),
            SequenceHopfield.learn(taught, config.window),
            WindowBoltzmann.learn(taught, config.window, config.penalty),
        ]
        before = np.concatenate([taught] * (1 + config.window // len(taught)))
        recalled = [recall(memory, 2 * len(sequence), before) for memory in learned]
        missed = [int((predict(memory, sequence, before) != sequence).sum()) for memory in learned]
    recalled.append(dataset.recalled.values[-1])
    wrong = [int((played[: len(sequence)] != sequence).sum()) for played in recalled]
    own = sum(dataset[name].values[-1].size for name in ("bias", "u", "v"))
    passes = [1, 1, learned[2].passes, int(dataset.period[-1])]
    found = dataset.assign_coords(memory=list(MEMORIES)).assign(
        memory_recalled=(("memory", "replayed", "neuron"), np.array(recalled, np.uint8)),
        memory_wrong=("memory", wrong),
        memory_missed=("memory", [*missed, int(dataset.missed[-1])]),
        parameters=("memory", [*(memory.parameters for memory in learned), own]),
        passes=("memory", passes),
    )
    return describe(found, NAMES)


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return the checks that every machine must pass.

    The dynamic machine learns, the static machine recalls everything, and one lag is not enough.
    """
    measured, least = measure(dataset), 1 / dataset.sequence.size
    needed, window = measured[CONTEXT], attribute(dataset, "config")["window"]
    rows = [(DYNAMIC, MISSED, 0.0, FEW, "our criterion")]
    if needed <= window:
        rows.append((STATIC, WRONG, 0.0, 0.0, "the window is long enough to tell every next column"))
    if needed > 1:
        rows.append((ONE_LAG, WRONG, least, 1.0, "the last column does not tell every next one"))
    return [Check(f"{name}: {what}", measured[f"{name}: {what}"], *band) for name, what, *band in rows]


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return the errors and costs of each memory, under the key "memory: what", and the memory for the past."""
    config, bits = attribute(dataset, "config"), dataset.sequence.size
    values = {}
    for name in dataset.memory.values.tolist():
        one = dataset.sel(memory=name)
        shares = {WRONG: float(one.memory_wrong) / bits, MISSED: float(one.memory_missed) / bits}
        costs = {PASSES: float(one.passes), WEIGHTS: float(one.parameters)}
        values |= {f"{name}: {what}": value for what, value in (shares | costs).items()}
    return values | {
        CONTEXT: float(context(dataset.sequence.values)),
        HELD_WINDOW: config["window"] * dataset.sizes["neuron"] / 8,
        HELD: carried(dataset.delay.values, dataset.sizes["k"], dataset.sizes["l"]).bytes,
    }


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """Compare the errors of the memories, the gain through STDP in time, and the costs."""
    rows = []
    for config, runs, shuffled in by_setting(datasets):
        rows += _compare(config["sequence"], list(map(measure, runs)), list(map(measure, shuffled)))
    return rows


def _compare(sequence: str, runs: list[dict[str, float]], broken: list[dict[str, float]]) -> list[Finding]:
    rows = []
    for name in MEMORIES:
        for what in (WRONG, MISSED):
            key = f"{name}: {what}"
            values, null = [m[key] for m in runs], "0.5: chance"
            if broken:
                null = f"{np.mean([m[key] for m in broken]):.2f}: taught in another order"
            # The other memories do not depend on the seed.
            seen = values if name == DYNAMIC else values[:1]
            rows.append(Finding.over_seeds(f"{sequence}: {key}", seen, null))
    whole = [m[f"{DYNAMIC}: {WRONG}"] == 0 for m in runs]
    rows.append(Finding.share(f"{sequence}: share of dynamic machines that recall all", whole, "0: untrained"))
    for name in MEMORIES[:-1]:
        gain = [m[f"{name}: {WRONG}"] - m[f"{DYNAMIC}: {WRONG}"] for m in runs]
        what = f"{sequence}: {WRONG}, {name} minus dynamic: what STDP in time adds"
        rows.append(Finding.over_seeds(what, gain, "0: nothing", against=0))
    for what, null in ((PASSES, "1: as many"), (WEIGHTS, "1: as many")):
        ratio = [m[f"{DYNAMIC}: {what}"] / m[f"{STATIC}: {what}"] for m in runs]
        title = f"{sequence}: {what}, dynamic / static machine"
        rows.append(Finding.over_seeds(title, ratio, null, against=1))
    held = [m[HELD] for m in runs]
    rows.append(Finding.over_seeds(f"{sequence}: {HELD}", held, f"{runs[0][HELD_WINDOW]:.3g}: a window"))
    return rows
