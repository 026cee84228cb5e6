"""What a source claims is stated in full or refused; verdicts follow from interval, bar, scale, seeds, text read."""

import dataclasses
import json

import numpy as np
import pytest

import snnlab
from snnlab.errors import UserError
from snnlab.lab.claims import Finding, findings_table, rows_of
from snnlab.lab.published import Published

RATE = Published(
    source="Someone & Other 2017, doi:10.0/none",
    locator="figure 2",
    kind="number",
    claimed="Neurons fire at 20 Hz.",
    value=20.0,
    unit="Hz",
    measure="mean rate",
    basis="text",
    text_read="full",
)
MORE = dataclasses.replace(RATE, kind="direction", claimed="Rate rises with input.", value=None, measure="slope")
# Ten networks around a mean with a standard error of 0.1.
SPREAD = np.linspace(-1, 1, 10) * 0.1 * np.sqrt(90) / np.sqrt(np.sum(np.linspace(-1, 1, 10) ** 2))
BAR = {"bar": (19.0, 21.0), "bar_from": "the source's spread"}


def found(mean, published=RATE, seeds=10, **beside):
    return Finding.over_seeds("rate (Hz)", mean + SPREAD[:: -(-10 // seeds)], "a description", published, **beside)


def test_the_constructed_findings_have_the_interval_that_they_are_meant_to_have():
    assert (found(20.0).low, found(20.0).high) == pytest.approx((20 - 0.226, 20 + 0.226), abs=1e-3)


@pytest.mark.parametrize(
    ("finding", "full_scale", "word", "why"),
    [
        (found(20.2, **BAR), True, "reproduced", "the interval lies within the bar"),
        (found(20.2, condition="without noise", **BAR), True, "reproduced under a condition", "without noise"),
        (found(20.2, **BAR), False, "reproduced under a condition", "the scale is not the published one"),
        (found(25.0, scan="G at 5 values", **BAR), True, "not reproduced here", "scanned: G at 5 values"),
        (
            found(25.0, dataclasses.replace(RATE, text_read="code"), scan="G", **BAR),
            True,
            "not reproduced here",
            "scanned: G",
        ),
        (found(21.1, scan="G", **BAR), True, "undecided", "the interval spans the bar"),
        (found(25.0, scan="G", **BAR), False, "undecided", "the scale is not the published one"),
        (found(25.0, scan="G", seeds=5, **BAR), True, "undecided", "fewer than 10 seeds"),
        (found(25.0, **BAR), True, "undecided", "were not scanned"),
        (
            found(25.0, dataclasses.replace(RATE, text_read="abstract"), scan="G", **BAR),
            True,
            "undecided",
            "text or program was not read",
        ),
        (found(20.0), True, "undecided", "no bar was set"),
        (Finding.over_seeds("rate", [20.0], "0", RATE, **BAR), True, "undecided", "one run has no interval"),
        (found(20.0, missing="the song is not public", **BAR), True, "not testable", "the song is not public"),
        (found(np.nan, **BAR), True, "not testable", "nothing could be measured"),
    ],
)
def test_verdicts_follow_from_the_finding(finding, full_scale, word, why):
    verdict, reduced = finding.judge(full_scale), () if full_scale else ("",)
    assert verdict.word == word and why in verdict.why
    (row,) = rows_of([("", finding)], reduced)
    row = json.loads(json.dumps(row, allow_nan=False))
    assert (row["verdict"], row["why"]) == tuple(verdict)
    assert row["published"]["locator"] == "figure 2" and row["published"]["value"] == 20.0
    printed = findings_table([("", finding)], reduced).split("\n")
    assert printed[0].endswith("verdict") and f"20 Hz (Someone & Other 2017)  {word}: {verdict.why}" in printed[1]


def test_a_direction_needs_an_interval_without_zero_and_a_wrong_sign_falls():
    up = {"bar": (0.0, float("inf")), "scan": "input of both kinds"}
    assert found(1.0, MORE, **up).judge(True).word == "reproduced"
    assert found(-1.0, MORE, **up).judge(True).word == "not reproduced here"
    assert found(-1.0, MORE, bar=up["bar"]).judge(True).word == "undecided"
    assert found(0.1, MORE, **up).judge(True).word == "undecided"
    # Runs without any difference show no direction.
    assert Finding.over_seeds("slope", [0.0] * 10, "0", MORE, **up).judge(True).word == "undecided"
    # Among many comparisons one interval in twenty misses 0 by chance: the corrected p decides.
    weak = found(0.24, MORE, against=0, **up)
    assert weak.low > 0 and weak.judge(True).word == "reproduced"
    many = [("", weak), *[("", Finding.over_seeds(f"{k}", SPREAD, "0", against=0)) for k in range(9)]]
    row = rows_of(many)[0]
    assert row["p"] < 0.05 < row["p_holm"] and row["verdict"] == "undecided"
    assert row["why"] == f"p = {row['p_holm']:.2g} after correction for the number of comparisons"
    row = rows_of([("", found(1.0, MORE, **up))])[0]
    assert row["bar"] == [0.0, "inf"] and row["scan"] == up["scan"] and row["published"]["value"] is None


def test_a_finding_that_stands_beside_nothing_has_no_verdict():
    plain = Finding.over_seeds("rate", [1.0, 2.0], "0", "18 (a remark)")
    assert plain.judge(True) is None and "verdict" not in rows_of([("", plain)])[0]
    assert "verdict" not in findings_table([("", plain)])
    # Where another has one the cell stays empty.
    assert findings_table([("", plain), ("", found(20.0))]).split("\n")[1].endswith("18 (a remark)")


def test_a_claim_of_more_than_25_words_is_refused():
    words = " ".join(["word"] * 25)
    assert dataclasses.replace(RATE, claimed=words).claimed == words
    for claimed, count in ((words + " more", 26), ("", 0)):
        with pytest.raises(UserError, match=rf"^claimed: expected 1 to 25 words, got {count}$"):
            dataclasses.replace(RATE, claimed=claimed)


@pytest.mark.parametrize(("field", "wrong"), [("kind", "numbers"), ("basis", "memory"), ("text_read", "none")])
def test_words_that_are_none_of_the_listed_ones_are_refused_in_one_line(field, wrong):
    with pytest.raises(UserError, match=f"^{field}: expected one of .*, got '{wrong}'"):
        dataclasses.replace(RATE, **{field: wrong})


def test_a_number_has_a_value_and_what_is_no_number_has_none():
    with pytest.raises(UserError, match=r"^value: expected a number, got None$"):
        dataclasses.replace(RATE, value=None)
    with pytest.raises(UserError, match=r"^value: expected None, got 3\.0$"):
        dataclasses.replace(MORE, value=3.0)
    between = dataclasses.replace(RATE, value=(18.0, 21.0))
    assert str(between) == "18 .. 21 Hz (Someone & Other 2017)" and between.to_dict()["value"] == [18.0, 21.0]
    assert str(MORE) == "Rate rises with input. (Someone & Other 2017)"


def test_a_bar_upside_down_is_refused():
    with pytest.raises(UserError, match=r"^bar: expected \(low, high\) with low <= high, got \(21.0, 19.0\)$"):
        found(20.0, bar=(21.0, 19.0))


def test_published_is_a_public_name():
    assert snnlab.Published is Published
