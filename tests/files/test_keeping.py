"""What a training in stretches keeps: on an interruption, for the next attempt, and when it cannot be used."""

import numpy as np
import pytest

from snnlab.files.checkpoint import Checkpoints
from snnlab.files.keeping import Keeping


def train(path, periods, interrupted=False, forget=False):
    """Count periods, from where an earlier attempt stopped; returns (first period, rows recorded)."""
    with Checkpoints(path, resume=True) as checkpoints:
        keeping = Keeping(checkpoints, "numpy", "period")
        if forget:
            keeping.forget()
        first = int(keeping.state.get("done", np.zeros(1))[0])
        with keeping:
            for period in range(first + 1, periods + 1):
                keeping.add({"period": np.array([period])})
                keeping.reached(period, {"done": np.array([period])})
            if interrupted:
                raise KeyboardInterrupt
        return first, keeping.found()["period"].tolist()


def test_an_interrupted_training_goes_on_where_it_was(tmp_path):
    path = tmp_path / "run.nc"
    with pytest.raises(KeyboardInterrupt):
        train(path, 3, interrupted=True)
    assert train(path, 5) == (3, [1, 2, 3, 4, 5])


def test_what_cannot_be_used_is_forgotten_and_training_begins_anew(tmp_path):
    path = tmp_path / "run.nc"
    with pytest.raises(KeyboardInterrupt):
        train(path, 3, interrupted=True)
    assert train(path, 2, forget=True) == (0, [1, 2])
    with pytest.raises(KeyboardInterrupt):
        train(path, 4, interrupted=True)
    assert train(path, 5) == (4, [1, 2, 3, 4, 5])
