"""octopack_data.fetch.raw_http against a real server with one fault after the other."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fetch_cases import changes_of, settings_for, wants_of
from fetch_servers import Fault, Host, answer, damaged, endless, host_of, reset, slow, truncated
from git_histories import make_repository, special_history
from humanevalpack.errors import EnvironmentFault
from octopack_data.fetch.cache import BlobCache
from octopack_data.fetch.journal import Journal
from octopack_data.fetch.limits import Circuit, Pauses
from octopack_data.fetch.raw_http import RawHttp
from octopack_data.fetch.statuses import Status
from octopack_data.fetch.wants import Fetched, Group, Want
from octopack_data.records import Change

REPO = "own/special"


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hosts")
    make_repository(folder / f"{REPO}.git", special_history())
    return folder


@pytest.fixture(scope="module")
def changes(repositories: Path) -> list[Change]:
    return changes_of(repositories / f"{REPO}.git", REPO)


@pytest.fixture
def host(repositories: Path) -> Iterator[Host]:
    with host_of(repositories) as serving:
        yield serving


class Asking:
    """A backend whose pauses take no time, and are kept."""

    def __init__(self, host: Host, work: Path, **values: Any) -> None:
        self.host, self.work, self.pauses = host, work, list[float]()
        settings = settings_for(host)

        async def sleep(seconds: float) -> None:
            self.pauses.append(seconds)
            await asyncio.sleep(0)

        self.journal = Journal(work / "journal.jsonl")
        self.backend = replace(
            RawHttp(
                host.raw_url, settings.user_agent(), 1_000_000, BlobCache(work / "cache"), self.journal,
                Pauses(tries=6, draw=lambda: 1.0), Circuit("the host"), threading.Event(),
                requests_per_second=1e9, sleep=sleep,
            ),
            **values,
        )  # fmt: skip

    def __call__(self, want: Want, repo: str = REPO) -> Fetched:
        found: list[Fetched] = []
        with self.journal:
            self.backend.fetch([Group(repo, (want,))], lambda _, one: found.append(one))
        assert len(found) == 1
        return found[0]


def want_for(changes: list[Change], path: str, *, ids: bool = False) -> Want:
    return next(want for want in wants_of(changes, ids=ids) if want.new_file == path)


RECOVERED: dict[str, tuple[list[Fault], list[float]]] = {
    "429 with Retry-After 1, then 0": ([answer(429, Retry_After="1"), answer(429, Retry_After="0")], [1.0]),
    "403 with Retry-After": ([answer(403, Retry_After="7")], [7.0]),
    "500 twice": ([answer(500), answer(500)], [0.5, 1.0]),
    "503 with Retry-After": ([answer(503, Retry_After="3")], [3.0]),
    "truncated": ([truncated], [0.5]),
    "connection reset": ([reset, reset, reset], [0.5]),  # aiohttp itself asks twice
    "five different ones": ([answer(502), truncated, answer(429), truncated, answer(500)], [0.5, 1, 2, 4, 8]),
}


@pytest.mark.parametrize("case", RECOVERED)
def test_a_passing_fault_costs_a_pause(case: str, host: Host, changes: list[Change], tmp_path: Path) -> None:
    faults, pauses = RECOVERED[case]
    want = want_for(changes, "a.py")
    host.faults[want.commit] = list(faults)
    asking = Asking(host, tmp_path)
    got = asking(want)
    assert (got.new.status, got.new.content, got.old.content) == (Status.OK, b"a = 2\n", b"a = 1\n")
    assert host.faults[want.commit] == []
    assert asking.pauses == pauses


def test_a_slow_answer_is_asked_for_again(host: Host, changes: list[Change], tmp_path: Path) -> None:
    want = want_for(changes, "a.py")
    host.faults[want.commit] = [slow(4.0)]
    asking = Asking(host, tmp_path, timeout=2.0)
    assert asking(want).new.content == b"a = 2\n"
    assert asking.pauses == [0.5]


LASTING: dict[str, tuple[Fault, Status, int]] = {
    "404": (answer(404), Status.GONE, 1),
    "410": (answer(410), Status.GONE, 1),
    "451": (answer(451), Status.GONE, 1),
    "401": (answer(401), Status.GONE, 1),
    "403": (answer(403), Status.ERROR, 1),
    "400": (answer(400), Status.ERROR, 1),
    "429": (answer(429), Status.RATE_LIMITED, 6),
    "429 for an hour": (answer(429, Retry_After="3600"), Status.RATE_LIMITED, 1),
    "500": (answer(500), Status.ERROR, 6),
    "truncated": (truncated, Status.TRUNCATED, 6),
}


@pytest.mark.parametrize("case", LASTING)
def test_a_lasting_fault_is_the_status(case: str, host: Host, changes: list[Change], tmp_path: Path) -> None:
    fault, status, requests = LASTING[case]
    want = want_for(changes, "a.py")
    host.faults[want.commit] = [fault] * 20
    assert Asking(host, tmp_path)(want).new.status == status
    assert len(host.asked(want.commit)) == requests


def test_redirects_are_followed_three_times(host: Host, changes: list[Change], tmp_path: Path) -> None:
    want = want_for(changes, "a.py")
    circle = answer(302, Location=f"/raw/{REPO}/{want.commit}/a.py")
    host.faults[want.commit] = [circle] * 2
    assert Asking(host, tmp_path / "1")(want).new.content == b"a = 2\n"
    host.faults[want.commit] = [circle] * 9
    got = Asking(host, tmp_path / "2")(want)
    assert (got.new.status, got.new.detail) == (Status.ERROR, "too many redirects")


def test_a_host_that_closes_every_connection_is_an_error(host: Host, changes: list[Change], tmp_path: Path) -> None:
    host.faults["/raw/"] = [reset] * 40
    assert Asking(host, tmp_path)(want_for(changes, "a.py")).new.status == Status.ERROR


def test_a_missing_repository_and_a_missing_path_are_gone(host: Host, changes: list[Change], tmp_path: Path) -> None:
    want = want_for(changes, "a.py")
    assert Asking(host, tmp_path / "1")(want, "own/none").new.status == Status.GONE
    assert Asking(host, tmp_path / "2")(replace(want, new_file="none.py")).new.status == Status.GONE
    no_old = Asking(host, tmp_path / "3")(replace(want, old_file="none.py"))
    assert (no_old.new.status, no_old.old.status) == (Status.OK, Status.GONE)


def test_a_host_that_has_lost_the_parent_makes_no_added_file(host: Host, changes: list[Change], tmp_path: Path) -> None:
    want = replace(want_for(changes, "a.py"), parent="1" * 40, old_sha1="2" * 40)
    got = Asking(host, tmp_path)(want)
    assert (got.new.status, got.old.status, got.old.detail) == (
        Status.OK, Status.ERROR, "HTTP 404 for a file that the parent has",
    )  # fmt: skip


def test_without_a_parent_only_the_new_content_is_asked_for(host: Host, changes: list[Change], tmp_path: Path) -> None:
    got = Asking(host, tmp_path)(replace(want_for(changes, "a.py"), parent=""))
    assert (got.new.content, got.old.status) == (b"a = 2\n", Status.NO_PARENT)
    assert len(host.requests) == 1


def test_bytes_that_are_not_the_blob_are_asked_for_again(host: Host, changes: list[Change], tmp_path: Path) -> None:
    want = want_for(changes, "a.py", ids=True)
    host.faults[want.commit] = [damaged]
    assert Asking(host, tmp_path / "1")(want).new.content == b"a = 2\n"
    host.faults[want.commit] = [damaged] * 6
    got = Asking(host, tmp_path / "2")(want)
    assert (got.new.status, got.new.detail) == (Status.TRUNCATED, f"the content is not blob {want.new_sha1}")


def test_a_large_file_is_refused_by_its_header(host: Host, changes: list[Change], tmp_path: Path) -> None:
    got = Asking(host, tmp_path)(want_for(changes, "data.json"))
    assert (got.new.status, got.new.detail) == (Status.TOO_LARGE, "3240004 bytes")
    assert not any((tmp_path / "cache").rglob("blobs/*/*"))


def test_a_file_without_end_is_given_up(host: Host, changes: list[Change], tmp_path: Path) -> None:
    want = want_for(changes, "a.py")
    host.faults[want.commit] = [endless]
    assert Asking(host, tmp_path)(want).new.status == Status.TOO_LARGE


def test_an_etag_saves_the_content(host: Host, changes: list[Change], tmp_path: Path) -> None:
    want = want_for(changes, "a.py")
    Asking(host, tmp_path)(want)
    (tmp_path / "journal.jsonl").unlink()
    sent = host.sent
    got = Asking(host, tmp_path)(want)
    assert (got.new.content, got.old.content) == (b"a = 2\n", b"a = 1\n")
    assert (host.sent, len(host.requests)) == (sent, 4)


def test_a_blob_in_the_cache_is_not_asked_for(host: Host, changes: list[Change], tmp_path: Path) -> None:
    want = want_for(changes, "a.py", ids=True)
    BlobCache(tmp_path / "cache").put(b"a = 1\n")
    assert Asking(host, tmp_path)(want).old.content == b"a = 1\n"
    assert len(host.requests) == 1


def test_a_host_that_refuses_everything_ends_the_run(host: Host, changes: list[Change], tmp_path: Path) -> None:
    host.faults["/raw/"] = [answer(429)] * 100
    asking = Asking(host, tmp_path, pauses=Pauses(tries=30, draw=lambda: 0.0))
    with pytest.raises(EnvironmentFault, match=r"the host has refused 20 requests in a row"):
        asking(want_for(changes, "a.py"))
    assert len(host.requests) == 20


ODD = ["Äpfel und Birnen/a b.py", 'it\'s "quoted"; $(id)\n.py']


@pytest.mark.parametrize("path", ODD)
def test_odd_paths_are_data(path: str, host: Host, changes: list[Change], tmp_path: Path) -> None:
    got = Asking(host, tmp_path)(want_for(changes, path))
    assert (got.new.status, got.old.status) == (Status.OK, Status.OK)


@pytest.mark.parametrize("path", ["a.py?x=1", "a.py#x", "%2e%2e/a.py", "a.py%00", "//evil.example/x", "a;b", "a+b&c"])
def test_no_path_is_read_as_another_part_of_an_address(
    path: str, host: Host, changes: list[Change], tmp_path: Path
) -> None:
    want = replace(want_for(changes, "a.py"), new_file=path)
    assert Asking(host, tmp_path)(want).new.status == Status.GONE
    assert [request.partition(want.commit)[2].count("/") for request in host.requests] == [1 + path.count("/")]


def test_the_host_is_told_who_asks(host: Host, changes: list[Change], tmp_path: Path) -> None:
    Asking(host, tmp_path)(want_for(changes, "a.py"))
    assert {agent.partition("/")[0] for agent in host.agents} == {"octopack-data"}
    assert all(agent.endswith("(+https://example.org/me)") for agent in host.agents)
