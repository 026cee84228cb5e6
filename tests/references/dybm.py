"""The dynamic Boltzmann machine of Osogami & Otsuka 2015 as sums over the whole past, and AdaGrad; plain loops."""

import numpy as np


def traces(delays, past, lam, mu, late=0):
    """Return alpha, beta and gamma before the step that follows ``past``, a list of the x of all steps so far."""
    n, now = len(delays), len(past)
    lam, mu = np.array(lam), np.array(mu)
    alpha, beta, gamma = np.zeros((n, n, len(lam))), np.zeros((n, n, len(mu))), np.zeros((n, len(mu)))
    for step, x in enumerate(past):
        age = now - step
        for i in np.flatnonzero(x):
            gamma[i] += mu**age
            for j in range(n):
                d = delays[i, j]
                if age >= d + late:
                    alpha[i, j] += lam ** (age - d - late + 1)
                elif age < d:
                    beta[i, j] += mu ** -float(age)
    return alpha, beta, gamma


def energy(bias, u, v, alpha, beta, gamma):
    """Return the energy of each neuron."""
    n = len(bias)
    found = -bias.copy()
    for j in range(n):
        for i in range(n):
            found[j] += -u[i, j] @ alpha[i, j] + v[i, j] @ beta[i, j] + v[j, i] @ gamma[i]
    return found


def train(delays, bias, u, v, sequence, periods, lam, mu, tau=1.0, late=0):
    """Return bias, u and v after training periods by AdaGrad with rate 1, from silence."""
    bias, u, v = bias.copy(), u.copy(), v.copy()
    sums = [np.zeros_like(each) for each in (bias, u, v)]
    past = []
    for x in np.tile(np.asarray(sequence, float), (periods, 1)):
        alpha, beta, gamma = traces(delays, past, lam, mu, late)
        with np.errstate(over="ignore"):
            surprise = (x - 1 / (1 + np.exp(energy(bias, u, v, alpha, beta, gamma) / tau))) / tau
        gradients = (
            surprise,
            alpha * surprise[None, :, None],
            -beta * surprise[None, :, None] - gamma[None] * surprise[:, None, None],
        )
        for values, squares, gradient in zip((bias, u, v), sums, gradients, strict=True):
            squares += gradient**2
            values += np.divide(gradient, np.sqrt(squares), out=np.zeros_like(values), where=squares > 1e-290)
        past.append(x)
    return bias, u, v
