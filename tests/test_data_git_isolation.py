"""octopack_data.git: clones are read alike on every machine, run nothing, and do not make a run wait for ever."""

import os
from pathlib import Path
from typing import Any

import pytest

from fetch_cases import changes_of, fetched, settings_for, wants_of
from fetch_servers import Host, serve_objects
from git_histories import Step, delete, git, make_repository, put, rename, special_history
from git_programs import commands, noted_git
from humanevalpack.errors import EnvironmentFault, InputError
from octopack_data.clones import find_clones, is_partial
from octopack_data.commit_rows import HistorySettings
from octopack_data.fetch.statuses import Status
from octopack_data.fetch.wants import Group
from octopack_data.git import ask_git, run_git
from octopack_data.histories import write_tables
from octopack_data.rows import read_rows
from octopack_data.warehouse import find_tables
from processes import descendants, still_there

REMOTE = "https://example.org/own/it.git"
ME = ("-c", "user.name=Me", "-c", "user.email=me@example.org")
PROGRAMS = (
    "core.fsmonitor", "core.sshCommand", "core.pager", "core.gitProxy", "core.editor", "core.askPass",
    "core.alternateRefsCommand", "diff.external", "diff.it.textconv", "diff.it.command", "filter.it.clean",
    "filter.it.smudge", "filter.it.process", "credential.helper", "gpg.program", "pager.diff-tree", "pager.ls-tree",
    "alias.diff-tree", "alias.cat-file", "remote.origin.uploadpack", "remote.origin.vcs", "uploadpack.packObjectsHook",
)  # fmt: skip
CHANGES = {
    "diff.renames": "false", "diff.renameLimit": "1", "diff.ignoreSubmodules": "all", "diff.orderFile": "order",
    "diff.relative": "true", "diff.noprefix": "true", "submodule.lib.ignore": "all", "submodule.lib.path": "lib",
    "core.quotePath": "true", "core.bigFileThreshold": "1", "core.abbrev": "4", "core.attributesFile": "attributes",
    "log.showSignature": "true", "log.diffMerges": "off", "log.showRoot": "false", "log.date": "relative",
    "log.mailmap": "true", "i18n.logOutputEncoding": "ISO-8859-1", "format.pretty": "oneline", "color.ui": "always",
    "color.diff": "always", "notes.displayRef": "refs/notes/*", "core.notesRef": "refs/notes/x",
    "transfer.hideRefs": "refs/heads", "core.precomposeUnicode": "true", "core.ignoreCase": "true",
}  # fmt: skip


def history() -> list[Step]:
    """All special commits, then renames with changes: more of them than a small limit lets git look for."""
    text = b"".join(b"line %d\r\n" % number for number in range(30))
    files = range(4)
    return [
        *special_history()[:-2],
        Step("texts", b"Add texts\n", tuple(put(b"t/%d.txt" % n, text * (n + 1)) for n in files)),
        Step("moved", b"Move texts\n", tuple(edit for n in files for edit in _moved(n, text))),
        Step("gone", b"Take one away\n", (delete(b"u/n0.txt"),)),
    ]


def _moved(number: int, text: bytes) -> tuple[bytes, ...]:
    old, new = b"t/%d.txt" % number, b"u/n%d.txt" % number  # git looks at equal names whatever the limit is
    return rename(old, new), put(new, text * (number + 1) + b"more %d\r\n" % number)


def rows(folder: Path, output: Path, **settings: Any) -> dict[str, list[dict[str, Any]]]:
    made = HistorySettings(**settings)
    write_tables(find_clones([folder], patience=made.git_timeout), output, made, progress=False)
    return {
        name: [row for part in parts for row in read_rows(part.path)] for name, parts in find_tables(output).items()
    }


def hostile(folder: Path, program: Path) -> None:
    """Give a clone every setting and file of its own that decides, in git, what is read or what is run."""
    commits = git(folder, "rev-list", "--max-count=3", "main").decode().split()
    false = git(folder, *ME, "commit-tree", "-m", "False", f"{commits[2]}^{{tree}}").decode().strip()
    git(folder, "replace", commits[1], false)
    for name in PROGRAMS:
        git(folder, "config", name, str(program))
    for name, value in CHANGES.items():
        git(folder, "config", name, value)
    place = folder / ".git"
    (place / "config.more").write_text(f"[core]\n\tfsmonitor = {program}\n")
    git(folder, "config", "include.path", "config.more")
    (place / "info/attributes").write_text("* diff=it filter=it -text\n*.txt binary\n")
    (folder / "order").write_text("u/n3.txt\n")
    (folder / ".gitmodules").write_text('[submodule "lib"]\n\tpath = lib\n\tignore = all\n')
    for hook in ("post-index-change", "reference-transaction", "fsmonitor-watchman", "pre-auto-gc"):
        (place / "hooks").mkdir(exist_ok=True)
        (place / "hooks" / hook).symlink_to(program)
    (place / "info/grafts").write_text(f"{commits[0]} {commits[2]}\n")
    (place / "index").write_bytes(b"no index")


def test_a_hostile_clone_gives_the_rows_of_a_clean_one_and_runs_nothing(tmp_path: Path) -> None:
    trace, program = tmp_path / "started", tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho $0 $* >> {trace}\nexit 1\n")
    program.chmod(0o755)
    for name in ("clean", "hostile"):
        make_repository(tmp_path / name, history(), remote=REMOTE, bare=False)
    hostile(tmp_path / "hostile", program)
    clean = rows(tmp_path / "clean", tmp_path / "t1")
    moved = next(row for row in clean["commits"] if row["subject"] == "Move texts")
    assert [one["old_path"] for one in moved["difference"]] == [f"t/{number}.txt" for number in range(4)]
    found = rows(tmp_path / "hostile", tmp_path / "t2")
    assert {name: sorted(map(str, table)) for name, table in found.items()} == {
        name: sorted(map(str, table)) for name, table in clean.items()
    }
    changes = changes_of(tmp_path / "clean", "own/it", lambda path: path in ("a.py", "lib", "link"))
    for ids in (False, True):
        given = []
        for name in ("clean", "hostile"):
            settings = settings_for(Host(tmp_path), backend="git-local", clones=(tmp_path / name,))
            work = tmp_path / f"work-{name}-{ids}"
            given.append(fetched(settings, "git-local", [Group("own/it", wants_of(changes, ids=ids))], work))
        assert given[0] == given[1]
        assert {one.new.status for one in given[0]} == {Status.OK, Status.SUBMODULE, Status.SYMLINK}
    assert not trace.exists()


@pytest.mark.parametrize(("name", "value"), [("diff.renameLimit", "1"), ("core.bigFileThreshold", "1")])
def test_settings_of_the_machine_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    make_repository(tmp_path / "clone", history(), remote=REMOTE)
    clean = rows(tmp_path / "clone", tmp_path / "t1")
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "home/.gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", name)
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", value)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    (tmp_path / "home/.gitconfig").write_text(f"[{name.replace('.', ']' + chr(10))} = {value}\n")
    assert rows(tmp_path / "clone", tmp_path / "t2") == clean


def test_a_folder_that_is_no_repository_after_all_is_not_the_one_above_it(tmp_path: Path) -> None:
    make_repository(tmp_path / "above", special_history()[:2], remote=REMOTE, bare=False)
    (tmp_path / "above/clones/broken/.git").mkdir(parents=True)
    with pytest.raises(InputError, match=r"broken: git cannot read it .*leave it out"):
        find_clones([tmp_path / "above/clones"])
    with pytest.raises(InputError, match=r"broken: git rev-list failed"):
        run_git(tmp_path / "above/clones/broken", "rev-list", "--all")


@pytest.mark.root
def test_a_clone_of_another_user_keeps_its_name_and_is_read(tmp_path: Path) -> None:
    make_repository(tmp_path / "clone", special_history()[:4], remote=REMOTE, bare=False)
    mine = rows(tmp_path / "clone", tmp_path / "t1")
    for path in (tmp_path / "clone", *(tmp_path / "clone").rglob("*")):
        os.lchown(path, 12345, 12345)
    assert [clone.repo_name for clone in find_clones([tmp_path / "clone"])] == ["own/it"]
    assert rows(tmp_path / "clone", tmp_path / "t2") == mine


@pytest.mark.root
def test_a_mirror_of_another_user_is_fetched_from(tmp_path: Path) -> None:
    mirror = tmp_path / "mirrors/own/it.git"
    make_repository(mirror, special_history()[:4], remote=REMOTE)
    serve_objects(mirror)
    changes = changes_of(mirror, "own/it", lambda path: path.endswith(".py"))
    for path in (mirror, *mirror.rglob("*")):
        os.lchown(path, 12345, 12345)
    settings = settings_for(Host(tmp_path), git_url=f"file://{tmp_path}/mirrors/{{repo}}.git")
    for ids in (False, True):
        got = fetched(settings, "git-partial", [Group("own/it", wants_of(changes, ids=ids))], tmp_path / f"w{ids}")
        assert [(one.new.status, one.new.detail) for one in got] == [(Status.OK, "")] * len(changes)


def test_no_commit_yet_is_no_file_and_a_damaged_head_is_an_error(tmp_path: Path) -> None:
    make_repository(tmp_path / "empty", [])
    make_repository(tmp_path / "damaged", [Step("1", b"x", (put(b"a.py", b"1"),)), Step("2", b"y")])
    (clone,) = find_clones([tmp_path / "empty"])
    assert not is_partial(clone)
    assert rows(tmp_path / "empty", tmp_path / "t1")["commits"] == []
    tree = git(tmp_path / "damaged", "rev-parse", "main^{tree}").decode().strip()
    (tmp_path / "damaged/objects" / tree[:2] / tree[2:]).unlink()
    with pytest.raises(InputError, match=r"damaged: git ls-tree failed .*fsck"):
        rows(tmp_path / "damaged", tmp_path / "t2")


@pytest.mark.parametrize("command", ["config", "rev-list", "rev-parse", "ls-tree", "diff-tree"])
def test_a_git_that_hangs_is_named_and_ended(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_repository(tmp_path / "clone", special_history()[:2], remote=REMOTE)
    before, said = descendants(os.getpid()), rf"clone: git {command} did not answer for 3 s.*--git-timeout"
    with noted_git(tmp_path / "bin", monkeypatch, hang=command), pytest.raises(EnvironmentFault, match=said):
        rows(tmp_path / "clone", tmp_path / "tables", git_timeout=3)
    assert still_there(descendants(os.getpid()) - before) == set()


def test_time_is_no_setting_that_decides(tmp_path: Path) -> None:
    make_repository(tmp_path / "clone", special_history()[:2], remote=REMOTE)
    assert rows(tmp_path / "clone", tmp_path / "t", git_timeout=60) == rows(
        tmp_path / "clone", tmp_path / "t", git_timeout=70
    )


@pytest.mark.parametrize(("ids", "command"), [(True, "cat-file"), (False, "cat-file"), (False, "diff-tree")])
def test_rows_of_a_clone_that_does_not_answer_name_it(
    ids: bool, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_repository(tmp_path / "clone", special_history()[:4], remote=REMOTE)
    wants = wants_of(changes_of(tmp_path / "clone", "own/it"), ids=ids)
    settings = settings_for(Host(tmp_path), backend="git-local", clones=(tmp_path / "clone",), clone_timeout=3.0)
    before = descendants(os.getpid())
    with noted_git(tmp_path / "bin", monkeypatch, hang=command) as log:
        got = fetched(settings, "git-local", [Group("own/it", wants)], tmp_path / "work")
        assert len(commands(log, command)) == 1
    assert {one.new.status for one in got} == {Status.TIMEOUT}
    assert {one.new.detail for one in got} == {f"own/it: git {command} took more than 3 s (--clone-timeout)"}
    assert still_there(descendants(os.getpid()) - before) == set()


def test_an_answer_that_is_a_code_is_told_from_a_failure(tmp_path: Path) -> None:
    make_repository(tmp_path / "clone", [])
    assert ask_git(tmp_path / "clone", "config", "--local", "--get", "remote.origin.url")[0] == 1
    (tmp_path / "clone/config").write_text("[core\n")
    with pytest.raises(InputError, match=r"clone: git cannot read it .*bad config"):
        find_clones([tmp_path / "clone"])
