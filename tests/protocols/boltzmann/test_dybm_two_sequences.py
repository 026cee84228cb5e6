"""A machine that learns two sequences in turns: settings, reduced runs, how training ends, resuming, the picture."""

import dataclasses
import types

import numpy as np
import pytest

from snnlab.errors import MachineError, UserError
from snnlab.files import keeping as boltzmann_keeping
from snnlab.files.record import attribute
from snnlab.lab.figure import find_figure, save_figure
from snnlab.lab.protocol import find_protocol
from snnlab.lab.run import controls_fail
from snnlab.networks.boltzmann import PUBLISHED_BLOCKS, load_machine
from snnlab.networks.boltzmann import program as boltzmann_program
from snnlab.networks.boltzmann import turns as boltzmann_turns
from snnlab.protocols.boltzmann import dybm_two_sequences as two
from snnlab.stimuli.pictures.bitmaps import mirrored, sequence_from

PROTOCOL = find_protocol("dybm_two_sequences")
FIGURES = np.array([sequence_from("evolution"), mirrored(sequence_from("evolution"))])
# With this decay rate a machine soon knows both.
SOON = {"sequence": "evolution", "cue": 30, "mu": (0.9,)}
CLOCKS = {"cpu", "wall"}


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """A run that goes on until a block needs no period."""
    return PROTOCOL.execute(PROTOCOL.config(**SOON, periods=15_000, seed=0), tmp_path_factory.mktemp("runs"))


def agrees(dataset):
    """What every run must hold."""
    looks, needed, unfinished = dataset.look.values, dataset.block_periods.values, int(dataset.unfinished)
    assert looks[0] == 0 and looks[-1] == len(needed) and dataset.age[-1] == needed.sum() + unfinished
    wanted = np.roll(dataset.sequence.values, -attribute(dataset, "config")["cue"], axis=1)
    np.testing.assert_array_equal((dataset.recalled.values != wanted).sum((2, 3)), dataset.wrong)
    # A look is at the end of a block; that last may be within one.
    whole = [i for i in range(1, len(looks)) if i < len(looks) - 1 or not unfinished]
    for i in whole:
        assert dataset.age[i] == needed[: looks[i]].sum() and dataset.wrong[i, (looks[i] - 1) % 2] == 0
    for name in ("age", "cpu", "wall"):
        assert (np.diff(dataset[name]) >= 0).all() and dataset[name][0] == 0


@pytest.mark.programs
@pytest.mark.standalone
def test_the_reduced_preset_learns_both_and_its_control_does_not(tmp_path):
    _, dataset = PROTOCOL.execute(PROTOCOL.config(quick=True, seed=0), tmp_path)
    assert not controls_fail(PROTOCOL.checks(dataset))
    assert dataset.unfinished > 0 and PROTOCOL.measure(dataset)["a block needed no training (1: yes)"] == 0
    agrees(dataset)
    broken = PROTOCOL.config(quick=True, seed=0, control="shuffled_teacher")
    assert controls_fail(PROTOCOL.checks(PROTOCOL.execute(broken, tmp_path)[1]))


@pytest.mark.programs
@pytest.mark.standalone
def test_training_ends_with_a_block_that_needs_no_period(known):
    path, dataset = known
    agrees(dataset)
    needed = dataset.block_periods.values
    assert needed[-1] == 0 and (needed[:-1] > 0).all() and dataset.unfinished == 0 and dataset.age[-1] < 15_000
    np.testing.assert_array_equal(dataset.sequence, FIGURES)
    assert dataset.wrong.values[-1].tolist() == [0, 0]
    measured = PROTOCOL.measure(dataset)
    assert measured["a block needed no training (1: yes)"] == measured[two.BOTH] == 1
    assert measured[two.BLOCKS] == len(needed) and measured[two.FIRST] == needed[:2].sum()
    machine, _ = load_machine(path)
    for sequence in FIGURES:
        recalled = machine.generate(len(sequence), cue=sequence[:30])
        np.testing.assert_array_equal(recalled, np.roll(sequence, -30, axis=0))


@pytest.mark.parametrize(("needed", "over"), [([], 0), ([0], 0), ([4], 0), ([4, 0], 1), ([0, 0], 1), ([4, 0, 2], 0)])
def test_only_a_second_block_tells_that_both_are_known(needed, over):
    assert two.ended(types.SimpleNamespace(block_periods=boltzmann_turns.xr.DataArray(np.array(needed)))) == over


@pytest.mark.programs
@pytest.mark.standalone
def test_training_ends_after_so_many_blocks_or_periods(known, tmp_path):
    _, whole = known
    _, blocks = PROTOCOL.execute(PROTOCOL.config(**SOON, blocks=5, seed=0), tmp_path)
    assert blocks.look.values.tolist() == [0, 1, 3, 5] and blocks.unfinished == 0
    np.testing.assert_array_equal(blocks.block_periods, whole.block_periods[:5])
    first, second = whole.block_periods.values[:2].tolist()
    _, periods = PROTOCOL.execute(PROTOCOL.config(**SOON, periods=first + second - 1, seed=0), tmp_path)
    assert periods.block_periods.values.tolist() == [first] and periods.unfinished == second - 1
    # At the end of the first block, and in the second.
    assert periods.look.values.tolist() == [0, 1, 1]
    for dataset in (blocks, periods):
        agrees(dataset)


@pytest.mark.programs
@pytest.mark.standalone
def test_a_killed_training_goes_on_from_its_last_stretch(tmp_path, monkeypatch):
    monkeypatch.setattr(boltzmann_keeping, "KEEP_SECONDS", 0.0)
    config = PROTOCOL.config(**SOON, periods=400, seed=0)
    _, whole = PROTOCOL.execute(config, tmp_path / "whole")
    execute, advance, calls = boltzmann_program.execute, boltzmann_program.ProgramTrainer.advance, []

    def cut(*arguments):
        calls.append(1)
        if len(calls) == 8:
            raise MachineError("cut")
        return execute(*arguments)

    def short(self, state, limits, show):
        return advance(self, state, dataclasses.replace(limits, steps_stop=2000), show)

    monkeypatch.setattr(boltzmann_program, "execute", cut)
    # So that stretches end within blocks, too.
    monkeypatch.setattr(boltzmann_program.ProgramTrainer, "advance", short)
    with pytest.raises(MachineError, match="cut"):
        PROTOCOL.execute(config, tmp_path / "cut")
    assert not list((tmp_path / "cut").glob("*.nc"))
    _, resumed = PROTOCOL.execute(config, tmp_path / "cut", resume=True)
    again = len(calls) - 8
    _, anew = PROTOCOL.execute(config, tmp_path / "anew")
    # It went on behind the seven stretches that were kept.
    assert len(calls) - 8 - again == 7 + again and again > 3
    for name in set(whole) - CLOCKS:
        np.testing.assert_array_equal(resumed[name], whole[name], name)
        np.testing.assert_array_equal(anew[name], whole[name], name)
    agrees(resumed)


def test_looks_are_about_three_in_each_factor_of_ten():
    assert boltzmann_turns._looks(1) == [1] and boltzmann_turns._looks(3) == [1, 3]
    assert boltzmann_turns._looks(40) == [1, 3, 10, 30, 40]
    published = boltzmann_turns._looks(PUBLISHED_BLOCKS)
    assert published == [*(f * 10**p for p in range(6) for f in (1, 3)), 10**6, 1_785_845]


def test_numpy_does_it_without_a_compiler(tmp_path):
    config = PROTOCOL.config(sequence="CI", cue=5, periods=4, target="numpy", seed=1)
    _, dataset = PROTOCOL.execute(config, tmp_path)
    assert dataset.attrs["target"] == "numpy" and dataset.look.values.tolist() == [0, 0]
    assert dataset.unfinished == 4 and dataset.block_periods.size == 0 and two.FIRST not in PROTOCOL.measure(dataset)


@pytest.mark.programs
@pytest.mark.standalone
def test_the_figure_says_how_many_bits_are_wrong(known, tmp_path):
    figure, (_, dataset) = find_figure(two.FIGURE), known
    _, short = PROTOCOL.execute(PROTOCOL.config(sequence="CI", cue=5, periods=4, target="numpy"), tmp_path)
    drawn = figure.draw([short, dataset])
    titles = [ax.get_title("left") for ax in drawn.axes if "bits wrong" in ax.get_title("left")]
    last = f"{len(dataset.block_periods):,} blocks: 0 bits wrong"
    assert titles[0] == f"0 blocks: {int(dataset.wrong[0, 0])} bits wrong" and titles[-2:] == [last, last]
    for index, datasets in enumerate(([dataset], [short])):
        png, *_ = save_figure(figure, datasets, tmp_path / f"drawn{index}", pdf=False)
        assert png.stat().st_size > 10_000
    assert len(figure.needs) == 10 and figure.needs[1][1] == {"seed": 101, "periods": 1_000_000_000}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"blocks": 0}, "blocks: expected an integer from 1 to 1,000,000,000,000, got 0"),
        ({"periods": 0}, "periods: expected an integer from 1 to 1,000,000,000,000, got 0"),
        ({"periods": 10**13}, "periods: expected an integer from 1 to 1,000,000,000,000, got 10000000000000"),
        ({"cue": 0}, "cue: expected an integer from 1 to"),
        ({"cue": 35}, "cue: expected an integer from 0 to 34, got 35"),
        ({"sequence": "SPIKE"}, "sequence: expected the letters .*, got 'K'"),
        ({"mu": ()}, "mu: expected decay rates"),
    ],
    ids=str,
)
def test_bad_settings_are_refused_by_name_and_nothing_is_written(tmp_path, changes, message):
    with pytest.raises(UserError, match=f"^{message}"):
        PROTOCOL.execute(PROTOCOL.config(**{"target": "numpy"} | changes), tmp_path / "runs")
    assert not list(tmp_path.rglob("*.nc"))
