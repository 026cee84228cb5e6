"""
FORCE, from thirty lines of numpy to a trained network
======================================================

A random network of spiking neurons can learn to produce a signal, and to continue it alone. This page builds such a
network three times: as a plain loop that shows every line, as the equations that Brian2 gets, and as a run that is
stored and continued.

The network is from Nicola & Clopath (2017, doi:10.1038/s41467-017-01827-3): LIF neurons learn a sine of 5 Hz. It is
smaller than theirs, and this page runs in less than a minute without a compiler.
"""

import matplotlib.pyplot as plt
import numpy as np

# %%
# The idea
# --------
# Each neuron :math:`i` gets three inputs: the spikes of the other neurons through random weights :math:`\omega`, the
# decoded output :math:`z` of the network through random feedback weights :math:`\eta`, and a constant:
#
# .. math:: I = \omega r + \eta z + I_0, \qquad z = \phi^T r
#
# where :math:`r_i` is the spike train of neuron :math:`i`, filtered so that its mean is the firing rate. Only
# :math:`\phi`, the decoder, is learned. During learning the output is already close to the teacher signal, so the
# feedback is right. The network settles into the activity that it needs later, in the free run. This is FORCE.

n, dt, seconds = 500, 1e-4, 3.0
learn_start, learn_stop, every = 0.3, 2.0, 0.002  # s
tau_m, t_ref, v_reset, v_threshold = 0.010, 0.002, -65.0, -40.0  # s, s, mV, mV
tau_rise, tau_decay = 0.002, 0.020  # s
gain, size, bias, alpha = 0.04, 10.0, -40.0, 5e-6  # mV s, mV, mV, s^2


def teacher(t):
    return np.sin(2 * np.pi * 5 * t)


# %%
# Thirty lines of numpy
# ---------------------
# A tenth of the weights are not zero. Their size falls with the size of the network, so that a neuron's input keeps its
# size. The mean of each row is subtracted; otherwise some neurons would always get more input than others.

rng = np.random.default_rng(1)
omega = rng.standard_normal((n, n)) * (rng.random((n, n)) < 0.1) * gain / (0.1 * np.sqrt(n))
omega -= (omega != 0) * omega.sum(1, keepdims=True) / (omega != 0).sum(1, keepdims=True)
eta = size * rng.uniform(-1, 1, n)

v = rng.uniform(v_reset, 30, n)  # membrane potential
last = np.full(n, -1.0)  # time of each neuron's last spike
current, h_current = np.zeros(n), np.zeros(n)  # omega r, and the first stage of its filter
r, h = np.zeros(n), np.zeros(n)  # filtered spikes
phi, z = np.zeros(n), 0.0
P = alpha * np.eye(n)
steps = round(seconds / dt)
output = np.zeros(steps)

for step in range(steps):
    t = (step + 1) * dt
    # The membrane potential relaxes towards its input, except in the refractory period.
    v += dt / tau_m * (current + eta * z + bias - v) * (t - last > t_ref)
    fired = np.flatnonzero(v > v_threshold)
    # Two filters in series: a spike adds to h, and h drives r. Each spike has an area of 1, so r is in Hz.
    current += dt * (h_current - current / tau_rise)
    h_current -= dt * h_current / tau_decay
    r += dt * (h - r / tau_rise)
    h -= dt * h / tau_decay
    h_current += omega[:, fired].sum(1) / (tau_rise * tau_decay)
    h[fired] += 1 / (tau_rise * tau_decay)
    v[fired], last[fired] = v_reset, t
    z = phi @ r
    if learn_start <= t < learn_stop and step % round(every / dt) == 0:
        # Recursive least squares: P is the inverse of alpha^-1 I + sum of r r'. Directions of frequent activity are
        # known well, so they are corrected little.
        error = z - teacher(t)
        q = P @ r
        P -= np.outer(q, q) / (1 + r @ q)
        phi -= error * (P @ r)
        z = phi @ r
    output[step] = z

# %%
# The output follows the sine when learning stops (dashed), and keeps it.

time = dt * np.arange(1, steps + 1)
figure, ax = plt.subplots(figsize=(7, 2), layout="constrained")
ax.plot(time, teacher(time), color="0.7", lw=2, label="teacher")
ax.plot(time, output, lw=0.8, label="output")
for border in (learn_start, learn_stop):
    ax.axvline(border, color="0.3", ls="--", lw=0.7)
ax.set(xlabel="time (s)", ylabel="z", xlim=(0, seconds))
ax.legend(loc="lower left", ncols=2)

# %%
# The same as equations
# ---------------------
# In snnlab a model is data: equations in Brian2's notation, with their parameters. These are the two models of the loop
# above.

from snnlab.neurons.lif import LIF  # noqa: E402
from snnlab.synapses.double_exponential import DOUBLE_EXPONENTIAL  # noqa: E402

print(LIF.equations)
print("threshold:", LIF.threshold, "| reset:", LIF.reset, "| refractory:", LIF.refractory)
print(DOUBLE_EXPONENTIAL.equations)

# %%
# The output needs no Python code either. :math:`z` is linear in the spikes, so it is a separate neuron with the same
# filter, and a spike of neuron :math:`j` makes it jump by :math:`\phi_j`. Only the RLS step is not an equation.
#
# ``train_force`` builds and trains this network. Its numbers are in the units of the paper; settings that are not given
# have the published values for this neuron. ``target="numpy"`` needs no compiler. With a compiler, the default builds a
# C++ program that runs many times faster.

from snnlab import Engine, ForceConfig, train_force  # noqa: E402

config = ForceConfig(
    neuron="lif", n=n, dt=0.1, rls_interval=2.0, seconds=seconds, learn_start=learn_start, learn_stop=learn_stop,
    rls_gain="exact", seed=1, target="numpy",
)  # fmt: skip
with Engine(config.target, config.seed) as engine:
    run = train_force(config, teacher, engine)

# %%
# The result is an xarray dataset: outputs, spikes, weights, decoder, and the state at the end.

print(run[["output", "decoder", "spike_time", "recurrent_weight"]])
last_second = run.output.sel(time=slice(learn_stop, None)).values[:, 0]
print(f"amplitude of the free run: {np.sqrt(2) * last_second.std():.2f}")

figure, (above, below) = plt.subplots(2, 1, figsize=(7, 3.4), sharex=True, layout="constrained")
above.plot(run.time, run.teacher, color="0.7", lw=2)
above.plot(run.time, run.output, lw=0.8)
above.set_ylabel("z")
below.plot(run.spike_time, run.spike_neuron, "|", color="0.2", ms=1.5)
below.set(xlabel="time (s)", ylabel="neuron", ylim=(0, 100))

# %%
# Where to go from here
# ---------------------
# - ``snnlab run force_sine --neuron lif`` does this at the size of the paper, compares it with the authors' own code,
#   and stores it in a file.
# - ``snnlab.load(file).run(1.0, silence=range(100))`` continues the trained network with a lesion.
# - ``snnlab.load(file).train(teacher, 2.0)`` trains it further, if the run has ``--record-p``.
# - ``--neuron path/to/yours.py`` trains your own equations. Copy ``snnlab/neurons/lif.py`` and change its equations.

plt.show()
