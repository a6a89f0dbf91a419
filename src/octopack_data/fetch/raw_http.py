"""Backend raw-http: one GET a content, for repositories of which few commits are wanted."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from octopack_data.fetch.addresses import without_secrets
from octopack_data.fetch.cache import BlobCache
from octopack_data.fetch.contents import blob_id
from octopack_data.fetch.git import Stopped
from octopack_data.fetch.journal import Journal
from octopack_data.fetch.limits import Circuit, Pauses, TokenBucket, retry_after_seconds
from octopack_data.fetch.statuses import Status
from octopack_data.fetch.wants import Fetched, Group, Report, Side, Want

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

_GONE = (401, 404, 410, 451)
_MOST_REDIRECTS = 3
_PIECE = 1 << 16
_LOOK = 0.25
"""Seconds between two looks at whether the run has ended."""


@dataclass(frozen=True)
class _Answer:
    """One answer. ``again``: another try may help, after ``retry_after`` seconds if the host says so."""

    side: Side
    again: bool = False
    retry_after: float | None = None
    etag: str = ""
    unchanged: bool = False


@dataclass(frozen=True)
class RawHttp:
    """GETs ``address`` (with ``{repo}``, ``{commit}``, ``{path}``), ``at_a_time`` requests in flight.

    The parent's id must be in the metadata (``no_parent`` otherwise). A content in the cache is not asked for, one that
    an earlier run got from the same address is asked for by its ETag. What a host gives for a symbolic link (its target
    as text) cannot be told from a file here; git's backends can.
    """

    address: str
    user_agent: str
    max_bytes: int
    cache: BlobCache
    journal: Journal
    pauses: Pauses
    circuit: Circuit
    stop: threading.Event
    at_a_time: int = 16
    requests_per_second: float = 50.0
    timeout: float = 60.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.time
    steady_clock: Callable[[], float] = time.monotonic

    def fetch(self, groups: Sequence[Group], report: Report) -> None:
        """Ask for all wants of all groups; raises EnvironmentFault for a host that refuses everything."""
        asyncio.run(self._fetch_all(groups, report))

    async def _fetch_all(self, groups: Sequence[Group], report: Report) -> None:
        import aiohttp

        bucket = TokenBucket(self.requests_per_second, self.at_a_time, self.steady_clock)
        left = iter([(group, want) for group in groups for want in group.wants])
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self.at_a_time),
            # Unpacked, so that Content-Length is the size of the file.
            headers={"User-Agent": self.user_agent, "Accept-Encoding": "identity"},
            timeout=aiohttp.ClientTimeout(total=self.timeout),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=True,
        ) as session:
            one = _OneRun(self, session, bucket)

            async def work() -> None:
                for group, want in left:
                    report(group, await one.fetch(group.repo, want))

            await self._finished([asyncio.create_task(work()) for _ in range(self.at_a_time)])

    async def _finished(self, workers: Sequence[asyncio.Task[None]]) -> None:
        """Wait for all workers, for the first error of one, or for the end of the run."""
        waiting = {*workers}
        try:
            while waiting:
                done, waiting = await asyncio.wait(waiting, timeout=_LOOK, return_when=asyncio.FIRST_EXCEPTION)
                for worker in done:
                    worker.result()
                if self.stop.is_set():
                    raise Stopped
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)


def _filled(address: str, fields: Mapping[str, str]) -> str:
    for field, value in fields.items():
        address = address.replace(field, value)
    return address


@dataclass(frozen=True)
class _OneRun:
    """The requests of one call: its connections and its pace."""

    backend: RawHttp
    session: ClientSession
    bucket: TokenBucket

    async def fetch(self, repo: str, want: Want) -> Fetched:
        new = await self._side(repo, want.commit, want.new_file, want.new_sha1)
        if new.status != Status.OK:
            return Fetched(want, new, Side(Status.GONE))
        if not want.parent:
            return Fetched(want, new, Side(Status.NO_PARENT, detail="the metadata names no parent"))
        old = await self._side(repo, want.parent, want.old_file, want.old_sha1)
        if old.status == Status.GONE and want.old_sha1:
            # The diff says that it was there: this host has lost the parent, and the row is no added file.
            old = Side(Status.ERROR, detail=f"{old.detail} for a file that the parent has")
        return Fetched(want, new, old)

    async def _side(self, repo: str, commit: str, path: str, expected: str) -> Side:
        backend = self.backend
        fields = {"{repo}": repo, "{commit}": commit, "{path}": quote(path)}
        url = _filled(backend.address, fields)
        noted = _filled(without_secrets(backend.address), fields)
        blob = expected or backend.journal.urls.get(noted, "")
        content = backend.cache.get(blob) if blob else None
        if content is not None:
            return Side(Status.OK, content)
        etag, known = backend.cache.url(noted) or ("", "")
        content = backend.cache.get(known) if etag else None
        answer = await self._asked(url, etag if content is not None else "", expected)
        if answer.unchanged and content is not None:
            answer = _Answer(Side(Status.OK, content), etag=etag)
        if answer.side.status == Status.OK:
            blob = backend.cache.put(answer.side.content, like=expected)
            if answer.etag:
                backend.cache.put_url(noted, answer.etag, blob)
            backend.journal.note_url(noted, blob)
        return answer.side

    async def _asked(self, url: str, etag: str, expected: str) -> _Answer:
        """Ask until there is an answer that another try cannot mend, or no try is left."""
        failures = 0
        while True:
            await self._wait(self.bucket.take())
            answer = await self._once(url, etag, expected)
            failures += 1
            pause = self.backend.pauses.seconds(failures, answer.retry_after) if answer.again else None
            if pause is None:
                return answer
            await self._wait(pause)

    async def _wait(self, seconds: float) -> None:
        if seconds > 0:
            await self.backend.sleep(seconds)

    async def _once(self, url: str, etag: str, expected: str) -> _Answer:
        import aiohttp
        from yarl import URL

        headers = {"If-None-Match": etag} if etag else {}
        try:
            # encoded: what a path holds is never read as a query, a fragment or a way up.
            async with self.session.get(
                URL(url, encoded=True), headers=headers, max_redirects=_MOST_REDIRECTS
            ) as response:
                self.backend.circuit.saw(response.status)
                return await self._read(response, expected)
        except TimeoutError:
            return _Answer(Side(Status.TIMEOUT, detail=f"no answer in {self.backend.timeout:g} s"), again=True)
        except aiohttp.ClientPayloadError as error:
            return _Answer(Side(Status.TRUNCATED, detail=str(error)), again=True)
        except aiohttp.TooManyRedirects:
            return _Answer(Side(Status.ERROR, detail="too many redirects"))
        except aiohttp.ClientError as error:
            return _Answer(Side(Status.ERROR, detail=f"{type(error).__name__}: {error}"), again=True)

    async def _read(self, response: ClientResponse, expected: str) -> _Answer:
        code, said = response.status, f"HTTP {response.status}"
        if code == 304:
            return _Answer(Side(Status.OK), unchanged=True)
        if code in _GONE:
            return _Answer(Side(Status.GONE, detail=said))
        retry_after = retry_after_seconds(response.headers.get("Retry-After"), self.backend.clock())
        if code == 429 or (code == 403 and retry_after is not None):
            return _Answer(Side(Status.RATE_LIMITED, detail=said), again=True, retry_after=retry_after)
        if code != 200:
            return _Answer(Side(Status.ERROR, detail=said), again=code >= 500, retry_after=retry_after)
        return await self._body(response, expected)

    async def _body(self, response: ClientResponse, expected: str) -> _Answer:
        announced = response.content_length
        content = bytearray()
        if announced is None or announced <= self.backend.max_bytes:
            async for piece in response.content.iter_chunked(_PIECE):
                content += piece
                if len(content) > self.backend.max_bytes:
                    break
        if max(announced or 0, len(content)) > self.backend.max_bytes:
            response.close()  # the rest is never asked for
            return _Answer(Side(Status.TOO_LARGE, detail=f"{announced or 'too many'} bytes"))
        whole = bytes(content)
        if announced is not None and len(whole) != announced:
            said = f"{len(whole)} of {announced} bytes"
            return _Answer(Side(Status.TRUNCATED, detail=said), again=True)
        if expected and blob_id(whole, like=expected) != expected:
            return _Answer(Side(Status.TRUNCATED, detail=f"the content is not blob {expected}"), again=True)
        return _Answer(Side(Status.OK, whole), etag=response.headers.get("ETag", ""))
