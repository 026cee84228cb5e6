r"""A spiking synfire chain as a model of HVC in songbirds: pools of neurons, each of which makes the next pool fire.

All neurons j of pool m send the current :math:`I_i = \sum_j w_{ij} s_j` to all neurons i of pool m + 1. Each spike of j
increases s_j by 1 after a delay, and s_j decays with tau_s. A kick makes the first pool fire at the start. One spike
represents the burst that a neuron of HVC fires once in a song.

The activity of a pool is its filtered spikes (filter of 2 and 5 ms), relative to the activity if all its neurons fire
at once. It is a component of the signal that drives another network. A chain is purely feedforward. It is therefore
simulated separately, once for each lesion, before the network that it drives.

References: Hahnloser, Kozhevnikov & Fee 2002, doi:10.1038/nature00974; Long, Jin & Fee 2010, doi:10.1038/nature09514.
Sizes, delays and weights are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import brian2
import numpy as np
import scipy

from ...engine.brian import on_numpy
from ...engine.population import population
from ...errors import UserError

# Number of neurons in a pool.
SIZE = 20
# Time step, and sampling interval of the activity (s).
DT, SAMPLE = 1e-4, 1e-3
# Voltages are in mV. The peak of the membrane potential is a quarter of the current, and the threshold is 25 mV above
# rest, so half of a pool is enough to make the next pool fire.
REST, TOTAL, SPREAD = -65, 200, 0.2
TAU_S = 5e-3
# The refractory period (ms) allows one spike in a wave.
REFRACTORY = 50
# A neuron needs 1.6 ms to reach the threshold. With the delay, the wave takes LINK from pool to pool (s).
DELAY, LINK = 8.4e-3, 10e-3
TAU_RISE, TAU_DECAY = 2e-3, 5e-3
# The wave has reached a pool when its activity reaches this share.
REACHED = 0.25
# Smaller activities are set to 0.
LEAST = 1e-3
# A chain without a spike for this time (s) has died out. Each check costs 0.2 s of CPU time.
QUIET = 0.5


def simulate(
    pools: int, seconds: float, lesions: Sequence[np.ndarray | tuple[()]], seed: int = 0
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return times (s) and neurons of the spikes of a chain, for each lesion.

    Parameters
    ----------
    pools : int
        Number of pools. Pool m has the neurons m SIZE to (m + 1) SIZE - 1.
    seconds : float
        Length of the simulation after the kick.
    lesions : sequence of index arrays
        Dead neurons of each lesion.
    seed : int
        Seed of the weights.
    """
    from ...neurons.lif import LIF

    n, total = pools * SIZE, TOTAL * brian2.mV
    with on_numpy():
        clock = brian2.Clock(DT * brian2.second, name="synfire_clock")
        group = population(
            replace(LIF, refractory=REFRACTORY * brian2.ms), n, "rest + I",
            equations="dI/dt = -I/tau_s : volt", clock=clock,
            constants={"rest": REST * brian2.mV, "tau_s": TAU_S * brian2.second}, name="synfire",
        )  # fmt: skip
        synapses = brian2.Synapses(group, group, "w : volt", on_pre="I_post += w", clock=clock, name="synfire_links")
        before = np.repeat(np.arange(n - SIZE), SIZE)
        after = (before // SIZE + 1) * SIZE + np.tile(np.arange(SIZE), n - SIZE)
        synapses.connect(i=before, j=after)
        synapses.delay = DELAY * brian2.second
        weights = np.random.default_rng(seed).uniform(1 - SPREAD, 1 + SPREAD, len(before)) * float(total) / SIZE
        spikes = brian2.SpikeMonitor(group, name="synfire_spikes")
        network = brian2.Network(group, synapses, spikes)
        group.v = REST * brian2.mV
        group.I[:SIZE] = total
        network.store()
        found = []
        for dead in lesions:
            network.restore()
            alive = np.ones(n)
            alive[np.asarray(dead, int)] = 0
            synapses.w = weights * alive[before] * brian2.volt
            count = -1
            for start in np.arange(0, seconds - DT / 2, QUIET):
                network.run(min(QUIET, seconds - start) * brian2.second, namespace={})
                if spikes.num_spikes == count:
                    break
                count = spikes.num_spikes
            times, neurons = np.array(spikes.t), np.array(spikes.i)
            found.append((times[alive[neurons] > 0], neurons[alive[neurons] > 0]))
    return found


def activity(times: np.ndarray, neurons: np.ndarray, pools: int, seconds: float) -> scipy.sparse.csr_array:
    """Return the activity of each pool over time, shape (seconds/SAMPLE, pools); a synchronous pool reaches 1."""
    samples = round(seconds / SAMPLE)
    if abs(samples - seconds / SAMPLE) > 1e-6 * samples:
        raise UserError(f"period: expected a multiple of {SAMPLE * 1e3:g} ms for a chain, got {seconds:g} s")
    decays = np.exp(-SAMPLE / np.array([TAU_DECAY, TAU_RISE]))
    response = np.subtract(*np.power.outer(decays, np.arange(1, round(12 * TAU_DECAY / SAMPLE))))
    rows = np.zeros((samples, pools))
    # Times are multiples of DT, except for rounding errors.
    where = np.floor(times / SAMPLE + 1e-6).astype(int)
    for lag, height in enumerate(response / response.max() / SIZE):
        inside = where + lag < samples
        np.add.at(rows, (where[inside] + lag, neurons[inside] // SIZE), height)
    rows[rows < LEAST] = 0
    return scipy.sparse.csr_array(rows)


def lateness(signal: scipy.sparse.csr_array, intact: scipy.sparse.csr_array) -> tuple[np.ndarray, float]:
    """Return the delay (s) of the wave at each pool relative to an intact chain, and the share of pools it reaches.

    A few dead neurons slow the wave, because smaller pools fire later. A pool that is not reached gets the last delay.
    """
    rows, whole = signal.toarray(), intact.toarray()
    reached = np.flatnonzero(rows.max(0) >= REACHED * whole.max(0))
    late = (rows.argmax(0) - whole.argmax(0)) * SAMPLE
    if not len(reached):
        return np.zeros(rows.shape[1]), 0.0
    return np.interp(np.arange(rows.shape[1]), reached, late[reached]), len(reached) / rows.shape[1]
