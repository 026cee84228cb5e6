"""
From Hebb to STDP, to a network that spells
===========================================

Seven neurons can learn a word, one column of its letters at a time, and then write it on their own. This page gets
there in four steps: Hebb's rule, which cannot do it; STDP at a single synapse; the whole machine as a plain loop; and
the same machine in snnlab.

The machine is the dynamic Boltzmann machine of Osogami & Otsuka (2015, doi:10.1038/srep14149). The page runs in less
than a minute; without a compiler the last step takes longer.
"""

import matplotlib.pyplot as plt
import numpy as np

# %%
# A word is a sequence
# --------------------
# A column of this picture is a step in time, a row is a neuron; it is on where there is a #. After the last column
# comes the first one again.

drawing = """
..###.#..#.#...#
.#....#..#.#...#
.#....#..#.##..#
..##..#..#.#.#.#
....#.#..#.#..##
....#.#..#.#...#
.###...##..#...#
"""
picture = np.array([[mark == "#" for mark in row] for row in drawing.split()], dtype=int)[::-1].T
steps, n = picture.shape


def draw(ax, sequence, title):
    ax.imshow(np.asarray(sequence).T, cmap="Greys", origin="lower", aspect="auto", interpolation="nearest")
    ax.set(title=title, yticks=[])


# %%
# Hebb's rule
# -----------
# Neurons that fire one after the other are wired together. For a sequence of columns :math:`s(t) = \pm 1` that gives a
# matrix that leads from each column to the next:
#
# .. math:: W = \sum_t s(t+1)\, s(t)^T, \qquad s(t+1) = \mathrm{sign}(W s(t))

signs = 2 * picture - 1
following = np.roll(signs, -1, axis=0)
hebb = following.T @ signs
guess = (signs @ hebb.T > 0).astype(int)
wrong_of_hebb = int((guess != np.roll(picture, -1, axis=0)).sum())
print(f"wrong bits of the next column: {wrong_of_hebb} of {picture.size}")

# %%
# Learning longer does not help. The three blank columns between the letters are equal, and three different columns
# have to follow. Whatever maps a column to the next one, W or something cleverer, is wrong after two of them: what is
# missing is the past.

blank = np.flatnonzero(picture.sum(1) == 0)
for step in blank:
    print(f"after the blank column {step:2d}: {picture[(step + 1) % steps]}, Hebb: {guess[step]}")

# %%
# STDP at one synapse
# -------------------
# So a synapse has to know when spikes were. In this machine a spike of neuron :math:`i` travels :math:`d` steps to
# neuron :math:`j`. Spikes that have arrived leave a trace :math:`\alpha`, which pushes :math:`j` to fire with the
# weight u. Spikes under way, :math:`\beta`, hold it back, with the weight v; and with the same weight
# :math:`\gamma_j`, the trace of the spikes of :math:`j` itself, holds back :math:`i`. Two neurons fire once each, one
# later than the other by some lag. How much does a synapse with u = v = 1 push the later spike?

from snnlab import Boltzmann, DybmRule  # noqa: E402

rule = DybmRule(lam=(0.6,), mu=(0.6,))
pair = Boltzmann.random(2, np.random.default_rng(0), rule, delays=np.full((2, 2), 3))
i, j = 0, 1
lags, push = np.arange(-9, 13), []
for lag in lags:
    # One fires, and the other so many steps later; or both in the same step, of which none is earlier.
    traces = pair.after(pair.silence(), np.array([lag >= 0, lag <= 0]))
    for _ in range(abs(lag) - 1):
        traces = pair.after(traces, np.zeros(2))
    if lag > 0:
        push.append(pair.arrived(traces)[i, j, 0] - pair.under_way(traces)[i, j, 0])
    else:
        push.append(-traces.gamma[j, 0] if lag < 0 else 0.0)

figure, ax = plt.subplots(figsize=(5, 2), layout="constrained")
ax.axhline(0, color="0.7", lw=0.6)
ax.axvline(3, color="0.7", ls=":")
ax.plot(lags, push, "o", ms=4)
ax.set(xlabel="spike of j after that of i (steps)", ylabel="push")

# %%
# A spike that arrives, after three steps (dotted), before the other neuron fires helps it; one that arrives too late
# is held against it. That is the window of spike-timing dependent plasticity: potentiation on the right, depression on
# the left. How large the two are, u and v, is learned up the gradient of the likelihood of what the machine is shown:
# when a spike comes that was not expected, u grows by :math:`\alpha`, and v falls by :math:`\beta` or :math:`\gamma`;
# when an expected one does not come, it is the other way round.
#
# Thirty lines of numpy
# ---------------------
# Seven neurons, a synapse with its own delay from each to each, and traces of three decay rates. From them follows the
# energy of being on in the next step,
#
# .. math:: E_j = -b_j - \sum u_{ij}\, \alpha_{ij} + \sum v_{ij}\, \beta_{ij} + \sum v_{ji}\, \gamma_i
#
# and the probability :math:`p_j = 1/(1 + e^{E_j})`. Learning goes up the gradient of the log likelihood: what is
# surprising, :math:`x_j - p_j`, times the trace.

rng = np.random.default_rng(23)
delays = rng.integers(1, 10, (n, n))
b, u, v = rng.normal(0, 0.1, n), rng.normal(0, 0.1, (n, n, 3)), rng.normal(0, 0.1, (n, n, 3))
untrained = Boltzmann(delays, b.copy(), u.copy(), v.copy())  # for later

rates = np.array([0.25, 0.5, 0.75])
ages = np.arange(1, 10)
# What a spike of each age counts in beta: it is under way as long as it is younger than the delay.
queue = rates ** -ages[:, None, None, None].astype(float) * (ages[:, None, None] < delays)[..., None]
pre = np.arange(n)[:, None]


def energy(alpha, past, gamma):
    """Return the energy of each neuron, alpha and beta in the next step; past[a - 1] is what was on a steps ago."""
    alpha = rates * (alpha + past[delays - 1, pre][..., None])
    beta = (past[:, :, None, None] * queue).sum(0)
    return -b - (u * alpha).sum((0, 2)) + (v * beta).sum((0, 2)) + (v * gamma).sum((1, 2)), alpha, beta


def spell(alpha, past, gamma, count):
    """Return what the machine does on its own: on where the energy is below 0."""
    found = []
    for _ in range(count):
        E, alpha, _ = energy(alpha, past, gamma)
        found.append(E < 0)
        past, gamma = np.vstack([found[-1:], past[:-1]]), rates * (gamma + found[-1][:, None])
    return np.array(found, int)


alpha, past, gamma = np.zeros((n, n, 3)), np.zeros((9, n)), np.zeros((n, 3))
squares = [1e-300, 1e-300, 1e-300]
for period in range(1, 6001):
    for x in picture:
        E, alpha, beta = energy(alpha, past, gamma)
        surprise = x - 1 / (1 + np.exp(np.clip(E, -700, 700)))
        gradients = (surprise, alpha * surprise[:, None], -beta * surprise[:, None] - gamma * surprise[:, None, None])
        for index, (values, gradient) in enumerate(zip((b, u, v), gradients, strict=True)):
            # AdaGrad: the more a weight has been pulled about so far, the smaller its steps.
            squares[index] = squares[index] + gradient**2
            values += gradient / np.sqrt(squares[index])
        past, gamma = np.vstack([x, past[:-1]]), rates * (gamma + x[:, None])
    if period == 1:
        after_one = [values.copy() for values in (b, u, v)]
    if period % 10 == 0 and (spell(alpha, past, gamma, steps) == picture).all():
        break
print(f"after {period} periods: {(spell(alpha, past, gamma, steps) != picture).sum()} wrong bits")

# %%
# Nothing is shown to the machine any more, and it goes on writing:

spelled = spell(alpha, past, gamma, 3 * steps)
figure, ax = plt.subplots(figsize=(7, 1.2), layout="constrained")
draw(ax, spelled, "thirty lines of numpy")

# %%
# The same in snnlab
# ------------------
# There the rule is the text of equations, in Brian2's notation. This is what neurons do in a step, and what synapses
# learn:

print(untrained.rule.decide())
print(untrained.rule.learn())

# %%
# From the same initial weights it does what the loop did. ``fit`` trains a copy until it can go on alone, which is
# tested after every period; with a compiler as a C++ program, in which a step takes a microsecond or two.

one = untrained.fit(picture, periods=1, testing=False).machine
apart = max(np.abs(a - b).max() for a, b in zip(after_one, (one.bias, one.u, one.v), strict=True))
print(f"largest difference after one period: {apart:.1e}")

result = untrained.fit(picture, periods=20_000)
print(result)

figure, axes = plt.subplots(2, 1, figsize=(7, 2.2), sharex=True, layout="constrained")
draw(axes[0], untrained.generate(3 * steps), "before training")
draw(axes[1], result.machine.generate(3 * steps, result.traces), "after training")

# %%
# It goes on from ``result.traces``, what it remembers at the end of training; without them it would start from silence.
# To train it further, give ``result.state`` to ``fit``: AdaGrad's sums are in there, too.
#
# After thousands of periods the two are no longer the same machine: training is chaotic in rounding. What they have
# in common is what was learned. A machine also says how surprising something is, here the first letter upside down:

other = picture.copy()
other[1:5] = other[1:5, ::-1]
surprise = result.machine.nll(np.vstack([picture, other]), result.traces)
figure, ax = plt.subplots(figsize=(7, 1.6), layout="constrained")
ax.stairs(surprise, np.arange(2 * steps + 1) - 0.5)
ax.axvspan(steps + 0.5, steps + 4.5, color="0.9", zorder=0)
ax.set(yscale="symlog", xlabel="step", ylabel="surprise (nats)")

# %%
# Where to go from here
# ---------------------
# ``snnlab run dybm_science`` learns the whole word of the paper, ``snnlab run dybm_stdp_window`` measures the window at
# simulated synapses, ``snnlab run dybm_energy`` asks which of the four terms decides what is spelled, and
# ``snnlab run dybm_anomaly`` misspells the word letter by letter.

plt.show()
