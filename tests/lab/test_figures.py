"""Figures: drawn from run files alone, stamped, and the arrays behind them against a stored baseline."""

import json
from dataclasses import asdict
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

from places import ROOT
from snnlab.cli.main import main
from snnlab.files.record import load
from snnlab.lab.discovery import files
from snnlab.lab.figure import collect, find_figure, needed_runs, save_figure, stamp, write_claims
from snnlab.lab.grouping import neutral
from snnlab.lab.protocol import find_protocol
from snnlab.plotting import panels as plotting


def test_reproduce_studies_draws_and_sums_up(tmp_path, capsys):
    gallery = tmp_path / "gallery"
    arguments = ["reproduce", "synaptic_filters", "--seeds", "100:102", "--jobs", "1", "--gallery", str(gallery)]
    assert main([*arguments, "--out", str(tmp_path / "runs")]) == 0
    (line,) = [s for s in capsys.readouterr().out.splitlines() if s.startswith("synaptic_filters  ")]
    # Nothing in it is random: one run is all.
    assert "4 of 4" in line
    claims = json.loads((gallery / "single" / "synaptic_filters.json").read_text())
    condition = claims["studies"][0]["conditions"][0]
    assert condition["seeds"] == [] and len(condition["files"]) == 1


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("reproduce NAME --gallery file", "gallery: expected a writable folder, got 'file/single': Not a directory"),
        ("reproduce NAME --gallery file/deep", "gallery: expected a writable folder, got 'file/deep/single'"),
        ("reproduce NAME --gallery taken", "gallery: expected a writable folder, got 'taken/single': File exists"),
        ("reproduce NAME --gallery new --out file", "out: expected a writable folder, got 'file/figures'"),
        ("figure NAME --out drawn", "out: expected a writable folder, got 'drawn/figures': File exists"),
        ("study NAME --json file/a.json", "json: expected a file in a folder that exists, got no folder 'file'"),
    ],
)
def test_a_folder_that_cannot_be_written_is_refused_before_the_first_run(
    command, message, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    for name in ("file", "taken/single", "drawn/figures"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    given = sorted(tmp_path.rglob("*"))
    assert main(command.replace("NAME", "synaptic_filters").split()) == 2
    assert message in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == given


def test_the_figure_command_runs_what_is_missing_and_draws_png_and_pdf(tmp_path, capsys):
    arguments = ["figure", "synaptic_filters", "--quick", "--no-progress", "--out", str(tmp_path)]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert (
        "synaptic_filters-quick.png" in printed
        and "reduced preset; the caption describes the published" in " ".join(printed.split())
    )
    (run,) = tmp_path.glob("*.nc")
    written = run.stat().st_mtime_ns
    for suffix in ("png", "pdf"):
        assert (tmp_path / "figures" / f"synaptic_filters-quick.{suffix}").stat().st_size > 5000
    assert main(arguments) == 0
    assert run.stat().st_mtime_ns == written


def test_the_gallery_holds_a_png_and_the_claims_of_every_figure():
    for name, file in files("figures").items():
        folder = ROOT / "figures" / "gallery" / file.parent.name
        assert 10_000 < (folder / f"{name}.png").stat().st_size <= 200_000
        claims = json.loads((folder / f"{name}.json").read_text())
        assert claims["caption"]
        wanted_by = {
            protocol: stated(find_figure(name), protocol) for protocol in {run["protocol"] for run in claims["runs"]}
        }
        for run in claims["runs"]:
            wanted = wanted_by[run["protocol"]]
            config = run["config"]
            assert run["preset"] == "full" or any(all(config.get(k) == v for k, v in each.items()) for each in wanted)


@pytest.mark.parametrize(
    "name",
    # This figure has runs of 36 pairs of gains.
    [
        pytest.param(each, marks=pytest.mark.programs if each == "nicola2017_gain_plane" else ())
        for each in files("figures")
    ],
)
def test_what_a_figure_needs_can_be_reduced(name, tmp_path):
    figure, seeds = find_figure(name), {}
    for spec, overrides in figure.needed(quick=True):
        protocol = find_protocol(spec)
        reduced = protocol.config(True, **overrides)
        # Its path needs all that a run would refuse.
        assert protocol.prepare(reduced, tmp_path).path.parent == tmp_path
        # What variants enlarge is small as well.
        assert protocol.preset(reduced) != "full" or not protocol.quick
        if protocol.quick_variants:
            assert protocol.preset(reduced) == "quick"
            # It has the size of the reduced preset, or of one that a variant states for it.
            stated = [variant["n"] for variant in protocol.quick_variants.values() if "n" in variant]
            assert getattr(reduced, "n", None) in [getattr(protocol.config(True), "n", None), *stated]
        # Two variants may be reduced to the same.
        setting = repr({k: v for k, v in computed(reduced).items() if k != "seed"})
        seeds.setdefault((spec, setting), set()).add(getattr(reduced, "seed", 0))
    assert all(len(drawn) <= 3 for drawn in seeds.values())


def stated(figure, protocol):
    """What decides what is computed in every run of a protocol that a figure states; open fields are left out."""
    found = find_protocol(protocol)
    configs = [found.config(**values) for p, values in figure.needs if p == protocol]
    plain = [json.loads(json.dumps(computed(config))) for config in configs]
    return [{k: v for k, v in config.items() if v is not None} for config in plain]


def computed(config):
    return {k: v for k, v in asdict(config).items() if k == "seed" or k not in neutral(type(config))}


@pytest.fixture(scope="module")
def sine_run(tmp_path_factory):
    protocol = find_protocol("force_sine")
    size = {"n": 60, "seconds": 1.2, "learn_start": 0.2, "learn_stop": 0.5, "dt": 0.5, "eigenvalues": True}
    return protocol.execute(protocol.config(neuron="lif", target="numpy", **size), tmp_path_factory.mktemp("runs"))[0]


def test_a_reduced_run_is_stamped_as_such_and_claims_are_written(sine_run, tmp_path):
    figure = find_figure("nicola2017_fig2")
    dataset = load(sine_run)
    png, _ = save_figure(figure, [dataset], tmp_path / "drawn")
    assert png.stat().st_size > 20_000
    assert "seed 0, custom preset" in stamp([dataset])
    several = [dataset.assign_attrs(seed=seed) for seed in (9, 3, 4, 5)]
    assert "4 runs, seeds 3 to 5, 9, custom preset" in stamp(several)
    write_claims(figure, [dataset], tmp_path / "drawn.json", [{"protocol": "force_sine"}])
    claims = json.loads((tmp_path / "drawn.json").read_text())
    assert claims["runs"][0]["preset"] == "custom" and claims["studies"]


def test_reduced_runs_do_not_enter_the_gallery(tmp_path, capsys):
    assert main(["reproduce", "--quick", "--gallery", str(tmp_path / "gallery"), "--out", str(tmp_path)]) == 2
    assert "gallery: expected the published scale, got --quick" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_eigenvalues_that_learning_moves_out_are_the_ones_of_the_feedback_loop():
    rng = np.random.default_rng(0)
    n = 200
    random = rng.standard_normal((n, n)) / np.sqrt(n)
    direction = rng.standard_normal(n)
    total = random + 4 * np.outer(direction, direction) / n
    _, ax = plt.subplots()
    moved = plotting.eigenvalues(ax, np.linalg.eigvals(random), np.linalg.eigvals(total))
    assert len(moved) == 1
    assert moved[0].real == pytest.approx(4 * direction @ direction / n, rel=0.15)


def test_the_raster_holds_the_spikes_of_its_window_and_neurons():
    _, ax = plt.subplots()
    times, neurons = np.array([0.1, 0.5, 0.6, 0.7]), np.array([0, 1, 5, 1])
    plotting.raster(ax, times, neurons, 0.4, 1.0, n=3)
    drawn = [list(c.get_positions()) for c in ax.collections]
    assert drawn == [[], [0.5, 0.7], []]


def test_arrays_behind_the_filter_figure(num_regression, tmp_path):
    figure = find_figure("synaptic_filters")
    (dataset,) = collect(figure, needed_runs(figure, True, tmp_path), progress=False)
    shown = dataset.isel(time=slice(0, 2000, 40))
    arrays = {name: shown[name].values for name in ("exponential", "double_exponential")}
    num_regression.check(arrays, default_tolerance={"rtol": 1e-9, "atol": 1e-12})


@pytest.mark.science
def test_arrays_behind_the_neuron_figure_and_its_claims(num_regression, tmp_path):
    figure = find_figure("neuron_models")
    (dataset,) = collect(figure, needed_runs(figure, True, tmp_path), progress=False)
    assert all(c.holds for c in find_protocol("neuron_models").checks(dataset))
    arrays = {name: dataset[name].values for name in dataset if str(name).endswith(("_rate", "_law"))}
    num_regression.check(arrays, default_tolerance={"rtol": 1e-6, "atol": 1e-9})
