r"""
A reservoir that learns without a teacher
=========================================

A reservoir is a recurrent network with fixed recurrent weights; only its readout is trained. What happens if the
recurrent weights also learn, without a teacher, by Hebb's rule or by the spatiotemporal learning rule (STLR)? This page
builds a reservoir in plain numpy, reads handwritten digits with it, writes each rule in a line or two, and compares
their effects.

It runs in less than a minute and needs only the small digits of scikit-learn.
"""

import matplotlib.pyplot as plt
import numpy as np

from snnlab.stimuli.pictures.images import load_images

# %%
# An image is a sequence
# ----------------------
# An image has eight steps, and each step is a row of eight pixels. The last 382 images are the test set.

train, test = load_images("digits")
x_train, x_test = train.sequences(slice(None)), test.sequences(slice(None))
print(x_train.shape, x_test.shape)

# %%
# A hundred units
# ---------------
# .. math:: h(t) = (1 - a)\, h(t-1) + a\, (W_{in} x(t) + W \tanh h(t-1))
#
# A tenth of the recurrent weights are not zero. They are scaled to a spectral radius of 0.9 (the largest modulus of the
# eigenvalues of W), so that the network forgets its past.

rng = np.random.default_rng(7)
n, a = 100, 0.3
W = rng.normal(size=(n, n)) * (rng.random((n, n)) < 0.1)
np.fill_diagonal(W, 0)
W *= 0.9 / np.abs(np.linalg.eigvals(W)).max()
W_in = rng.uniform(-0.3, 0.3, (n, 8))
start = W.copy()


def states(images, W):
    """Return the states after all eight steps of images, shape (images, 8, 8); result (images, n)."""
    h = np.zeros((len(images), n))
    for t in range(8):
        h = (1 - a) * h + a * (images[:, t] @ W_in.T + np.tanh(h) @ W.T)
    return h


# %%
# A readout
# ---------
# The readout is a ridge regression from states onto ten classes: 1 for the right class and -1 for the others.


def accuracy(W, ridge=1e-3):
    """Return the share of test images that a readout of the last state gets right."""
    H = np.column_stack([states(x_train, W), np.ones(len(x_train))])
    D = np.where(train.labels[:, None] == np.arange(10), 1, -1)
    readout = np.linalg.solve(H.T @ H + ridge * np.eye(n + 1), H.T @ D)
    outputs = np.column_stack([states(x_test, W), np.ones(len(x_test))]) @ readout
    return np.mean(outputs.argmax(1) == test.labels)


before = accuracy(W)
print(f"before learning: {100 * before:.1f} % right")

# %%
# Two rules
# ---------
# Hebb's rule: a weight grows if the source is active and the target is active one step later,
#
# .. math:: \Delta w_{ij} = \eta\, x_i\, y_j
#
# STLR does not depend on the activity of the target. A synapse compares its own contribution :math:`c = w_{ij} x_i`
# with the contributions of all other synapses to the same unit in the same step, :math:`I = c\,(u_j - c)`. It grows if
# they agree by more than :math:`\theta_1`, and shrinks if they disagree by more than :math:`\theta_2`.


def hebb(W, x, y, u, theta):
    """Return the change of each weight, a mean over images; x: sent, y: activity after, u: recurrent input."""
    return y.T @ x / len(x)


def stlr(W, x, y, u, theta):
    """Return the change of each weight, as ``hebb`` does; I is a mean over images and needs only sums over units."""
    agreement = W * (u.T @ x) / len(x) - W**2 * (x**2).mean(0)
    return (agreement > theta) * np.tanh(agreement / theta - 1) + (agreement < -theta) * np.tanh(agreement / theta + 1)


def learn(W, rule, eta, theta, epochs=6):
    """Return accuracy and |W - W0|/|W0| after each epoch, and W."""
    W, exists, found = W.copy(), W != 0, [(accuracy(W), 0.0)]
    for epoch in range(epochs):
        for batch in np.array_split(np.random.default_rng(epoch).permutation(len(x_train)), 22):
            h = np.zeros((len(batch), n))
            for t in range(8):
                x = np.tanh(h)
                u = x @ W.T
                h = (1 - a) * h + a * (x_train[batch, t] @ W_in.T + u)
                W = W + eta * exists * rule(W, x, np.tanh(h), u, theta)
        found.append((accuracy(W), np.linalg.norm(W - start) / np.linalg.norm(start)))
    return np.array(found), W


# %%
# The threshold of STLR is the 95th percentile of the agreements. The sources do not give its size.

u, x = np.tanh(states(x_train, W)) @ W.T, np.tanh(states(x_train, W))
theta = np.percentile((W * (u.T @ x) / len(x) - W**2 * (x**2).mean(0))[W != 0], 95)
runs = {"Hebb": learn(W, hebb, 8e-3, theta), "STLR": learn(W, stlr, 8e-3, theta)}

# %%
# Random steps of the same size show the effect of a change of weights without learning.

walk = rng.normal(size=(n, n)) * (W != 0)
walk *= np.linalg.norm(start) / np.linalg.norm(walk)
null = np.array([(accuracy(start + size * walk), size) for size in (0, 0.5, 1, 2, 4)])

figure, axes = plt.subplots(1, 3, figsize=(8, 2.4), layout="constrained")
for name, (found, after) in runs.items():
    axes[0].plot(100 * found[:, 0], "o-", ms=3, label=name)
    axes[1].plot(found[:, 1], 100 * found[:, 0], "o-", ms=3, label=name)
    values = np.linalg.eigvals(after)
    axes[2].plot(values.real, values.imag, ".", ms=3, label=name)
axes[1].plot(null[:, 1], 100 * null[:, 0], "k:", label="random")
axes[0].set(xlabel="epoch", ylabel="accuracy (%)")
axes[1].set(xlabel="change of weights", ylabel="accuracy (%)")
axes[2].set(xlabel="real", ylabel="imaginary", title="eigenvalues after learning")
axes[1].legend()

# %%
# Hebb's rule makes one direction grow: a few eigenvalues become very large, units saturate, and the states of different
# images become more alike. STLR spreads its changes, and its effect on the readout is similar to that of random steps.
#
# The same in snnlab
# ------------------
# In snnlab a rule is a line of text in Brian2's notation. snnlab turns the mean over a batch into matrix products, and
# runs the same text in Brian2, image by image.

from scipy.sparse import csr_array  # noqa: E402

from snnlab import Plasticity, RateReservoir, RateRule  # noqa: E402

rule = RateRule("mine", "x_pre*y_post")
reservoir = RateReservoir(csr_array(start), W_in, leak=a)
plastic = Plasticity(reservoir, rule, eta=8e-3, rng=rng)
for batch in np.array_split(np.random.default_rng(0).permutation(len(x_train)), 22):
    plastic.learn(x_train[batch])
_, first_epoch = learn(start, hebb, 8e-3, theta, epochs=1)
apart = np.abs(reservoir.matrix.toarray() - first_epoch).max()
print(f"largest difference of a weight after one epoch: {apart:.1e}")

# %%
# These commands run the scale of the study, with Hebb's rule, STLR and a random walk on all 60,000 images of MNIST:
#
# .. code-block:: console
#
#    $ snnlab data get mnist
#    $ snnlab run reservoir_mnist --plasticity hebb
#    $ snnlab figure reservoir_mnist
#
# This command runs your own rule from a file:
#
# .. code-block:: console
#
#    $ snnlab run reservoir_mnist --plasticity my_rule.py:MINE

plt.show()
