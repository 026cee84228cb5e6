"""Linear classifiers on streamed features: ridge regression onto classes, with a ridge chosen on held-out samples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from ..equality import EqualArrays
from ..errors import UserError
from .ridge import Ridge

BETAS = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0, 1000.0)
# Pieces of features, shape (samples, features), each with its classes.
Stream: TypeAlias = "Iterable[tuple[np.ndarray, np.ndarray]]"


@dataclass(frozen=True, eq=False)
class Score(EqualArrays):
    """The accuracy of a readout, and its weights."""

    beta: float
    """the ridge that was chosen"""
    validation: float
    """share of right held-out samples, before the readout is fitted to them"""
    test: float
    """share of right test samples, after the readout is fitted to all other samples"""
    weights: np.ndarray
    """weights of shape (features + 1, classes); the last row is the constant"""


def one_hot(labels: np.ndarray, classes: int) -> np.ndarray:
    """Return targets of shape (samples, classes): 1 for the class, -1 for the others."""
    return np.where(np.asarray(labels)[:, None] == np.arange(classes), 1.0, -1.0)


def with_constant(features: np.ndarray) -> np.ndarray:
    """Return features with a column of ones added as the last."""
    return np.concatenate([features, np.ones((len(features), 1))], axis=1)


def classify(
    fit: Stream,
    held_out: Stream,
    test: Stream,
    subsets: dict[str, np.ndarray],
    classes: int,
    betas: Sequence[float] = BETAS,
) -> dict[str, Score]:
    r"""Return the accuracy of ridge readouts of subsets of the features: W = (sum r r^T + beta I)^{-1} sum r y^T.

    y is 1 for the class and -1 for others; the largest output decides. For each subset, beta is the ridge with the most
    right held-out samples (the largest of equal ones), among those for which W can be solved. Then the readout is
    fitted to all but the test samples. Every stream is read once, and only one piece of it is held at a time.

    Parameters
    ----------
    fit, held_out, test : iterables of (features, labels)
        Pieces of shape (samples, features) and (samples,).
    subsets : dict
        Name -> indices of its features.

    Raises
    ------
    UserError
        If there is nothing to fit, or if features are so much alike that W can be solved for no beta.
    """
    fitted = None
    for features, labels in fit:
        if fitted is None:
            fitted = Ridge(features.shape[1] + 1, classes, 0.0)
        fitted.add(with_constant(features), one_hot(labels, classes))
    if fitted is None:
        raise UserError("fit: expected at least one piece of samples, got none")
    constant = fitted.n_units - 1
    units = {name: np.append(index, constant) for name, index in subsets.items()}
    candidates = {}
    for name, index in units.items():
        for beta in sorted(betas, reverse=True):
            if (solved := _solved(fitted, beta, index)) is None:
                break
            candidates[name, beta] = solved
    right, count = dict.fromkeys(candidates, 0), 0
    for features, labels in held_out:
        features = with_constant(features)
        for (name, beta), weights in candidates.items():
            right[name, beta] += _right(features[:, units[name]], weights, labels)
        fitted.add(features, one_hot(labels, classes))
        count += len(labels)
    best: dict[str, float] = {}
    chosen: dict[str, np.ndarray] = {}
    for name, index in units.items():
        tried = [(right[kind, beta], beta) for kind, beta in candidates if kind == name]
        for _, beta in sorted(tried, reverse=True):
            if (solved := _solved(fitted, beta, index)) is not None:
                best[name], chosen[name] = beta, solved
                break
        else:
            raise UserError(
                f"features: expected {name!r} to differ, got features too much alike for a ridge of {max(betas):g}"
            )
    tested, total = dict.fromkeys(units, 0), 0
    for features, labels in test:
        features = with_constant(features)
        for name, index in units.items():
            tested[name] += _right(features[:, index], chosen[name], labels)
        total += len(labels)
    return {
        name: Score(best[name], right[name, best[name]] / count, tested[name] / total, chosen[name]) for name in units
    }


def _solved(ridge: Ridge, beta: float, units: np.ndarray) -> np.ndarray | None:
    """Return the weights; None if features are so much alike, as in saturated units, that beta is too small."""
    try:
        return ridge.solve(beta, units)
    except ValueError:
        return None


def _right(features: np.ndarray, weights: np.ndarray, labels: np.ndarray) -> int:
    return int((np.argmax(features @ weights, axis=1) == labels).sum())
