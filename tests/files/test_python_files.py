"""Users' Python files and what stands beside them."""

import pytest

from snnlab.errors import UserError
from snnlab.files.python import content_hash, load_file


def write(folder, **files):
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def test_each_file_imports_its_own_neighbour_of_one_name(tmp_path):
    for name in ("a", "b"):
        write(tmp_path / name, study="from helper_beside import WHO", helper_beside=f"WHO = {name!r}")
    found = [load_file(tmp_path / name / "study.py", "protocol").WHO for name in ("a", "b", "a")]
    assert found == ["a", "b", "a"]


def test_a_neighbour_that_was_edited_is_imported_anew_and_changes_the_hash(tmp_path):
    write(tmp_path, study="import helper_edited\nWHO = helper_edited.WHO", helper_edited="WHO = 1")
    before = load_file(tmp_path / "study.py", "protocol").WHO, content_hash(str(tmp_path / "study.py"))
    write(tmp_path, helper_edited="WHO = 2")
    after = load_file(tmp_path / "study.py", "protocol").WHO, content_hash(str(tmp_path / "study.py"))
    assert (before[0], after[0]) == (1, 2) and before[1] != after[1]


def test_a_neighbour_with_the_name_of_an_installed_module_is_refused(tmp_path):
    write(tmp_path, study="import tqdm", tqdm="BAR = 1")
    with pytest.raises(UserError, match=r"^protocol: study.py imports tqdm.py beside it, but an installed module has"):
        load_file(tmp_path / "study.py", "protocol")
