"""A DOI that stands beside a source is the DOI of that source."""

import re
from pathlib import Path

import pytest

from places import ROOT

# Typed by hand, not read from the files that are looked at here.
DOIS = {
    "Bienenstock, Cooper & Munro 1982": "10.1523/JNEUROSCI.02-01-00032.1982",
    "Brette & Gerstner 2005": "10.1152/jn.00686.2005",
    "Brunel 2000": "10.1023/A:1008925309027",
    "Nicola & Clopath 2017": "10.1038/s41467-017-01827-3",
    "Nicola & Clopath 2019": "10.1038/s41593-019-0415-2",
    "Oja 1982": "10.1007/BF00275687",
    "Osogami & Otsuka 2015": "10.1038/srep14149",
    "Pfister & Gerstner 2006": "10.1523/JNEUROSCI.1425-06.2006",
    "Song, Miller & Abbott 2000": "10.1038/78829",
    "Sussillo & Abbott 2009": "10.1016/j.neuron.2009.07.018",
    "Tsukada & Pan 2005": "10.1007/s00422-004-0523-1",
}
NAME = r"[A-Z][\w'-]+"
CITATION = re.compile(rf"({NAME}(?:(?:, {NAME})* & {NAME}| et al\.)?)\s*[(,]?\s*((?:19|20)\d\d)")
DOI = re.compile(r"10\.\d{4,9}/[^\s,;\"'`<>\]]+")
# A source is named at most this many characters before its DOI.
BESIDE = 120


def pages():
    """Every text in which sources are cited; this file holds a wrong DOI on purpose."""
    folders = ("snnlab", "protocols", "figures", "docs", "tests", "benchmarks")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".md", ".h")]
    return sorted({*found, *ROOT.glob("*.md"), *ROOT.glob("*.cff")} - {Path(__file__).resolve()})


def cited(text):
    """Return (source, DOI) of each DOI before which a source is named, as "Nicola & Clopath 2017"."""
    text, found, behind = re.sub(r"\s*\n[\s#*]*", " ", text), [], 0
    for match in DOI.finditer(text):
        doi = match[0].rstrip(".:")
        while doi.endswith(")") and doi.count(")") > doi.count("("):
            doi = doi[:-1].rstrip(".:")
        names = CITATION.findall(text[max(behind, match.start() - BESIDE) : match.start()])
        if names:
            found.append((" ".join(names[-1]), doi))
        behind = match.end()
    return found


def test_every_doi_beside_a_source_is_that_of_the_source():
    beside = [(path, *pair) for path in pages() for pair in cited(path.read_text(encoding="utf-8"))]
    wrong = [row for row in beside if row[1] in DOIS and row[2].lower() != DOIS[row[1]].lower()]
    assert wrong == []
    # Nothing is wrong where nothing is found.
    assert {source for _, source, _ in beside} >= set(DOIS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("after Nicola & Clopath 2019,\n# doi:10.1038/wrong.", [("Nicola & Clopath 2019", "10.1038/wrong")]),
        ("Nicola & Clopath (2017, doi:10.1038/a): LIF", [("Nicola & Clopath 2017", "10.1038/a")]),
        ("Oja 1982, doi:10.1007/a, and Long, Jin & Fee 2010 (doi:10.1016/0167(93)90-P).",
         [("Oja 1982", "10.1007/a"), ("Long, Jin & Fee 2010", "10.1016/0167(93)90-P")]),
        ("Brian2 (doi:10.7554/eLife.47314)", []),
    ],
)  # fmt: skip
def test_a_source_is_what_was_named_last_before_the_doi(text, expected):
    assert cited(text) == expected
