"""Measures of the quality of a learned melody, and its sound.

Reference: Nicola & Clopath 2017, doi:10.1038/s41467-017-01827-3, figure 3.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import xarray as xr

from ...analysis import oscillations as osc
from ...files import record
from ...stimuli.sounds.music import ODE_TO_JOY, Melody
from .config import AFTER_LEARNING

INF = float("inf")
# These are our criteria.
RMSE, SPEED, STEPS, NOTES, CORRELATION = 0.5, 0.05, 0.9, 0.9, 0.8
TRAINING = "RMSE / sd of the teacher, end of learning"
SPEED_MEASURE = "free-run speed / the teacher's, median melody"
IN_STEP = "melodies in step with the one before (share)"
NOTES_RIGHT = "notes right in the free run (share)"
COMPONENTS = "CDEFG"
# This is the time between two measured samples (s).
STEP = 0.01


def aligned(dataset: xr.Dataset, melody: Melody = ODE_TO_JOY) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the free run and the teacher, melody by melody.

    A free run drifts in time. Each melody is therefore compared with the teacher at the best lag over all notes, up to
    half a melody.

    Returns
    -------
    outputs, teachers : arrays of shape (melodies, T, 5), every 10 ms
    lags : array of shape (melodies,), in s
    """
    every = max(1, round(STEP / float(dataset.time[1] - dataset.time[0])))
    time, output, teacher = (dataset[name].values[::every] for name in ("time", "output", "teacher"))
    period = melody.period
    return osc.aligned(output, teacher, float(time[1] - time[0]), dataset.attrs["learn_stop"], period, period / 2)


def learned(dataset: xr.Dataset) -> float:
    """Return the length of the learning window (s)."""
    return round(dataset.attrs["learn_stop"] - dataset.attrs["learn_start"], 3)


def slipped(lags: np.ndarray, melody: Melody = ODE_TO_JOY) -> np.ndarray:
    """Return the delay (s) of each melody relative to the previous one, at most half a melody in either direction."""
    return (np.diff(lags) + melody.period / 2) % melody.period - melody.period / 2


def played(teacher: np.ndarray) -> list[tuple[int, int, int]]:
    """Return each note of a teacher, shape (T, 5), as (component, first sample, sample after the last)."""
    sounds, note = teacher.max(1) > 0.05, teacher.argmax(1)
    edges = np.flatnonzero((np.diff(sounds) != 0) | (sounds[1:] & (np.diff(note) != 0))) + 1
    spans = zip([0, *edges], [*edges, len(note)], strict=True)
    return [(int(note[a]), int(a), int(b)) for a, b in spans if sounds[a]]


def notes_right(output: np.ndarray, teacher: np.ndarray) -> float:
    """Return the share of notes whose component is the largest in the mean over the note; arrays of shape (T, 5)."""
    right = [output[a:b].mean(0).argmax() == note for note, a, b in played(teacher)]
    return float(np.mean(right)) if right else float("nan")


def measure(dataset: xr.Dataset, melody: Melody = ODE_TO_JOY, pieces: tuple | None = None) -> dict[str, float]:
    """Return every measure of a run by name. A free run shorter than two melodies has no measures.

    ``pieces`` is the result of :func:`aligned`, for callers that already have it.
    """
    start, stop = (dataset.attrs[k] for k in ("learn_start", "learn_stop"))
    last = osc.end_of_learning(dataset.time.values, start, stop, melody.period)
    output, teacher = (dataset[name].values[last] for name in ("output", "teacher"))
    values = {TRAINING: osc.rmse(output, teacher) / np.sqrt(teacher.var(0).mean())}
    outputs, teachers, lags = aligned(dataset, melody) if pieces is None else pieces
    if len(lags) < 2:
        return values
    slips = slipped(lags, melody)
    values[SPEED_MEASURE] = 1 - float(np.median(slips)) / melody.period
    # Where the melody repeats itself, the network may jump to another place that has the same notes.
    if len(slips) >= 5:
        values[IN_STEP] = float((np.abs(slips - np.median(slips)) < melody.slot / 2).mean())
    values[NOTES_RIGHT] = float(np.mean([notes_right(*pair) for pair in zip(outputs, teachers, strict=True)]))
    for k, name in enumerate(COMPONENTS):
        each = [correlation(a[:, k], b[:, k]) for a, b in zip(outputs, teachers, strict=True)]
        values[f"correlation of {name}, median melody"] = float(np.median(each))
    return values


def correlation(x: np.ndarray, y: np.ndarray) -> float:
    """Return the correlation of two signals of equal length; 0 if one of them is constant."""
    x, y = x - x.mean(), y - y.mean()
    norm = np.sqrt((x**2).sum() * (y**2).sum())
    return float((x * y).sum() / norm) if norm > 0 else 0.0


def criteria(dataset: xr.Dataset, melody: Melody = ODE_TO_JOY) -> dict[str, tuple[float, float, float]]:
    """Return value, lower and upper bound of each of our criteria by name.

    We could not read a number in the paper. A control that differs only after learning has no criteria without a free
    run.
    """
    measured = measure(dataset, melody)
    if dataset.attrs["condition"] in AFTER_LEARNING and len(measured) == 1:
        return {}
    bands = {
        SPEED_MEASURE: (1 - SPEED, 1 + SPEED),
        IN_STEP: (STEPS, INF),
        NOTES_RIGHT: (NOTES, INF),
        TRAINING: (0.0, RMSE),
    }
    return {what: (value, *bands.get(what, (CORRELATION, INF))) for what, value in measured.items()}


@cache
def chance(count: int = 20, melody: Melody = ODE_TO_JOY) -> tuple[float, float]:
    """Return the share of right notes and the mean correlation for notes in random order, at the best lag."""
    rng = np.random.default_rng(0)
    times = np.arange(1, round(4 * melody.period / STEP) + 1) * STEP
    right, alike = [], []
    for _ in range(count):
        other = replace(melody, notes=tuple(int(note) for note in rng.permutation(melody.notes)), held=())
        wrong = xr.Dataset(
            {"output": (("time", "component"), other(times)), "teacher": (("time", "component"), melody(times))},
            {"time": times},
            {"learn_stop": melody.period},
        )
        for output, teacher in zip(*aligned(wrong, melody)[:2], strict=True):
            right.append(notes_right(output, teacher))
            alike.append(np.mean([correlation(*pair) for pair in zip(output.T, teacher.T, strict=True)]))
    return float(np.mean(right)), float(np.mean(alike))


def write_sound(dataset: xr.Dataset, stem: Path, melody: Melody = ODE_TO_JOY) -> list[Path]:
    """Write the free run, if there is one, as sound to ``stem``.wav, and return the written files."""
    time, output = dataset.time.values, dataset.output.values
    free = osc.between(time, dataset.attrs["learn_stop"], INF)
    if dataset.attrs["seconds"] - dataset.attrs["learn_stop"] < melody.period:
        return []
    path = stem.with_suffix(".wav")
    record.write_whole(path, melody.wav(output[free], float(time[1] - time[0])))
    return [path]
