"""A mistake in an option is one line that names the option, what is expected, and what was given."""

from dataclasses import fields

import pytest

from snnlab.cli import commands
from snnlab.cli.main import main
from snnlab.lab import own

# Arguments -> the line.
LINES = {
    "run force_sine --n abc": "n: expected an integer, got 'abc'",
    "run force_sine --n 5.5": "n: expected an integer, got '5.5'",
    "run force_sine --n=3=4": "n: expected an integer, got '3=4'",
    "run force_sine --n": "n: expected an integer, got nothing",
    "run force_sine --n --seed 1": "n: expected an integer, got nothing",
    "run force_sine --n 1 2": "n: expected an integer, got 1 2",
    "run force_sine --learn-start x": "learn_start: expected a number, got 'x'",
    "run force_sine --g x": "g: expected a number or None, got 'x'",
    "run force_sine --zero-row-mean maybe": "zero_row_mean: expected True, False or None, got 'maybe'",
    "run force_sine --control feedback": "control: expected one of none, no_feedback, permuted_decoder, "
    "shuffled_teacher, got 'feedback'; did you mean no_feedback?",
    "run force_sine --control": "control: expected one of none, no_feedback, permuted_decoder, shuffled_teacher, got "
    "nothing",
    "run force_sine --no-figure 3": "figure: expected --figure or --no-figure without a value, got '3'",
    "run force_sine --quick=yes": "quick: expected --quick or --no-quick without a value, got 'yes'",
    "run force_sine --neurn lif": "option: expected one of `snnlab run force_sine --help-all`, got --neurn; did you "
    "mean --neuron?",
    "run force_sine --g 3 --xyzzy": "option: expected one of `snnlab run force_sine --help-all`, got --xyzzy",
    "run force_sine --no-seed": "option: expected one of `snnlab run force_sine --help-all`, got --no-seed; did you "
    "mean --seed?",
    "run force_sine -n 5": "option: expected one of `snnlab run force_sine --help-all`, got -n; did you mean --n?",
    "run force_sine lif": "options: expected an option such as --seed, got 'lif'",
    "run stlr_window --inputs 1 1.5": "inputs: expected integers, got '1.5'",
    "run internal_compression --levels 1 a": "levels: expected numbers or None, got 'a'",
    "study force_sine --jobs two": "jobs: expected an integer, got 'two'",
    "study force_sine --vary": "vary: expected a value, got nothing",
    "study force_sine --json": "json: expected a path or None, got nothing",
    "figure synaptic_filters --run": "run: expected a value, got nothing",
    "figure synaptic_filters --run a.nc b.nc": "run: expected a value, got a.nc b.nc; repeat --run for each",
    "figure synaptic_filters --seed 1": "option: expected one of `snnlab figure synaptic_filters --help`, got --seed",
    "reproduce --seed 1": "option: expected one of `snnlab reproduce --help`, got --seed; did you mean --seeds?",
}


def test_fields_cannot_have_the_name_of_any_option():
    options = {f.name for cls in (commands._Run, commands._Study) for f in fields(cls)}
    assert {*own._OPTIONS} == options | {"help", "help_all"}


def test_a_field_of_several_types_is_not_blamed_for_another_mistake(tmp_path, capsys):
    file = tmp_path / "own.py"
    rows = "    size: float | str | None = None\n    n: int = 1\n"
    text = f"from dataclasses import dataclass\n\n\n@dataclass\nclass Config:\n{rows}"
    file.write_text(f"{text}\n\ndef run(config, engine):\n    pass\n")
    assert main(["run", str(file), "--size", "large", "--n", "x"]) == 2
    assert capsys.readouterr().err == "snnlab: n: expected an integer, got 'x'\n"


@pytest.mark.parametrize("arguments", LINES)
def test_a_wrong_option_is_one_line_with_exit_status_2(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(arguments.split()) == 2
    printed = capsys.readouterr()
    assert printed.err == f"snnlab: {LINES[arguments]}\n" and not printed.out
    assert not list(tmp_path.iterdir())


def test_a_mistake_in_an_option_of_another_type_has_the_parsers_words_in_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = "from dataclasses import dataclass, field\nfrom enum import Enum\n\n\n"
    text += "class Colour(Enum):\n    RED = 1\n\n\n@dataclass(frozen=True)\nclass Config:\n"
    text += "    colour: Colour = Colour.RED\n    sizes: dict[str, int] = field(default_factory=dict)\n"
    text += "    pair: tuple[int, float] = (1, 2.0)\n\n"
    text += "    def __post_init__(self):\n        if self.pair[0] > 9:\n            raise ValueError('large')\n\n\n"
    (tmp_path / "own.py").write_text(text + "def run(config, engine):\n    pass\n")
    for options, words in {
        "--colour BLUE": "options: invalid choice 'BLUE' for argument '--colour'. Expected one of ('RED',).",
        "--sizes a": "options: Error parsing --sizes: Failed to parse key-value pairs!",
        "--pair 1": "pair: expected 2 values, got 1",
        "--pair 1 x": "pair: expected a number, got 'x'",
        "--pair 10 1": f"protocol: {tmp_path}/own.py: Config fails at line 17 with ValueError: large",
    }.items():
        assert main(["run", "own.py", *options.split()]) == 2
        assert capsys.readouterr().err == f"snnlab: {words}\n"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["own.py"]
