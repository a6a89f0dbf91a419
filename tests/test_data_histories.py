"""octopack_data.histories: real repositories as the warehouse's tables."""

from pathlib import Path
from typing import Any

import pytest

from git_histories import MIT, Step, delete, git, make_repository, put, rename, same_commits, special_history
from humanevalpack.errors import InputError
from octopack_data.clones import find_clones
from octopack_data.commit_rows import HistorySettings
from octopack_data.histories import write_tables
from octopack_data.manifests import read_manifest
from octopack_data.rows import read_rows
from octopack_data.warehouse import find_tables

ME = ("-c", "user.name=Me", "-c", "user.email=me@example.org")
Rows = dict[str, dict[str, Any]]


def tables(sources: list[Path], output: Path, *, workers: int = 1, **settings: Any) -> dict[str, list[dict[str, Any]]]:
    clones = find_clones(sources)
    write_tables(clones, output, HistorySettings(**settings), workers=workers, progress=False)
    return {
        name: [row for part in parts for row in read_rows(part.path)] for name, parts in find_tables(output).items()
    }


def commits(source: Path, output: Path, ids: dict[str, str], **settings: Any) -> Rows:
    """Return the rows of commits by the names of the steps that made them."""
    names = {commit: name for name, commit in ids.items()}
    return {names[row["commit"]]: row for row in tables([source], output, **settings)["commits"]}


@pytest.fixture(scope="module")
def special(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    folder = tmp_path_factory.mktemp("special")
    ids = make_repository(folder / "clone", special_history(), remote="https://example.org/own/special.git")
    rows = commits(folder / "clone", folder / "tables", ids)
    assert rows.keys() == ids.keys()
    return {name: {**row, "id": ids[name], "ids": ids} for name, row in rows.items()}


def paths(row: dict[str, Any]) -> list[tuple[str | None, str | None]]:
    return [(changed["old_path"], changed["new_path"]) for changed in row["difference"]]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ordinary", [("a.py", "a.py")]),
        ("path_with_space", [("Äpfel und Birnen/a b.py", "Äpfel und Birnen/a b.py")]),
        ("path_with_quotes", [('it\'s "quoted"; $(id)\n.py', 'it\'s "quoted"; $(id)\n.py')]),
        ("path_not_utf8", [("lat\ufffdn.py", "lat\ufffdn.py")]),
        ("binary", [("picture.png", "picture.png")]),
        ("renamed", [("b.py", "c.py")]),
        ("added", [(None, "d.py")]),
        ("deleted", [("d.py", None)]),
        ("edit_and_rename", [("a.py", "a.py"), ("c.py", "e.py")]),
        ("two_files", [("a.py", "a.py"), ("e.py", "e.py")]),
        ("symlink", [("link", "link")]),
        ("submodule", [("lib", "lib")]),
        ("mode", [("run.sh", "run.sh")]),
        ("empty", []),
        ("merge", [("a.py", "a.py")]),  # against its first parent
        ("second_root", [(None, "other.py")]),
    ],
)
def test_what_a_commit_changed(special: Rows, name: str, expected: list[tuple[str | None, str | None]]) -> None:
    assert paths(special[name]) == expected


@pytest.mark.parametrize(
    ("name", "subject", "message"),
    [
        ("ordinary", "Fix the first value", "Fix the first value\n\nIt was wrong.\n"),
        ("no_newline", "Fix the value once more", "Fix the value once more"),
        ("message_latin1", "Grüße geändert", "Grüße geändert\n"),
        ("message_not_utf8", "Undeclared \ufffd byte", "Undeclared \ufffd byte\n"),
        (
            "control_characters",
            "Bell \x07 and escape \x1b[31m \x01\x02",
            "Bell \x07 and escape \x1b[31m\n\x01\x02\n",
        ),
        ("subject_of_two_lines", "First line second line", "First line\nsecond line\n\nBody\n"),
        ("no_message", "", ""),
    ],
)
def test_messages_are_kept_to_the_last_byte(special: Rows, name: str, subject: str, message: str) -> None:
    assert (special[name]["subject"], special[name]["message"]) == (subject, message)


def test_a_row_has_ids_modes_times_and_its_repository_but_no_person(special: Rows) -> None:
    row = special["mode"]
    assert row["parent"] == [row["ids"]["submodule"]]
    (changed,) = row["difference"]
    assert (changed["old_mode"], changed["new_mode"]) == (0o100644, 0o100755)
    assert changed["old_sha1"] == changed["new_sha1"]
    assert len(changed["old_sha1"]) == 40
    assert row["author"] == {
        "name": None,
        "email": None,
        "time_sec": 1_500_001_140,
        "tz_offset": 120,
        "date": row["author"]["date"],
    }
    assert row["author"]["date"].isoformat() == "2017-07-14T02:59:00+00:00"
    assert row["repo_name"] == ["own/special"]
    assert special["message_latin1"]["encoding"] == "ISO-8859-1"
    assert special["root"]["parent"] == []
    assert special["merge"]["parent"] == [row["ids"]["main"], row["ids"]["side"]]


def test_large_differences_are_whole(special: Rows) -> None:
    assert len(special["many_files"]["difference"]) == 5_000
    assert special["many_files"]["difference_truncated"] is False


def test_settings_of_merges_renames_and_wrong_bytes(tmp_path: Path) -> None:
    ids = make_repository(tmp_path / "clone", special_history())
    rows = commits(
        tmp_path / "clone", tmp_path / "tables", ids, merges="off", rename_similarity=100, undecodable="skip"
    )
    assert rows["merge"]["difference"] == []
    assert ids.keys() - rows.keys() == {"message_not_utf8", "path_not_utf8", "root"}  # the root has the same path
    assert read_manifest(tmp_path / "tables")["counts"]["dropped_not_utf8"] == 3


@pytest.mark.parametrize(
    ("similarity", "expected"), [(50, [("a.py", "b.py")]), (100, [("a.py", None), (None, "b.py")])]
)
def test_a_rename_with_a_change(tmp_path: Path, similarity: int, expected: list[tuple[str | None, str | None]]) -> None:
    text = b"".join(b"line %d\n" % number for number in range(20))
    steps = [
        Step("root", b"Begin\n", (put(b"a.py", text),)),
        Step("moved", b"Move\n", (rename(b"a.py", b"b.py"), put(b"b.py", text + b"more\n"))),
    ]
    ids = make_repository(tmp_path / "clone", steps)
    rows = commits(tmp_path / "clone", tmp_path / "tables", ids, rename_similarity=similarity)
    assert paths(rows["moved"]) == expected


def test_a_commit_of_two_clones_is_one_row_with_both_names(tmp_path: Path) -> None:
    steps = [Step("root", b"Begin\n", (put(b"a.py", b"1\n"),)), Step("next", b"Go on\n", (put(b"a.py", b"2\n"),))]
    forks = [tmp_path / "clones" / "one", tmp_path / "clones" / "two"]
    same_commits(forks, steps, ["https://example.org/zoe/x.git", "git@example.org:ann/x"])
    own = git(forks[1], *ME, "commit-tree", "-p", "main", "-m", "Own", "main^{tree}").decode().strip()
    git(forks[1], "update-ref", "refs/heads/own", own)
    made = tables([tmp_path / "clones"], tmp_path / "tables")
    assert sorted(row["repo_name"] for row in made["commits"]) == [["ann/x"], ["ann/x", "zoe/x"], ["ann/x", "zoe/x"]]
    assert {row["repo_name"] for row in made["languages"]} == {"ann/x", "zoe/x"}


def test_languages_and_licences(tmp_path: Path) -> None:
    files = [put(b"a.py", b"12345"), put(b"b.cc", b"1234567"), put(b"c.py", b"123"), put(b"data", b"1")]
    make_repository(tmp_path / "s" / "mit", [Step("1", b"x", (*files, put(b"LICENSE.txt", MIT)))])
    make_repository(
        tmp_path / "s" / "none",
        [Step("1", b"x", (put(b"LICENSE", b"Ask me."),)), Step("2", b"y", (delete(b"LICENSE"),))],
    )
    make_repository(tmp_path / "s" / "empty", [])
    made = tables([tmp_path / "s"], tmp_path / "tables")
    licenses = {row["repo_name"]: row["license"] for row in made["licenses"]}
    languages = {row["repo_name"]: row["language"] for row in made["languages"]}
    assert licenses == {"s/mit": "mit"}
    assert languages["s/mit"] == [
        {"name": "Text", "bytes": len(MIT)},
        {"name": "Python", "bytes": 8},
        {"name": "C++", "bytes": 7},
    ]
    assert languages["s/empty"] == []
    assumed = tables([tmp_path / "s"], tmp_path / "assumed", assume_licence="isc")
    assert {row["repo_name"]: row["license"] for row in assumed["licenses"]} == {
        "s/mit": "mit",
        "s/none": "isc",
        "s/empty": "isc",
    }


def test_one_and_four_workers_write_the_same(tmp_path: Path) -> None:
    for number in range(4):
        make_repository(tmp_path / "s" / str(number), [Step("1", b"x%d" % number, (put(b"a.py", b"1"),))])
    for workers in (1, 4):
        tables([tmp_path / "s"], tmp_path / f"t{workers}", workers=workers)
    one, four = (read_manifest(tmp_path / f"t{workers}")["outputs"] for workers in (1, 4))
    assert one == four


def test_a_shallow_and_a_partial_clone_are_read_without_the_network(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    make_repository(whole, special_history())
    git(whole, "config", "uploadpack.allowFilter", "true")
    options = {"shallow": ["--depth=3"], "partial": ["--filter=blob:none"]}
    for name, option in options.items():
        git(tmp_path, "clone", "--quiet", "--bare", "--single-branch", *option, f"file://{whole}", name)
    git(whole.parent, "-C", str(whole), "config", "uploadpack.allowFilter", "false")
    whole.rename(tmp_path / "gone")
    shallow = tables([tmp_path / "shallow"], tmp_path / "t1")["commits"]
    partial = tables([tmp_path / "partial"], tmp_path / "t2")["commits"]
    assert 3 <= len(shallow) < 10
    assert len(partial) == 29  # all of main and side
    assert ("a.py", "a.py") in [pair for row in partial for pair in paths(row)]


def test_a_damaged_clone_is_named(tmp_path: Path) -> None:
    ids = make_repository(tmp_path / "clone", [Step("1", b"x", (put(b"a.py", b"1"),)), Step("2", b"y")])
    tree = git(tmp_path / "clone", "rev-parse", f"{ids['1']}^{{tree}}").decode().strip()
    (tmp_path / "clone" / "objects" / tree[:2] / tree[2:]).unlink()
    with pytest.raises(InputError, match=r"clone: git .* failed .*fsck"):
        tables([tmp_path / "clone"], tmp_path / "tables")
