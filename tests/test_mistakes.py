"""Mistakes: of a developer, which checks and tests see, and of a user, which are refused."""

import pytest
from campaign import inputs, options, own
from campaign.case import faults
from mutate import MISTAKES, caught_by_test, fallen_checks

from places import ROOT

# A mistake seldom needs a run, so one in many is tried here, and all by `python -m campaign`.
CASES = [case for module in (own, inputs, options) for case in module.cases()]
SAMPLE = CASES[:: len(CASES) // 60][:60]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: f"{mistake.protocol}: {mistake.what}")
def test_a_deliberate_mistake_can_be_made_and_is_listed(mistake):
    assert (ROOT / mistake.path).read_text(encoding="utf-8").count(mistake.right) == 1
    assert mistake.right != mistake.wrong and (ROOT / mistake.test.partition("::")[0]).is_file()
    row = f"| `{mistake.protocol}` | {mistake.what} |"
    (line,) = [line for line in (ROOT / "docs" / "trust.md").read_text(encoding="utf-8").splitlines() if row in line]
    assert ("no check" not in line) == mistake.seen and f"`{mistake.test}`" in line


@pytest.mark.science
@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: f"{mistake.protocol}: {mistake.what}")
def test_a_deliberate_mistake_is_seen(mistake):
    assert bool(fallen_checks(mistake)) == mistake.seen and caught_by_test(mistake)


@pytest.mark.parametrize("case", SAMPLE, ids=lambda case: case.name)
def test_a_users_mistake_is_refused_and_nothing_is_written(case, tmp_path):
    assert faults(case, tmp_path) == []
