"""octopack_data.clones: which folders are repositories, and what they are called."""

from pathlib import Path

import pytest

from git_histories import Step, git, make_repository, put
from humanevalpack.errors import InputError
from octopack_data.clones import find_clones
from octopack_data.commit_rows import HistorySettings
from octopack_data.git import run_git
from octopack_data.histories import write_tables

ONE = [Step("1", b"Begin\n", (put(b"a.py", b"1\n"),))]


@pytest.mark.parametrize(
    ("remote", "name"),
    [
        ("https://github.com/ann/tool.git", "ann/tool"),
        ("https://github.com/ann/tool", "ann/tool"),
        ("https://user:secret@example.org/ann/tool.js.git/", "ann/tool.js"),
        ("git@github.com:ann/tool.git", "ann/tool"),
        ("ssh://git@example.org:22/ann/tool", "ann/tool"),
        ("https://example.org/group/sub/tool.git", "sub/tool"),
        ("", "clones/mine"),
    ],
)
def test_a_clone_is_called_by_its_origin_or_its_folder(tmp_path: Path, remote: str, name: str) -> None:
    make_repository(tmp_path / "clones" / "mine", ONE, remote=remote)
    assert [clone.repo_name for clone in find_clones([tmp_path])] == [name]
    assert [clone.repo_name for clone in find_clones([tmp_path], names="folder")] == ["clones/mine"]


def test_clones_with_a_work_tree_bare_ones_and_linked_work_trees_are_found(tmp_path: Path) -> None:
    make_repository(tmp_path / "a" / "tree", ONE, bare=False)
    make_repository(tmp_path / "a" / "b" / "bare.git", ONE)
    git(tmp_path / "a" / "tree", "worktree", "add", "--quiet", "-b", "side", str(tmp_path / "linked"))
    (tmp_path / "a" / "notes").mkdir()
    (tmp_path / "a" / "round").symlink_to(tmp_path / "a")
    assert [clone.repo_name for clone in find_clones([tmp_path / "a", tmp_path / "linked"])] == [
        "b/bare",
        "a/tree",
        f"{tmp_path.name}/linked",
    ]


def test_a_name_that_two_have_and_a_folder_without_any_are_named(tmp_path: Path) -> None:
    for name in ("one", "two"):
        make_repository(tmp_path / name, ONE, remote="https://example.org/ann/tool")
    with pytest.raises(InputError, match=r"two and .*one are both called ann/tool: .*--names folder"):
        find_clones([tmp_path])
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match=r"none: no git repository"):
        find_clones([tmp_path / "none"])


def test_no_comma_gets_into_a_name(tmp_path: Path) -> None:
    make_repository(tmp_path / "a, b" / "c d", ONE)
    assert [clone.repo_name for clone in find_clones([tmp_path])] == ["a--b/c-d"]


def test_settings_of_a_clone_start_no_program(tmp_path: Path) -> None:
    folder, trace = tmp_path / "clone", tmp_path / "started"
    make_repository(folder, ONE, bare=False)
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {trace}\n")
    program.chmod(0o755)
    for name in ("core.fsmonitor", "core.pager", "diff.external", "core.sshCommand"):
        git(folder, "config", name, str(program))
    write_tables(find_clones([folder]), tmp_path / "tables", HistorySettings(), progress=False)
    assert not trace.exists()


def test_a_failure_of_git_is_told_in_its_words(tmp_path: Path) -> None:
    make_repository(tmp_path / "clone", ONE)
    with pytest.raises(InputError, match=r"clone: git cat-file failed \(.*nothing.*\); try: git -C .* fsck"):
        run_git(tmp_path / "clone", "cat-file", "blob", "nothing")
