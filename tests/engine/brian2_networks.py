"""Networks of the kinds that Brian2's tutorials and examples show, as a user would write them for Brian2 alone.

Equations and numbers come from the publications named below. A function builds and runs one network and returns arrays.
It imports nothing of this package and names no object. NETWORKS has the text by which the documentation calls each.
"""

# Equations use local variables by name; scripts draw from NumPy's global stream.
# ruff: noqa: F841, I001, NPY002

import numpy as np
from brian2 import (
    Cylinder, EventMonitor, Hz, Network, NetworkOperation, NeuronGroup, PoissonGroup, PoissonInput,
    PopulationRateMonitor, Soma, SpatialNeuron, SpikeGeneratorGroup, SpikeMonitor, StateMonitor, Synapses, TimedArray,
    amp, check_units, cm, collect, defaultclock, linked_var, mS, mV, ms, msiemens, nA, nS, network_operation, ohm, pA,
    pF, restore, run, second, siemens, start_scope, stop, store, uF, um, umetre,
)  # fmt: skip


def spikes(monitor):
    return {"t": np.array(monitor.t), "i": np.array(monitor.i)}


def cuba():
    """Vogels & Abbott 2005, as in the benchmark of Brette et al. 2007: synapses are currents."""
    start_scope()
    n = 200
    tau_m, tau_e, tau_i = 20 * ms, 5 * ms, 10 * ms
    v_t, v_r, e_l = -50 * mV, -60 * mV, -49 * mV
    equations = """
    dv/dt = (e_l - v + x_e + x_i)/tau_m : volt (unless refractory)
    dx_e/dt = -x_e/tau_e : volt
    dx_i/dt = -x_i/tau_i : volt
    """
    cells = NeuronGroup(n, equations, threshold="v > v_t", reset="v = v_r", refractory=5 * ms, method="exact")
    cells.v = "v_r + rand()*(v_t - v_r)"
    excite = Synapses(cells, cells, on_pre="x_e += 1.62*mV")
    inhibit = Synapses(cells, cells, on_pre="x_i -= 9*mV")
    excite.connect("i < 160", p=0.1)
    inhibit.connect("i >= 160", p=0.1)
    monitor = SpikeMonitor(cells)
    run(30 * ms)
    return spikes(monitor)


def cobahh():
    """The benchmark of Brette et al. 2007 with conductances and Hodgkin-Huxley currents (Traub & Miles 1991)."""
    area = 20000 * umetre**2
    c_m, g_l = 1 * uF / cm**2 * area, 5e-5 * siemens / cm**2 * area
    g_na, g_k = 100 * msiemens / cm**2 * area, 30 * msiemens / cm**2 * area
    e_l, e_k, e_na, e_e, e_i, v_s = -60 * mV, -90 * mV, 50 * mV, 0 * mV, -80 * mV, -63 * mV
    cells = NeuronGroup(
        40,
        """
        dv/dt = (g_l*(e_l - v) + g_e*(e_e - v) + g_i*(e_i - v) - g_na*m**3*h*(v - e_na) - g_k*n**4*(v - e_k))/c_m : volt
        dm/dt = a_m*(1 - m) - b_m*m : 1
        dn/dt = a_n*(1 - n) - b_n*n : 1
        dh/dt = a_h*(1 - h) - b_h*h : 1
        dg_e/dt = -g_e/(5*ms) : siemens
        dg_i/dt = -g_i/(10*ms) : siemens
        u = (v - v_s)/mV : 1
        a_m = 0.32*4/exprel((13 - u)/4)/ms : Hz
        b_m = 0.28*5/exprel((u - 40)/5)/ms : Hz
        a_h = 0.128*exp((17 - u)/18)/ms : Hz
        b_h = 4/(1 + exp((40 - u)/5))/ms : Hz
        a_n = 0.032*5/exprel((15 - u)/5)/ms : Hz
        b_n = 0.5*exp((10 - u)/40)/ms : Hz
        """,
        threshold="v > -20*mV",
        refractory="v > -40*mV",
        method="exponential_euler",
    )
    excite = Synapses(cells[:32], cells, on_pre="g_e += 6*nS")
    inhibit = Synapses(cells[32:], cells, on_pre="g_i += 67*nS")
    excite.connect(p=0.2)
    inhibit.connect(p=0.2)
    cells.v = "e_l + 5*mV*(randn() - 1)"
    cells.g_e = "(randn()*1.5 + 4)*10*nS"
    cells.g_i = "(randn()*12 + 20)*10*nS"
    monitor, trace = SpikeMonitor(cells), StateMonitor(cells, "v", record=[0, 5])
    run(10 * ms)
    return spikes(monitor) | {"v": np.array(trace.v)}


def brunel_hakim():
    """Fast oscillations of inhibitory neurons with noisy input (Brunel & Hakim 1999); some input is PoissonInput."""
    n, connections, weight, delay = 200, 40, 0.5 * mV, 2 * ms
    tau, mu, sigma = 20 * ms, 22 * mV, 1 * mV
    equations = "dv/dt = (mu - v + sigma*sqrt(tau)*xi)/tau : volt"
    cells = NeuronGroup(n, equations, threshold="v > 20*mV", reset="v = 10*mV", refractory="0.5*ms", method="euler")
    cells.v = 10 * mV
    inhibit = Synapses(cells, cells, on_pre="v -= weight", delay=delay)
    inhibit.connect(p=connections / n)
    drive = PoissonInput(cells, "v", N=100, rate=20 * Hz, weight=0.1 * mV)
    monitor, rate = SpikeMonitor(cells), PopulationRateMonitor(cells)
    net = Network(cells, inhibit, drive, monitor, rate)
    net.run(40 * ms)
    return spikes(monitor) | {"rate": np.array(rate.rate)}


def synfire():
    """A synfire chain after Diesmann, Gewaltig & Aertsen 1999: a pulse packet passes groups of neurons."""
    groups, size, tau_m, tau_s = 4, 25, 10 * ms, 1 * ms
    v_r, v_t = -70 * mV, -55 * mV
    equations = """
    dv/dt = (v_r - v + x)/tau_m : volt (unless refractory)
    dx/dt = (y - x)/tau_s : volt
    dy/dt = (-y + 5*mV*sqrt(tau_s)*xi)/tau_s : volt
    """
    cells = NeuronGroup(groups * size, equations, threshold="v > v_t", reset="v = v_r", refractory=1 * ms,
                        method="euler")  # fmt: skip
    cells.v = "v_r + rand()*5*mV"
    packet = SpikeGeneratorGroup(size, np.arange(size), (5 + np.random.randn(size)) * ms)
    begin = Synapses(packet, cells[:size], on_pre="y += 25*mV")
    begin.connect()
    chain = Synapses(cells, cells, on_pre="y += 25*mV", delay=2 * ms)
    chain.connect(j="k for k in range((i//size + 1)*size, (i//size + 2)*size)", skip_if_invalid=True)
    monitor = SpikeMonitor(cells)
    Network(collect()).run(25 * ms)
    return spikes(monitor)


def izhikevich_2003():
    """Excitatory and inhibitory neurons of Izhikevich 2003 with noisy input."""
    cells = NeuronGroup(
        100,
        """
        dv/dt = (0.04*v**2 + 5*v + 140 - u + drive)/ms : 1
        du/dt = a*(b*v - u)/ms : 1
        drive = scale*randn() : 1 (constant over dt)
        scale : 1
        a : 1
        b : 1
        c : 1
        d : 1
        """,
        threshold="v > 30",
        reset="v = c; u += d",
        method="euler",
        dt=0.5 * ms,
    )
    excitatory, inhibitory = cells[:80], cells[80:]
    excitatory.a, inhibitory.a = 0.02, "0.02 + 0.08*rand()"
    excitatory.b, inhibitory.b = 0.2, "0.25 - 0.05*rand()"
    excitatory.c, inhibitory.c = "-65 + 15*rand()**2", -65
    excitatory.d, inhibitory.d = "8 - 6*rand()**2", 2
    excitatory.scale, inhibitory.scale = 10, 4
    cells.v, cells.u = -65, "b*v"
    links = Synapses(cells, cells, "w : 1", on_pre="v_post += w", dt=0.5 * ms)
    links.connect(p=0.3)
    links.w["i < 80"] = "2*rand()"
    links.w["i >= 80"] = "-4*rand()"
    monitor = SpikeMonitor(cells)
    run(40 * ms, report=None)
    return spikes(monitor)


def izhikevich_2007():
    """Types of neurons with the units of Izhikevich 2007, each with parameters of its own, driven by a step."""
    step = TimedArray([0, 400] * pA, dt=10 * ms)
    cells = NeuronGroup(
        3,
        """
        dv/dt = (k*(v - v_rest)*(v - v_t) - u + step(t))/c_m : volt
        du/dt = a*(b*(v - v_rest) - u) : amp
        k : siemens/volt (constant)
        c_m : farad (constant)
        v_rest : volt (constant)
        v_t : volt (constant)
        a : Hz (constant)
        b : siemens (constant)
        v_c : volt (constant)
        d : amp (constant)
        """,
        threshold="v > 35*mV",
        reset="v = v_c; u += d",
        method="euler",
    )
    cells.k, cells.c_m = [0.7, 3, 1] * nS / mV, [100, 100, 20] * pF
    cells.v_rest, cells.v_t = [-60, -60, -55] * mV, [-40, -40, -40] * mV
    cells.a, cells.b = [0.03, 0.01, 0.2] / ms, [-2, 5, 0.025] * nS
    cells.v_c, cells.d = [-50, -60, -45] * mV, [100, 400, 0] * pA
    cells.v = "v_rest"
    trace, monitor = StateMonitor(cells, ["v", "u"], record=True), SpikeMonitor(cells)
    run(40 * ms)
    return spikes(monitor) | {"v": np.array(trace.v), "u": np.array(trace.u)}


def stdp():
    """Spike-timing-dependent plasticity of Poisson inputs to one neuron (Song, Miller & Abbott 2000)."""
    n, tau_pre, tau_post, w_max, d_pre = 100, 20 * ms, 20 * ms, 0.01, 0.01
    d_post = -d_pre * 1.05
    inputs = PoissonGroup(n, rates=50 * Hz)
    cell = NeuronGroup(
        1, "dv/dt = (-74*mV - v + g*(0*mV - v))/(10*ms) : volt\ndg/dt = -g/(5*ms) : 1",
        threshold="v > -54*mV", reset="v = -60*mV", method="euler",
    )  # fmt: skip
    links = Synapses(
        inputs,
        cell,
        """
        w : 1
        dx/dt = -x/tau_pre : 1 (event-driven)
        dy/dt = -y/tau_post : 1 (event-driven)
        """,
        on_pre="g_post += 5*w\nx += d_pre*w_max\nw = clip(w + y, 0, w_max)",
        on_post="y += d_post*w_max\nw = clip(w + x, 0, w_max)",
    )
    links.connect()
    links.w = "rand()*w_max"
    cell.v = -60 * mV
    monitor, weights = SpikeMonitor(cell), StateMonitor(links, "w", record=[0, 1])
    run(60 * ms)
    return spikes(monitor) | {"w": np.array(links.w), "trace": np.array(weights.w)}


def vogels_2011():
    """Inhibitory plasticity (Vogels et al. 2011): two runs, the rule is switched on between them."""
    n, eta_on = 100, 1e-2
    cells = NeuronGroup(
        n,
        """
        dv/dt = (10*nS*(-60*mV - v) + g_e*(0*mV - v) + g_i*(-80*mV - v) + 200*pA)/(200*pF) : volt (unless refractory)
        dg_e/dt = -g_e/(5*ms) : siemens
        dg_i/dt = -g_i/(10*ms) : siemens
        high : boolean
        """,
        threshold="v > -50*mV", reset="v = -60*mV", refractory=5 * ms, method="euler",
    )  # fmt: skip
    cells.v = "-60*mV + rand()*10*mV"
    cells.run_regularly("high = v > -55*mV", dt=5 * ms)
    excite = Synapses(cells[:80], cells, on_pre="g_e += 3*nS")
    excite.connect(p=0.1)
    inhibit = Synapses(
        cells[80:],
        cells[:80],
        """
        w : 1
        eta : 1 (shared)
        dx/dt = -x/(20*ms) : 1 (event-driven)
        dy/dt = -y/(20*ms) : 1 (event-driven)
        """,
        on_pre="x += 1\nw = clip(w + (y - 0.12)*eta, 0, 100)\ng_i += w*nS",
        on_post="y += 1\nw = clip(w + x*eta, 0, 100)",
    )
    inhibit.connect(p=0.2)
    inhibit.w = 1
    monitor = SpikeMonitor(cells)
    inhibit.eta = 0
    run(20 * ms)
    inhibit.eta = eta_on
    run(20 * ms, report=None)
    return spikes(monitor) | {"w": np.array(inhibit.w), "high": np.array(cells.high)}


def cable():
    """A soma with an axon whose membrane is that of Hodgkin & Huxley 1952; a current starts a spike."""
    shape = Soma(30 * um)
    shape.axon = Cylinder(length=300 * um, diameter=1 * um, n=8)
    e_l, e_k, e_na = 10.613 * mV, -12 * mV, 115 * mV
    neuron = SpatialNeuron(
        shape,
        """
        Im = g_l*(e_l - v) + g_na*m**3*h*(e_na - v) + g_k*n**4*(e_k - v) : amp/meter**2
        dm/dt = a_m*(1 - m) - b_m*m : 1
        dn/dt = a_n*(1 - n) - b_n*n : 1
        dh/dt = a_h*(1 - h) - b_h*h : 1
        a_m = 1/exprel((25*mV - v)/(10*mV))/ms : Hz
        b_m = 4*exp(-v/(18*mV))/ms : Hz
        a_h = 0.07*exp(-v/(20*mV))/ms : Hz
        b_h = 1/(exp((30*mV - v)/(10*mV)) + 1)/ms : Hz
        a_n = 0.1/exprel((10*mV - v)/(10*mV))/ms : Hz
        b_n = 0.125*exp(-v/(80*mV))/ms : Hz
        g_na : siemens/meter**2
        g_l = 0.3*mS/cm**2 : siemens/meter**2
        g_k = 36*mS/cm**2 : siemens/meter**2
        current : amp (point current)
        """,
        Cm=1 * uF / cm**2,
        Ri=35.4 * ohm * cm,
        method="exponential_euler",
        threshold="m > 0.5",
        refractory="m > 0.4",
        threshold_location=8,
    )
    neuron.v, neuron.h, neuron.m, neuron.n = 0 * mV, 1, 0, 0.5
    neuron.g_na = 120 * mS / cm**2
    trace, monitor = StateMonitor(neuron, "v", record=True), SpikeMonitor(neuron)
    neuron.current[0] = 2 * nA
    run(3 * ms)
    neuron.current = 0 * amp
    run(3 * ms)
    return spikes(monitor) | {"v": np.array(trace.v)}


def linked():
    """Neurons whose input is a variable of another group, which follows a TimedArray."""
    noise = TimedArray(np.random.randn(20, 2) * 5 * mV, dt=1 * ms)
    source = NeuronGroup(2, "x = 15*mV + noise(t, i) : volt\ndy/dt = (x - y)/(3*ms) : volt", method="euler", order=-1)
    cells = NeuronGroup(
        6, "dv/dt = (y - v)/(5*ms) : volt\ny : volt (linked)", threshold="v > 12*mV", reset="v = 0*mV", method="euler"
    )
    cells.y = linked_var(source, "y", index=np.repeat([0, 1], 3))
    cells.v = "rand()*10*mV"
    trace, monitor = StateMonitor(cells, "v", record=True), SpikeMonitor(cells)
    run(20 * ms)
    return spikes(monitor) | {"v": np.array(trace.v)}


def events():
    """A custom event that changes the neuron, drives a synapse and is recorded."""
    cells = NeuronGroup(
        10, "dv/dt = (1.5 - v)/(10*ms) : 1\nrise : 1\ncount : integer", threshold="v > 1", reset="v = 0",
        events={"halfway": "v > 0.5 and rise < 0.5"}, method="exact",
    )  # fmt: skip
    cells.run_on_event("halfway", "rise = 1; count += 1")
    cells.run_regularly("rise = 0", dt=5 * ms)
    cells.v = "rand()"
    links = Synapses(cells, cells, on_pre={"early": "v += 0.05"}, on_event={"early": "halfway"})
    links.connect("i != j", p=0.3)
    monitor, halfway = SpikeMonitor(cells), EventMonitor(cells, "halfway", variables="v")
    run(20 * ms)
    found = {"halfway": np.array(halfway.t), "where": np.array(halfway.i), "v": np.array(halfway.v)}
    return spikes(monitor) | found | {"count": np.array(cells.count)}


def store_restore():
    """Two trials from one stored state."""
    cells = NeuronGroup(20, "dv/dt = (2 - v + 0.3*xi*sqrt(5*ms))/(5*ms) : 1", threshold="v > 1", reset="v = 0",
                        method="euler")  # fmt: skip
    cells.v = "rand()"
    monitor = SpikeMonitor(cells)
    run(5 * ms)
    store("begun")
    found = {}
    for trial in range(2):
        restore("begun")
        run(10 * ms)
        found |= {f"{key}{trial}": value for key, value in spikes(monitor).items()}
    return found


def operation():
    """A network operation adapts the input of neurons in Python."""
    cells = NeuronGroup(10, "dv/dt = (drive - v)/(5*ms) : 1\ndrive : 1", threshold="v > 1", reset="v = 0",
                        method="exact")  # fmt: skip
    cells.v, cells.drive = "rand()", 1.5
    monitor = SpikeMonitor(cells)

    @network_operation(dt=1 * ms)
    def adapt(t):
        cells.drive = 1.2 + 0.05 * (t / ms) + 0.1 * np.random.rand(10)

    run(20 * ms)
    return spikes(monitor)


def stopped():
    """A script ends its run by itself."""
    cells = NeuronGroup(5, "dv/dt = 1/(10*ms) : 1", method="euler")
    trace = StateMonitor(cells, "v", record=True)

    @network_operation
    def enough():
        if cells.v[0] > 0.5:
            stop()

    run(1 * second)
    return {"v": np.array(trace.v)}


def delays():
    """Synapses with a delay each, and one with a random weight at each spike."""
    source = SpikeGeneratorGroup(3, [0, 1, 2, 0], [1, 2, 3, 8] * ms)
    cells = NeuronGroup(30, "dv/dt = -v/(5*ms) : 1\nplace : 1", threshold="v > 0.8", reset="v = 0", method="exact")
    cells.place = "i/30."
    links = Synapses(source, cells, "w : 1", on_pre={"soon": "v += w", "late": "v += 0.3*rand()"})
    links.connect(p=0.7)
    links.w = "0.5 + 0.5*rand()"
    links.soon.delay = "place_post*5*ms"
    links.late.delay = "rand()*3*ms"
    monitor, trace = SpikeMonitor(cells), StateMonitor(cells, "v", record=[3])
    run(20 * ms)
    return spikes(monitor) | {"v": np.array(trace.v)}


def summed():
    """Gap junctions and a rate network: variables that are sums over synapses."""
    cells = NeuronGroup(10, "dv/dt = (drive - v + gap)/(10*ms) : 1\ndrive : 1\ngap : 1", threshold="v > 1",
                        reset="v = 0", method="euler")  # fmt: skip
    cells.drive, cells.v = "1 + i*0.05", "rand()"
    gaps = Synapses(cells, cells, "w : 1\ngap_post = w*(v_pre - v_post) : 1 (summed)")
    gaps.connect("i != j", p=0.5)
    gaps.w = 0.05
    trace, monitor = StateMonitor(cells, "gap", record=True), SpikeMonitor(cells)
    run(20 * ms)
    return spikes(monitor) | {"gap": np.array(trace.gap)}


def tripartite():
    """Synapses onto synapses: a modulator changes weights."""
    source, modulator = PoissonGroup(5, 200 * Hz), PoissonGroup(2, 100 * Hz, order=1)
    cells = NeuronGroup(3, "dv/dt = -v/(10*ms) : 1", method="exact")
    links = Synapses(source, cells, "w : 1", on_pre="v += w")
    links.connect(j="k for k in range(3)")
    links.w = 0.1
    change = Synapses(modulator, links, on_pre="w_post += 0.05", order=1)
    change.connect(p=0.5)
    trace = StateMonitor(cells, "v", record=True)
    run(20 * ms)
    return {"v": np.array(trace.v), "w": np.array(links.w)}


def clocks():
    """Two groups with time steps of their own; the default step is another one."""
    fast = NeuronGroup(3, "dv/dt = (2 - v)/(10*ms) : 1", threshold="v > 1", reset="v = 0", method="exact", dt=0.05 * ms)
    slow = NeuronGroup(3, "dx/dt = -x/(10*ms) : 1", method="exact", dt=0.5 * ms)
    fast.v = "rand()"
    links = Synapses(fast, slow, on_pre="x += 1")
    links.connect(j="i")
    defaultclock.dt = 0.25 * ms
    trace, monitor = StateMonitor(slow, "x", record=True, dt=1 * ms), SpikeMonitor(fast)
    run(10 * ms)
    return spikes(monitor) | {"x": np.array(trace.x)}


def python_function():
    """A function in Python that equations call."""

    @check_units(x=1, result=1)
    def rectified(x):
        return np.maximum(x, 0)

    cells = NeuronGroup(10, "dv/dt = (1.5*rectified(sin(t*500*Hz + i)) - v)/(5*ms) : 1", method="euler")
    trace = StateMonitor(cells, "v", record=True)
    run(10 * ms)
    return {"v": np.array(trace.v)}


def python_object():
    """A class of the user's whose objects run in every step."""

    class Kick(NetworkOperation):
        pass

    cells = NeuronGroup(4, "dv/dt = -v/(5*ms) : 1", method="exact")
    trace = StateMonitor(cells, "v", record=True)
    kick = Kick(lambda: cells.v.set_item(slice(None), 1.0), dt=5 * ms)
    net = Network(cells, trace, kick)
    net.run(10 * ms)
    return {"v": np.array(trace.v)}


def read_between():
    """A script that reads a result, and runs on with it."""
    cells = NeuronGroup(10, "dv/dt = (drive - v)/(5*ms) : 1\ndrive : 1", threshold="v > 1", reset="v = 0",
                        method="exact")  # fmt: skip
    cells.v, cells.drive = "rand()", 1.2
    monitor = SpikeMonitor(cells)
    run(10 * ms)
    cells.drive = 1.2 + 0.1 * monitor.num_spikes
    run(10 * ms)
    return spikes(monitor)


def recorded_synapses():
    """A monitor of all synapses of a random connection."""
    source, cell = PoissonGroup(20, 100 * Hz), NeuronGroup(1, "v : 1")
    links = Synapses(source, cell, "dw/dt = -w/(10*ms) : 1 (clock-driven)", on_pre="w += 1", method="exact")
    links.connect(p=0.5)
    trace = StateMonitor(links, "w", record=True)
    run(10 * ms)
    return {"w": np.array(trace.w)}


NETWORKS = {
    "CUBA: current-based network (Vogels & Abbott 2005)": cuba,
    "COBA-HH: conductances, Hodgkin-Huxley neurons, `refractory` as a condition": cobahh,
    "noise `xi` and `PoissonInput` (Brunel & Hakim 1999)": brunel_hakim,
    "synfire chain, `SpikeGeneratorGroup`, `Network(collect())` (Diesmann et al. 1999)": synfire,
    "Izhikevich 2003: subgroups, `randn()` in equations": izhikevich_2003,
    "Izhikevich 2007: parameters for each neuron, `TimedArray`": izhikevich_2007,
    "STDP with `PoissonGroup`, monitored weights": stdp,
    "inhibitory plasticity (Vogels et al. 2011): several `run`, `run_regularly`": vogels_2011,
    "`SpatialNeuron` with a `Morphology`, several `run`": cable,
    "linked variables and a `TimedArray`": linked,
    "custom events, `EventMonitor`": events,
    "a delay for each synapse, several pathways": delays,
    "`summed` variables": summed,
    "synapses onto synapses": tripartite,
    "several clocks, another `defaultclock.dt`": clocks,
    "`store` and `restore`": store_restore,
    "`network_operation`": operation,
    "`stop()`": stopped,
    "`NetworkOperation` in a class of its own": python_object,
    "a Python function in equations": python_function,
    "results read between two `run`": read_between,
    "`StateMonitor(synapses, record=True)` of a random connection": recorded_synapses,
}
