"""Binary sequences as pictures: words in letters of seven rows, four figures from ape to human, a melody, and files.

A sequence has the shape (steps, neurons); step t is column t of the picture, and neuron 0 its bottom row.

Letters, figures, melody and arrangement come from the authors' program jdybm (Apache-2.0): see NOTICE.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ...errors import UserError, user_path
from ...files.table import read_text
from .picture_file import PICTURES, dark_pixels

# The columns of each letter, which follow a blank column; the highest bit is the top row.
_LETTERS = {
    "A": (63, 72, 72, 63),
    "B": (127, 73, 73, 54),
    "C": (62, 65, 65, 34),
    "E": (127, 73, 73, 65),
    "I": (65, 127, 65),
    "L": (127, 1, 1, 1),
    "M": (127, 16, 8, 16, 127),
    "N": (127, 16, 8, 4, 127),
    "P": (127, 72, 72, 48),
    "R": (127, 76, 74, 49),
    "S": (49, 73, 73, 70),
    "T": (64, 64, 127, 64, 64),
    "U": (126, 1, 1, 126),
}
ROWS = 7
_EVOLUTION = """
....................................###..
....................................###..
...........................###......###..
...........................###......#....
.................###......####......##...
.................###......##........###..
................####.....####.......###..
...............###.......####.......###..
........###....###.......####.......####.
......#####...#####......#####......####.
.....######...###..#.....###.#......##..#
....#####.....###...#....##..#......###.#
...######.....###........###.#......###..
..#######.....####.......###........###..
..###..##.....##.#.......#.##......##.#..
...###.##......#..#.....##.##.....##..#..
...#.#...#.....#..#....##..##....##...#..
..##.#...#..###..#.....#....#...##....#..
.#...#...#..#....#....#.....#....#....#..
.##..#......#....#.....##...###..#....###
"""
# Pitches of each beat of "Ich bin ein Musikante" (folk song), from -4 to 7: degrees of a major scale.
LOWEST_PITCH, PITCHES = -4, 12
_MUSIC = """
0 | 3,-4 | 3,0 | 4,-1 | 4,0 | 5,-4 | 0 | 7,-2 | 6,0 | 5,0,-4 | 5,0,-4 | 4,0,-1 | 4,0,-1 | 3,0,-2 | 0,-2 | 0,-2 |
0 | 3,-4 | 0 | 4,-1 | 4,0 | 5,-4 | 0 | 7,-2 | 6,0 | 5,0,-4 | 5,0,-4 | 4,0,-1 | 4,0,-1 | 3,0,-2 | 0,-2 | 0,-2 |
7 | 3,5,-4 | 3,5,-2 | 3,5,0 | 6 | 2,4,-3 | 2,4,-1 | 2,4,0 | 7 | 3,5,-4 | 3,5,-2 | 3,5,0 | 6 | 2,4,-3 | 2,4,-1 | 2,4,0 |
7 | 5,0 | 3 | 4,-1 | 4 | 3,0,-2 | 0,-2 | 0,-2
"""
# A line of a file has a 0 or 1, or a . or #, for each step. Spaces and commas between them are ignored.
_MARKS = {"0": 0, "1": 1, ".": 0, "#": 1}


def word(text: str) -> np.ndarray:
    """Return a word as a sequence, shape (steps, 7); raises UserError for unknown letters."""
    if not text:
        raise UserError("sequence: expected a word, evolution, music, or a file, got nothing")
    for letter in text:
        if letter not in _LETTERS:
            if is_path(text):
                raise UserError(f"sequence: expected a word, got the path {text!r}")
            raise UserError(f"sequence: expected the letters {' '.join(_LETTERS)}, got {letter!r}")
    columns = [column for letter in text for column in (0, *_LETTERS[letter])]
    return ((np.array(columns)[:, None] >> np.arange(ROWS)) & 1).astype(np.uint8)


def letter_places(text: str) -> list[tuple[int, int]]:
    """Return the first column of each letter of a word, which is blank, and the column after its last."""
    stops = np.cumsum([1 + len(_LETTERS[letter]) for letter in text]).tolist()
    return list(zip([0, *stops[:-1]], stops, strict=True))


def substitutions(text: str) -> list[str]:
    """Return every word that differs from a word in one letter of the same width."""
    found = []
    for place, right in enumerate(text):
        same = (letter for letter, columns in _LETTERS.items() if len(columns) == len(_LETTERS[right]))
        found += [text[:place] + letter + text[place + 1 :] for letter in same if letter != right]
    return found


def mirrored(sequence: np.ndarray) -> np.ndarray:
    """Return a picture mirrored from right to left; its first, blank column stays the first."""
    return np.concatenate([sequence[:1], sequence[:0:-1]])


def from_rows(text: str) -> np.ndarray:
    """Return the sequence of a picture written in 0 and 1, or in . and #; the first line is the top row.

    Raises
    ------
    UserError
        For other characters, both notations in one picture, lines of different lengths, or an empty picture.
    """
    lines = ["".join(line.replace(",", " ").split()) for line in text.splitlines() if line.strip()]
    notation = set("01") if set("".join(lines)[:1]) <= set("01") else set(".#")
    for number, line in enumerate(lines, start=1):
        wrong = set(line) - set(_MARKS)
        if wrong:
            raise UserError(f"sequence: row {number}: expected 0 and 1, or . and #, got {sorted(wrong)[0]!r}")
        if other := set(line) - notation:
            kind = "0 and 1" if "0" in notation else ". and #"
            raise UserError(f"sequence: row {number}: expected {kind} as before, got {sorted(other)[0]!r}")
        if len(line) != len(lines[0]):
            raise UserError(f"sequence: row {number}: expected {len(lines[0])} columns as in row 1, got {len(line)}")
    if not any(lines):
        raise UserError("sequence: expected rows of 0 and 1, or of . and #, got none")
    return np.array([[_MARKS[mark] for mark in line] for line in lines[::-1]], np.uint8).T


def evolution() -> np.ndarray:
    """Return four figures from ape to human, shape (41, 20)."""
    return from_rows(_EVOLUTION)


def music() -> np.ndarray:
    """Return the folk song as a sequence, shape (56, 12): neuron 0 is the lowest pitch, a step is a beat."""
    beats = [[int(pitch) for pitch in beat.split(",")] for beat in " ".join(_MUSIC.split()).split(" | ")]
    sequence = np.zeros((len(beats), PITCHES), np.uint8)
    for step, pitches in enumerate(beats):
        sequence[step, np.array(pitches) - LOWEST_PITCH] = 1
    return sequence


def is_path(spec: str) -> bool:
    """Tell whether a specification is a path and not a word: it holds a dot or a slash."""
    return "." in spec or "/" in spec


def sequence_from(spec: str) -> np.ndarray:
    """Return the sequence that a specification names.

    Parameters
    ----------
    spec : str
        A word in the capital letters A B C E I L M N P R S T U, ``evolution``, ``music``, or a path, which holds a dot
        or a slash. The file is a text file with rows of 0 and 1 or of . and #, or a picture (PNG, JPEG, TIFF, BMP,
        ...). Pixels of a picture are 1 if they are below half grey (128 of 255) and at least half opaque. The first row
        is the top one; neuron 0 is the bottom one.

    Raises
    ------
    UserError
        If it is none of these, a file cannot be read, or all its pixels are equal.
    """
    path = user_path(spec)
    if is_path(spec):
        if os.path.isdir(path):
            raise UserError(f"sequence: expected a file, got the folder {spec!r}")
        if os.path.exists(path) and not os.path.isfile(path):
            raise UserError(f"sequence: expected a file, got the device or pipe {spec!r}")
        sequence = _from_file(path)
        if sequence.min() == sequence.max():
            kind = "on" if sequence.min() else "off"
            raise UserError(f"sequence: expected ones and zeros, got {str(path)!r}, whose pixels are all {kind}")
        return sequence
    if spec in NAMED:
        return NAMED[spec]()
    try:
        return word(spec)
    except UserError as error:
        # A folder or a file may have a name that looks like a word.
        if spec and os.path.isdir(path):
            raise UserError(f"sequence: expected a word or a file, got the folder {spec!r}") from None
        hint = f"; for the file of that name write ./{spec}" if spec and os.path.isfile(path) else ""
        raise UserError(f"{error}{hint}") from None


NAMED = {"evolution": evolution, "music": music}


def _from_file(path: Path) -> np.ndarray:
    if path.suffix.lower() in PICTURES:
        return dark_pixels(path)[::-1].T.astype(np.uint8)
    expected = f"a text file, or a picture with one of the endings {' '.join(PICTURES)}"
    return from_rows(read_text(path, "sequence", expected))
