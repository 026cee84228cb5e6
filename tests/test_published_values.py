"""Every published number of the project is the number of its source, typed here anew, with its place in the source.

A place in the code is a module of snnlab and a name in it; a slash leads to a row of a table. Names of MATLAB files are
those of the authors' scripts, ModelDB 190565. We read these and the program jdybm; of papers we could read less.
"""

import re
from collections.abc import Mapping
from functools import reduce
from inspect import isfunction, unwrap
from numbers import Number
from pathlib import Path
from pkgutil import resolve_name

import brian2
import numpy as np
import pytest
from brian2 import Hz, ms, mV, nS, pA, pF, second

from places import ROOT
from snnlab.models.quantities import quantity
from snnlab.networks.replay.pulses import Pulses
from snnlab.protocols.force import _shared as oscillator
from snnlab.protocols.rate import rate_force
from snnlab.stimuli.pictures.bitmaps import word
from snnlab.stimuli.signals.lorenz import lorenz

# fmt: off
INF = float("inf")
FORCE = "networks.force.setup:PUBLISHED"
_IZHIKEVICH_A = dict(
    C=250 * pF, k=2.5 * nS / mV, v_rest=-60 * mV, v_t=-19.2 * mV, a=0.01 / ms, b=-2 * nS, d=200 * pA, v_peak=30 * mV,
    v_reset=-65 * mV,
)
_SHORT = (15, 5, 10)
# SONGGENERATOR.m: C D E F G (Hz).
_PITCHES = (261, 293.6, 329.6, 349.23, 392)
# BitMapFont.java, after the blank column.
LETTERS = {
    "A": (63, 72, 72, 63), "B": (127, 73, 73, 54), "C": (62, 65, 65, 34), "E": (127, 73, 73, 65), "I": (65, 127, 65),
    "L": (127, 1, 1, 1), "M": (127, 16, 8, 16, 127), "N": (127, 16, 8, 4, 127), "P": (127, 72, 72, 48),
    "R": (127, 76, 74, 49), "S": (49, 73, 73, 70), "T": (64, 64, 127, 64, 64), "U": (126, 1, 1, 126),
}
# BitMapImage.java: the rows that are on, from the bottom row, in each column after the blank one.
FIGURES = (
    "0-1 0,2,5-6 2-7 4-8 0-4,6-9 6-10 4-10 4-11 1-3,9-11 9-11",
    "0-2 2 2,5-10 3-12 6-13 0-2,5-6,10-15 3-4,10,13-15 9,13-15 8",
    "1 0,2-3 0,3-4 4-13 6-15 3-7,9-17 0-5,10-13,15-17 0,7-10,15-17 0",
    "2 0-3 3-4 4-5 5-19 6-15,17-19 0-8,10-14,17-19 0,10-11 0,8-9",
)
# BitMapMusic.java: the pitches of each beat.
BEATS = """
0 | 3,-4 | 3,0 | 4,-1 | 4,0 | 5,-4 | 0 | 7,-2 | 6,0 | 5,0,-4 | 5,0,-4 | 4,0,-1 | 4,0,-1 | 3,0,-2 | 0,-2 | 0,-2 | 0 |
3,-4 | 0 | 4,-1 | 4,0 | 5,-4 | 0 | 7,-2 | 6,0 | 5,0,-4 | 5,0,-4 | 4,0,-1 | 4,0,-1 | 3,0,-2 | 0,-2 | 0,-2 | 7 |
3,5,-4 | 3,5,-2 | 3,5,0 | 6 | 2,4,-3 | 2,4,-1 | 2,4,0 | 7 | 3,5,-4 | 3,5,-2 | 3,5,0 | 6 | 2,4,-3 | 2,4,-1 | 2,4,0 |
7 | 5,0 | 3 | 4,-1 | 4 | 3,0,-2 | 0,-2 | 0,-2
"""

SOURCES = {
    "LIFFORCESINE.m (figure 2)": {
        "neurons.lif:LIF": dict(
            parameters=dict(tau_m=10 * ms, v_threshold=-40 * mV, v_reset=-65 * mV),
            refractory=2 * ms, peak=30 * mV, initial=dict(v="v_reset + rand()*(30*mV - v_reset)"),
        ),
        f"{FORCE}/lif": dict(
            g=0.04 * mV * second, q=10 * mV, alpha=0.1 * 0.05 * 1e-3 * second**2, bias=-40 * mV, dt=0.05 * ms,
            rls_interval=50 * 0.05 * ms, zero_row_mean=True,
        ),
        "protocols.force.force_gain_plane:PUBLISHED/lif": (0.04, 10),
        "protocols.single.neuron_models:STEPS_MS/lif": 0.05,
        "synapses.double_exponential:DOUBLE_EXPONENTIAL": dict(parameters=dict(tau_rise=2 * ms, tau_decay=20 * ms)),
        "synapses.exponential:EXPONENTIAL": dict(parameters=dict(tau_decay=20 * ms)),
        "networks.force:ForceConfig": dict(
            n=2000, p=0.1, seconds=15, learn_start=5, learn_stop=10, encoder="uniform", rls_gain="undivided",
            filter="double_exponential",
        ),
        "protocols.force.force_sine:Config": dict(frequency=5),
        "protocols.force.force_gain_plane:FREQUENCY": 5,
        "protocols.compare.force_convergence:FREQUENCY": 5,
    },
    "THETAFORCESINE.m (figure 2)": {
        "neurons.theta:THETA": dict(parameters=dict(tau=1 * second), initial=dict(v="-pi + 2*pi*rand()"), peak=None),
        f"{FORCE}/theta": dict(
            g=10 * second, q=1e4, alpha=1e-5 * second**2, bias=0, dt=0.01 * ms, rls_interval=50 * 0.01 * ms,
            zero_row_mean=True,
        ),
        "protocols.force.force_gain_plane:PUBLISHED/theta": (10, 1e4),
        "protocols.single.neuron_models:STEPS_MS/theta": 0.01,
    },
    "IZFORCESINE.m (figure 2)": {
        "neurons.izhikevich:IZHIKEVICH": dict(
            parameters=_IZHIKEVICH_A, peak=30 * mV, initial=dict(v="v_rest + rand()*(v_peak - v_rest)", u=0 * pA)
        ),
        f"{FORCE}/izhikevich": dict(
            g=5e3 * pA * ms, q=5e3 * pA, alpha=2 * ms**2, bias=1000 * pA, dt=0.04 * ms, rls_interval=20 * 0.04 * ms,
            zero_row_mean=False,
        ),
        "protocols.force.force_gain_plane:PUBLISHED/izhikevich": (5e3, 5e3),
        "protocols.single.neuron_models:IZHIKEVICH_MS": 0.04,
    },
    "scripts of the oscillators with a decay of 20 ms (supplementary panel; theta: figure 2)": {
        # G, Q, alpha, and length, start and end of learning (s), by task and neuron.
        "protocols.force._shared:PUBLISHED": {
            ("sine", "lif"): (0.04, 10, 5e-6, _SHORT),
            ("sine", "theta"): (10, 1e4, 1e-5, _SHORT),
            ("sine", "izhikevich"): (5e3, 5e3, 2, _SHORT),
            ("sawtooth", "lif"): (0.1, 30, 2.5e-6, _SHORT),
            ("sawtooth", "theta"): (10, 1e4, 1e-5, _SHORT),
            ("sawtooth", "izhikevich"): (5e3, 4e3, 2, _SHORT),
            ("vdp_harmonic", "lif"): (0.05, 30, 2.5e-6, _SHORT),
            ("vdp_harmonic", "theta"): (10, 1e4, 1e-5, _SHORT),
            ("vdp_harmonic", "izhikevich"): (1e4, 9e3, 2, _SHORT),
            ("vdp_relaxation", "lif"): (0.05, 30, 2.5e-6, _SHORT),
            ("vdp_relaxation", "theta"): (15, 1e4, 1e-5, _SHORT),
            ("vdp_relaxation", "izhikevich"): (1e4, 2e4, 2, _SHORT),
            ("product", "lif"): (0.1, 30, 2.5e-6, (60, 5, 30)),
            ("product", "theta"): (25, 1e4, 1e-5, (80, 5, 55)),
            ("product", "izhikevich"): (1e4, 9e3, 2, (20, 5, 10)),
            ("noisy_product", "lif"): (0.1, 30, 2.5e-6, (60, 5, 30)),
            ("noisy_product", "theta"): (15, 1e4, 1e-5, (80, 5, 55)),
            ("noisy_product", "izhikevich"): (1e4, 8e3, 2, (20, 5, 10)),
            ("complex", "izhikevich"): (1e4, 1e4, 2, (50, 5, 25)),
        },
        # Sines of 5 Hz, of 4 and 6 Hz, and of 2, 3 and 7 Hz.
        **{f"protocols.force._shared:PERIODS/{task}": 0.2 for task in ("sine", "sawtooth")},
        **{f"protocols.force._shared:PERIODS/{task}": 0.5 for task in ("product", "noisy_product", "complex")},
        # MD, TC, and the first 15 s that are left out.
        "stimuli.signals.oscillators:_VDP_SCALE": 10,
        "stimuli.signals.oscillators:_VDP_RATE": 20,
        "stimuli.signals.oscillators:_VDP_SETTLE": 15,
    },
    "THETALORENZ.m (figure 2)": {
        "protocols.force.force_lorenz:SETTINGS/theta": {"n": 5000, "g": 15, "q": 1e4, "alpha": 1e-5},
        "protocols.force.force_lorenz:Config": dict(neuron="theta", seconds=100, learn_start=5, learn_stop=50),
        "networks.force.train:PUBLISHED_N": 5000,
        **{f"stimuli.signals.lorenz:{k}": v for k, v in dict(SCALE=70, _SIGMA=10, _RHO=28, _BETA=8 / 3).items()},
    },
    "IZFORCESONG.m, SONGGENERATOR.m, ode2joyshort.mat (figure 3)": {
        "neurons.izhikevich_b:IZHIKEVICH_B": dict(parameters=_IZHIKEVICH_A | dict(b=0 * nS, v_t=-20 * mV)),
        f"{FORCE}/izhikevich_b": dict(
            g=1e4 * pA * ms, q=4e3 * pA, alpha=2 * ms**2, bias=1000 * pA, dt=0.04 * ms, rls_interval=100 * 0.04 * ms,
            zero_row_mean=False,
        ),
        "protocols.force.ode_to_joy:SETTINGS": {"izhikevich_b": dict(g=1e4, q=4e3, alpha=2, rls_interval=4)},
        # The end of the run of 1000 s is 100 s after learning.
        "protocols.force.ode_to_joy:Config": dict(neuron="izhikevich_b", n=5000, learn_start=1, learn_stop=900),
        "protocols.force.ode_to_joy:FREE_SECONDS": 100,
        "stimuli.sounds.music:ODE_TO_JOY": dict(
            notes=[int(note) - 1 for note in "3345543211233222"], held=[15 - 1], frequencies=_PITCHES, slot=0.25
        ),
    },
    "IZFORCESONG.m, ode2joylong.mat (supplementary figure 17)": {
        **{
            f"protocols.replay.ode_to_joy_hdts:SETTINGS/izhikevich_b/{k}": v
            for k, v in dict(g=1e4, q=4e3, alpha=2, rls_interval=4).items()
        },
        "protocols.replay.ode_to_joy_hdts:Config": dict(
            neuron="izhikevich_b", hdts="internal", pulses=64, learn_start=1
        ),
        "stimuli.sounds.music:ODE_TO_JOY_LONG": dict(
            notes=[int(note) - 1 for note in "3345543211233222334554321123211122312431243212553345543211232111"],
            held=[place - 1 for place in (15, 31, 47, 63)], frequencies=_PITCHES, slot=0.25,
        ),
    },
    "IZSONGBIRDFORCE.m (figure 4)": {
        "neurons.izhikevich_c:IZHIKEVICH_C": dict(
            parameters=_IZHIKEVICH_A | dict(b=0 * nS, v_t=-40 * mV, a=0.002 / ms, d=100 * pA)
        ),
        f"{FORCE}/izhikevich_c": dict(
            g=1.3e4 * pA * ms, q=1e3 * pA, alpha=2 * ms**2, bias=1000 * pA, dt=0.04 * ms, rls_interval=100 * 0.04 * ms,
            zero_row_mean=False,
        ),
        "networks.song.config:SONG_SETTINGS/izhikevich_c": dict(g=1.3e4, q=1e3, alpha=2, rls_interval=4, q_hdts=8e3),
        "networks.song:SongConfig": dict(neuron="izhikevich_c", n=1000, pulses=500, learn_start=1, learn_stop=50),
        "networks.song.song:SYNTHETIC_SECONDS": 5,
        "protocols.song.songbird:WIDTH": 5 / 500,
        "protocols.song.songbird:FREE_SECONDS": 100 - 50,
    },
    "IZFORCEMOVIE.m (figure 5)": {
        "networks.replay.movie:MOVIE_SETTINGS/izhikevich_c": dict(g=5e3, q=4e2, alpha=2, rls_interval=4, q_hdts=4e3),
        "networks.replay:MovieConfig": dict(neuron="izhikevich_c", n=1000, pulses=32, learn_start=1, learn_stop=50),
        "protocols.replay.movie_replay:FREE_SECONDS": 100 - 50,
    },
    "Nicola & Clopath 2019, ModelDB 243447, N_E = N_I": {"protocols.force.force_dale:Config": dict(excitatory=0.5)},
    "Euston, Tatsuno & McNaughton 2007, compression in rats": {"protocols.replay.replay_compression:RATS": (5.4, 8.1)},
    # LIFFORCESINE.m, THETAFORCESINE.m and IZFORCESINE.m, unmodified but for seed and plots: rates before, while and
    # after learning (Hz), RMSE of the last 1 s, frequency (Hz), amplitude, worst correlation.
    "the scripts of the sine in GNU Octave 7.3: ranges seen, and their 95/95 % tolerance": {
        "protocols.force.force_sine:BANDS": {
            ("full", "lif"): (
                "authors' MATLAB in Octave, 8 seeds (ModelDB 190565)",
                [(18.2, 19.0), (22.0, 23.4), (22.0, 23.4), (0.014, 0.03), (4.87, 5.15), (0.95, 1.05), (0.93, INF)],
            ),
            ("full", "izhikevich"): (
                "authors' MATLAB in Octave, 4 seeds (ModelDB 190565)",
                [(4.6, 5.5), (35.5, 40), (33.5, 39.5), (0.007, 0.015), (4.87, 5.08), (0.91, 1.02), (0.97, INF)],
            ),
            ("full", "theta"): (
                "authors' MATLAB in Octave, 6 seeds (ModelDB 190565)",
                [(7.71, 8.07), (25.0, 27.1), (24.9, 27.2), (0.0113, 0.0227), (4.89, 5.09), (0.966, 1.039),
                 (0.968, INF)],
            ),
        },
        "protocols.force.force_sine:_SEEN": {
            "lif": (
                8,
                [(18.53, 18.67), (22.57, 22.85), (22.53, 22.94), (0.019, 0.0254), (4.965, 5.102), (0.988, 1.015)],
                [(18.2, 19.0), (22.0, 23.4), (22.0, 23.4), (0.014, 0.03), (4.87, 5.15), (0.95, 1.05)],
            ),
            "izhikevich": (
                4,
                [(4.98, 5.15), (37.4, 38.3), (35.9, 37.3), (0.0099, 0.0117), (4.95, 4.992), (0.955, 0.971)],
                [(4.6, 5.5), (35.5, 40), (33.5, 39.5), (0.007, 0.015), (4.87, 5.08), (0.91, 1.02)],
            ),
            "theta": (
                6,
                [(7.87, 7.93), (25.81, 26.35), (25.8, 26.39), (0.0162, 0.0173), (4.975, 5.002), (0.995, 1.009)],
                [(7.71, 8.07), (25.0, 27.1), (24.9, 27.2), (0.0113, 0.0227), (4.89, 5.09), (0.966, 1.039)],
            ),
        },
        # One run each: 0.22 and 0.11 cycles late after 4.8 s.
        "protocols.force.force_sine:_DRIFTS": {"lif": 0.046, "izhikevich": 0.023},
    },
    "Sussillo & Abbott 2009, methods, and their script force_external_feedback_loop.m (times in units of tau)": {
        "protocols.rate.rate_force:Config": dict(
            n=1000, p=0.1, g=1.5, q=1, alpha=1, tau=10, dt=0.1 * 10, rls_steps=2, learn=1440 * 0.01, after=1440 * 0.01
        ),
        "protocols.rate.rate_force:PERIODS": {"sine": 60 * 0.01, "four_sines": 120 * 0.01},
        **{
            f"protocols.compare.force_convergence:{k}": v
            for k, v in dict(P=0.1, G=1.5, Q=1, TAU=0.01, RLS_STEPS=2, ALPHA=1, DT=1e-3).items()
        },
    },
    # Parameter.java (mu, lambda, sizes), run.sh (3 3 9: numbers of rates, longest delay; cue of 5 letters), Neuron.java
    # and Axon.java (AdaGrad with rate 1). The checkpoints are those of the figures.
    "Osogami & Otsuka 2015, doi:10.1038/srep14149, and their program jdybm": {
        "networks.boltzmann:DybmRule": dict(
            lam=(1 / 4, 2 / 4, 3 / 4), mu=(1 / 4, 2 / 4, 3 / 4), temperature=1, optimizer="adagrad", rate=1
        ),
        "networks.boltzmann:BoltzmannConfig": dict(
            longest_delay=9, lam=(0.25, 0.5, 0.75), mu=(0.25, 0.5, 0.75), temperature=1, optimizer="adagrad", rate=1,
            initial_size=0.1,
        ),
        "networks.boltzmann:LONGEST_DELAY": 9,
        "networks.boltzmann.machine:INITIAL_SIZE": 0.1,
        "networks.boltzmann:SequenceConfig": dict(sequence="SCIENCE"),
        "networks.boltzmann:PUBLISHED_BLOCKS": 1785845,
        # The letters SCIEN have 5, 5, 4, 5 and 6 columns.
        "networks.boltzmann:TurnsConfig": dict(sequence="SCIENCE", cue=5 + 5 + 4 + 5 + 6, blocks=1785845),
        "protocols.boltzmann.dybm_science:CHECKPOINTS": (0, 10, 1000, 10000, 100000, 120000, 130000),
        "protocols.boltzmann.dybm_evolution:CHECKPOINTS": (0, 10, 1000, 2000, 4000, 5000),
        "protocols.boltzmann.dybm_music:CHECKPOINTS": (0, 10, 1000, 10000, 100000, 900000),
        "stimuli.pictures.bitmaps:evolution": [
            [any(int(a) <= row <= int(b or a) for a, b in re.findall(r"(\d+)-?(\d*)", column)) for row in range(20)]
            for figure in FIGURES for column in ("", *figure.split())
        ],
        "stimuli.pictures.bitmaps:music": [
            [pitch in map(int, beat.split(",")) for pitch in range(-4, 8)] for beat in BEATS.split("|")
        ],
    },
    "Song, Miller & Abbott 2000, doi:10.1038/78829: A+ = 0.005, A-/A+ = 1.05, both time constants 20 ms": {
        "plasticity.stdp:STDP": dict(
            parameters=dict(eta=0.005, ratio=1.05, tau_plus=20 * ms, tau_minus=20 * ms, w_max=1)
        )
    },
    # Our scale is eta = 1. tau_x is from the full set and has no effect here.
    "Pfister & Gerstner 2006, doi:10.1523/JNEUROSCI.1425-06.2006, Table 3, all-to-all, minimal": {
        "plasticity.stdp:TRIPLET": dict(
            parameters=dict(
                eta=1, a2_plus=0, a3_plus=6.5e-3, a2_minus=7.1e-3, a3_minus=0, tau_plus=16.8 * ms, tau_minus=33.7 * ms,
                tau_x=101 * ms, tau_y=114 * ms, w_max=1,
            )
        )
    },
    # The paper could not be read. Two public programs that repeat its figure 8 state these rates and agree; one of them
    # states the frequencies.
    "Brunel 2000, doi:10.1023/A:1008925309027, figure 8": {
        "protocols.single.brunel2000:STATES": {"SR": (3, 2), "SI fast": (6, 4), "AI": (5, 2), "SI slow": (4.5, 0.9)},
        "protocols.single.brunel2000:NEURON": dict(tau=0.02, threshold=0.02, reset=0.01, refractory=0.002),
        "protocols.single.brunel2000:Config": dict(n_e=10_000, c_e=1000, j=0.1, delay=1.5),
        "protocols.single.brunel2000:PUBLISHED": {
            "SI fast": {"rate of excitatory neurons (Hz)": 60.7, "frequency of the population rate (Hz)": 180},
            "AI": {"rate of excitatory neurons (Hz)": 37.7},
            "SI slow": {"rate of excitatory neurons (Hz)": 5.5, "frequency of the population rate (Hz)": 22},
        },
    },
    "the reservoir study: batches of 64, no temporal summation, f inside the sum": {
        "networks.reservoir:ReservoirConfig": dict(batch=64, form="reservoir"),
        "plasticity.stlr:STLR/parameters/kept": 0,
    },
    "Maass, Natschlaeger & Markram 2002, doi:10.1162/089976602760407955: 15 mV, filter of 30 ms": {
        # The reset is 0, since potentials are relative to rest; tau_m and the refractory period are our choice.
        "networks.liquid.network:liquid_neuron": dict(
            parameters=dict(tau_m=20 * ms, v_threshold=15 * mV, v_reset=0 * mV), refractory=2 * ms,
            initial=dict(v=0 * mV),
        ),
        "networks.liquid.network:TAU_R": 30,
    },
    "Sanz Perl et al. 2011, doi:10.1103/PhysRevE.84.051909; Amador et al. 2013, doi:10.1038/nature11967": {
        "networks.song.syrinx:SYRINX": dict(parameters=dict(gamma=24000 / second), initial=dict(x="0", y="0/second")),
        # A trachea of 3.5 cm, sound of 35000 cm/s; 1/Ch, 1/Lb, 1/Lg, Rb, Rh.
        "networks.song.organ:DELAY": 3.5 / 35000,
        "networks.song.organ:REFLECTION": 0.1,
        **{
            f"networks.song.organ:{k}": v
            for k, v in dict(STIFFNESS=4.5e10, BEAK=1e-4, GLOTTIS=1 / 82, BEAK_LOSS=5e6, CAVITY_LOSS=6e5).items()
        },
    },
}

EQUATIONS = "docs/equations.md"
# Values that no source states: place, value, and the page or docstring and its words that say so.
OURS = [
    ("neurons.if:IF",
     dict(parameters=dict(tau_m=10 * ms, v_threshold=-40 * mV, v_reset=-65 * mV, v_floor=-65 * mV), refractory=2 * ms,
          peak=30 * mV, initial=dict(v="v_reset + rand()*(v_threshold - v_reset)")),
     "snnlab/neurons/if.py", "The floor is our choice: the sources do not use this neuron in a network."),
    (f"{FORCE}/if",
     dict(g=0.1 * mV * second, q=20 * mV, alpha=5e-6 * second**2, bias=5 * mV, dt=0.05 * ms, rls_interval=2.5 * ms,
          zero_row_mean=True),
     EQUATIONS, "The values of IF were found on seed 1."),
    ("neurons.qif:QIF",
     dict(parameters=dict(tau_m=10 * ms, v_peak=30, v_reset=-30), initial=dict(v="-1 + 2*rand()"), peak=None),
     "snnlab/neurons/qif.py", "The numbers are our choice: tau_m is that of the leaky neuron"),
    # (pi tau_m)^2 times G and Q of the theta neuron, about 10 s and 1e4.
    (f"{FORCE}/qif",
     dict(g=0.01 * second, q=10, alpha=1e-5 * second**2, bias=0, dt=0.05 * ms, rls_interval=1 * ms, zero_row_mean=True),
     EQUATIONS, "QIF has the theta neuron's FORCE values in its own units."),
    ("neurons.sqrt_rate:SQRT_RATE", dict(parameters=dict(tau_s=20 * ms, F=1 * Hz), initial=dict(s="0")),
     "snnlab/neurons/sqrt_rate.py", "tau_s is the decay time of the paper's filter"),
    *((f"neurons.leaky_rate:{name}", dict(parameters=dict(tau=10 * ms), initial={state: "0"}),
       "snnlab/neurons/leaky_rate.py", "tau = 10 ms is our choice")
      for name, state in (("LEAKY_RATE", "r"), ("LEAKY_RESERVOIR", "h"))),
    *((f"protocols.single.neuron_models:STEPS_MS/{name}", 0.05, f"snnlab/neurons/{name}.py", words)
      for name, words in (
          ("if", "Time steps of 0.05 ms are our choice, too."), ("qif", "time steps are 0.05 ms"),
          ("sqrt_rate", "Time steps of 0.05 ms are our choice."))),
    *((f"protocols.force._shared:PERIODS/{task}", 1 / frequency, "snnlab/stimuli/signals/oscillators.py", words)
      for task, frequency, words in (
          ("vdp_harmonic", 3.1345, "a sine (3.13 Hz)"), ("vdp_relaxation", 1.7223, "oscillation (1.72 Hz)"))),
    *((f"protocols.force.force_lorenz:SETTINGS/{name}", values,
       EQUATIONS, "the settings of these networks are from the van der Pol oscillator")
      for name, values in (
          ("lif", dict(n=2000, g=0.05, q=30, alpha=2.5e-6)), ("izhikevich", dict(n=2000, g=1e4, q=9e3, alpha=2)))),
    ("protocols.replay.ode_to_joy_hdts:SETTINGS/izhikevich_b/q_hdts", 2 * 4e3, EQUATIONS, "Our pulses have 2 Q"),
    ("networks.song.config:SONG_SETTINGS/lif", {"q_hdts": 8 * 10},
     "snnlab/networks/song/config.py", "The values of LIF neurons and of set B are our choice"),
    ("networks.song.config:SONG_SETTINGS/izhikevich_b",
     dict(g=1e4, q=8e3 / 20, alpha=2, rls_interval=4, q_hdts=2 * 4e3),
     "snnlab/networks/song/config.py", "The values of LIF neurons and of set B are our choice"),
    ("protocols.song._shared:INTERNAL",
     dict(hdts="internal", neuron="izhikevich_b", n=3000, pulses=50, rls_gain="exact", learn_stop=150),
     EQUATIONS, "3000 neurons of set B, 50 pulses of 100 ms, q_hdts 2 Q of the melody's script, 150 s"),
    ("networks.song:SongConfig", dict(bands=45, low=500, high=10000),
     EQUATIONS, "amplitude of 45 bands, 0.5 to 10 kHz"),
    ("networks.song.organ:RADIATED", (1800, 9000), EQUATIONS, "A band-pass of 1.8 to 9 kHz represents the rest"),
    ("networks.replay.movie:MOVIE_SETTINGS/lif", {"q_hdts": 8 * 10},
     EQUATIONS, "LIF networks on a movie are ours: FORCE values of the sine, pulses of 8 Q."),
    ("networks.replay.movie:MOVIE_SETTINGS/izhikevich_b",
     dict(g=1e4, q=8e3 / 20, alpha=2, rls_interval=4, q_hdts=2 * 4e3),
     EQUATIONS, "with pulses of twice its Q; the movie is fed back through a twentieth of that."),
    ("networks.replay:MovieConfig", dict(movie="synthetic", height=18, width=32), EQUATIONS, "18 x 32 pixels"),
    ("networks.replay.synfire:SIZE", 20, EQUATIONS, "pools of 20 LIF neurons"),
    ("networks.replay.synfire:TAU_RISE", 2e-3, EQUATIONS, "a filter of 2 and 5 ms"),
    ("networks.replay.synfire:TAU_DECAY", 5e-3, EQUATIONS, "a filter of 2 and 5 ms"),
    ("networks.force:ForceConfig", dict(filter_scheme="euler"), EQUATIONS, "The default is `--filter-scheme euler`"),
    ("protocols.rate.rate_force:LORENZ_UNIT", 0.5, EQUATIONS, "one unit of its time is 0.5 s, our choice"),
    ("plasticity.hebb:HEBB_SPIKES", dict(parameters=dict(eta=0.005, tau=20 * ms, w_max=1)),
     "snnlab/plasticity/hebb.py", "their numbers are those of STDP, which is our choice"),
    ("plasticity.stlr:STLR",
     dict(parameters=dict(theta1=0.01, theta2=-0.01, kept=0), percentiles=dict(theta1=95, theta2=5)),
     "snnlab/plasticity/stlr.py", "No source has numbers for theta; here it is the 95th and 5th percentile"),
    ("plasticity.stlr:STLR_LOGISTIC",
     dict(parameters=dict(theta1=0.01, theta2=-0.01, kept=0), percentiles=dict(theta1=95, theta2=5)),
     "snnlab/plasticity/stlr.py", "No source has numbers for theta; here it is the 95th and 5th percentile"),
    ("plasticity.stlr:STLR_SUMMED",
     dict(parameters=dict(theta1=0.01, theta2=-0.01, kept=0.5), percentiles=dict(theta1=95, theta2=5)),
     "snnlab/plasticity/stlr.py", "STLR_SUMMED keeps half of S from step to step"),
    ("plasticity.stlr:STLR_RARE",
     dict(parameters=dict(theta1=0.01, theta2=-0.01, kept=0), percentiles=dict(theta1=99, theta2=1)),
     "snnlab/plasticity/stlr.py", "STLR_RARE has the 99th and 1st percentile"),
    ("plasticity.stlr:STLR_SPIKES",
     dict(parameters=dict(theta1=0.01, theta2=-0.01, eta=0.005, summation=0, rounding=1e-12, tau_c=5 * ms,
                          tau_s=20 * ms, w_max=1), percentiles=dict(theta1=95, theta2=5)),
     "snnlab/plasticity/stlr.py", "The numbers of STLR_SPIKES are our choice"),
    ("networks.reservoir:ReservoirConfig", dict(leak=0.3, w_in=0.3, radius=0.9, quantity="rate", pre="sent"),
     EQUATIONS, "**Leak, input and radius** (0.3, 0.3, 0.9)"),
    ("networks.reservoir:ReservoirConfig", dict(density=0.1, eta=1e-5, input_in_sum=False, threshold="mean"),
     "snnlab/networks/reservoir/config.py", "The other defaults are our choice."),
    ("networks.boltzmann:TurnsConfig", dict(periods=1000000), EQUATIONS, "ends after 1,000,000 periods"),
    ("networks.reservoir:ReservoirConfig", dict(held_out=None), EQUATIONS, "the last 6000 training images"),
    ("networks.reservoir:ReservoirConfig", dict(n=200, epochs=5, snapshots=4),
     "docs/results/reservoir.md", "200 units, all 60,000 / 10,000 images"),
    ("networks.patterns:PatternConfig", dict(inputs=100, active=20, frames=5, hold=3, sequences=20, n=200),
     EQUATIONS, "with 100 bits, 20 of them on. A sequence has five patterns, each for three steps. Twenty sequences"),
    ("networks.patterns:PatternConfig", dict(leak=0.3, w_in=0.3, radius=0.9), EQUATIONS, "(0.3, 0.3, 0.9)"),
    ("protocols.patterns._shared:CHANGES/rate", (0.5, 1, 2), EQUATIONS, "changed by 0.5, 1 or 2 of their norm"),
    ("protocols.patterns._shared:CHANGES/spiking", (0.2, 0.4), EQUATIONS, "change by 0.2 or 0.4 of their norm"),
    ("protocols.patterns._shared:RATES",
     {"rate": {"hebb": 1e-3, "stlr": 1e-3, "random_walk": 1e-2},
      "spiking": {"stdp": 2e-3, "hebb": 5e-4, "stlr": 5e-3, "random_walk": 2e-2}},
     "snnlab/networks/patterns/config.py", "the defaults and the learning rates of the protocols are our choice."),
    ("networks.patterns:PatternConfig", dict(change=0.5, eta=1e-3, most=20000, density=0.1),
     "snnlab/networks/patterns/config.py", "the defaults and the learning rates of the protocols are our choice."),
    ("networks.liquid:LiquidConfig", dict(n=300, train_images=60000, test_images=10000),
     "docs/results/reservoir.md", "300 LIF neurons, all images"),
    ("networks.liquid:LiquidConfig",
     dict(density=0.1, gain=10, inhibition=5, input_density=1, bias=-10, rate=20, row=5, gap=60, read=20,
          learned_images=6000, held_out=None, calibration_images=200),
     "snnlab/networks/liquid/config.py", "The defaults and the rates in ETAS are our choice."),
    ("networks.liquid.config:ETAS", {"stdp": 1e-4, "hebb": 1e-6, "stlr": 1e-4},
     "snnlab/networks/liquid/config.py", "The defaults and the rates in ETAS are our choice."),
    ("networks.liquid.liquid:random_liquid.__kwdefaults__",
     dict(density=0.1, excitatory=0.8, inhibition=5, input_density=1, gain=1, input_gain=10, bias=0),
     EQUATIONS, "80 % excitatory, τ_m 20 ms"),
    ("networks.liquid.network:TAU_E", 5, EQUATIONS, "currents of 5 and 8 ms"),
    ("networks.liquid.network:TAU_I", 8, EQUATIONS, "currents of 5 and 8 ms"),
]
# fmt: on


def leaves(value, name=""):
    """Return every text and number (12 digits) of nested tables by place; quantities are in SI, with a dimension."""
    if isinstance(value, str) and re.match(r"-?[\d.]+(e-?\d+)?\*[a-zA-Z]+", value):
        value = quantity(value, name)
    if isinstance(value, brian2.Quantity):
        return leaves(float(value), f"{name} in {value.dim}")
    if isinstance(value, Number) and not isinstance(value, bool):
        return {name: float(f"{value:.12g}")}
    if not isinstance(value, (Mapping, tuple, list, np.ndarray)):
        return {name: value}
    parts = value.items() if isinstance(value, Mapping) else enumerate(value)
    return {place: leaf for key, part in parts for place, leaf in leaves(part, f"{name}/{key}").items()}


def value_at(place):
    """Return what stands at a place: a table, a row of it, an object, or what a function without arguments returns."""
    name, *rows = place.split("/")
    found = resolve_name(f"snnlab.{name}")
    found = found() if isfunction(unwrap(found)) else found
    return reduce(lambda table, row: table[row] if isinstance(table, Mapping) else getattr(table, row), rows, found)


def require_equal(place, typed):
    found = value_at(place)
    if isinstance(typed, dict) and not isinstance(found, Mapping):
        found = {name: getattr(found, name) for name in typed}
    assert leaves(found) == leaves(typed), place


@pytest.mark.parametrize("source", SOURCES, ids=[re.split("[,:(]", source)[0] for source in SOURCES])
def test_numbers_are_those_of_the_source(source):
    for place, typed in SOURCES[source].items():
        require_equal(place, typed)


def test_our_choices_are_those_that_the_documentation_states():
    texts = {file: " ".join((ROOT / file).read_text(encoding="utf-8").split()) for *_, file, _ in OURS}
    for place, typed, file, words in OURS:
        require_equal(place, typed)
        assert words in texts[file], (place, file)


def test_no_row_of_a_table_is_left_out():
    rows = {}
    for place in [*(place for places in SOURCES.values() for place in places), *(place for place, *_ in OURS)]:
        while "/" in place:
            place, _, row = place.rpartition("/")
            rows.setdefault(place, set()).add(row)
    tables = {place: names for place, names in rows.items() if isinstance(value_at(place), Mapping)}
    assert len(tables) > 8
    for place, names in tables.items():
        assert names == set(value_at(place)) or place == "plasticity.stlr:STLR/parameters", place


def test_letters_are_those_of_the_program():
    columns = {letter: (word(letter) @ (1 << np.arange(7))).tolist() for letter in LETTERS}
    assert columns == {letter: [0, *typed] for letter, typed in LETTERS.items()}


def wave(t, frequency):
    return np.sin(2 * np.pi * frequency * t)


def test_teachers_are_those_of_the_scripts():
    t = np.arange(4000) * 0.5e-3

    def taught(task, neuron="izhikevich"):
        return oscillator.teacher(oscillator.settle(oscillator.OscillatorConfig(task=task, neuron=neuron)))(t)

    product = wave(t, 4) * wave(t, 6)
    complex_one = wave(t, 2) * wave(t, 3) * wave(t, 7)
    typed = {"sine": wave(t, 5), "sawtooth": np.arcsin(wave(t, 5)), "product": product, "complex": complex_one}
    for task, values in typed.items():
        np.testing.assert_allclose(taught(task)[:, 0], values, atol=1e-9, err_msg=task)
    for task, mu in (("vdp_harmonic", 0.5), ("vdp_relaxation", 5)):
        x, y = taught(task)[::2].T
        slope = (y[2:] - y[:-2]) / 2e-3
        np.testing.assert_allclose(slope, 20 * x[1:-1] / mu, atol=0.01 * np.abs(slope).max(), err_msg=task)
    for neuron in ("lif", "theta"):
        assert (taught("noisy_product", neuron)[:, 0] - product).std() == pytest.approx(0.05, rel=0.05)
    noise = taught("noisy_product")[:, 0] - product
    assert noise.min() >= 0 and 0.0499 < noise.max() <= 0.05


def test_teachers_of_rate_units_are_those_of_the_script(monkeypatch):
    t = np.arange(1000) * 1e-3
    four = wave(t, 1 / 1.2) + wave(t, 2 / 1.2) / 2 + wave(t, 3 / 1.2) / 6 + wave(t, 4 / 1.2) / 3
    for task, values in (("sine", 1.3 * wave(t, 1 / 0.6)), ("four_sines", 1.3 / 1.5 * four)):
        np.testing.assert_allclose(rate_force.teacher(task, t)[:, 0], values, atol=1e-9)
    # A short solution is enough here.
    monkeypatch.setattr(rate_force, "lorenz", lambda t, seconds: lorenz(t, 3.0))
    x = lorenz(t / 0.5, 3.0)[:, 0] * 70
    np.testing.assert_allclose(rate_force.teacher("lorenz", t)[:, 0], x / 10, atol=1e-9)


def test_pulses_are_those_of_the_scripts():
    for m, seconds in ((500, 5), (32, 8)):
        t = np.arange(1, 5000) * 1e-3 + 1e-4
        values = Pulses(m, seconds)(t)
        np.testing.assert_allclose(values.sum(1), np.abs(np.sin(m * np.pi * t / seconds)), atol=1e-6)
        assert (values.argmax(1) == (t % seconds) // (seconds / m)).all()


# The second number of two_sequences is its duration in minutes.
CLAIMED = {
    "boltzmann.dybm_science:PUBLISHED": ((120_000, 130_000), [120_000, 130_000]),
    "boltzmann.dybm_evolution:PUBLISHED": ((4_000, 5_000), [4_000, 5_000]),
    "boltzmann.dybm_music:PUBLISHED": (900_000, [900_000]),
    "boltzmann.dybm_two_sequences:PUBLISHED": (1_785_845, [1_785_845, 223]),
    "replay.replay_compression:COMPRESSED": ((5.4, 8.1), [5.4, 8.1]),
}


@pytest.mark.parametrize("place", CLAIMED)
def test_claims_state_the_numbers_of_the_source(place):
    found, (value, numbers) = value_at(f"protocols.{place}"), CLAIMED[place]
    claim = found[-1] if isinstance(found, tuple) else found
    assert claim.value == value
    assert [float(text.replace(",", "")) for text in re.findall(r"\d[\d,.]*\d", claim.claimed)] == numbers


def test_every_claim_with_a_number_is_here():
    """Claims of force_sine are made of BANDS and _SEEN, those of brunel2000 of PUBLISHED, which stand above."""
    files = {path for path in (ROOT / "protocols").rglob("*.py") if re.search(r'"number"', path.read_text())}
    files |= {path for path in (ROOT / "protocols").rglob("*.py") if "of_one_machine(" in path.read_text()}
    named = {Path(place.partition(":")[0].replace(".", "/") + ".py") for place in CLAIMED}
    shared = {Path("boltzmann/_shared.py"), Path("force/force_sine.py"), Path("single/brunel2000.py")}
    assert {path.relative_to(ROOT / "protocols") for path in files} == named | shared
