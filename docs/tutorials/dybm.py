"""
From Hebb to STDP, to a network that spells
===========================================

Seven neurons can learn a word, one column of its letters at a time, and then write it on their own. This page has four
steps: Hebb's rule, which cannot learn the word; STDP at a single synapse; the whole machine as a plain loop; and the
same machine in snnlab.

The machine is the dynamic Boltzmann machine of Osogami & Otsuka (2015, doi:10.1038/srep14149). The page runs in less
than a minute; without a compiler the last step takes longer.
"""

import matplotlib.pyplot as plt
import numpy as np

# %%
# A word is a sequence
# --------------------
# A column of this picture is a step in time, and a row is a neuron. The neuron is on where there is a #. The sequence
# repeats after the last column.

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
# Hebb's rule connects neurons that fire one after the other. For a sequence of columns :math:`s(t) = \pm 1` it gives a
# matrix that maps each column to the next one:
#
# .. math:: W = \sum_t s(t+1)\, s(t)^T, \qquad s(t+1) = \mathrm{sign}(W s(t))

signs = 2 * picture - 1
following = np.roll(signs, -1, axis=0)
hebb = following.T @ signs
guess = (signs @ hebb.T > 0).astype(int)
wrong_of_hebb = int((guess != np.roll(picture, -1, axis=0)).sum())
print(f"wrong bits of the next column: {wrong_of_hebb} of {picture.size}")

# %%
# Learning longer does not help. The three blank columns between the letters are equal, but three different columns
# must follow them. Any map from a column to the next one is wrong after two of the blank columns, because it does not
# know the past.

blank = np.flatnonzero(picture.sum(1) == 0)
for step in blank:
    print(f"after the blank column {step:2d}: {picture[(step + 1) % steps]}, Hebb: {guess[step]}")

# %%
# STDP at one synapse
# -------------------
# So a synapse has to know the times of spikes. In this machine a spike of neuron :math:`i` travels :math:`d` steps to
# neuron :math:`j`. Spikes that have arrived leave a trace :math:`\alpha`, which excites :math:`j` with the weight u.
# Spikes that are still travelling leave a trace :math:`\beta`, which inhibits :math:`j` with the weight v. The trace
# :math:`\gamma_j` of the spikes of :math:`j` itself inhibits :math:`i`, also with the weight v. Let two neurons fire
# once each, with some lag between them. How much does a synapse with u = v = 1 push the later spike?

from snnlab import Boltzmann, DybmRule  # noqa: E402

rule = DybmRule(lam=(0.6,), mu=(0.6,))
pair = Boltzmann.random(2, np.random.default_rng(0), rule, delays=np.full((2, 2), 3))
i, j = 0, 1
lags, push = np.arange(-9, 13), []
for lag in lags:
    # One neuron fires, and the other fires |lag| steps later. At lag 0 both fire in the same step.
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
ax.set(xlabel="spike of j after spike of i (steps)", ylabel="push")

# %%
# A spike arrives after three steps (dotted). If it arrives before the other neuron fires, it helps this neuron to fire;
# if it arrives too late, it has the opposite effect. This is the window of spike-timing dependent plasticity:
# potentiation on the right, depression on the left. The sizes of the two, u and v, are learned by gradient ascent on
# the likelihood of the sequence shown. After an unexpected spike, u grows by :math:`\alpha`, and v falls by
# :math:`\beta` or :math:`\gamma`. If an expected spike does not come, u falls and v grows.
#
# Thirty lines of numpy
# ---------------------
# The machine has seven neurons, a synapse with its own delay from each neuron to each, and traces with three decay
# rates. They give the energy of neuron j being on in the next step,
#
# .. math:: E_j = -b_j - \sum u_{ij}\, \alpha_{ij} + \sum v_{ij}\, \beta_{ij} + \sum v_{ji}\, \gamma_i
#
# and the probability :math:`p_j = 1/(1 + e^{E_j})`. Learning follows the gradient of the log likelihood: the surprise
# :math:`x_j - p_j` times the trace.

rng = np.random.default_rng(23)
delays = rng.integers(1, 10, (n, n))
b, u, v = rng.normal(0, 0.1, n), rng.normal(0, 0.1, (n, n, 3)), rng.normal(0, 0.1, (n, n, 3))
untrained = Boltzmann(delays, b.copy(), u.copy(), v.copy())  # for later

rates = np.array([0.25, 0.5, 0.75])
ages = np.arange(1, 10)
# The weight of a spike of each age in beta. A spike is travelling as long as it is younger than the delay.
queue = rates ** -ages[:, None, None, None].astype(float) * (ages[:, None, None] < delays)[..., None]
pre = np.arange(n)[:, None]


def energy(alpha, past, gamma):
    """Return the energy of each neuron, alpha and beta in the next step; past[a - 1] holds the spikes a steps ago."""
    alpha = rates * (alpha + past[delays - 1, pre][..., None])
    beta = (past[:, :, None, None] * queue).sum(0)
    return -b - (u * alpha).sum((0, 2)) + (v * beta).sum((0, 2)) + (v * gamma).sum((1, 2)), alpha, beta


def spell(alpha, past, gamma, count):
    """Return the free run of the machine: a neuron is on if its energy is below 0."""
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
            # AdaGrad: the larger the past gradients of a weight, the smaller its steps.
            squares[index] = squares[index] + gradient**2
            values += gradient / np.sqrt(squares[index])
        past, gamma = np.vstack([x, past[:-1]]), rates * (gamma + x[:, None])
    if period == 1:
        after_one = [values.copy() for values in (b, u, v)]
    if period % 10 == 0 and (spell(alpha, past, gamma, steps) == picture).all():
        break
print(f"after {period} periods: {(spell(alpha, past, gamma, steps) != picture).sum()} wrong bits")

# %%
# The machine now gets no input, and goes on writing:

spelled = spell(alpha, past, gamma, 3 * steps)
figure, ax = plt.subplots(figsize=(7, 1.2), layout="constrained")
draw(ax, spelled, "thirty lines of numpy")

# %%
# The same in snnlab
# ------------------
# In snnlab the rule is a text of equations, in Brian2's notation. The first text is a step of the neurons, the second
# is the learning of the synapses:

print(untrained.rule.decide())
print(untrained.rule.learn())

# %%
# From the same initial weights it does the same as the loop. ``fit`` trains a copy until it recalls the sequence alone,
# and tests this after every period. With a compiler it runs as a C++ program, in which a step takes one to two
# microseconds.

one = untrained.fit(picture, periods=1, testing=False).machine
apart = max(np.abs(a - b).max() for a, b in zip(after_one, (one.bias, one.u, one.v), strict=True))
print(f"largest difference after one period: {apart:.1e}")

result = untrained.fit(picture, periods=20_000)
print(result)

figure, axes = plt.subplots(2, 1, figsize=(7, 2.2), sharex=True, layout="constrained")
draw(axes[0], untrained.generate(3 * steps), "before training")
draw(axes[1], result.machine.generate(3 * steps, result.traces), "after training")

# %%
# The machine continues from ``result.traces``, its traces at the end of training; without them it would start from
# silence. To train it further, give ``result.state`` to ``fit``: it also holds AdaGrad's sums.
#
# After thousands of periods the loop and snnlab no longer have the same weights, because training amplifies rounding
# errors. Both have learned the same sequence. A machine also measures how surprising an input is, here the first letter
# upside down:

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
# - ``snnlab run dybm_science`` learns the whole word of the paper.
# - ``snnlab run dybm_stdp_window`` measures the window at simulated synapses.
# - ``snnlab run dybm_energy`` finds which of the four terms decides what is spelled.
# - ``snnlab run dybm_anomaly`` misspells the word letter by letter.

plt.show()
