"""Separation and completion in a reservoir: distances by hand, learning to a stated change, claims, figures."""

import json

import numpy as np
import pytest

from snnlab.errors import UserError
from snnlab.files.record import attribute
from snnlab.lab.figure import find_figure, save_figure
from snnlab.lab.protocol import find_protocol
from snnlab.networks.patterns.compare import average_changes, measure_distances
from snnlab.protocols.patterns import pattern_completion, pattern_separation

SMALL = {"n": 40, "inputs": 40, "active": 10, "frames": 3, "sequences": 4, "hold": 2, "density": 0.2}
NAMES = ("pattern_separation", "pattern_completion")


def test_distances_are_in_units_of_those_between_sequences():
    sequences = np.zeros((3, 2, 4))
    sequences[[0, 1, 2], :, [0, 1, 2]] = 1
    changed = sequences.copy()
    changed[0, 0] = [0, 1, 0, 0]
    found = measure_distances(lambda x: x.reshape(len(x), -1), sequences, {"same": sequences, "one frame": changed})
    assert not found.distance.sel(how="same").values.any() and found.nearest.sel(how="same").values.all()
    # Two sequences differ in 4 bits, a distance of 2; one frame in 2 bits, a distance of the root of 2.
    np.testing.assert_allclose(found.distance.sel(how="one frame"), [np.sqrt(2) / 2, 0, 0])
    # Where outputs are the inputs, or a rotation of them, nothing is separated or completed.
    np.testing.assert_allclose(found.given, found.distance)
    # Half way between two, the first of them counts.
    assert found.nearest.sel(how="one frame").values.all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rule", ["none", "hebb", "stlr", "random_walk"])
def test_a_run_ends_where_weights_have_changed_as_much(tmp_path, name, rule):
    protocol = find_protocol(name)
    _, dataset = protocol.execute(protocol.config(plasticity=rule, change=0.3, eta=0.02, **SMALL), tmp_path)
    change = float(dataset.change)
    assert change == 0 if rule == "none" else 0.3 <= change < 0.5
    assert dataset.distance.dims == ("known", "how", "sequence") and dataset.known.values.tolist() == ["learned", "new"]
    assert bool(protocol.checks(dataset)) == (rule == "none")
    assert all(np.isfinite(value) for value in protocol.measure(dataset).values())


@pytest.fixture(scope="module")
def rate_runs(tmp_path_factory):
    """Runs of rate units that do not learn."""
    protocol, folder = find_protocol("pattern_separation"), tmp_path_factory.mktemp("rate")
    return [protocol.execute(protocol.config(seed=seed, **SMALL), folder)[1] for seed in range(3)]


@pytest.mark.programs
@pytest.mark.parametrize(("rule", "eta"), [("stdp", 5e-3), ("random_walk", 0.02)])
def test_spiking_neurons_learn_as_far_within_their_bounds(tmp_path, rate_runs, rule, eta):
    protocol = find_protocol("pattern_separation")
    config = protocol.config(reservoir="spiking", plasticity=rule, change=0.2, eta=eta, target="numpy", **SMALL)
    _, dataset = protocol.execute(config, tmp_path)
    assert 0.2 <= float(dataset.change) < 0.5 and dataset.post.max() < 32
    assert 0 <= float(dataset.weights.min()) and float(dataset.weights.max()) <= 1
    assert all(np.isfinite(value) for value in protocol.measure(dataset).values())
    # Runs of another kind of reservoir are neither compared with these nor drawn in their place.
    runs = list(rate_runs)
    for seed in range(3):
        runs.append(dataset.copy())
        runs[-1].attrs["config"] = json.dumps(attribute(dataset, "config") | {"seed": seed, "plasticity": "none"})
    shares = [f.what.partition(":")[0] for f in protocol.comparisons(runs) if "distances rise" in f.what]
    assert shares == ["rate", "spiking"]
    assert save_figure(find_figure(protocol.name), runs, tmp_path / "drawn", pdf=False)[0].is_file()


def test_families_keep_their_order(tmp_path):
    protocol = find_protocol("pattern_completion")
    _, dataset = protocol.execute(protocol.config(**SMALL), tmp_path)
    given = average_changes(dataset, "missing", "learned", "given")
    assert len(given) == 5 and (np.diff(given) > 0).all()
    # The more is shown, the less is missing.
    assert (np.diff(average_changes(dataset, "begun", "new", "given")) < 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_findings_pair_seeds_and_figures_are_drawn(tmp_path, name):
    protocol, runs = find_protocol(name), []
    for rule in ("none", "hebb", "random_walk"):
        for seed in range(3):
            config = protocol.config(plasticity=rule, change=0.3, eta=0.02, seed=seed, **SMALL)
            runs.append(protocol.execute(config, tmp_path)[1])
    found = {finding.what: finding for finding in protocol.comparisons(runs)}
    module = {"pattern_separation": pattern_separation, "pattern_completion": pattern_completion}[name]
    what = next(what for what in module.measure(runs[0]) if "," in what)
    hebb, none, walk = ([module.measure(run)[what] for run in runs[k : k + 3]] for k in (3, 0, 6))
    over_none = found[f"rate: hebb, change 0.3, over no learning: {what}"]
    assert over_none.value == pytest.approx(np.mean(np.subtract(hebb, none))) and over_none.n == 3
    over_walk = found[f"rate: hebb, change 0.3, over a random walk: {what}"]
    assert over_walk.value == pytest.approx(np.mean(np.subtract(hebb, walk)))
    assert not any("random_walk, change 0.3, over a random" in w for w in found)
    assert over_walk.seeds == (0, 1, 2) and over_walk.against == 0 and over_walk.published == "none"
    figure = find_figure(name)
    assert save_figure(figure, runs, tmp_path / "drawn", pdf=False)[0].stat().st_size > 10_000
    assert len(figure.needs) == 10 * len(protocol.variants) == 190


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"plasticity": "heb"}, "plasticity: expected one of .*, got 'heb'; did you mean hebb"),
        ({"change": 0.0, "plasticity": "hebb"}, "change: expected a number > 0, got 0.0"),
        ({"active": 30}, "active: expected an integer from 2 to 20, got 30"),
        ({"frames": 1}, "frames: expected an integer from 2"),
        ({"leak": 1.5}, "leak: expected a number > 0 and <= 1, got 1.5"),
        ({"radius": -1.0}, "radius: expected a number >= 0, got -1.0"),
        ({"radius": 0.0, "plasticity": "hebb"}, "radius: expected a number > 0 for weights that change"),
        ({"density": 0.0}, "density: expected a number > 0 and <= 1, got 0.0"),
        ({"plasticity": "oja", "reservoir": "spiking"}, "plasticity: expected one of .*, got 'oja'"),
        (
            {"plasticity": "random_wlak", "reservoir": "spiking"},
            "plasticity: expected one of .*, got 'random_wlak'; did you mean random_walk",
        ),
        (
            {"plasticity": "stlr", "reservoir": "spiking", "n": 10, "density": 0.01, "target": "numpy"},
            "plasticity 'stlr': (parameter theta|no spike arrives)",
        ),
        ({"n": 5, "reservoir": "spiking"}, "n: expected an integer from 10"),
        ({"plasticity": "hebb", "eta": 1e-9, "most": 3}, "eta: expected a rate that changes the weights by 0.5 in 3"),
    ],
    ids=str,
)
def test_bad_settings_are_refused_by_name_and_nothing_is_written(tmp_path, changes, message):
    protocol = find_protocol("pattern_separation")
    with pytest.raises(UserError, match=f"^{message}"):
        protocol.execute(protocol.config(**SMALL | changes), tmp_path / "runs")
    assert not list(tmp_path.rglob("*.nc"))
