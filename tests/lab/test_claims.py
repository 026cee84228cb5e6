"""Checks and their bands, findings and their intervals, and how both are printed."""

import json
import math

import numpy as np
import pytest
import xarray as xr
from scipy.stats import binomtest, ttest_1samp, ttest_ind

from snnlab.errors import UserError
from snnlab.lab.claims import Check, Finding, checks_table, correct_p, findings_table, number, per_seed, rows_of, table


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


@pytest.mark.parametrize("n", [3, 10, 50])
def test_intervals_are_students_and_welchs_for_any_number_of_seeds(n, rng):
    values, others = rng.normal(2.0, 1.0, n), rng.normal(1.0, 2.0, n + 4)
    found, test = Finding.over_seeds("rate", values, null=1.5), ttest_1samp(values, 1.5)
    expected = test.confidence_interval()
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert (found.value, found.n, found.null, found.against) == (values.mean(), n, "1.5", 1.5)
    assert found.p == pytest.approx(test.pvalue) and found.interval == "Student's t"
    found, test = Finding.difference("gain", values, others, null="0: none"), ttest_ind(values, others, equal_var=False)
    expected = test.confidence_interval()
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.p == pytest.approx(test.pvalue) and found.interval == "Welch's t" and found.n == n


def test_values_without_spread_and_single_ones():
    same = Finding.difference("gain", [1.0] * 3, [0.5] * 3, null="0")
    assert (same.low, same.value, same.high, same.p) == (0.5, 0.5, 0.5, None)
    assert Finding.over_seeds("rate", [2.0] * 3, null=2.0).p is None
    assert same.interval == Finding.over_seeds("rate", [2.0] * 3, null=0.0).interval == "all equal"
    assert "none: all seeds are equal" in findings_table([("", same)])
    alone = Finding.over_seeds("rate", [2.0], null=0.0)
    assert (alone.low, alone.high, alone.n, alone.interval, alone.p) == (2.0, 2.0, 1, "none", None)
    assert Finding.difference("gain", [2.0], [1.0, 3.0], null="0").interval == "none"
    for values in ([], [[1.0, 2.0]], {}):
        with pytest.raises(UserError, match=r"^values: expected at least one number, one for each seed, got shape"):
            Finding.over_seeds("rate", values, "0")


def test_the_interval_of_a_bounded_quantity_is_cut_at_its_bounds(rng):
    values = [0.9, 1.0, 0.8, 1.0]
    whole, found = (Finding.over_seeds("share", values, 0.5, **each) for each in ({}, {"within": (0, 1)}))
    assert whole.high > 1 == found.high and found.interval == "Student's t, cut at 1"
    assert (found.low, found.value, found.p) == (whole.low, whole.value, whole.p)
    assert Finding.over_seeds("share", [0.4, 0.5, 0.6], 0.5, within=(0, 1)).interval == "Student's t"
    with pytest.raises(UserError, match=r"^within: expected bounds that hold all values, got \(0, 1\) for 'percent'"):
        Finding.over_seeds("percent", [40.0, 50.0], 0.5, within=(0, 1))
    # The true mean of a share lies within the bounds, so no coverage is lost.
    samples = rng.beta(0.5, 5, (300, 5))
    cut = [Finding.over_seeds("share", each, "0", within=(0, 1)) for each in samples]
    covered = [each.low <= 0.5 / 5.5 <= each.high for each in cut]
    free = [Finding.over_seeds("share", each, "0") for each in samples]
    assert covered == [each.low <= 0.5 / 5.5 <= each.high for each in free] and min(each.low for each in cut) == 0


def test_a_null_in_words_is_tested_where_its_number_is_stated():
    values = [0.2, 0.4, 0.9]
    assert Finding.over_seeds("gain", values, "0: none").p is None
    assert Finding.over_seeds("gain", values, "0: none", against=0).p == pytest.approx(ttest_1samp(values, 0).pvalue)
    ratio = Finding.ratio("error over that of others", values, "1: no difference")
    assert ratio.p == pytest.approx(ttest_1samp(np.log(values), 0).pvalue) and ratio.against == 1.0
    share = Finding.share("right", [True, True, True, False], 0.25)
    assert share.p == pytest.approx(binomtest(3, 4, 0.25).pvalue)
    # One success excludes 0; no test is needed.
    assert Finding.share("right", [True, False], 0.0).p is None
    with pytest.raises(UserError, match=r"^share: expected True or False for each run, got nan$"):
        Finding.share("right", [1.0, float("nan")], 0.0)


def test_findings_keep_their_values_and_the_seeds_that_they_are_given_by():
    found = Finding.over_seeds("rate", {100: 1.0, 103: 3.0}, "0")
    assert (found.values, found.seeds, found.value) == ((1.0, 3.0), (100, 103), 2.0)
    row = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert (row["values"], row["seeds"], row["interval"]) == ([1.0, 3.0], [100, 103], "Student's t")
    pair = Finding.difference("gain", {100: 1.0, 101: 2.0}, {100: 0.0, 102: 1.0}, "0")
    assert (pair.values, pair.seeds) == (((1.0, 2.0), (0.0, 1.0)), ((100, 101), (100, 102)))
    assert pair.to_dict()["values"] == [[1.0, 2.0], [0.0, 1.0]]
    unnamed = Finding.difference("gain", [1.0, 2.0], {100: 0.0, 102: 1.0}, "0").to_dict()
    assert unnamed["values"] == [[1.0, 2.0], [0.0, 1.0]] and "seeds" not in unnamed
    assert Finding.share("right", {100: True, 101: False}, "0").to_dict()["values"] == [1.0, 0.0]
    assert Finding.ratio("error", [2.0, 8.0], "1").values == (2.0, 8.0)


def test_values_of_runs_have_their_seeds_where_these_are_known_and_distinct():
    runs = [xr.Dataset(attrs={"seed": seed}) for seed in (101, 100)]
    assert per_seed(runs, [1.0, 2.0]) == {101: 1.0, 100: 2.0}
    assert per_seed([runs[0], runs[0]], [1.0, 2.0]) == per_seed([runs[0], xr.Dataset()], [1.0, 2.0]) == [1.0, 2.0]
    with pytest.raises(UserError, match=r"^values: expected 2 numbers, one for each run, got 1$"):
        per_seed(runs, [1.0])


def test_a_study_of_more_than_five_comparisons_has_holms_p_beside_the_plain_interval(rng):
    found = [Finding.over_seeds(f"gain {k}", rng.normal(k / 4, 1, 10), "0: none", against=0) for k in range(5)]
    words = Finding.over_seeds("rate", [1.0, 2.0], "a description")
    assert correct_p([*found, words]) == [None] * 6
    assert not any("p_holm" in row for row in rows_of([("", f) for f in found]))
    found += [Finding.difference("shift", rng.normal(0, 1, 10), rng.normal(2, 1, 10), "0"), words]
    corrected = correct_p(found)
    # By definition: the smallest times 6, the next times 5, ..., never smaller than one before it.
    order = sorted(range(6), key=lambda k: found[k].p)
    steps = [min(1.0, found[k].p * (6 - rank)) for rank, k in enumerate(order)]
    assert [corrected[k] for k in order] == list(np.maximum.accumulate(steps)) and corrected[6] is None
    rows = rows_of([("a", f) for f in found])
    assert [row.get("p_holm") for row in rows] == corrected and rows[0]["variant"] == "a"
    assert (rows[0]["low"], rows[0]["high"]) == (found[0].low, found[0].high)
    printed = findings_table([("", f) for f in found]).split("\n")
    assert "p (Holm over 6)" in printed[0] and "by" in printed[0] and f"{corrected[0]:.2g}" in printed[1]
    assert "Holm" not in findings_table([("", f) for f in found[:5]])


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
    assert findings_table([]) == ""
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


@pytest.mark.parametrize("measured, low, high", [(1.0, float("nan"), 3.0), (np.ones(2), 0.0, 1.0), ("1.0", 0.0, 3.0)])
def test_a_band_without_numbers_and_a_measure_that_is_no_number_are_refused(measured, low, high):
    with pytest.raises(UserError, match=r"^check 'what': "):
        Check("what", measured, low, high, "mine")


@pytest.mark.parametrize("values", [[0.5, 0.2, 0.9], [2, 3, -1], [1, float("nan"), 0]])
def test_a_share_counts_successes_alone(values):
    with pytest.raises(UserError, match=r"^share: expected True or False for each run, got"):
        Finding.share("what", values, 0.5)


def test_numbers_of_all_kinds_are_measured():
    data = xr.DataArray([0.5, 1.5], dims="seed")
    for value in (1, np.float32(1), np.array(1.0), data.mean(), np.True_):
        check = Check("what", value, 0.0, data.max(), "mine")
        assert check.holds and check.to_dict()["measured"] == 1.0 and check.to_dict()["high"] == 1.5
