"""A spiking reservoir (liquid state machine) on MNIST: no plasticity, STDP, Hebb or STLR between excitatory neurons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits

from snnlab.checking import require_between, require_choices, require_positive, require_whole
from snnlab.engine.brian import Engine
from snnlab.errors import UserError
from snnlab.files.record import attribute
from snnlab.lab.claims import Check, Finding
from snnlab.lab.grouping import by_name, settings
from snnlab.models.loading import find_rule
from snnlab.models.spike_rule import SpikeRule
from snnlab.networks.liquid import (
    Liquid,
    Progress,
    Show,
    calibrated_input,
    calibrated_rule,
    learn,
    random_liquid,
    read_out,
    scored,
    spikes_of,
)
from snnlab.networks.reservoir import taught
from snnlab.stimuli.pictures.images import Images, digest, load_images

FIGURE = "liquid_mnist"
CONTROLS = {"shuffled_labels": {"control": "shuffled_labels"}}
QUICK = {
    "plasticity": "stlr",
    "images": "digits",
    "n": 100,
    "learned_images": 200,
    "held_out": 200,
    "calibration_images": 60,
}
VARIANTS = {rule: {"plasticity": rule} for rule in ("none", "stdp", "hebb", "stlr")}
# Learning rates that did best on held-out images (seed 0); ten times as fast Hebb's rule comes to 120 Hz.
ETAS = {"stdp": 1e-4, "hebb": 1e-6, "stlr": 1e-4}
# Of neurons that work: DESIGN of the experiment, not a result (a prototype ran away to 330 Hz).
RATES = (1.0, 50.0)
READOUTS = ("pixels", "uncoupled", "liquid")
GAINED = "accuracy of the liquid over that of pixels"
LIQUID = "accuracy of liquid (%)"


@dataclass(frozen=True)
class Config:
    """Settings of a liquid, of its plasticity and of what it is shown."""

    plasticity: str = "none"
    """how weights between excitatory neurons learn: none, stdp, triplet, hebb, stlr, or path/to/rule.py:NAME"""
    images: str = "mnist"
    """mnist (after `snnlab data get mnist`), digits, or a folder with four IDX files"""
    code: Literal["rate", "latency"] = "rate"
    """whether a pixel is a current or the time of a spike"""
    n: int = 300
    """neurons, 80 % of them excitatory"""
    density: float = 0.1
    """share of possible sources that a neuron has a synapse from"""
    gain: float = 10.0
    """what a spike over a weight of 1 adds to a current (mV)"""
    inhibition: float = 5.0
    """largest weight of an inhibitory neuron; of excitatory ones it is 1"""
    input_density: float = 1.0
    """share of the channels of the input that a neuron has a synapse from"""
    bias: float = -10.0
    """constant current of every neuron (mV)"""
    rate: float = 20.0
    """mean rate (Hz) that the gain of the input is calibrated to, before learning"""
    row: float = 5.0
    """length of a row (ms)"""
    gap: float = 60.0
    """silence after an image (ms)"""
    read: float = 20.0
    """time after the last row of the last of four readings, which are evenly spaced (ms)"""
    eta: float | None = None
    """learning rate; None: ETAS of this protocol for this rule, else the rule's own"""
    learned_images: int = 6000
    """training images that the rule learns from, at most"""
    train_images: int = 60_000
    """training images that the readout learns from, the first ones, at most"""
    test_images: int = 10_000
    """test images, the first ones, at most"""
    held_out: int = 6000
    """last of the training images, which choose the ridge's strength; all teach the readout that is tested"""
    calibration_images: int = 200
    """training images that gains and thresholds are calibrated on"""
    control: Literal["none", "shuffled_labels"] = "none"
    """what is broken: labels that the readouts of neurons learn from; that of pixels learns from true ones"""
    seed: int = 0
    """seed of all randomness"""
    target: Literal["auto", "cython", "numpy", "cpp_standalone"] = "auto"
    """where Brian2's generated code runs; auto is C++ standalone if there is a compiler"""

    def identity(self) -> dict:
        """Return what the settings stand for: the rule and the images."""
        rule = rule_of(self)
        return {"rule": rule.to_dict() if rule else None, "images": digest(self.images)}


def rule_of(config: Config) -> SpikeRule | None:
    """Return the rule that a Config names, with its learning rate; None for "none"."""
    rule = find_rule(config.plasticity, SpikeRule)
    eta = ETAS.get(config.plasticity) if config.eta is None else config.eta
    return rule if rule is None or eta is None else rule.with_parameters(eta=eta)


def check(config: Config, train: Images) -> None:
    """Raise UserError for a setting that cannot be."""
    require_choices(config)
    require_positive(config, "rate", "row", "eta")
    require_whole("n", config.n, 10, 100_000)
    require_whole("learned_images", config.learned_images, 1, 10**9)
    require_whole("test_images", config.test_images, 1, 10**9)
    require_whole("train_images", config.train_images, 2, 10**9)
    count = min(config.train_images, len(train.labels))
    require_whole("held_out", config.held_out, 1, count - 1)
    require_whole("calibration_images", config.calibration_images, 1, count)
    if not np.isfinite(config.bias):
        raise UserError(f"bias: expected a finite number, got {config.bias}")
    bounds = {"density": (0, 1), "input_density": (0, 1), "gain": (0,), "inhibition": (0,), "gap": (0, 1e3)}
    for name, limits in (bounds | {"read": (0, config.gap)}).items():
        require_between(config, name, *limits)
    for name in ("row", "gap", "read"):
        unit = 0.5 if name != "gap" else config.row
        if abs(getattr(config, name) / unit - round(getattr(config, name) / unit)) > 1e-9:
            raise UserError(f"{name}: expected a multiple of {unit} ms, got {getattr(config, name)}")


def show_of(config: Config, train: Images) -> Show:
    """Return how images are shown."""
    _, rows, channels = train.images.shape
    return Show(rows, channels, config.code, config.row / 1e3, config.gap / 1e3, config.read / 1e3)


def build(config: Config, show: Show, images: np.ndarray, engine: Engine, coupled: bool = True) -> Liquid:
    """Return the liquid of a Config before learning, its input calibrated on images; uncoupled: with a gain of 0."""
    liquid = random_liquid(
        config.n,
        show.channels,
        engine,
        density=config.density,
        inhibition=config.inhibition,
        input_density=config.input_density,
        gain=config.gain if coupled else 0.0,
        bias=config.bias,
    )
    return calibrated_input(liquid, show, images, config.rate, engine)


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Build, calibrate, learn, read out: a liquid, the same neurons without synapses between them, and pixels.

    Returns ``accuracy``, ``validation`` and ``beta`` (readout), ``rate`` of neurons over test images (readout; of
    pixels NaN), ``rates`` over test images (neuron), ``learning_rate`` = mean rate of each chunk of learning (chunk),
    ``weights`` before and after (when, synapse) with ``pre`` and ``post``, ``change`` = |w - w0|/|w0|, ``input_gain``,
    spikes of one image before and after learning: ``spike_time`` (s), ``spike_neuron``, ``spike_when`` (spike).

    Raises
    ------
    UserError, Diverged, MachineError
    """
    train, test = load_images(config.images)
    check(config, train)
    with threadpool_limits(1):
        return _run(config, engine, _first(train, config.train_images), _first(test, config.test_images))


def _first(images: Images, count: int) -> Images:
    return Images(images.images[:count], images.labels[:count], images.full)


def _run(config: Config, engine: Engine, train: Images, test: Images) -> xr.Dataset:
    show = show_of(config, train)
    rng = engine.rng("calibration")
    calibration = train.sequences(rng.permutation(len(train.labels))[: config.calibration_images])
    start = build(config, show, calibration, engine)
    rule = rule_of(config)
    learned = min(config.learned_images, len(train.labels)) if rule else 0
    count = len(train.labels) + len(test.labels)
    progress = Progress(engine, learned + 2 * count)
    after, learning = start, np.zeros(0)
    if rule:
        rule = calibrated_rule(rule, start, show, calibration, config.seed)
        order = engine.rng("order").permutation(len(train.labels))[:learned]
        after, learning = learn(start, show, rule, train, order, engine, progress)
    labelled = taught(config, train, engine)
    scores = {"pixels": scored(lambda x: x.reshape(len(x), -1), train.images[0].size, train, test, config.held_out)}
    uncoupled = build(config, show, calibration, engine, coupled=False)
    rates = {}
    for name, liquid in (("uncoupled", uncoupled), ("liquid", after)):
        scores[name], rates[name] = read_out(liquid, show, labelled, test, config.held_out, engine, progress)
    one = test.sequences(np.arange(1))
    spikes = [spikes_of(liquid, show, one, config.seed) for liquid in (start, after)]
    pre, post, w = start.synapses["ee"]
    weights = np.stack([w, after.synapses["ee"][2]])
    dataset = xr.Dataset(
        {key: ("readout", [getattr(scores[name], of) for name in READOUTS])
         for key, of in (("accuracy", "test"), ("validation", "validation"), ("beta", "beta"))}
        | {
            "rate": ("readout", [np.mean(rates.get(name, np.nan)) for name in READOUTS], {"units": "Hz"}),
            "rates": ("neuron", rates["liquid"], {"units": "Hz"}),
            "learning_rate": ("chunk", learning, {"units": "Hz"}),
            "weights": (("when", "synapse"), weights.astype(np.float32)),
            "pre": ("synapse", pre.astype(np.int32)),
            "post": ("synapse", post.astype(np.int32)),
            "change": ((), float(np.linalg.norm(weights[1] - weights[0]) / np.linalg.norm(weights[0]))),
            "input_gain": ((), start.input_gain, {"units": "mV"}),
            "image": (("row", "column"), one[0]),
            "spike_time": ("spike", np.concatenate([t for t, _ in spikes]), {"units": "s"}),
            "spike_neuron": ("spike", np.concatenate([i for _, i in spikes]).astype(np.int32)),
            "spike_when": ("spike", np.repeat([0, 1], [len(t) for t, _ in spikes]).astype(np.int32)),
        },
        {"readout": list(READOUTS), "when": ["before", "after"]},
    )  # fmt: skip
    dataset.attrs["thresholds"] = str({k: rule.numbers[k] for k in rule.percentiles} if rule else {})
    dataset.attrs["images_shown"] = [learned, len(train.labels), len(test.labels)]
    return dataset


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return accuracies, rates, and how far weights have changed."""
    values = {f"accuracy of {name} (%)": 100 * float(dataset.accuracy.sel(readout=name)) for name in READOUTS}
    values["rate (Hz)"] = float(dataset.rate.sel(readout="liquid"))
    if dataset.sizes["chunk"]:
        values["highest rate while learning (Hz)"] = float(dataset.learning_rate.max())
        values["change of weights"] = float(dataset.change)
    return values


def checks(dataset: xr.Dataset) -> list[Check]:
    """Rates of working neurons, while learning and after it; and the liquid tells more than the pixels do."""
    source = "criterion: neither silent nor running away"
    rates = np.append(dataset.learning_rate, dataset.rate.sel(readout="liquid"))
    values = measure(dataset)
    gained = values[LIQUID] - values["accuracy of pixels (%)"]
    return [
        Check("lowest mean rate (Hz)", float(rates.min()), *RATES, source),
        Check("highest mean rate (Hz)", float(rates.max()), *RATES, source),
        Check(GAINED, gained, 0.0, 100.0, "baseline: ridge readout of pixels, same images"),
    ]


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """What recurrence adds, what rules add to none, and how far they change weights; pairs of runs of one seed."""
    runs = [run for run in datasets if run.attrs.get("condition", "default") == "default"]
    groups = by_name(runs, _title, lambda config: settings(config, _OWN if config["plasticity"] == "none" else ()))
    networks = [{_network(run): measure(run) for run in group} for group in groups.values()]
    none = {}
    for group, measured in zip(groups.values(), networks, strict=True):
        if attribute(group[0], "config")["plasticity"] == "none":
            none |= {network: values[LIQUID] for network, values in measured.items()}
    rows = []
    for (title, group), measured in zip(groups.items(), networks, strict=True):
        if len(group) < 3:
            continue
        accuracy = {network: values[LIQUID] for network, values in measured.items()}
        rows.append(Finding.over_seeds(f"{title}: accuracy (%)", list(accuracy.values()), "10: chance"))
        if attribute(group[0], "config")["plasticity"] == "none":
            added = [values[LIQUID] - values["accuracy of uncoupled (%)"] for values in measured.values()]
            rows.append(Finding.over_seeds(f"{title}: points that recurrence adds", added, "0: nothing"))
            continue
        added = [accuracy[network] - none[network] for network in accuracy if network in none]
        if len(added) >= 3:
            rows.append(Finding.over_seeds(f"{title}: points over no plasticity", added, "0: no plasticity"))
        changes = [float(run.change) for run in group]
        rows.append(Finding.over_seeds(f"{title}: change of weights", changes, "0: none"))
    return rows


def _title(config: dict) -> str:
    return f"{config['images']}, n = {config['n']}, {config['code']}, {config['plasticity']}"


# What means nothing without a rule.
_OWN = ("plasticity", "eta", "learned_images")


def _network(run: xr.Dataset) -> tuple[str, int]:
    """What runs share that differ in what is learned alone."""
    config = attribute(run, "config")
    return settings(config, _OWN), int(config["seed"])
