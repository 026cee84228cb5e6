"""Construction of a random liquid, calibration of its rate, and presentation of images with or without learning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import brian2
import numpy as np

from ...engine.brian import Engine, on_numpy
from ...engine.tasks import Task
from ...errors import Diverged, UserError
from ...models.rate_rule import at_percentiles
from ...models.spike_rule import SpikeRule
from .network import DT, RUNAWAY, Liquid, LiquidNetwork, Show
from .program import run_program

# One run shows this number of images.
CHUNK = 500


def random_liquid(
    n: int,
    channels: int,
    engine: Engine,
    *,
    density: float = 0.1,
    excitatory: float = 0.8,
    inhibition: float = 5.0,
    input_density: float = 1.0,
    gain: float = 1.0,
    input_gain: float = 10.0,
    bias: float = 0.0,
) -> Liquid:
    """Return a liquid in which all neurons have the same number of synapses, from random presynaptic neurons.

    Weights are uniform: from 0 to 1 for excitatory neurons, from -inhibition to 0 for inhibitory neurons, and from -1
    to 1 for the input. Because the number of synapses is fixed, one C++ program serves all seeds.
    """
    rng = engine.rng("liquid")
    first = round(excitatory * n)
    exc, inh = np.arange(first), np.arange(first, n)
    synapses = {
        "ee": _draw_pairs(exc, exc, density, rng),
        "ei": _draw_pairs(exc, inh, density, rng),
        "ia": _draw_pairs(inh, np.arange(n), density, rng),
    }
    drawn = {kind: (*pairs, rng.random(len(pairs[0]))) for kind, pairs in synapses.items()}
    drawn["ia"] = (*drawn["ia"][:2], -inhibition * drawn["ia"][2])
    rng = engine.rng("input")
    pre, post = _draw_pairs(np.arange(channels), np.arange(n), input_density, rng, own=True)
    drawn["input"] = (pre, post, rng.uniform(-1, 1, len(pre)))
    return Liquid(first, np.full(n, float(bias)), drawn, gain, input_gain)


def _draw_pairs(
    sources: np.ndarray, targets: np.ndarray, share: float, rng: np.random.Generator, own: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs (pre, post), sorted by pre, with equally many sources (at least one) for each target.

    A neuron can be its own source only if ``own``.
    """
    pairs = []
    for post in targets:
        others = sources if own else sources[sources != post]
        count = min(len(others), max(1, round(share * len(sources))))
        pairs.append(np.stack([np.sort(rng.choice(others, count, replace=False)), np.full(count, post)]))
    pre, post = np.concatenate(pairs, axis=1) if pairs else np.empty((2, 0), int)
    order = np.lexsort((post, pre))
    return pre[order], post[order]


def show_images(
    liquid: Liquid,
    show: Show,
    sequences: np.ndarray,
    engine: Engine,
    rule: SpikeRule | None = None,
    report: Callable[[int], None] = lambda images: None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Show images, shape (images, rows, channels), in one run.

    Returns three arrays: the filtered spikes r at the readings, shape (images, samples, n); the number of spikes in
    each image, shape (images, n); and the weights between excitatory neurons after the run, shape (synapses,), which
    change if there is a rule.

    Raises
    ------
    Diverged
        If neurons fired at 200 Hz or more in an image.
    MachineError
        If a C++ program fails.
    """
    if engine.as_program():
        return run_program(liquid, show, sequences, rule, report)
    return _run_here(liquid, show, sequences, engine, rule, report)


def _run_here(
    liquid: Liquid,
    show: Show,
    sequences: np.ndarray,
    engine: Engine,
    rule: SpikeRule | None,
    report: Callable[[int], None] = lambda images: None,
    each_step: Callable[[LiquidNetwork, int], None] | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Do the same as :func:`show_images` on the runtime targets; ``each_step(net, step)`` is called after each step."""
    images, steps = len(sequences), show.steps
    shown = brian2.TimedArray(show.padded(sequences), dt=show.row * brian2.second, name="shown")
    net = LiquidNetwork(liquid, show, shown, rule)
    r, count = net.view("r"), net.view("count")
    states, counts = np.empty((images, show.samples, liquid.n)), np.empty((images, liquid.n), np.int32)

    def read(sample: int) -> Callable[[int], None]:
        def call(step: int) -> None:
            states[step // steps, sample] = r

        return call

    def end(step: int) -> None:
        image = step // steps
        counts[image] = count
        if mean_rate(counts[image], show) >= RUNAWAY:
            raise Diverged(f"diverged: neurons fire at {RUNAWAY:g} Hz or more in image {image}")
        report(image + 1)

    total = images * steps
    tasks = [Task(range(at, total, steps), read(k)) for k, at in enumerate(show.read_at)]
    tasks.append(Task(range(steps - 1, total, steps), end))
    if each_step is not None:
        tasks.append(Task(range(total), lambda step: each_step(net, step)))
    engine.run(net.network, total * DT, net.clock, tasks, show=False, namespace={})
    return states, counts, np.array(net.synapses["ee"].w[:])


def join_features(states: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the features of each image: all readings and the numbers of spikes, (images, (samples + 1) n)."""
    return np.concatenate([states.reshape(len(states), -1), counts], axis=1)


def mean_rate(counts: np.ndarray, show: Show) -> float:
    """Return the mean firing rate of a neuron (Hz), including the gap."""
    return float(counts.mean()) / show.seconds


def calibrate_input(
    liquid: Liquid, show: Show, sequences: np.ndarray, rate: float, engine: Engine, tolerance: float = 0.02
) -> Liquid:
    """Return the liquid with the gain of its input that gives a mean firing rate (Hz), found by bisection.

    Raises
    ------
    UserError
        If no gain from 0.01 to 10,000 mV gives the rate within the relative tolerance.
    """
    low, high, nearest = 1e-2, 1e4, 0.0
    for _ in range(30):
        middle = float(np.sqrt(low * high))
        try:
            tried = replace(liquid, input_gain=middle)
            found = mean_rate(show_images(tried, show, sequences, engine)[1], show)
        except Diverged:
            found = np.inf
        if abs(found - rate) <= tolerance * rate:
            return tried
        nearest = min(nearest, found, key=lambda x: abs(x - rate))
        low, high = (middle, high) if found < rate else (low, middle)
    raise UserError(
        f"rate: expected a rate that some gain of the input gives, got {rate} Hz; the nearest is {nearest:.3g} Hz"
    )


def calibrate_rule(rule: SpikeRule, liquid: Liquid, show: Show, sequences: np.ndarray, seed: int = 0) -> SpikeRule:
    """Return the rule with the values of its percentiles, over all spikes that arrive at the synapses before learning.

    Raises
    ------
    UserError
        If the rule has percentiles and no spike arrives; see :func:`snnlab.models.rate_rule.at_percentiles`.
    """
    if not rule.percentiles:
        return rule
    pre = liquid.synapses["ee"][0]
    first = np.searchsorted(pre, np.arange(liquid.excitatory + 1))
    seen: list[np.ndarray] = []

    def keep(net: LiquidNetwork, step: int) -> None:
        values = net.synapses["ee"].variables[rule.calibrated].get_value()
        for neuron in net.spiking():
            if neuron < liquid.excitatory:
                seen.append(values[first[neuron] : first[neuron + 1]].copy())

    with on_numpy(), Engine("numpy", seed) as plain:
        _run_here(liquid, show, sequences, plain, rule.with_parameters(eta=0.0), each_step=keep)
    if not seen:
        raise UserError(f"plasticity {rule.name!r}: expected spikes from which to take percentiles, got none")
    return at_percentiles(rule, np.concatenate(seen))


def record_spikes(liquid: Liquid, show: Show, sequences: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return times (s) and neurons of all spikes while images are shown. It runs in numpy, so for few images only."""
    times: list[float] = []
    neurons: list[int] = []

    def keep(net: LiquidNetwork, step: int) -> None:
        fired = net.spiking().tolist()
        times.extend([step * DT] * len(fired))
        neurons.extend(fired)

    with on_numpy(), Engine("numpy", seed) as plain:
        _run_here(liquid, show, sequences, plain, None, each_step=keep)
    return np.array(times), np.array(neurons, int)
