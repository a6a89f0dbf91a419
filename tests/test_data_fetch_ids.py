"""octopack_data.fetch: blobs whose ids the metadata names are read without trees; clones are looked for once a run."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fetch_cases import changes_of, fetched, metadata, settings_for, wants_of
from fetch_servers import Host, host_of, serve_objects
from git_histories import Step, git, long_history, make_repository, put, special_history
from git_programs import commands, noted_git
from octopack_data.fetch.settings import BackendName
from octopack_data.fetch.statuses import Status
from octopack_data.fetch.wants import Fetched, Group, Want
from octopack_data.fetch.work import fetch
from octopack_data.manifests import read_manifest
from octopack_data.records import Change
from octopack_data.sources import find_parts

REPO = "own/special"
LONG = "own/long"
GIT: tuple[BackendName, ...] = ("git-local", "git-partial")
TREES = ("diff-tree", "ls-tree")


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hosts")
    make_repository(folder / f"{REPO}.git", special_history()[:-2])
    make_repository(folder / f"{LONG}.git", long_history(40, 5))
    for repo in (REPO, LONG):
        serve_objects(folder / f"{repo}.git")
    return folder


@pytest.fixture
def host(repositories: Path) -> Iterator[Host]:
    with host_of(repositories) as serving:
        yield serving


def got(host: Host, backend: BackendName, wants: tuple[Want, ...], work: Path, repo: str = REPO) -> list[Fetched]:
    local = (
        {"backend": "git-local", "clones": (host.repositories,), "names": "folder"} if backend == "git-local" else {}
    )
    return fetched(settings_for(host, **local), backend, [Group(repo, wants)], work)


@pytest.mark.parametrize("backend", GIT)
def test_blobs_with_ids_are_read_without_a_tree(
    backend: BackendName, host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wants = wants_of(changes_of(host.repositories / f"{LONG}.git", LONG), ids=True)
    with noted_git(tmp_path / "bin", monkeypatch) as log:
        found = got(host, backend, wants, tmp_path / "work", LONG)
        assert [commands(log, name) for name in TREES] == [[], []]
        assert len(commands(log, "cat-file")) == 1
        assert len(commands(log, "fetch")) == (backend == "git-partial")
    assert [(one.new.status, one.old.status) for one in found] == [(Status.OK, Status.OK)] * 39


def test_blobs_with_ids_are_two_requests_and_no_history(host: Host, tmp_path: Path) -> None:
    wants = wants_of(changes_of(host.repositories / f"{LONG}.git", LONG), ids=True)
    sent: list[tuple[int, int]] = []
    for some in (wants[:4], tuple(replace(want, old_sha1="", new_sha1="") for want in wants[:4])):
        before = host.sent, len(host.requests)
        assert {one.old.status for one in got(host, "git-partial", some, tmp_path / str(len(sent)), LONG)} == {"ok"}
        sent.append((host.sent - before[0], len(host.requests) - before[1]))
    assert sent[0][1] == 2 < sent[1][1]
    assert sent[0][0] < sent[1][0] / 2


@pytest.mark.parametrize("backend", GIT)
def test_with_ids_and_without_every_row_is_the_same(backend: BackendName, host: Host, tmp_path: Path) -> None:
    changes = changes_of(host.repositories / f"{REPO}.git", REPO)
    both = [got(host, backend, wants_of(changes, ids=ids), tmp_path / str(ids)) for ids in (False, True)]
    seen = [[(one.new.status, one.new.content, one.old.status, one.old.content) for one in some] for some in both]
    assert seen[0] == seen[1]
    statuses = {one.want.new_file: one.new.status for one in both[1]}
    assert [statuses[path] for path in ("link", "lib", "data.json", "a.py")] == [
        Status.SYMLINK, Status.SUBMODULE, Status.TOO_LARGE, Status.OK,
    ]  # fmt: skip


@pytest.mark.parametrize("backend", GIT)
@pytest.mark.parametrize("side", ["old_sha1", "new_sha1"])
def test_an_id_that_is_no_blob_there_is_noticed(backend: BackendName, side: str, host: Host, tmp_path: Path) -> None:
    wants = list(wants_of(changes_of(host.repositories / f"{LONG}.git", LONG), ids=True)[:5])
    wrong_id = "1" * 40
    wants[2] = replace(wants[2], old_sha1=wrong_id) if side == "old_sha1" else replace(wants[2], new_sha1=wrong_id)
    found = got(host, backend, tuple(wants), tmp_path, LONG)
    assert [one.new.status == one.old.status == Status.OK for one in found] == [True, True, False, True, True]
    wrong = found[2].old if side == "old_sha1" else found[2].new
    assert wrong.status == Status.GONE
    assert wrong.detail.startswith(f"the metadata names blob {wrong_id}, the commit has ")


@pytest.mark.parametrize("backend", GIT)
def test_a_path_that_was_no_utf8_is_gone_with_ids_too(backend: BackendName, host: Host, tmp_path: Path) -> None:
    repository = host.repositories / f"{REPO}.git"
    entries = git(repository, "log", "--raw", "--no-abbrev", "--format=%H %P", "--grep=Mend the old name").split()
    commit, parent, _, _, old, new = (word.decode() for word in entries[:6])
    (one,) = got(host, backend, (Want(0, commit, "lat\ufffdn.py", "lat\ufffdn.py", parent, old, new),), tmp_path)
    assert (one.new.status, one.old.status) == (Status.GONE, Status.GONE)


def test_many_wrong_ids_cost_a_host_few_requests(host: Host, tmp_path: Path) -> None:
    wants = wants_of(changes_of(host.repositories / f"{LONG}.git", LONG), ids=True)
    wrong = tuple(replace(want, new_sha1=f"{want.row:040x}") for want in wants)
    assert {one.new.status for one in got(host, "git-partial", wrong, tmp_path, LONG)} == {Status.GONE}
    assert len(host.requests) < 20


def test_a_short_line_without_an_end_is_a_file_if_its_tree_says_so(host: Host, tmp_path: Path) -> None:
    steps = [Step("1", b"Begin\n", (put(b"VERSION", b"1.0"),)), Step("2", b"Next\n", (put(b"VERSION", b"1.1"),))]
    make_repository(tmp_path / "clone", steps)
    changes = changes_of(tmp_path / "clone", "own/it")
    settings = settings_for(host, backend="git-local", clones=(tmp_path / "clone",), names="folder")
    group = Group(f"{tmp_path.name}/clone", wants_of(changes, ids=True))
    (one,) = fetched(settings, "git-local", [group], tmp_path / "work")
    assert (one.new.content, one.old.content) == (b"1.1", b"1.0")


@pytest.mark.parametrize("ids", [True, False])
def test_other_bytes_under_a_blobs_id_are_noticed(ids: bool, host: Host, tmp_path: Path) -> None:
    steps = [Step(str(n), b"Set a value\n", (put(b"a.py", b"a = %d\n" % n),)) for n in range(3)]
    make_repository(tmp_path / "clone", steps)
    changes = changes_of(tmp_path / "clone", "own/it")
    objects = tmp_path / "clone/objects"
    for pack in list(objects.glob("pack/*.pack")):
        moved = pack.rename(tmp_path / pack.name)
        git(tmp_path / "clone", "unpack-objects", "-q", stdin=moved.read_bytes())
    first, second = (objects / one.old_sha1[:2] / one.old_sha1[2:] for one in changes)
    second.chmod(0o600)
    second.write_bytes(first.read_bytes())
    settings = settings_for(host, backend="git-local", clones=(tmp_path / "clone",), names="folder")
    group = Group(f"{tmp_path.name}/clone", wants_of(changes, ids=ids))
    found = fetched(settings, "git-local", [group], tmp_path / "work")
    assert [(one.old.status, one.new.status) for one in found] == [
        (Status.OK, Status.TRUNCATED), (Status.TRUNCATED, Status.OK),
    ]  # fmt: skip


def renamed(changes: list[Change], repos: str) -> list[Change]:
    return [replace(one, repos=repos) for one in changes]


def test_clones_are_looked_for_once_a_run(
    repositories: Path, host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        git(tmp_path, "clone", "--quiet", "--bare", str(repositories / f"{LONG}.git"), str(tmp_path / f"clones/{name}"))
        git(tmp_path / f"clones/{name}", "config", "remote.origin.url", f"https://example.org/own/{name}")
    changes = changes_of(repositories / f"{LONG}.git", LONG)
    # A repository that is not there first: a second round asks the next one.
    for part, names in enumerate(("own/none,own/one", "own/two", "own/none,own/two")):
        metadata(tmp_path / f"meta/p{part}.jsonl", renamed(changes[:6], names))
    settings = settings_for(host, backend="git-local", clones=(tmp_path / "clones",), block_rows=2)
    with noted_git(tmp_path / "bin", monkeypatch) as log:
        for run in range(2):
            fetch(find_parts(tmp_path / "meta"), tmp_path / f"out{run}", settings, progress=False)
            assert len(commands(log, "config")) == 2 * (run + 1)
        fetch(find_parts(tmp_path / "meta"), tmp_path / "workers", settings, workers=2, progress=False)
        assert len(commands(log, "config")) == 6
    assert read_manifest(tmp_path / "workers")["counts"]["status_ok"] == 18
