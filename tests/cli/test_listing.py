"""`snnlab list`: one block a family, figures beside protocols, lines that fit a terminal."""

import pytest

from snnlab.cli.listing import families, listing
from snnlab.cli.main import main
from snnlab.errors import UserError
from snnlab.lab import discovery
from snnlab.lab.discovery import files
from snnlab.lab.protocol import find_protocol


def test_every_protocol_and_figure_stands_in_the_block_of_its_family(capsys):
    assert main(["list"]) == 0
    printed = capsys.readouterr().out
    blocks = {block.partition(" | ")[0]: block for block in printed.strip().split("\n\n")}
    assert list(blocks) == list(families(files("protocols"), files("figures"))) and "replay" in blocks
    for kind in ("protocols", "figures"):
        for name, file in files(kind).items():
            assert name in blocks[file.parent.name]
    assert "songbird  (figure nicola2017_fig4)" in blocks["song"] and "  figure eigenvalue_angle\n" in blocks["force"]
    assert max(map(len, printed.splitlines())) <= 100


def test_one_family_alone(capsys):
    assert main(["list", "song"]) == 0
    assert capsys.readouterr().out == listing("song") + "\n"
    assert "force_sine" not in listing("song")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["list", "songs"], ["family: expected a name from `snnlab list`, got 'songs'; did you mean song"]),
        (["list", "song", "force"], ["list: expected at most one family, got 'song force'"]),
        (
            ["run", "FORCE_SINE"],
            ["protocol: expected a name from `snnlab list`, got 'FORCE_SINE'; did you mean force_sine or"],
        ),
        (["figure", "nicola"], ["figure: expected a name from `snnlab list`, got 'nicola'; did you mean nicola2017_"]),
    ],
)
def test_an_unknown_name_gets_the_three_nearest_in_one_line(arguments, words, capsys):
    assert main(arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert all(word in line for word in words) and line.count(" or ") <= 2


def test_a_protocol_in_a_subfolder_is_found_and_two_of_one_name_are_refused(tmp_path, monkeypatch):
    assert files("protocols")["songbird"].parent.name == "song" and find_protocol("songbird").name == "songbird"
    for place in ("a/one.py", "b/two.py", "a/_shared.py", "b/_shared.py"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_text("")
    monkeypatch.setattr(discovery, "_folder", lambda kind: tmp_path)
    assert list(files("protocols")) == ["one", "two"]
    (tmp_path / "b" / "one.py").write_text("")
    with pytest.raises(UserError, match=r"protocols: expected different file names, got .*/a/one.py and .*/b/one.py"):
        files("protocols")
