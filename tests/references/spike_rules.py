"""Plasticity between spiking neurons in plain loops over time steps. Nothing of snnlab or Brian2 is used here.

``pre`` is of shape (steps, inputs) and ``post`` of shape (steps,), both bool, of one neuron; w of shape (inputs,).
"""

import numpy as np


def stdp(pre, post, w, dt, p):
    w, x, y = w.copy(), np.zeros(len(w)), 0.0
    for now in range(len(post)):
        x, y = x * np.exp(-dt / p["tau_plus"]), y * np.exp(-dt / p["tau_minus"])
        for k in np.flatnonzero(pre[now]):
            x[k] += 1
            w[k] = np.clip(w[k] - p["eta"] * p["ratio"] * p["w_max"] * y, 0, p["w_max"])
        if post[now]:
            y += 1
            w = np.clip(w + p["eta"] * p["w_max"] * x, 0, p["w_max"])
    return w


def hebb(pre, post, w, dt, p):
    w, x, y = w.copy(), np.zeros(len(w)), 0.0
    for now in range(len(post)):
        x, y = x * np.exp(-dt / p["tau"]), y * np.exp(-dt / p["tau"])
        for k in np.flatnonzero(pre[now]):
            x[k] += 1
            w[k] = np.clip(w[k] + p["eta"] * p["w_max"] * y, 0, p["w_max"])
        if post[now]:
            y += 1
            w = np.clip(w + p["eta"] * p["w_max"] * x, 0, p["w_max"])
    return w


def triplet(pre, post, w, dt, p):
    w, r1, r2, o1, o2 = w.copy(), np.zeros(len(w)), np.zeros(len(w)), 0.0, 0.0
    for now in range(len(post)):
        r1, r2 = r1 * np.exp(-dt / p["tau_plus"]), r2 * np.exp(-dt / p["tau_x"])
        o1, o2 = o1 * np.exp(-dt / p["tau_minus"]), o2 * np.exp(-dt / p["tau_y"])
        fired = pre[now]
        change = fired * p["eta"] * o1 * (p["a2_minus"] + p["a3_minus"] * r2)
        w = np.where(fired, np.clip(w - change, 0, p["w_max"]), w)
        r1, r2 = r1 + fired, r2 + fired
        if post[now]:
            w = np.clip(w + p["eta"] * r1 * (p["a2_plus"] + p["a3_plus"] * o2), 0, p["w_max"])
            o1, o2 = o1 + 1, o2 + 1
    return w


def stlr(pre, post, w, dt, p):
    """All spikes of all other inputs count, each with the weight that it arrived with."""
    w, total, own, summed = w.copy(), 0.0, np.zeros(len(w)), np.zeros(len(w))
    for now in range(len(post)):
        total, own = total * np.exp(-dt / p["tau_c"]), own * np.exp(-dt / p["tau_c"])
        summed = summed * np.exp(-dt / p["tau_s"])
        fired = np.flatnonzero(pre[now])
        total += w[fired].sum()
        own[fired] += w[fired]
        for k in fired:
            summed[k] = w[k] * (total - own[k]) + p["summation"] * summed[k]
            if summed[k] >= p["theta1"] and summed[k] > 1e-12:
                g = np.tanh((summed[k] - p["theta1"]) / abs(p["theta1"]))
            elif summed[k] <= p["theta2"] and summed[k] < -1e-12:
                g = np.tanh((summed[k] - p["theta2"]) / abs(p["theta1"]))
            else:
                g = 0.0
            w[k] = np.clip(w[k] + p["eta"] * p["w_max"] * g, 0, p["w_max"])
    return w


RULES = {"stdp": stdp, "hebb": hebb, "triplet": triplet, "stlr": stlr}
