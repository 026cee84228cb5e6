"""Mistakes: of a developer, which checks and tests see, and of a user, which are refused."""

import pytest
from campaign import inputs, options, own
from campaign.case import faults
from mistakes import MISTAKES
from mutate import caught_by_test, fallen_checks

from places import ROOT
from snnlab.lab.discovery import files
from snnlab.lab.protocol import find_protocol
from snnlab.lab.statistics.tolerance import bands_file, read_bands

TRUST = (ROOT / "docs" / "trust.md").read_text(encoding="utf-8")

# A mistake seldom needs a run. `make test` tries one in many, `make test-science` all.
CASES = [case for module in (own, inputs, options) for case in module.cases()]
SAMPLE = CASES[:: len(CASES) // 60][:60]
KINDS = {kind: [case for case in CASES if case.kind == kind] for kind in sorted({case.kind for case in CASES})}


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: f"{mistake.protocol}: {mistake.what}")
def test_a_deliberate_mistake_can_be_made_and_is_listed(mistake):
    assert (ROOT / mistake.path).read_text(encoding="utf-8").count(mistake.right) == 1
    assert mistake.right != mistake.wrong and (ROOT / mistake.test.partition("::")[0]).is_file()
    row = f"| `{mistake.protocol}` | {mistake.what} |"
    (line,) = [line for line in TRUST.splitlines() if row in line]
    assert ("no check" not in line) == mistake.seen and f"`{mistake.test}`" in line


def test_checks_of_every_protocol_but_one_see_a_mistake():
    """A liquid's input is calibrated to a rate, and its readout learns from whatever it does."""
    assert set(files("protocols")) - {mistake.protocol for mistake in MISTAKES if mistake.seen} == {"liquid_mnist"}


def test_criteria_that_a_reduced_preset_does_not_state_are_listed():
    rows = {
        f"| `{name}` | {variant} | {measure} |"
        for name, path in files("protocols").items()
        for (variant, measure), band in read_bands(bands_file(path)).items()
        if not band.own
    }
    section = TRUST.partition("## Bands of reduced presets")[2].partition("\n## ")[0]
    listed = [line for line in section.splitlines() if line.startswith("| `")]
    assert set(listed) == rows and len(listed) == len(rows) > 0


def test_every_control_of_a_protocol_is_argued():
    section = TRUST.partition("## Controls")[2].partition("\n## ")[0]
    controls = {control for name in files("protocols") for control in find_protocol(name).controls}
    assert {line.split("`")[1] for line in section.splitlines() if line.startswith("| `")} == controls


@pytest.mark.science
@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: f"{mistake.protocol}: {mistake.what}")
def test_a_deliberate_mistake_is_seen(mistake):
    assert bool(fallen_checks(mistake)) == mistake.seen and caught_by_test(mistake)


@pytest.mark.parametrize("case", SAMPLE, ids=lambda case: case.name)
def test_a_users_mistake_is_refused_and_nothing_is_written(case, tmp_path):
    assert faults(case, tmp_path) == []


@pytest.mark.science
@pytest.mark.parametrize("kind", KINDS)
def test_every_mistake_of_a_user_is_refused_and_nothing_is_written(kind, tmp_path):
    folders = {case.name: tmp_path / str(number) for number, case in enumerate(KINDS[kind])}
    assert len(folders) == len(KINDS[kind])
    for folder in folders.values():
        folder.mkdir()
    wrong = {case.name: found for case in KINDS[kind] if (found := faults(case, folders[case.name]))}
    assert wrong == {}
