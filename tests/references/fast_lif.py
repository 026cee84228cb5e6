"""Two whole LIF FORCE loops in plain numpy, for speed: as published code writes it, and as fast as numpy alone goes.

Both are measured against in ``benchmarks`` and give the spikes of :func:`references.loops.force_loop`.
"""

import numpy as np

TAU_M, V_THRESHOLD, V_RESET, REFRACTORY = 10e-3, -40e-3, -65e-3, 2e-3
RISE, DECAY = 2e-3, 20e-3


def published(v, weights, encoder, bias, alpha, teacher, every, dt):
    """The statements of the published scripts one by one: new arrays each step, all of P written at each update.

    ``weights`` (N, N) as [post, pre], ``encoder`` (N,), ``teacher`` (T,); learning from the first step on. Returns
    spikes as (step, neuron) pairs and the decoder.
    """
    n = len(v)
    current, h, r, h_r = (np.zeros(n) for _ in range(4))
    decoder, p = np.zeros(n), np.eye(n) * alpha
    ready = np.zeros(n, int)
    z, spikes = 0.0, []
    for step in range(len(teacher)):
        total = current + encoder * z + bias
        v = v + (step >= ready) * dt * (-v + total) / TAU_M
        index = np.flatnonzero(v > V_THRESHOLD)
        current = current * (1 - dt / RISE) + h * dt
        h = h * (1 - dt / DECAY)
        if len(index):
            h = h + np.sum(weights[:, index], axis=1) / (RISE * DECAY)
        r = r * (1 - dt / RISE) + h_r * dt
        h_r = h_r * (1 - dt / DECAY) + (v > V_THRESHOLD) / (RISE * DECAY)
        z = decoder @ r
        if step % every == 0:
            error = z - teacher[step]
            cd = p @ r
            decoder = decoder - cd * error
            p = p - np.outer(cd, cd) / (1 + r @ cd)
            z = decoder @ r
        ready[index] = step + round(REFRACTORY / dt)
        v = np.where(v > V_THRESHOLD, V_RESET, v)
        spikes += [(step, i) for i in index]
    return spikes, decoder


def fastest(v, weights, encoder, bias, alpha, teacher, every, dt, block=16):
    """The same run in place: only spiking neurons' columns are read, and P is written once in ``block`` updates."""
    n = len(v)
    v = v.copy()
    outgoing = np.ascontiguousarray(weights.T) / (RISE * DECAY)
    current, h, r, h_r, change = (np.zeros(n) for _ in range(5))
    decoder, p = np.zeros(n), np.eye(n) * alpha
    columns, product, pending = np.zeros((n, block)), np.empty((n, n)), 0
    keep_s, keep_h, jump, m = 1 - dt / RISE, 1 - dt / DECAY, 1 / (RISE * DECAY), round(REFRACTORY / dt)
    frozen = [np.empty(0, int)] * m  # who leaves refractoriness when, so that nobody is looked at each step
    z, spikes = 0.0, []
    resting = np.zeros(n, bool)
    for step in range(len(teacher)):
        resting[frozen[step % m]] = False
        np.multiply(encoder, z, out=change)
        change += current
        change += bias
        change -= v
        change *= dt / TAU_M
        change[resting] = 0.0
        v += change
        current *= keep_s
        np.multiply(h, dt, out=change)
        current += change
        h *= keep_h
        r *= keep_s
        np.multiply(h_r, dt, out=change)
        r += change
        h_r *= keep_h
        index = np.flatnonzero(v > V_THRESHOLD)
        frozen[step % m] = index
        if len(index):
            h += outgoing[index[0]] if len(index) == 1 else outgoing[index].sum(axis=0)
            h_r[index] += jump
            v[index] = V_RESET
            resting[index] = True
            spikes += [(step, i) for i in index]
        z = decoder @ r
        if step % every == 0:
            error = z - teacher[step]
            cd = p @ r
            if pending:
                cd -= columns[:, :pending] @ (columns[:, :pending].T @ r)
            decoder -= cd * error
            columns[:, pending] = cd / np.sqrt(1 + r @ cd)
            pending += 1
            if pending == block:
                p -= np.matmul(columns, columns.T, out=product)
                pending = 0
            z = decoder @ r
    return spikes, decoder
