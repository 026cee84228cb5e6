"""Excitatory and inhibitory neurons that keep each other firing irregularly (Brunel 2000)."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from brian2 import Hz, Network, NeuronGroup, PoissonInput, SpikeMonitor, Synapses, collect, ms, mV, second


@dataclass(frozen=True)
class Config:
    g: float = 5.0
    """size of an inhibitory synapse over that of an excitatory one"""
    seed: int = 0
    target: str = "cython"


def run(config, engine):
    g, J, theta = config.g, 0.2*mV, 20*mV
    cells = NeuronGroup(2500, "dv/dt = -v/(20*ms) : volt (unless refractory)", threshold="v > theta", reset="v = 10*mV",
                        refractory=2*ms, method="exact")
    cells.v = "10*mV + rand()*(theta - 10*mV)"
    excite = Synapses(cells[:2000], cells, on_pre="v += J", delay=1.5*ms)
    inhibit = Synapses(cells[2000:], cells, on_pre="v -= g*J", delay=1.5*ms)
    excite.connect(p=0.25)
    inhibit.connect(p=0.25)
    outside = PoissonInput(cells, "v", 500, 20*Hz, J)
    spikes = SpikeMonitor(cells)
    engine.run(Network(collect()), 0.3*second)
    return xr.Dataset({"spike_time": ("spike", np.array(spikes.t)), "spike_neuron": ("spike", np.array(spikes.i))})
