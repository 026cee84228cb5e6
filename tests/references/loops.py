"""Plain numpy loops, written from the published equations. Nothing of snnlab or Brian2 is used here.

All numbers are plain floats in SI units (or without a unit). A neuron's state is a dict of arrays; a neuron function
takes one explicit Euler step in place and returns which neurons spiked.
"""

import numpy as np


def lif(cell, current, dt, p):
    """tau dv/dt = I - v, frozen while refractory."""
    active = cell["frozen"] == 0
    v = cell["v"] + active * dt * (current - cell["v"]) / p["tau_m"]
    return _fire_then_freeze(cell, v, active, p)


def perfect(cell, current, dt, p):
    """tau dv/dt = I, but once below the floor v falls no further; frozen while refractory."""
    active = cell["frozen"] == 0
    moves = active & ~((current < 0) & (cell["v"] < p["v_floor"]))
    v = cell["v"] + moves * dt * current / p["tau_m"]
    return _fire_then_freeze(cell, v, active, p)


def qif(cell, current, dt, p):
    """tau dv/dt = v^2 + I."""
    v = cell["v"] + dt * (cell["v"] ** 2 + current) / p["tau_m"]
    spiked = v > p["v_peak"]
    cell["v"] = np.where(spiked, p["v_reset"], v)
    return spiked


def theta(cell, current, dt, p):
    """tau dv/dt = 1 - cos v + pi^2 (1 + cos v) I."""
    cos = np.cos(cell["v"])
    v = cell["v"] + dt * (1 - cos + np.pi**2 * (1 + cos) * current) / p["tau"]
    spiked = v >= np.pi
    cell["v"] = np.where(spiked, -np.pi, v)
    return spiked


def izhikevich(cell, current, dt, p):
    """C dv/dt = k (v - v_rest)(v - v_t) - u + I, du/dt = a (b (v - v_rest) - u); both from the old v and u."""
    v, u = cell["v"], cell["u"]
    new_v = v + dt * (p["k"] * (v - p["v_rest"]) * (v - p["v_t"]) - u + current) / p["C"]
    new_u = u + dt * p["a"] * (p["b"] * (v - p["v_rest"]) - u)
    spiked = new_v >= p["v_peak"]
    cell["v"] = np.where(spiked, p["v_reset"], new_v)
    cell["u"] = new_u + spiked * p["d"]
    return spiked


def _fire_then_freeze(cell, v, active, p):
    """A spike at step n freezes a neuron for steps n+1 .. n+m-1; it integrates again at step n+m."""
    spiked = active & (v > p["v_threshold"])
    cell["v"] = np.where(spiked, p["v_reset"], v)
    # Counted in whole steps: times in floating point would sometimes be a step off.
    cell["frozen"] = np.where(spiked, p["refractory_steps"] - 1, np.maximum(cell["frozen"] - 1, 0))
    return spiked


NEURONS = {"lif": lif, "if": perfect, "qif": qif, "theta": theta, "izhikevich": izhikevich}


def cell(name, start, p):
    """The state dict that a neuron function needs, from initial values."""
    state = {key: np.array(values, float) for key, values in start.items()}
    if "refractory_steps" in p:
        state["frozen"] = np.zeros(state["v"].shape, int)
    return state


def neuron_loop(name, start, currents, dt, p):
    """Run neurons on currents of shape (T, N); returns v after each step and spikes, both (T, N)."""
    state = cell(name, start, p)
    v, spikes = np.empty(currents.shape), np.empty(currents.shape, bool)
    for n, current in enumerate(currents):
        spikes[n] = NEURONS[name](state, current, dt, p)
        v[n] = state["v"]
    return v, spikes


class DoubleExponential:
    """ds/dt = -s/rise + h, dh/dt = -h/decay; a unit of input adds 1/(rise decay) to h."""

    def __init__(self, size, dt, rise, decay, scheme="euler"):
        self.s, self.h = np.zeros(size), np.zeros(size)
        self.dt, self.jump = dt, 1 / (rise * decay)
        self.keep_s, self.keep_h = _keep(dt, rise, scheme), _keep(dt, decay, scheme)

    def step(self):
        self.s = self.keep_s * self.s + self.dt * self.h  # the old h
        self.h = self.keep_h * self.h

    def add(self, amount):
        self.h = self.h + amount * self.jump


class Exponential:
    """ds/dt = -s/decay; a unit of input adds 1/decay to s."""

    def __init__(self, size, dt, decay, scheme="euler"):
        self.s = np.zeros(size)
        self.jump, self.keep = 1 / decay, _keep(dt, decay, scheme)

    def step(self):
        self.s = self.keep * self.s

    def add(self, amount):
        self.s = self.s + amount * self.jump


def _keep(dt, tau, scheme):
    return {"euler": 1 - dt / tau, "exponential": np.exp(-dt / tau)}[scheme]


def impulse_response(single_filter, n_steps):
    """Output after each step of a filter of size 1 that gets one unit at the end of step 0."""
    s = np.empty(n_steps)
    for n in range(n_steps):
        single_filter.step()
        if n == 0:
            single_filter.add(1.0)
        s[n] = single_filter.s[0]
    return s


def rls_step(p, r, error, gain):
    """Textbook recursive least squares; returns the new P and what is subtracted from the weights."""
    q = p @ r
    divisor = 1 + r @ q
    k = q if gain == "undivided" else q / divisor
    return p - np.outer(q, q) / divisor, np.outer(k, error)


def force_loop(
    name, start, p, *, dt, make_filter, weights, encoder, bias, alpha, teacher, learn, gain="undivided", drive=None
):
    """A FORCE run, one statement after the other; Nicola & Clopath 2017, scripts in ModelDB 190565.

    ``weights`` is (N, N) as [post, pre], ``encoder`` (N, K), ``teacher`` (T, K), ``learn`` the steps of RLS updates,
    ``drive`` an optional further input (T, N), ``make_filter`` a function of a size. Returns a dict of spikes (T, N),
    v (T, N), output (T, K) before it is corrected, r (T, N), and the decoder after each update (updates, N, K).
    """
    n_steps, (n, k) = len(teacher), encoder.shape
    neuron = cell(name, start, p)
    recurrent, rates = make_filter(n), make_filter(n)
    decoder, inverse = np.zeros((n, k)), alpha * np.eye(n)
    fed_back = np.zeros(k)
    log = {"spikes": [], "v": [], "output": [], "r": [], "decoder": []}
    for step in range(n_steps):
        current = recurrent.s + encoder @ fed_back + bias  # all of the previous step
        if drive is not None:
            current = current + drive[step]
        spiked = NEURONS[name](neuron, current, dt, p)
        recurrent.step()
        rates.step()
        recurrent.add(weights @ spiked)  # reaches the output s of a double exponential one step later
        rates.add(spiked)
        output = decoder.T @ rates.s
        log["output"].append(output)
        if step in learn:
            inverse, change = rls_step(inverse, rates.s, output - teacher[step], gain)
            decoder = decoder - change
            log["decoder"].append(decoder)
        # With the decoder just learned, where the scripts feed back the output from before the update.
        fed_back = decoder.T @ rates.s
        log["spikes"].append(spiked)
        log["v"].append(neuron["v"])
        log["r"].append(rates.s)
    return {key: np.array(values) for key, values in log.items()}
