"""Tolerance intervals, and bands that stand beside a protocol."""

import numpy as np
import pytest
from scipy.stats import norm

from snnlab.errors import UserError
from snnlab.lab.claims import Check
from snnlab.lab.protocol import find_protocol
from snnlab.lab.statistics.tolerance import (
    Tolerance,
    bands,
    holds_outside,
    read_bands,
    row_of,
    tolerance_interval,
    with_bands,
    write_bands,
)

OWN = """
from dataclasses import dataclass
import xarray as xr
from snnlab import Check
@dataclass(frozen=True)
class Config:
    rate: float = 5.0
    size: int = 2
    seed: int = 0
QUICK = {"size": 1}
VARIANTS = {"slow": {}, "fast": {"rate": 50.0}}
CONTROLS = {"silent": {"rate": 0.0}}
def run(config, engine):
    return xr.Dataset({"rate": ((), config.rate + engine.rng("rate").random(), {"units": "Hz", "long_name": "rate"})})
def measure(dataset):
    return {"rate (Hz)": float(dataset.rate)}
def checks(dataset):
    return [Check("rate (Hz)", float(dataset.rate), 0.5, 1000, "our criterion"), Check("one", 1, 1, 1, "exact")]
"""


@pytest.mark.parametrize(("n", "k"), [(3, 9.92), (10, 3.38), (30, 2.55)])
def test_the_factor_is_that_of_the_tables_and_95_of_100_intervals_hold_95_percent(n, k, rng):
    """Factors of two-sided 95/95 intervals: Howe 1969, J. Am. Stat. Assoc. 64:610."""
    x = rng.standard_normal((2000, n)) * 3 - 100
    low, high = np.array([tolerance_interval(row)[:2] for row in x]).T
    np.testing.assert_allclose((high - low) / 2 / x.std(1, ddof=1), k, rtol=0.01)
    content = norm.cdf((high + 100) / 3) - norm.cdf((low + 100) / 3)
    assert (content >= 0.95).mean() == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize(
    ("values", "scale", "limits"),
    [
        ([0.9, 0.99, 0.999], "log(x/(1-x))", (0, 1)),
        ([1.0, 10.0, 100.0], "log(x)", (0, np.inf)),
        ([-1, 0, 2], "x", None),
    ],
)
def test_values_with_a_bound_stay_behind_it(values, scale, limits):
    low, high, found = tolerance_interval(values)
    assert found == scale and low < min(values) < max(values) < high
    assert limits is None or limits[0] <= low < high <= limits[1]


@pytest.mark.parametrize("values", [[1, 2], [1, 2, np.nan], [[1, 2, 3]]])
def test_too_few_values_are_refused(values):
    with pytest.raises(UserError, match="values: expected at least 3 finite numbers"):
        tolerance_interval(values)


def test_a_band_is_kept_if_fresh_seeds_lie_in_it():
    """P(at most 17 of 20) is 0.075 where 95 % lie inside, and P(at most 16) is 0.016."""
    assert [holds_outside(inside, 20) for inside in (16, 17, 20)] == [False, True, True]


def test_a_measure_without_spread_or_value_has_no_band():
    assert bands(
        {
            "same": [1, 1, 1 + 1e-10],
            "lost": [1, np.nan, 2],
            "CPU time (min)": [1, 2, 3],
            "memory of the process (MiB)": [1, 2, 3],
            "rate": [1, 2, 3],
        }
    ).keys() == {"rate"}


def test_bands_beside_a_protocol_are_the_checks_of_its_reduced_preset(tmp_path):
    path = tmp_path / "own.py"
    path.write_text(OWN)
    made = bands({"rate (Hz)": [5.1, 5.5, 5.9]})["rate (Hz)"]
    write_bands(tmp_path / "own.bands.csv", [row_of("slow", "rate (Hz)", made, "0 to 2")])
    protocol = find_protocol(str(path))

    def checks(**changes):
        return {c.what: c for c in protocol.checks(protocol.prepare(protocol.config(**changes), tmp_path).execute())}

    found = checks(quick=True)
    assert list(found) == ["rate (Hz)", "one"] and found["rate (Hz)"].source == "our seeds 0 to 2, 95/95 % tolerance"
    (band,) = read_bands(tmp_path / "own.bands.csv").values()
    assert (found["rate (Hz)"].low, found["rate (Hz)"].high) == band.limits and found["rate (Hz)"].holds
    # A variant without bands, other scales and conditions that must fail keep the protocol's own checks.
    for changes in ({"rate": 50.0, "quick": True}, {}, {"quick": True, "size": 3}, {"quick": True, "rate": 0.0}):
        assert checks(**changes)["rate (Hz)"].source == "our criterion"
    # A mistake in the program that leaves the criterion is seen.
    path.write_text(OWN.replace("config.rate +", "4 * config.rate +"))
    protocol = find_protocol(str(path))
    assert not checks(quick=True)["rate (Hz)"].holds


@pytest.mark.parametrize(
    "text", ["a,b\n1,2\n", "variant,measure,low,high,scale,seeds,fresh\na,rate,low,2,x,0 to 2,\n", "variant\n\xff"]
)
def test_a_file_that_holds_no_bands_is_refused_when_the_protocol_is_read(text, tmp_path):
    path = tmp_path / "own.py"
    path.write_text(OWN)
    (tmp_path / "own.bands.csv").write_text(text, encoding="latin-1")
    with pytest.raises(
        UserError, match=r"own\.bands\.csv: expected bands with the columns variant, measure, low, high"
    ):
        find_protocol(str(path))


def test_a_band_without_its_measure_is_left_out(tmp_path):
    write_bands(tmp_path / "x.csv", [row_of("a", "rate", tolerance_interval([1, 2, 3]), "0 to 2")])
    assert with_bands([], {"other": 1.0}, "a", read_bands(tmp_path / "x.csv")) == []


def stated(tmp_path, band, own, low, high):
    """Return the check of a rate of 5 Hz with this band and the protocol's own check."""
    write_bands(tmp_path / "x.csv", [row_of("a", "rate", band, "0 to 2", own=own)])
    found = with_bands([Check("rate", 5.0, low, high, "ours")], {"rate": 5.0}, "a", read_bands(tmp_path / "x.csv"))
    return [(check.low, check.high, check.source) for check in found]


TEN = "our seeds 0 to 2, 95/95 % tolerance"


def test_the_narrower_of_a_band_and_a_criterion_counts(tmp_path):
    band = Tolerance(2.0, 8.0, "x")
    assert stated(tmp_path, band, True, 0, 9) == [(2, 8, TEN)]
    assert stated(tmp_path, band, True, 3, 7) == [(3, 7, "ours")]
    assert stated(tmp_path, band, True, 4, np.inf) == [(4, 8, f"ours; {TEN}")]


def test_the_reduced_preset_does_not_state_a_criterion_that_it_does_not_meet(tmp_path):
    band = Tolerance(2.0, 8.0, "x")
    assert stated(tmp_path, band, False, 7, np.inf) == [(2, 8, f"{TEN}; at full scale >= 7 (ours)")]
    assert stated(tmp_path, None, False, 7, np.inf) == []
    assert stated(tmp_path, None, True, 4, 6) == [(4, 6, "ours")]
