"""The area under the ROC curve: how well a value separates two classes."""

from __future__ import annotations

import numpy as np


def roc_area(values: np.ndarray, truth: np.ndarray) -> float:
    """Return how often a value where ``truth`` holds is larger than one where it does not; ties count half.

    This is the area under the receiver operating characteristic (Mann & Whitney 1947). It is NaN if ``truth`` has only
    one value.
    """
    from scipy.stats import rankdata

    count, others = int(truth.sum()), int((~truth).sum())
    if not count or not others:
        return float("nan")
    return float((rankdata(values)[truth].sum() - count * (count + 1) / 2) / (count * others))
