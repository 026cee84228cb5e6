"""Build a liquid at random, bring it to a rate, show it images while a rule may change its weights."""

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

# Images that one run shows.
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
    """Return a liquid whose neurons have as many synapses each, from others chosen at random.

    Weights are uniform: from 0 to 1 of excitatory neurons, from -inhibition to 0 of inhibitory ones, from -1 to 1 of
    the input. With as many synapses for each neuron, one C++ program serves all seeds.
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
    """Return pairs (pre, post), by pre; every target has as many sources, at least one, itself only if ``own``."""
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

    Returns filtered spikes r when they are read, shape (images, samples, n), spikes in each image, shape (images, n),
    and the weights between excitatory neurons after it, shape (synapses,), which change if there is a rule.

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
    """Return what :func:`show_images` returns, from the runtime; ``each_step(net, step)`` is called after each step."""
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
    """Return what is read out of each image: all readings and the numbers of spikes, (images, (samples + 1) n)."""
    return np.concatenate([states.reshape(len(states), -1), counts], axis=1)


def mean_rate(counts: np.ndarray, show: Show) -> float:
    """Return spikes of a neuron per s, the gap included."""
    return float(counts.mean()) / show.seconds


def calibrate_input(
    liquid: Liquid, show: Show, sequences: np.ndarray, rate: float, engine: Engine, tolerance: float = 0.02
) -> Liquid:
    """Return the liquid with that gain of its input at which its neurons fire at a mean rate (Hz), found by bisection.

    Raises
    ------
    UserError
        If no gain from 0.01 to 10,000 mV gives the rate within the tolerance (a share of it).
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
        f"rate: no gain of the input makes neurons fire at {rate} Hz; the nearest found is {nearest:.3g} Hz"
    )


def calibrate_rule(rule: SpikeRule, liquid: Liquid, show: Show, sequences: np.ndarray, seed: int = 0) -> SpikeRule:
    """Return the rule with its percentiles, over all spikes that arrive at synapses which do not learn yet.

    Raises
    ------
    UserError
        If the rule has percentiles and no spike arrives; as :func:`snnlab.models.rate_rule.at_percentiles`.
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
        raise UserError(f"plasticity {rule.name!r}: no spike arrives from which to take percentiles")
    return at_percentiles(rule, np.concatenate(seen))


def record_spikes(liquid: Liquid, show: Show, sequences: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return times (s) and neurons of all spikes while images are shown; simulated in numpy, so for few images."""
    times: list[float] = []
    neurons: list[int] = []

    def keep(net: LiquidNetwork, step: int) -> None:
        fired = net.spiking().tolist()
        times.extend([step * DT] * len(fired))
        neurons.extend(fired)

    with on_numpy(), Engine("numpy", seed) as plain:
        _run_here(liquid, show, sequences, plain, None, each_step=keep)
    return np.array(times), np.array(neurons, int)
