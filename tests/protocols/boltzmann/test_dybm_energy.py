"""Which term decides: on terms made by hand, along a machine's steps, in reduced runs, over machines."""

import numpy as np
import pytest

from snnlab.errors import UserError
from snnlab.lab.figure import find_figure, save_figure
from snnlab.lab.protocol import find_protocol
from snnlab.lab.run import controls_fail
from snnlab.networks.boltzmann import TERMS, Boltzmann, stored_machine
from snnlab.protocols.boltzmann.dybm_energy import decided, deciding, flips, walk

PROTOCOL = find_protocol("dybm_energy")
RECALLED = "recalled at the end (1: yes)"
# Two steps of two neurons: energies 1, -1, -2 and 3.
HAND = np.array([[[1, -4], [-2, 1], [5, 2], [-3, 0]], [[1, 1], [-5, 2], [1, -9], [1, 9]]], float)


def test_the_largest_term_of_the_right_sign_decides():
    np.testing.assert_array_equal(HAND.sum(1), [[1, -1], [-2, 3]])
    # -9 is as large as 9, but says off where the neuron is on.
    np.testing.assert_array_equal(deciding(HAND), [[2, 0], [1, 3]])
    np.testing.assert_array_equal(decided(HAND), [0.25] * 4)


def test_a_decision_flips_where_the_rest_says_otherwise():
    # Without each term the energies are 0, 3, -3, 2; 3, -2, 3, 1; -4, -3, -3, 12; 4, -1, -3, -6.
    np.testing.assert_array_equal(flips(HAND, "zero"), [0.25, 0.25, 0.25, 0.25])
    means = HAND.mean(0)
    for term, share in enumerate(flips(HAND, "mean")):
        replaced = HAND.copy()
        replaced[:, term] = means[term]
        assert share == ((replaced.sum(1) < 0) != (HAND.sum(1) < 0)).mean()
    constant = HAND.copy()
    constant[:, 0] = [[1.0, -4.0]]
    assert flips(constant, "mean")[0] == 0


def test_a_walk_is_what_the_machine_does_and_what_it_is_shown(rng):
    machine = Boltzmann.random(5, rng, size=1.0)
    _, traces = machine.read((rng.random((20, 5)) < 0.4).astype(int))
    terms, done = walk(machine, traces, 12)
    np.testing.assert_array_equal(done, machine.generate(12, traces))
    np.testing.assert_allclose(terms[0], machine.terms(traces))
    shown = (rng.random((12, 5)) < 0.4).astype(np.uint8)
    terms, _ = walk(machine, traces, 12, shown)
    surprise, _ = machine.read(shown, traces)
    np.testing.assert_allclose(surprise, np.logaddexp(0, np.where(shown, 1, -1) * terms.sum(1)))
    # A machine without weights from spikes to energies is one whose terms are taken out.
    still = machine.with_parameters(u=np.zeros_like(machine.u))

    def without_arrived(terms):
        terms[1] = 0
        return terms

    np.testing.assert_array_equal(walk(machine, traces, 12, change=without_arrived)[1], still.generate(12, traces))


@pytest.mark.programs
@pytest.mark.standalone
@pytest.mark.parametrize("seed", [100, 101, 102])
def test_the_reduced_preset_says_what_decides_and_its_control_fails(tmp_path, seed):
    _, dataset = PROTOCOL.execute(PROTOCOL.config(quick=True, seed=seed), tmp_path)
    measured = PROTOCOL.measure(dataset)
    assert not controls_fail(PROTOCOL.checks(dataset))
    assert dataset.terms.dims == ("replayed", "term", "neuron") and dataset.term.values.tolist() == list(TERMS)
    recalled = dataset.recalled.values[-1]
    np.testing.assert_array_equal(dataset.terms.values.sum(1) < 0, recalled)
    # Where all is recalled, to recall is to be shown.
    if measured[RECALLED]:
        np.testing.assert_allclose(dataset.terms, dataset.shown_terms.sel(state="trained"))
        np.testing.assert_array_equal(dataset.without.sel(manner="mean", term="bias"), recalled)
    shares = [measured[f"{term}: decides (share)"] for term in TERMS]
    assert sum(shares) == pytest.approx(1) and max(shares) < 0.9
    # Before training beta, the largest trace by far, decides nearly all.
    untrained = decided(dataset.shown_terms.sel(state="untrained").values)
    assert untrained[2] > 0.8
    broken = PROTOCOL.config(quick=True, seed=seed, control="shuffled_teacher")
    assert controls_fail(PROTOCOL.checks(PROTOCOL.execute(broken, tmp_path)[1]))


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """A run that recalls nothing, in numpy."""
    config = PROTOCOL.config(sequence="I", periods=5, target="numpy", seed=1)
    return PROTOCOL.execute(config, tmp_path_factory.mktemp("runs"))[1]


def test_recall_without_a_term_goes_on_from_what_it_did(short):
    config = PROTOCOL.config(sequence="I", periods=5, target="numpy", seed=1)
    machine, traces = stored_machine(short, config.rule())
    still = machine.with_parameters(bias=np.zeros(7))
    np.testing.assert_array_equal(short.without.sel(manner="zero", term="bias"), still.generate(8, traces))
    untrained = machine.with_parameters(**{name: short[name].values[0] for name in ("bias", "u", "v")})
    np.testing.assert_allclose(short.shown_terms.sel(state="untrained")[0], untrained.terms(traces))


def test_findings_are_of_machines_that_recall_all_and_say_how_many(short):
    runs = [short.copy(deep=True) for _ in range(5)]
    for run in runs[:4]:
        run.wrong[-1] = 0
    runs[4].wrong[-1] = 3
    share, *rows = PROTOCOL.comparisons(runs)
    assert (share.value, share.n) == (0.8, 5) and "to which the next rows apply" in share.what
    # Each term decides, is taken out, and is held at its mean, but for the bias, which is its mean.
    assert len(rows) == 4 + 2 * 4 + 2 * 3 and {row.n for row in rows} == {4}
    assert all("untrained" in row.null or row.null == "0: with all" for row in rows)
    broken = short.assign_attrs(condition="shuffled_teacher")
    assert all("taught another order" in row.null for row in PROTOCOL.comparisons([*runs, broken])[1:])
    assert PROTOCOL.comparisons(runs[:2]) == [] and len(PROTOCOL.comparisons(runs[2:])) == 1


def test_the_figure_is_drawn_from_any_run(short, tmp_path):
    png, _ = save_figure(find_figure("dybm_energy"), [short], tmp_path / "drawn")
    assert png.stat().st_size > 20_000


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sequence": "SPIKE"}, "sequence: expected the letters .*, got 'K'"),
        ({"sequence": ""}, "sequence: expected a word, evolution, music, or a file, got nothing"),
        ({"periods": 0}, "periods: expected an integer from 1 to 1,000,000,000,000, got 0"),
        ({"control": "reversed"}, "control: expected one of .*, got 'reversed'"),
    ],
    ids=str,
)
def test_bad_settings_are_refused_by_name_and_nothing_is_written(tmp_path, changes, message):
    with pytest.raises(UserError, match=message):
        PROTOCOL.execute(PROTOCOL.config(**{"target": "numpy"} | changes), tmp_path / "runs")
    assert not list(tmp_path.rglob("*.nc"))
