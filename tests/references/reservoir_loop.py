"""A reservoir and its rules, unit by unit, image by image, in plain loops: written from the equations alone."""

import numpy as np


def run(w, w_in, bias, leak, form, images, rule, eta, theta=(0.0, 0.0), kept=0.0):
    """Return the weights after all images, one by one; w is dense, [post, pre], 0 where there is no synapse.

    ``rule`` is hebb, oja or stlr: x is what was sent into a step, y what a unit sends after it, u the recurrent input.
    """
    w, n = w.copy(), len(w)
    exists = w != 0
    for image in images:
        state, summed = np.zeros(n), np.zeros((n, n))
        for row in image:
            sent = np.tanh(state) if form == "reservoir" else state.copy()
            after = np.empty(n)
            u = np.zeros(n)
            for j in range(n):
                u[j] = sum(w[j, i] * sent[i] for i in range(n))
                total = u[j] + sum(w_in[j, m] * row[m] for m in range(len(row))) + bias[j]
                target = total if form == "reservoir" else np.tanh(total)
                after[j] = (1 - leak) * state[j] + leak * target
            state = after
            rate = np.tanh(state) if form == "reservoir" else state
            before = w.copy()
            for j in range(n):
                for i in range(n):
                    if not exists[j, i]:
                        continue
                    weight = before[j, i]
                    if rule == "hebb":
                        w[j, i] += eta * sent[i] * rate[j]
                    elif rule == "oja":
                        w[j, i] += eta * rate[j] * (sent[i] - rate[j] * weight)
                    elif rule == "stlr":
                        others = sum(before[j, k] * sent[k] for k in range(n) if k != i)
                        summed[j, i] = weight * sent[i] * others + kept * summed[j, i]
                        s = summed[j, i]
                        if s >= theta[0]:
                            w[j, i] += eta * np.tanh((s - theta[0]) / theta[0])
                        elif s <= theta[1]:
                            w[j, i] += eta * np.tanh((s - theta[1]) / theta[0])
    return w
