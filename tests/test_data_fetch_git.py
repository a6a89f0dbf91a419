"""octopack_data.fetch: the backends give the same bytes, and nothing that a repository or a name holds does harm."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fetch_cases import REMOTE, changes_of, fetched, settings_for, wants_of
from fetch_servers import Host, answer, host_of, serve_objects, slow
from git_histories import Step, git, long_history, make_repository, put, special_history
from humanevalpack.errors import EnvironmentFault
from octopack_data.fetch.cache import BlobCache
from octopack_data.fetch.git import Git, GitFailed
from octopack_data.fetch.settings import BackendName
from octopack_data.fetch.statuses import Status
from octopack_data.fetch.trees import locate
from octopack_data.fetch.wants import Fetched, Group, Side, Want
from octopack_data.git import find_git
from octopack_data.records import Change

REPO = "own/special"
EVERY: tuple[BackendName, ...] = (*REMOTE, "git-local")


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hosts")
    ids = make_repository(folder / f"{REPO}.git", special_history())
    serve_objects(folder / f"{REPO}.git")
    # What no branch has any more is still served by its id.
    git(folder / f"{REPO}.git", "update-ref", "-d", "refs/heads/side")
    git(folder / f"{REPO}.git", "update-ref", "refs/heads/main", ids["main"])
    make_repository(folder / "own/long.git", long_history(40, 5))
    serve_objects(folder / "own/long.git")
    return folder


@pytest.fixture(scope="module")
def changes(repositories: Path) -> list[Change]:
    found = changes_of(repositories / f"{REPO}.git", REPO)
    assert len(found) > 15
    return found


@pytest.fixture
def host(repositories: Path) -> Iterator[Host]:
    with host_of(repositories) as serving:
        yield serving


def from_backend(
    host: Host, backend: BackendName, wants: tuple[Want, ...], work: Path, repo: str = REPO, **values: object
) -> list[Fetched]:
    local = (
        {"backend": "git-local", "clones": (host.repositories,), "names": "folder"} if backend == "git-local" else {}
    )
    return fetched(settings_for(host, **(local | values)), backend, [Group(repo, wants)], work)


def content(side: Side) -> tuple[Status, bytes]:
    return side.status, side.content


def test_every_backend_gives_the_bytes_of_the_oracle(host: Host, changes: list[Change], tmp_path: Path) -> None:
    files = [one for one in changes if one.new_file not in ("link", "lib", "data.json")]
    found = {name: from_backend(host, name, wants_of(files), tmp_path / name) for name in EVERY}
    oracle = [(content(one.new), content(one.old)) for one in found["git-shallow"]]
    assert len(oracle) > 15
    assert all(new[0] == old[0] == Status.OK for new, old in oracle)
    for name in EVERY:
        assert [(content(one.new), content(one.old)) for one in found[name]] == oracle, name


@pytest.mark.parametrize("backend", ["git-local", "git-partial", "git-shallow"])
def test_what_is_no_file_of_text_is_named(
    backend: BackendName, host: Host, changes: list[Change], tmp_path: Path
) -> None:
    kinds = {"link": Status.SYMLINK, "lib": Status.SUBMODULE, "data.json": Status.TOO_LARGE}
    some = [one for one in changes if one.new_file in kinds]
    got = from_backend(host, backend, wants_of(some), tmp_path)
    assert {one.want.new_file: one.new.status for one in got} == kinds
    assert not any(one.new.content for one in got)


@pytest.mark.parametrize("backend", ["git-local", "git-partial", "git-shallow"])
def test_roots_added_files_folders_and_missing_things(
    backend: BackendName, repositories: Path, host: Host, changes: list[Change], tmp_path: Path
) -> None:
    log = git(repositories / f"{REPO}.git", "log", "--format=%H %s").decode(errors="replace").splitlines()
    commits = {subject: commit for commit, subject in (line.split(" ", 1) for line in log)}
    wants = (
        Want(0, commits["Begin"], "a.py", "a.py"),
        Want(1, commits["Add d"], "d.py", "d.py"),
        Want(2, commits["Rename b"], "b.py", "c.py"),
        Want(3, commits["Add d"], "a.py", "a.py"),
        Want(4, commits["Add d"], "none.py", "none.py"),
        Want(5, "1" * 40, "a.py", "a.py"),
        Want(6, commits["Mend fruit"], "Äpfel und Birnen", "Äpfel und Birnen"),
    )
    got = [(one.new.status.value, one.old.status.value) for one in from_backend(host, backend, wants, tmp_path)]
    assert got == [
        ("ok", "no_parent"), ("ok", "gone"), ("ok", "ok"), ("ok", "ok"), ("gone", "gone"), ("gone", "gone"),
        ("gone", "gone"),
    ]  # fmt: skip


@pytest.mark.parametrize("backend", REMOTE)
def test_a_missing_repository_is_gone(backend: BackendName, host: Host, changes: list[Change], tmp_path: Path) -> None:
    got = from_backend(host, backend, wants_of(changes[:3]), tmp_path, repo="own/none")
    assert [one.new.status for one in got] == [Status.GONE] * 3


def test_a_partial_clone_is_a_handful_of_requests(host: Host, tmp_path: Path) -> None:
    changes = changes_of(host.repositories / "own/long.git", "own/long")
    got = from_backend(host, "git-partial", wants_of(changes), tmp_path, repo="own/long")
    assert [one.new.status for one in got] == [Status.OK] * 39
    assert len(host.requests) == 5
    assert list((tmp_path / "clones").iterdir()) == []


def test_two_commits_are_got_without_the_history(host: Host, tmp_path: Path) -> None:
    changes = changes_of(host.repositories / "own/long.git", "own/long")
    sent = []
    for some in (changes[:2], changes[:3]):
        before = host.sent
        got = from_backend(host, "git-partial", wants_of(some), tmp_path / str(len(some)), repo="own/long")
        assert {one.old.status for one in got} == {Status.OK}
        sent.append(host.sent - before)
    assert sent[0] < sent[1] / 2


@pytest.mark.parametrize(("filters", "ids"), [(False, True), (True, False), (False, False)])
@pytest.mark.parametrize("version", ["0", "2"])
def test_a_host_without_filters_or_ids_gives_whole_clones(
    filters: bool, ids: bool, version: str, tmp_path: Path
) -> None:
    make_repository(tmp_path / "hosts/own/long.git", long_history(12, 3))
    serve_objects(tmp_path / "hosts/own/long.git", filters=filters, ids=ids)
    changes = changes_of(tmp_path / "hosts/own/long.git", "own/long")
    with host_of(tmp_path / "hosts", protocol=version) as host:
        got = from_backend(host, "git-partial", wants_of(changes), tmp_path, repo="own/long")
    assert [(one.new.status, one.old.status) for one in got] == [(Status.OK, Status.OK)] * 11


def test_blobs_in_the_cache_are_not_fetched(host: Host, tmp_path: Path) -> None:
    changes = changes_of(host.repositories / "own/long.git", "own/long")
    settings, cache = settings_for(host), BlobCache(tmp_path / "cache")
    for one in fetched(settings, "git-partial", [Group("own/long", wants_of(changes))], tmp_path):
        cache.put(one.new.content)
        cache.put(one.old.content)
    asked = len(host.requests)
    again = fetched(settings, "git-partial", [Group("own/long", wants_of(changes))], tmp_path)
    assert [one.new.status for one in again] == [Status.OK] * 39
    assert len(host.requests) - asked == 3  # the clone, and no bulk request


@pytest.mark.parametrize(
    ("code", "status", "tries"),
    [(404, Status.GONE, 1), (403, Status.GONE, 1), (429, Status.RATE_LIMITED, 3), (502, Status.ERROR, 3)],
)
def test_what_the_host_answers_git(code: int, status: Status, tries: int, host: Host, tmp_path: Path) -> None:
    changes = changes_of(host.repositories / "own/long.git", "own/long")
    host.faults["info/refs"] = [answer(code)] * 10
    got = from_backend(host, "git-partial", wants_of(changes[:3]), tmp_path, repo="own/long", tries=tries)
    assert {one.new.status for one in got} == {status}
    assert len(host.requests) == tries


def test_a_passing_fault_of_a_git_host_costs_a_pause(host: Host, changes: list[Change], tmp_path: Path) -> None:
    host.faults["info/refs"] = [answer(503)]
    got = from_backend(host, "git-partial", wants_of(changes[:3]), tmp_path, tries=2)
    assert {one.new.status for one in got} == {Status.OK}


def test_a_git_host_that_refuses_everything_ends_the_run(host: Host, changes: list[Change], tmp_path: Path) -> None:
    host.faults["info/refs"] = [answer(403)] * 30
    groups = [Group(f"own/r{number}", wants_of(changes[:1])) for number in range(30)]
    with pytest.raises(EnvironmentFault, match=r"refused 20 requests in a row"):
        fetched(settings_for(host), "git-partial", groups, tmp_path)


def test_a_host_that_does_not_answer_is_a_timeout(host: Host, changes: list[Change], tmp_path: Path) -> None:
    host.faults["info/refs"] = [slow(20)]
    got = from_backend(host, "git-partial", wants_of(changes[:3]), tmp_path, clone_timeout=1.0)
    assert {one.new.status for one in got} == {Status.TIMEOUT}


def test_a_repository_that_grows_too_large_is_given_up(tmp_path: Path) -> None:
    noise = [put(b"%d.bin" % number, os.urandom(400_000)) for number in range(20)]
    steps = [Step("root", b"Begin\n", tuple(noise)), Step("next", b"Go on\n", (put(b"0.bin", os.urandom(400_000)),))]
    make_repository(tmp_path / "hosts/own/big.git", steps)
    changes = changes_of(tmp_path / "hosts/own/big.git", "own/big")
    with host_of(tmp_path / "hosts") as host:
        host.pace = 2_000_000
        got = from_backend(
            host,
            "git-partial",
            wants_of(changes),
            tmp_path,
            repo="own/big",
            max_repo_bytes=1_000_000,
            max_bytes=500_000,
        )
    assert [one.new.status for one in got] == [Status.TOO_LARGE]


@pytest.mark.parametrize(
    "url", ["ext::sh -c touch% PWNED", "file:///{repo}", "--upload-pack=touch PWNED", "ssh://-oProxyCommand=touch/x"]
)
def test_no_address_runs_anything(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    git(tmp_path, "init", "--quiet", "--bare", "clone")
    client = Git("test", 20, 10**9)
    client.run(tmp_path / "clone", ["config", "remote.origin.url", url])
    with pytest.raises(GitFailed):
        client.run(tmp_path / "clone", ["fetch", "origin"])
    assert [path.name for path in tmp_path.iterdir()] == ["clone"]


def test_a_hostile_clone_runs_nothing_and_fetches_nothing(repositories: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clones/own/special"
    clone.parent.mkdir(parents=True)
    git(tmp_path, "clone", "--quiet", "--bare", str(repositories / f"{REPO}.git"), str(clone))
    command = f"touch {tmp_path}/PWNED; false"
    for name in (
        "core.fsmonitor",
        "core.sshCommand",
        "diff.external",
        "core.pager",
        "credential.helper",
        "core.hooksPath",
    ):
        git(clone, "config", name, command)
    for name, value in {"url": f"ext::sh -c 'touch% {tmp_path}/PWNED'", "promisor": "true"}.items():
        git(clone, "config", f"remote.origin.{name}", value)
    changes = changes_of(repositories / f"{REPO}.git", REPO)
    wants = (*wants_of(changes[:2]), Want(2, "1" * 40, "a.py", "a.py"))
    settings = settings_for(Host(repositories), backend="git-local", clones=(tmp_path / "clones",), names="folder")
    got = fetched(settings, "git-local", [Group(REPO, wants)], tmp_path / "work")
    assert [one.new.status for one in got] == [Status.OK, Status.OK, Status.GONE]
    assert not (tmp_path / "PWNED").exists()


def test_names_of_clones_are_looked_up(repositories: Path, tmp_path: Path) -> None:
    changes = changes_of(repositories / "own/long.git", "own/long")[:2]
    settings = settings_for(Host(repositories), backend="git-local", clones=(repositories,), names="folder")
    for repo in ("own/long", "own/../own/long", "../hosts0/own/long", "own", "own/none"):
        got = fetched(settings, "git-local", [Group(repo, wants_of(changes))], tmp_path / repo.replace("/", "_"))
        assert {one.new.status for one in got} == {Status.OK if repo == "own/long" else Status.GONE}


@pytest.mark.root
def test_clones_of_another_user_are_read(repositories: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--bare", str(repositories / "own/long.git"), str(tmp_path / "own/long"))
    os.chown(tmp_path / "own/long", 12345, 12345)
    wants = wants_of(changes_of(repositories / "own/long.git", "own/long"))[:1]
    settings = settings_for(Host(repositories), backend="git-local", clones=(tmp_path,), names="folder")
    assert fetched(settings, "git-local", [Group("own/long", wants)], tmp_path)[0].new.status == Status.OK


def test_a_damaged_clone_fails_its_rows_alone(repositories: Path, changes: list[Change], tmp_path: Path) -> None:
    for name in ("good", "bad"):
        options = ("--quiet", "--bare", "--no-hardlinks")
        git(tmp_path, "clone", *options, str(repositories / "own/long.git"), str(tmp_path / "own" / name))
    for pack in (tmp_path / "own/bad/objects/pack").glob("*.pack"):
        pack.chmod(0o600)
        pack.write_bytes(pack.read_bytes()[:100])
    wants = wants_of(changes_of(repositories / "own/long.git", "own/long"))[:3]
    settings = settings_for(Host(repositories), backend="git-local", clones=(tmp_path,), names="folder")
    groups = [Group("own/bad", wants), Group("own/good", tuple(replace(want, row=want.row + 3) for want in wants))]
    got = fetched(settings, "git-local", groups, tmp_path / "work")
    assert [one.new.status == Status.OK for one in got] == [False] * 3 + [True] * 3


@pytest.mark.parametrize(("said", "message"), [(None, "not installed"), ("git version 2.30.2", "2.30.2' is too old")])
def test_a_missing_and_an_old_git_are_named(
    said: str | None, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if said:
        (tmp_path / "git").write_text(f"#!/bin/sh\necho {said}\n")
        (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    find_git.cache_clear()
    with pytest.raises(EnvironmentFault, match=message):
        Git("test", 20, 10**9).run(tmp_path, ["version"])
    find_git.cache_clear()


def test_a_merge_is_compared_with_its_first_parent(tmp_path: Path) -> None:
    ids = make_repository(tmp_path / "r", special_history())
    located = locate(Git("test", 60, 10**9), tmp_path / "r", [Want(0, ids["merge"], "a.py", "a.py")])
    old = git(tmp_path / "r", "rev-parse", f"{ids['merge']}^1:a.py").decode().strip()
    assert located[0].old == old != located[0].new
