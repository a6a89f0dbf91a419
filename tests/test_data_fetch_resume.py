"""octopack_data.fetch: what was fetched is never asked for again, whatever ends a run; one cache for many processes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fetch_cases import CONTACT, changes_of, metadata
from fetch_servers import Host, host_of, serve_objects, slow
from git_histories import long_history, make_repository
from octopack_data.fetch.cache import BlobCache
from octopack_data.fetch.contents import blob_id
from octopack_data.fetch.journal import Journal, Outcome
from octopack_data.fetch.settings import FetchSettings
from octopack_data.fetch.statuses import Status
from octopack_data.fetch.work import WORK, fetch, fetch_stage
from octopack_data.manifests import read_manifest, sha256_of
from octopack_data.records import Change
from octopack_data.settings import make_settings
from octopack_data.sources import find_parts


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hosts")
    for repo in ("own/long", "own/other", "own/third"):
        make_repository(folder / f"{repo}.git", long_history(30, 5))
        serve_objects(folder / f"{repo}.git")
    return folder


@pytest.fixture
def host(repositories: Path) -> Iterator[Host]:
    with host_of(repositories) as serving:
        yield serving


@pytest.fixture(scope="module")
def changes(repositories: Path) -> list[Change]:
    return changes_of(repositories / "own/long.git", "own/long")


def started(host: Host, source: Path, output: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [
        sys.executable, "-m", "octopack_data.commands", "commitpack", "fetch", str(source), "-o", str(output),
        "--git-url", host.git_url, "--raw-url", host.raw_url, "--contact", CONTACT, *options,
    ]  # fmt: skip
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def finished(process: subprocess.Popen[bytes]) -> None:
    output, _ = process.communicate()
    assert process.returncode == 0, output.decode()


def killed_when_asked(host: Host, process: subprocess.Popen[bytes], piece: str) -> None:
    while not host.asked(piece):
        assert process.poll() is None, process.communicate()[0].decode()
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()


def hashes(output: Path) -> dict[str, str]:
    return {path.name: sha256_of(path) for path in (output / "data").iterdir()}


def journal_entries(output: Path) -> list[dict[str, str]]:
    files = (output / ".fetch").rglob("journal-*.jsonl")
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def test_kill_9_among_raw_requests_costs_nothing_that_was_fetched(
    host: Host, changes: list[Change], tmp_path: Path
) -> None:
    source = metadata(tmp_path / "meta.jsonl", changes)
    options = ("--backend", "raw-http", "--requests-at-a-time", "2")
    finished(started(host, source, tmp_path / "undisturbed", *options))
    host.requests.clear()
    host.faults[f"{changes[20].commit}/"] = [slow(60)]
    killed_when_asked(host, started(host, source, tmp_path / "out", *options), changes[20].commit)
    host.faults.clear()
    got = {entry["url"].partition("/raw/")[2] for entry in journal_entries(tmp_path / "out") if "url" in entry}
    assert len(got) > 15
    host.requests.clear()
    finished(started(host, source, tmp_path / "out", *options))
    again = {path.removeprefix("/raw/") for path in host.requests}
    assert again.isdisjoint(got)
    assert any(changes[20].commit in path for path in again)
    assert hashes(tmp_path / "out") == hashes(tmp_path / "undisturbed")
    assert read_manifest(tmp_path / "out")["counts"] == read_manifest(tmp_path / "undisturbed")["counts"]


def test_kill_9_between_clones_costs_no_clone_that_was_read(host: Host, changes: list[Change], tmp_path: Path) -> None:
    repos = ("own/long", "own/other", "own/third")
    rows = [replace(one, repos=repo) for repo in repos for one in changes]
    source = metadata(tmp_path / "meta.jsonl", rows, ids=False)  # with them, what one gave is not asked of the next
    options = ("--clones-at-a-time", "1")
    finished(started(host, source, tmp_path / "undisturbed", *options))
    host.requests.clear()
    host.faults["own/third.git/info"] = [slow(60)]
    killed_when_asked(host, started(host, source, tmp_path / "out", *options), "own/third.git/info")
    assert list((tmp_path / "out/.fetch").rglob("clone-*")) != []
    host.faults.clear()
    host.requests.clear()
    finished(started(host, source, tmp_path / "out", *options))
    assert {path.split("/")[3] for path in host.requests} == {"third.git"}
    assert hashes(tmp_path / "out") == hashes(tmp_path / "undisturbed")
    assert not (tmp_path / "out/.fetch").exists()


@pytest.mark.parametrize("backend", ["git-partial", "git-shallow", "raw-http"])
def test_ctrl_c_ends_what_is_under_way(backend: str, host: Host, changes: list[Change], tmp_path: Path) -> None:
    host.faults["/"] = [slow(300)] * 20
    process = started(host, metadata(tmp_path / "meta.jsonl", changes), tmp_path / "out", "--backend", backend)
    while not host.requests:
        assert process.poll() is None, process.communicate()[0].decode()
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=120)
    assert process.returncode == 130
    assert list((tmp_path / "out/.fetch").rglob("clone-*")) == []


def test_two_processes_share_one_cache(host: Host, changes: list[Change], tmp_path: Path) -> None:
    source = metadata(tmp_path / "meta.jsonl", [replace(one, old_sha1="", new_sha1="") for one in changes])
    options = ("--backend", "raw-http", "--cache", str(tmp_path / "cache"))
    both = [started(host, source, tmp_path / f"out{number}", *options) for number in range(2)]
    for process in both:
        finished(process)
    assert hashes(tmp_path / "out0") == hashes(tmp_path / "out1")
    assert list((tmp_path / "cache").rglob("*.part")) == []
    sent = host.sent
    finished(started(host, source, tmp_path / "later", *options))
    assert host.sent == sent  # every answer was 304
    assert hashes(tmp_path / "later") == hashes(tmp_path / "out0")


def test_a_blob_known_from_the_metadata_is_taken_from_the_cache(
    host: Host, changes: list[Change], tmp_path: Path
) -> None:
    source = metadata(tmp_path / "meta.jsonl", changes)
    options = ("--backend", "raw-http", "--cache", str(tmp_path / "cache"))
    finished(started(host, source, tmp_path / "out", *options))
    assert max(Counter(host.requests).values()) == 1
    host.requests.clear()
    finished(started(host, source, tmp_path / "again", *options))
    assert host.requests == []


def test_overwrite_starts_anew(host: Host, changes: list[Change], tmp_path: Path) -> None:
    source = metadata(tmp_path / "meta.jsonl", changes)
    options = ("--backend", "raw-http", "--requests-at-a-time", "1")
    host.faults[f"{changes[9].commit}/"] = [slow(60)]
    killed_when_asked(host, started(host, source, tmp_path / "out", *options), changes[9].commit)
    host.faults.clear()
    host.requests.clear()
    finished(started(host, source, tmp_path / "out", *options, "--overwrite"))
    assert host.asked(changes[0].commit) != []


def test_overwrite_takes_the_journal_away_before_it_says_that_another_run_has_begun(
    host: Host, changes: list[Change], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill between the two would give the new run what the old one had fetched."""
    parts = find_parts(metadata(tmp_path / "meta.jsonl", changes))
    settings = make_settings(FetchSettings, {"raw_url": host.raw_url, "contact": CONTACT})
    with fetch_stage(parts, tmp_path / "out", settings).held():
        (tmp_path / "out" / WORK / "meta.part").mkdir(parents=True)

    def ends(*_: object) -> None:
        raise SystemExit

    monkeypatch.setattr("octopack_data.parts.write_json", ends)
    with pytest.raises(SystemExit):
        fetch(parts, tmp_path / "out", settings, overwrite=True)
    assert not (tmp_path / "out" / WORK).exists()


def outcome(row: int, status: Status = Status.OK) -> Outcome:
    return Outcome(row, status, "a/b", "raw-http", "1" * 40, "2" * 40)


def test_a_journal_is_read_back_without_the_line_that_a_kill_broke_off(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.note(outcome(0))
        journal.note_url("http://x/", "3" * 40)
        journal.note(outcome(1, Status.GONE))
    path.write_bytes(path.read_bytes()[:-9])
    with Journal(path) as journal:
        assert (journal.outcomes, journal.urls) == ({0: [outcome(0)]}, {"http://x/": "3" * 40})
        journal.note(outcome(2))
    with Journal(path) as journal:
        assert journal.outcomes == {0: [outcome(0)], 2: [outcome(2)]}


def test_a_row_is_final_with_a_content_or_when_no_repository_is_left(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.jsonl") as journal:
        assert journal.final(0, repos=2) is None
        journal.note(outcome(0, Status.TIMEOUT))
        assert journal.final(0, repos=2) is None
        journal.note(outcome(0, Status.GONE))
        assert journal.final(0, repos=2) == outcome(0, Status.TIMEOUT)
        assert journal.final(0, repos=3) is None
        journal.note(outcome(0, Status.BINARY))
        assert journal.final(0, repos=9) == outcome(0, Status.BINARY)


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_a_damaged_content_counts_as_absent_and_is_written_again(damage: bytes | None, tmp_path: Path) -> None:
    cache = BlobCache(tmp_path)
    name = cache.put(b"content")
    (path,) = tmp_path.glob("blobs/*/*")
    other = cache.put(b"other")
    if damage is None:
        path.write_bytes((tmp_path / "blobs" / other[:2] / other[2:]).read_bytes())
    else:
        path.write_bytes(damage)
    assert cache.get(name) is None
    assert (cache.put(b"content"), cache.get(name)) == (name, b"content")


def test_ids_of_both_kinds_are_kept(tmp_path: Path) -> None:
    cache = BlobCache(tmp_path)
    assert len(cache.put(b"content", like="0" * 64)) == 64
    assert cache.get(blob_id(b"content", like="0" * 64)) == b"content"
    assert cache.get(blob_id(b"content")) is None
