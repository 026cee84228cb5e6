"""A model of the vocal organ of a songbird (syrinx, trachea and the cavity above), which sings gestures.

References: Sanz Perl et al. 2011, doi:10.1103/PhysRevE.84.051909; Amador et al. 2013, doi:10.1038/nature11967.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import brian2
import numpy as np
import scipy

from ...engine.brian import on_numpy
from ...stimuli.sounds.sound import HIGH, LOW, RATE
from .song import SYLLABLES, SYNTHETIC_SECONDS, Gesture, Song, Syllable, places, song_of

# Number of steps of the source per s. With seven times more steps, the pitch changes by less than 0.1 %.
STEPS = 2 * RATE
# Pressure of the air sacs during singing and during silence; duration of the start and the end of a sound (s).
SINGING, SILENT, RAMP = -0.15, 0.15, 0.004
# Fundamental frequencies (Hz) and their tensions, measured at the pressure of singing.
PITCHES: tuple[float, ...] = (200, 254.7, 324.3, 412.9, 525.7, 669.4, 852.4, 1085.4)
PITCHES += (1382, 1759.7, 2240.7, 2853.1, 3632.9, 4625.8, 5890.1, 7500)
TENSIONS: tuple[float, ...] = (0.00159, 0.00089, -0.00022, -0.00199, -0.00478, -0.00925, -0.01653, -0.02874)
TENSIONS += (-0.05015, -0.08999, -0.16939, -0.33388, -0.65914, -1.23978, -2.19618, -3.72733)
# Delay of the trachea (length 3.5 cm, speed of sound 35000 cm/s), and share of the sound reflected at its end.
DELAY, REFLECTION = 3.5 / 35000, 0.1
# Parameters of the cavity as an electric circuit: 1/Ch, 1/Lb, 1/Lg, Rb, Rh.
STIFFNESS, BEAK, GLOTTIS, BEAK_LOSS, CAVITY_LOSS = 4.5e10, 1e-4, 1 / 82, 5e6, 6e5
# Frequency range that leaves the head (Hz). Without this filter, the model sounds lower than a zebra finch.
RADIATED = (1800, 9000)
# Jitter of a rough syllable (Hz).
JITTER = 2000


@cache
def synthetic_song(m: int = 45, low: float = LOW, high: float = HIGH) -> Song:
    """Return the synthetic song of 5 s as ``m`` bands from ``low`` to ``high`` Hz, which is equal on every target."""
    sound, rate = synthetic_sound()
    return song_of(sound, rate, places(), m, low, high)


@cache
def synthetic_sound() -> tuple[np.ndarray, int]:
    """Return the synthetic song as sound, and its sampling rate."""
    return sing(SYLLABLES, places(), SYNTHETIC_SECONDS)


def sing(
    gestures: Mapping[str, Gesture], song: Sequence[Syllable], seconds: float, seed: int = 0
) -> tuple[np.ndarray, int]:
    """Return the sound of a song of ``seconds`` s, and its sampling rate.

    All gestures are simulated at once, each with its own syrinx, and then placed as in ``song``. ``seed`` is the seed
    of the jitter of rough gestures. Brian2's target, device and random stream do not change.
    """
    steps = round((max(gesture.seconds for gesture in gestures.values()) + 2 * RAMP) * STEPS)
    times = np.arange(steps) / STEPS
    rng = np.random.default_rng(seed)
    breath = np.stack([_breath(gesture, times) for gesture in gestures.values()], axis=1)
    pitch = np.stack([_pitch(gesture, times) for gesture in gestures.values()], axis=1)
    loudness = np.stack([_loudness(gesture, times, rng) for gesture in gestures.values()], axis=1)
    flow = source(SILENT + (SINGING - SILENT) * breath, tension(pitch))
    voices = scipy.signal.resample_poly(tract(flow * loudness * breath), 1, STEPS // RATE, axis=0)
    loudest = [max(gesture.loudness) for gesture in gestures.values()]
    voices *= loudest / np.abs(voices).max(axis=0)
    sound = np.zeros(round(seconds * RATE))
    for name, start, _ in song:
        part = sound[round(start * RATE) :][: len(voices)]
        part += voices[: len(part), list(gestures).index(name)]
    return sound, RATE


def tension(pitch: np.ndarray) -> np.ndarray:
    """Return the tension beta at which the syrinx sings a fundamental frequency from 200 to 7500 Hz."""
    limited = np.clip(pitch, PITCHES[0], PITCHES[-1])
    return scipy.interpolate.PchipInterpolator(np.log(PITCHES), TENSIONS)(np.log(limited))


def source(pressure: np.ndarray, tension: np.ndarray) -> np.ndarray:
    """Return the flow y of one syrinx for each column of pressure and tension, shape (T, n), in steps of 1/STEPS s."""
    from .syrinx import SYRINX

    dt = brian2.second / STEPS
    with on_numpy():
        clock = brian2.Clock(dt, name="syrinx_clock")
        inputs = dict(
            alpha=brian2.TimedArray(pressure, dt=dt, name="syrinx_pressure"),
            beta=brian2.TimedArray(tension, dt=dt, name="syrinx_tension"),
        )
        equations = f"""{SYRINX.equations}
        current = pressure + tension*x : {SYRINX.current}
        pressure = alpha(t, i) : 1 (constant over dt)
        tension = beta(t, i) : 1 (constant over dt)
        """
        namespace = {**SYRINX.parameters, **inputs}
        # Euler steps, as in the other networks, would have to be much shorter.
        group = brian2.NeuronGroup(
            pressure.shape[1], equations, method="rk4", namespace=namespace, clock=clock, name="syrinx"
        )
        flow = brian2.StateMonitor(group, "y", record=True, clock=clock, name="syrinx_flow")
        brian2.Network(group, flow).run(len(pressure) * dt, namespace={})
        return np.asarray(flow.y).T


def tract(flow: np.ndarray) -> np.ndarray:
    """Return the sound that leaves the head for a flow of the syrinx, shape (T, n), at STEPS samples/s.

    In the trachea, V(t) = flow(t)/2 - r V(t - 2 tau). Above it, the transfer function from the pressure V to the
    current through the beak is

    .. math:: \\frac{(R_h s + 1/C_h)/(L_b L_g)}{(s + R_b/L_b) D + (L_g/L_b)(1/(C_h L_g) - R_b R_h/(L_b L_g)) s}

    with D = s^2 + R_h (1/L_b + 1/L_g) s + 1/(C_h L_g). A band-pass filter models the rest of the head.
    """
    echo = np.zeros(round(2 * DELAY * STEPS) + 1)
    echo[[0, -1]] = 1, REFLECTION
    trachea = scipy.signal.lfilter([0.5], echo, flow, axis=0)
    cavity = np.array([1, CAVITY_LOSS * (BEAK + GLOTTIS), STIFFNESS * GLOTTIS])
    back = BEAK / GLOTTIS * (STIFFNESS * GLOTTIS - BEAK_LOSS * CAVITY_LOSS * BEAK * GLOTTIS)
    above = BEAK_LOSS * BEAK * GLOTTIS * np.array([CAVITY_LOSS, STIFFNESS])
    below = np.polyadd(np.polymul([1, BEAK_LOSS * BEAK], cavity), [back, 0])
    numerator, denominator, _ = scipy.signal.cont2discrete((above, below), 1 / STEPS, method="foh")
    beak = scipy.signal.lfilter(np.ravel(numerator), denominator, trachea, axis=0)
    return scipy.signal.sosfilt(scipy.signal.butter(2, RADIATED, "bandpass", fs=STEPS, output="sos"), beak, axis=0)


def _breath(gesture: Gesture, times: np.ndarray) -> np.ndarray:
    """Return the breath over time, from 0 (silent) to 1 within the syllable."""
    return np.clip(np.minimum(times, gesture.seconds - times) / RAMP, 0, 1)


def _pitch(gesture: Gesture, times: np.ndarray) -> np.ndarray:
    octaves = gesture.depth * np.sin(2 * np.pi * gesture.trill * times)
    return _contour(gesture.pitch, gesture.seconds, times) * 2**octaves


def _loudness(gesture: Gesture, times: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    filtered = scipy.signal.sosfilt(
        scipy.signal.butter(2, JITTER, fs=STEPS, output="sos"), rng.standard_normal(len(times))
    )
    jitter = 1 - gesture.rough + gesture.rough * filtered / filtered.std()
    return _contour(gesture.loudness, gesture.seconds, times) * jitter


def _contour(values: Sequence[float], seconds: float, times: np.ndarray) -> np.ndarray:
    return scipy.interpolate.PchipInterpolator(np.linspace(0, seconds, len(values)), values)(np.clip(times, 0, seconds))
