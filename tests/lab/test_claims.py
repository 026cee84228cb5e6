"""Checks and their bands, findings and their intervals, and how both are printed."""

import json
import math

import numpy as np
import pytest
from scipy.stats import ttest_1samp, ttest_ind

from snnlab.lab.claims import Check, Finding, checks_table, findings_table, number, table


@pytest.mark.parametrize(
    ("measured", "low", "high", "holds"),
    [
        (1.0, 0.0, 2.0, True),
        (0.0, 0.0, 2.0, True),
        (2.0, 0.0, 2.0, True),
        (-1e-12, 0.0, 2.0, False),
        (2.0 + 1e-12, 0.0, 2.0, False),
        (5.0, 1.0, math.inf, True),
        (0.5, 1.0, math.inf, False),
        (-5.0, -math.inf, 1.0, True),
        (math.nan, -math.inf, math.inf, False),
        (math.inf, 0.0, math.inf, False),
        (-math.inf, -math.inf, 0.0, False),
    ],
)
def test_check_holds_within_its_band_and_never_without_a_number(measured, low, high, holds):
    check = Check("rate", measured, low, high, "paper")
    assert check.holds is holds
    row = json.loads(json.dumps(check.to_dict(), allow_nan=False))
    assert row["holds"] is holds
    again = Check.from_dict(row)
    assert (again.what, again.low, again.high, again.source) == ("rate", low, high, "paper")
    assert again.measured == measured or (math.isnan(again.measured) and math.isnan(measured))
    assert again.holds is holds


def test_bands_read_as_text():
    assert Check("x", 1, 18.2, 19.0, "").band == "18.2 .. 19"
    assert Check("x", 1, -math.inf, 0.03, "").band == "<= 0.03"
    assert Check("x", 1, 0.97, math.inf, "").band == ">= 0.97"


def test_whole_numbers_keep_their_digits():
    shown = {191_900.0: "191,900", 1e7: "10,000,000", 1000.0: "1,000", 19.0: "19", -4400.0: "-4,400"}
    shown |= {1.234e7 + 1: "1.234e+07", 1234.5: "1234", 0.013742: "0.01374", math.inf: "inf", math.nan: "nan"}
    assert [number(x) for x in shown] == list(shown.values())


def test_interval_of_a_finding_covers_the_mean_and_has_the_width_of_theory(rng):
    values = rng.normal(2.0, 1.0, 50)
    finding = Finding.over_seeds("rate", values, null="0")
    assert finding.value == values.mean()
    assert finding.n == 50
    assert finding.low < 2.0 < finding.high
    # 2 x 1.96 standard errors; the bootstrap takes the variance with 1/n, and 9999 resamples give 2 %.
    assert finding.high - finding.low == pytest.approx(2 * 1.96 * values.std() / np.sqrt(50), rel=0.05)
    assert Finding.over_seeds("rate", values, null="0") == finding


def test_intervals_of_few_seeds_are_students(rng):
    values, others = rng.standard_normal((2, 5))
    found = Finding.over_seeds("rate", values, null="0")
    expected = ttest_1samp(values, 0).confidence_interval()
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    found = Finding.difference("gain", values, others[:3], null="0")
    expected = ttest_ind(values, others[:3], equal_var=False).confidence_interval()
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    same = Finding.difference("gain", [1.0] * 3, [0.5] * 3, null="0")
    assert (same.low, same.value, same.high) == (0.5, 0.5, 0.5)
    alone = Finding.over_seeds("rate", [2.0], null="0")
    assert (alone.low, alone.high, alone.n) == (2.0, 2.0, 1)


def test_difference_of_two_groups_resamples_both(rng):
    first, second = rng.normal(3.0, 1.0, 30), rng.normal(1.0, 2.0, 40)
    finding = Finding.difference("gain", first, second, null="0", published="2")
    assert finding.value == first.mean() - second.mean()
    assert finding.low < 2.0 < finding.high
    error = np.sqrt(first.var() / 30 + second.var() / 40)
    assert finding.high - finding.low == pytest.approx(2 * 1.96 * error, rel=0.05)
    assert (finding.n, finding.published) == (30, "2")
    assert Finding.difference("gain", first, second, null="0", published="2") == finding


def test_interval_of_a_share_is_the_exact_binomial_one():
    every = Finding.share("learned", [True] * 10, null="0")
    assert (every.value, every.high, every.n) == (1.0, 1.0, 10)
    # No success or ten: 1 - 0.025^(1/10).
    assert every.low == pytest.approx(0.025**0.1)
    none = Finding.share("learned", [False] * 10, null="0")
    assert (none.low, none.high) == (0.0, pytest.approx(1 - 0.025**0.1))
    assert Finding.share("learned", [True, False, True], null="0").value == pytest.approx(2 / 3)


def test_finding_is_json_even_where_a_value_is_missing():
    row = Finding.over_seeds("rate", [1.0, math.nan], null="0").to_dict()
    assert json.loads(json.dumps(row, allow_nan=False))["value"] == "nan"
    assert (
        json.loads(json.dumps(Finding.over_seeds("rate", [1.0, 2.0], "0").to_dict(), allow_nan=False))["value"] == 1.5
    )


def test_tables_are_aligned_and_say_what_fails():
    lines = checks_table([Check("rate", 5.0, 1.0, 6.0, "here"), Check("error", math.nan, 0.0, 1.0, "there")]).split(
        "\n"
    )
    assert len(lines) == 3
    assert lines[1].split()[0] == "holds" and "1 .. 6" in lines[1] and lines[1].endswith("here")
    assert lines[2].split()[0] == "FAILS" and "nan" in lines[2]
    assert len({line.index(word) for line, word in zip(lines, ("check", "rate", "error"), strict=True)}) == 1
    assert "1 .. 2" in findings_table([("", Finding("rate", 1.5, 1.0, 2.0, 10, "0", "1.6"))])
    assert "none: one seed" in findings_table([("", Finding.over_seeds("rate", [1.5], "0"))])
    # The binomial interval of one network is one.
    assert "0.025 .. 1" in findings_table([("", Finding.share("replay", [True], "0"))])
    assert table([("a", "bb")], ("ccc", "d")) == "ccc  d\na    bb"


def test_a_ratio_is_averaged_as_its_logarithm_and_stays_positive():
    found = Finding.ratio("x", [0.5, 2.0, 1.0], "1: no difference")
    assert found.value == pytest.approx(1.0) and found.low * found.high == pytest.approx(1.0)
    wide = Finding.ratio("x", [0.01, 1.0, 100.0], "1: no difference")
    assert 0 < wide.low < 0.01 and wide.high > 100 and wide.n == 3
    logs = Finding.over_seeds("x", np.log([0.5, 2.0, 1.0]), "")
    assert (found.low, found.high) == pytest.approx((np.exp(logs.low), np.exp(logs.high)))
