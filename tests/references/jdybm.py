"""What the authors' Java program of the dynamic Boltzmann machine does, as a plain loop: jdybm at f10ffe7.

It departs from the equations of the paper in five ways. The spike that entered a queue last has the weight that the
paper gives to the one that leaves next, and the other way round. The energy holds a neuron's own gamma. Neurons learn
one after the other, each with what those before it have learned in this step, and v is changed once for each of its
two neurons. A gradient whose square underflows to 0, when all before it did, adds the rate whatever its sign. And u of
delay 1 does not change.
"""

import numpy as np


def train(delays, bias, u, v, sequence, periods, rates=(0.25, 0.5, 0.75)):
    """Return bias, u and v after training periods on a sequence (steps, n) by AdaGrad with rate 1."""
    bias, u, v = bias.copy(), u.copy(), v.copy()
    n, rates = len(bias), np.array(rates)
    sums = [np.zeros_like(each) for each in (bias, u, v)]
    alpha, gamma = np.zeros_like(u), np.zeros((n, len(rates)))
    queues = [[[0] * (delays[i, j] - 1) for j in range(n)] for i in range(n)]

    def climb(values, squares, where, factor, surprise, post=True):
        squares[where] += (factor * surprise) ** 2
        if squares[where] > 0:
            values[where] += factor * surprise / np.sqrt(squares[where])
        elif factor * surprise != 0 and post:
            values[where] += 1

    for x in np.tile(np.asarray(sequence, float), (periods, 1)):
        beta = np.zeros_like(v)
        for i in range(n):
            for j in range(n):
                # Newest first.
                for age, spike in enumerate(queues[i][j], 1):
                    beta[i, j] += spike * rates ** -float(delays[i, j] - age)
        for j in range(n):
            energy = -bias[j]
            for i in range(n):
                energy += -u[i, j] @ alpha[i, j] + v[i, j] @ beta[i, j] + v[i, j] @ gamma[j]
            # A chance of 1e-320 is not 0.
            surprise = x[j] - (np.exp(-energy) / (1 + np.exp(-energy)) if energy > 0 else 1 / (1 + np.exp(energy)))
            climb(bias, sums[0], j, 1.0, surprise)
            pairs = [(i, m) for i in range(n) for m in range(len(rates))]
            for i, m in pairs:
                climb(u, sums[1], (i, j, m), alpha[i, j, m], surprise)
            for i, m in pairs:
                climb(v, sums[2], (i, j, m), -beta[i, j, m], surprise)
            for i, m in pairs:
                climb(v, sums[2], (j, i, m), -gamma[i, m], surprise, post=False)
        gamma = rates * (gamma + x[:, None])
        for i in range(n):
            for j in range(n):
                if delays[i, j] > 1:
                    queues[i][j] = [x[i], *queues[i][j]]
                    alpha[i, j] = rates * (alpha[i, j] + queues[i][j].pop())
    return bias, u, v
