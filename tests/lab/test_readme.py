"""What the README shows runs as shown."""

import re

import matplotlib.pyplot as plt
import numpy as np
import pytest

from places import ROOT
from snnlab.analysis import trains
from snnlab.lab.protocol import find_protocol

PAGES = [*sorted(ROOT.glob("README*.md")), *sorted((ROOT / "docs" / "results").glob("*.md"))]


def blocks(name):
    return re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)


def test_both_languages_show_the_same_programs():
    assert len(blocks("README.md")) == 6
    assert blocks("README.md") == blocks("README.ja.md")


def test_the_files_shown_are_those_that_tests_run_and_the_neuron_is_short():
    names = ("my_neuron.py", "my_study.py", "my_network.py", "my_rule.py")
    shown = [(ROOT / "tests" / "data" / name).read_text() for name in names]
    assert [blocks("README.md")[k] for k in (0, 1, 2, 5)] == shown
    assert len(shown[0].splitlines()) <= 25


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", ["boltzmann", "force", "movie_and_song", "reservoir"])
def test_tables_hold_the_same_numbers_in_both_languages(page):
    def numbers(text):
        # The header does not count; words stand in another order.
        rows = re.findall(r"^\| [^|]*\|(.*)\|$(?!\n\|--)", text, re.MULTILINE)
        return [sorted(re.findall(r"\d+(?:[.,]\d+)*", row)) for row in rows]

    english, japanese = (ROOT / "docs" / "results" / f"{page}{suffix}.md" for suffix in ("", ".ja"))
    assert numbers(english.read_text(encoding="utf-8")) == numbers(japanese.read_text(encoding="utf-8"))


@pytest.mark.programs
@pytest.mark.standalone
def test_the_boltzmann_program_spells(capsys):
    scope = {}
    exec(blocks("README.md")[4], scope)
    assert 1 < scope["fit"].periods < 20_000 and len(scope["fit"].block_periods) == 1
    np.testing.assert_array_equal(scope["fit"].machine.generate(16, scope["fit"].traces), scope["word"]("SUN"))
    assert capsys.readouterr().out.count("#") == scope["drawn"].sum() > 20


@pytest.mark.programs
def test_the_lesion_program_runs_on_a_run_file(tmp_path, monkeypatch):
    protocol = find_protocol("force_sine")
    size = {"neuron": "lif", "n": 60, "dt": 0.5, "seconds": 0.6, "learn_start": 0.1, "learn_stop": 0.4}
    path, _ = protocol.execute(protocol.config(**size), tmp_path)
    monkeypatch.chdir(tmp_path)
    path.rename("RUN.nc")
    plt.close("all")
    scope = {}
    exec(blocks("README.md")[3].replace("net.run(2.0", "net.run(0.1, target='numpy'"), scope)
    assert len(scope["amplitudes"]) == len(scope["fractions"]) == 6
    # Half of the neurons carry less output than all of them.
    assert scope["amplitudes"][-1] != pytest.approx(scope["amplitudes"][0])
    assert (tmp_path / "lesion.png").stat().st_size > 5000


@pytest.mark.programs
def test_the_own_network_fires_irregularly_unless_inhibition_is_weak(tmp_path):
    protocol, cv = find_protocol(str(ROOT / "tests" / "data" / "my_network.py")), {}
    for g in (5.0, 3.0):
        run = protocol.execute(protocol.config(g=g), tmp_path)[1]
        fired = trains.trains(run.spike_time.values, run.spike_neuron.values, 50)
        cv[g] = np.nanmean([trains.cv_isi(train[train > 0.1]) for train in fired])
    assert cv[5.0] > 0.3 and cv[3.0] < 0.05
