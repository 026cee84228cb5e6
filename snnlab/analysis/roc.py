"""How well a value tells two kinds apart."""

from __future__ import annotations

import numpy as np


def roc_area(values: np.ndarray, truth: np.ndarray) -> float:
    """Return how often a value where ``truth`` holds is larger than one where it does not; ties count half.

    That is the area under the receiver operating characteristic (Mann & Whitney 1947). NaN if ``truth`` is everywhere
    the same.
    """
    from scipy.stats import rankdata

    count, others = int(truth.sum()), int((~truth).sum())
    if not count or not others:
        return float("nan")
    return float((rankdata(values)[truth].sum() - count * (count + 1) / 2) / (count * others))
