"""Run files of version 0.1.0 are read: claims, figures, trained networks.

One small run a family, written by commit f41df2e; most are too small to learn. A study may run them anew.
"""

import json

import numpy as np
import pytest

import snnlab
from places import DATA
from snnlab.cli.main import main
from snnlab.files.record import attribute, load
from snnlab.lab.discovery import files
from snnlab.lab.protocol import find_protocol, judge_again
from snnlab.lab.run import stored_checks
from snnlab.lab.statistics.tolerance import bands_file, read_bands

RUNS = sorted((DATA / "first_edition").glob("*.nc"))
FAMILIES = {"force", "replay", "song", "boltzmann", "reservoir", "liquid", "patterns", "single", "rate"}


def of(name):
    (path,) = (path for path in RUNS if path.name.startswith(f"{name}-"))
    return path


def test_every_family_has_an_old_run():
    found = {files("protocols")[load(path).attrs["protocol"]].parent.name for path in RUNS}
    assert found == FAMILIES


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.stem)
def test_claims_of_an_old_run_are_what_they_were(path, capsys):
    run = load(path)
    stored, name = stored_checks(run), run.attrs["protocol"]
    now, note = judge_again(run)
    assert note == ""
    # Since then, reduced presets have bands, which narrow a criterion or take its place where it is not met.
    found, bands = {check.what: check for check in now}, read_bands(bands_file(files("protocols")[name]))
    banded, given_up = {what for _, what in bands}, {what for (_, what), band in bands.items() if not band.own}
    for before in stored:
        if before.what not in banded:
            assert (found[before.what].low, found[before.what].high) == (before.low, before.high)
        if before.what in found or before.what not in given_up:
            np.testing.assert_allclose(found[before.what].measured, before.measured, rtol=1e-9)
    assert main(["claims", str(path), "--json"]) in (0, 3)
    printed = json.loads(capsys.readouterr().out)
    assert printed["note"] == "" and len(printed["checks"]) == len(now)


@pytest.mark.parametrize(
    "path",
    # The figure of a song measures each rendition.
    [pytest.param(path, marks=pytest.mark.programs if path.stem.startswith("songbird") else ()) for path in RUNS],
    ids=lambda path: path.stem,
)
def test_the_figure_of_an_old_run_is_drawn(path, tmp_path, capsys):
    figure = find_protocol(attribute_name(path)).figure
    assert main(["figure", figure, "--run", str(path), "--out", str(tmp_path)]) in (0, 3), capsys.readouterr().err
    (drawn,) = tmp_path.glob("figures/*.png")
    assert drawn.stat().st_size > 5000


def attribute_name(path):
    return load(path).attrs["protocol"]


def test_a_trained_network_of_an_old_run_goes_on():
    net = snnlab.load(of("force_sine"))
    run = net.run(0.05, target="numpy")
    assert run.output.shape[0] > 10 and np.isfinite(run.output.values).all()
    assert attribute(load(of("force_sine")), "neuron_model")["name"] == "lif"


def test_a_machine_of_an_old_run_recalls_and_goes_on_learning():
    path = of("dybm_science")
    machine, traces = snnlab.load_machine(path)
    sequence = load(path).sequence.values
    np.testing.assert_array_equal(machine.generate(len(sequence), traces), sequence)
    assert machine.fit(sequence, periods=5, target="numpy", state=snnlab.load_state(path)).recalled
