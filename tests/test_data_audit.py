"""octopack_data.audit and changes: what the rows' licences are, and how large their changes."""

from pathlib import Path
from typing import Any

import pytest

from data_rows import commit, write
from humanevalpack.errors import InputError
from octopack_data.audit import audit_stage, matrix, write_audit
from octopack_data.changes import changed_lines, changes_stage, changes_table
from octopack_data.licences import licences
from octopack_data.parts import run_stage
from octopack_data.rows import read_rows
from octopack_data.sources import find_parts
from processes import few_open_files


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """Two files in two languages under three licences and none."""
    first = [commit(1, repos="b/x,a/x,b/x"), commit(2, repos="a/x"), commit(3, licence="isc", repos="c/y")]
    second = [commit(4, "C++", "agpl-3.0", repos="c/y"), commit(5, "C++", "unknown", repos="d/z"), commit(6, "C++")]
    write(tmp_path / "in/data/python/p.jsonl", first)
    write(tmp_path / "in/data/c++/c.jsonl", second)
    return tmp_path / "in"


def audited(source: Path, output: Path, workers: int = 1) -> dict[str, Any]:
    manifest = run_stage(audit_stage(find_parts(source), output), workers=workers, progress=False)
    write_audit(output, manifest)
    return manifest


def test_the_matrix_has_languages_by_licences(rows: Path, tmp_path: Path) -> None:
    manifest = audited(rows, tmp_path / "out")
    assert matrix(manifest) == {
        "mit": {"python": 2, "c++": 1}, "agpl-3.0": {"c++": 1}, "isc": {"python": 1}, "unknown": {"c++": 1},
    }  # fmt: skip
    assert (tmp_path / "out/licences.csv").read_text().splitlines() == [
        "language,mit,agpl-3.0,isc,unknown", "c++,1,1,0,1", "python,2,0,1,0", "total,3,1,1,1",
    ]  # fmt: skip


def test_rows_without_a_licence_are_listed(rows: Path, tmp_path: Path) -> None:
    manifest = audited(rows, tmp_path / "out")
    listed = [row for file in sorted((tmp_path / "out/unknown").rglob("*.jsonl")) for row in read_rows(file)]
    assert listed == [{"commit": f"{5:040x}", "lang": "C++", "repos": "d/z"}]
    assert manifest["counts"]["unknown"] == 1


def test_the_repositories_behind_each_licence(rows: Path, tmp_path: Path) -> None:
    audited(rows, tmp_path / "out")
    assert (tmp_path / "out/repositories.csv").read_text().splitlines() == [
        "license,repo,rows", "agpl-3.0,c/y,1", "isc,c/y,1", "mit,a/x,2", "mit,ann/x,1", "mit,b/x,1", "unknown,d/z,1",
    ]  # fmt: skip


def test_the_notices_name_every_licence_with_its_terms(rows: Path, tmp_path: Path) -> None:
    audited(rows, tmp_path / "out")
    text = (tmp_path / "out/NOTICES.md").read_text()
    assert f"| MIT | permissive | 3 | {licences()['mit'].url} |" in text
    assert "| AGPL-3.0-only | copyleft | 1 |" in text
    assert "| unknown | not known here | 1 |  |" in text


def test_an_audit_is_the_same_with_four_workers(rows: Path, tmp_path: Path) -> None:
    for workers in (1, 4):
        audited(rows, tmp_path / f"out{workers}", workers)
    for name in ("licences.csv", "repositories.csv", "NOTICES.md"):
        assert (tmp_path / "out1" / name).read_text() == (tmp_path / "out4" / name).read_text()


def test_rows_without_the_column_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "in.jsonl", [{"commit": "1"}])
    with pytest.raises(InputError, match=r"in\.jsonl, line 1: no column 'license'"):
        audited(tmp_path / "in.jsonl", tmp_path / "out")


# what changes: before, after, and the number of lines
CHANGES = {
    "nothing": ("a\nb\n", "a\nb\n", 0),
    "one line": ("a\nb\n", "a\nc\n", 2),
    "added": ("a\n", "a\nb\nc\n", 2),
    "a repeated line": ("a\na\n", "a\n", 1),
    "moved": ("a\nb\n", "b\na\n", 0),
    "a new file": ("", "a\nb\n", 2),
    "line ends": ("a\r\nb\r\n", "a\nb\n", 0),
}


@pytest.mark.parametrize("case", CHANGES)
def test_changed_lines(case: str) -> None:
    before, after, lines = CHANGES[case]
    assert changed_lines(before, after) == changed_lines(after, before) == lines


def test_sizes_of_changes_by_language(tmp_path: Path) -> None:
    made = [commit(n, old_contents="", new_contents="x\n" * lines) for n, lines in enumerate((1, 2, 3, 100))]
    write(tmp_path / "in.jsonl", [*made, commit(9, "C++", old_contents="ab", new_contents="ab")])
    manifest = run_stage(changes_stage(find_parts(tmp_path / "in.jsonl"), tmp_path / "out"), progress=False)
    assert changes_table(manifest).splitlines()[2:] == [
        "| Python | 4 | 0.0 | 53.0 | 8.0 | 26.5 | 2 |",
        "| C++ | 1 | 2.0 | 2.0 | 8.0 | 0.0 | 0 |",
    ]


def test_an_audit_of_more_files_than_a_process_opens_at_first(tmp_path: Path) -> None:
    for number in range(80):
        write(tmp_path / f"in/p{number}.jsonl", [commit(number)])
    with few_open_files(40):
        audited(tmp_path / "in", tmp_path / "out")
    assert (tmp_path / "out/repositories.csv").read_text().splitlines() == ["license,repo,rows", "mit,ann/x,80"]
