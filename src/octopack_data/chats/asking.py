"""Requests in flight: several at a time, again where that may help, no more than they may cost."""

from __future__ import annotations

import asyncio
import json
import math
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from humanevalpack.errors import EnvironmentFault
from octopack_data.chats.journal import REFUSED, Answer, Journal, Request
from octopack_data.chats.settings import ServerSettings, checked_key
from octopack_data.fetch.limits import Pauses, retry_after_seconds

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

_PATHS = {"chat": "chat/completions", "completions": "completions"}
_WRONG_REQUEST = frozenset({400, 413, 422})
_AGAIN = frozenset({408, 409, 429})
_ONLY_REFUSALS = 5
"""So many refused requests before any answer: the fault is in all of them, not in the texts."""
_BYTES_PER_TOKEN = 4
_SHOWN = 300
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
"""Half of an emoji, where an answer was cut in its middle: no file of ours could hold it."""


class Cost(NamedTuple):
    """What a run would ask: requests, tokens of their prompts (about), and of their answers at most."""

    requests: int
    prompt_tokens: int
    completion_tokens: int


class LimitReached(Exception):
    """The run has cost what it may: what there is by now counts."""


class _Failed(Exception):
    """One try failed; ``pause`` is what the server asks for, in seconds."""

    def __init__(self, said: str, *, again: bool = True, pause: float | None = None) -> None:
        super().__init__(said)
        self.again, self.pause = again, pause


def estimated_tokens(text: str) -> int:
    """Return about how many tokens a text has: 4 bytes each."""
    return math.ceil(len(text.encode()) / _BYTES_PER_TOKEN)


def ask(requests: Iterable[Request], settings: ServerSettings, journal: Journal, progress: Any = None) -> None:
    """Ask what is not in the journal yet and keep every answer there as it comes.

    ``requests`` is read as far as there is room for requests in flight; ``progress`` (a tqdm bar) counts answers.
    Raises LimitReached, and EnvironmentFault for a server that cannot be reached or refuses everything.
    """
    asyncio.run(_Asker(settings, journal, checked_key(settings), progress).run(iter(requests)))


@dataclass
class _Asker:
    """One run of requests."""

    settings: ServerSettings
    journal: Journal
    key: str
    progress: Any
    pauses: Pauses = field(init=False)
    tokens: int = field(init=False)
    refused: list[tuple[str, Answer]] = field(default_factory=list)
    """Refusals before any answer: they are kept once one request is known to be right."""

    def __post_init__(self) -> None:
        self.pauses = Pauses(tries=self.settings.tries)
        self.tokens = self.journal.tokens
        self.answered = any(answer.end != REFUSED for answer in self.journal.answers.values())

    async def run(self, requests: Iterator[Request]) -> None:
        """Keep as many requests in flight as there may be."""
        import aiohttp

        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        timeout = aiohttp.ClientTimeout(total=self.settings.timeout)
        flying: set[asyncio.Task[None]] = set()
        begun: set[str] = set()
        async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
            try:
                while True:
                    left = (one for one in requests if one.key not in self.journal.answers and one.key not in begun)
                    while len(flying) < self.settings.at_a_time and (request := next(left, None)) is not None:
                        self._check_limits(len(flying))
                        begun.add(request.key)
                        flying.add(asyncio.create_task(self._one(session, request)))
                    if not flying:
                        break
                    done, _ = await asyncio.wait(flying, return_when=asyncio.FIRST_COMPLETED)
                    for task in done:  # those behind a failed one stay in flight: their failures are looked at below
                        flying.remove(task)
                        task.result()
            except LimitReached:
                # What is in flight is paid for: it is waited for and kept.
                for result in await asyncio.gather(*flying, return_exceptions=True):
                    if isinstance(result, BaseException):
                        raise result from None
                raise
            finally:
                for task in flying:
                    task.cancel()
                await asyncio.gather(*flying, return_exceptions=True)
        if self.refused:
            raise EnvironmentFault(self._only_refusals())

    def _check_limits(self, flying: int) -> None:
        most, tokens = self.settings.max_requests, self.settings.max_total_tokens
        asked = len(self.journal.answers) + len(self.refused) + flying
        if (most is not None and asked >= most) or (tokens is not None and self.tokens >= tokens):
            raise LimitReached

    async def _one(self, session: ClientSession, request: Request) -> None:
        failures = 0
        while True:
            try:
                answer = await self._try(session, request)
            except _Failed as failure:
                failures += 1
                pause = self.pauses.seconds(failures, failure.pause) if failure.again else None
                if pause is None:
                    raise EnvironmentFault(
                        f"{self.settings.base_url}: {failure}. Every answer so far is kept: run the same command again"
                    ) from failure
                await asyncio.sleep(pause)
            else:
                self._keep(request.key, answer)
                return

    def _keep(self, key: str, answer: Answer) -> None:
        if answer.end == REFUSED and not self.answered:
            self.refused.append((key, answer))
            if len(self.refused) >= _ONLY_REFUSALS:
                raise EnvironmentFault(self._only_refusals())
            return
        self.answered = True
        for one in (*self.refused, (key, answer)):
            self.journal.keep(*one)
            self.tokens += one[1].prompt_tokens + one[1].completion_tokens
            if self.progress is not None:
                self.progress.update()
        self.refused.clear()

    def _only_refusals(self) -> str:
        return f"{self.settings.base_url} refuses every request: {self.refused[0][1].text}"

    async def _try(self, session: ClientSession, request: Request) -> Answer:
        import aiohttp

        url = f"{self.settings.base_url.rstrip('/')}/{_PATHS[self.settings.endpoint]}"
        try:
            async with session.post(url, json=self._body(request), allow_redirects=False) as response:
                return await self._read(response, request)
        except TimeoutError as error:
            raise _Failed(f"no answer in {self.settings.timeout:g} s") from error
        except aiohttp.ClientError as error:
            raise _Failed(f"{type(error).__name__}: {error}") from error

    def _body(self, request: Request) -> dict[str, Any]:
        settings = self.settings
        body: dict[str, Any] = {"model": settings.model, "temperature": settings.temperature, "top_p": settings.top_p,
                                "max_tokens": settings.max_tokens, "seed": settings.seed + request.number}  # fmt: skip
        if settings.endpoint == "completions":
            return body | {"prompt": f"{request.system}\n\n{request.prompt}" if request.system else request.prompt}
        said = [{"role": "system", "content": request.system}] if request.system else []
        return body | {"messages": [*said, {"role": "user", "content": request.prompt}]}

    async def _read(self, response: ClientResponse, request: Request) -> Answer:
        code, text = response.status, await response.text(errors="replace")
        if code in _WRONG_REQUEST:
            return Answer(_message(text), REFUSED)
        if code != 200:
            pause = retry_after_seconds(response.headers.get("Retry-After"), time.time())
            again = code in _AGAIN or code >= 500
            raise _Failed(f"HTTP {code}: {_message(text)}{self._hint(response)}", again=again, pause=pause)
        try:
            reply = json.loads(text)
            choice = reply["choices"][0]
            said = choice["text"] if self.settings.endpoint == "completions" else choice["message"]["content"]
            said = _LONE_SURROGATE.sub("\ufffd", said or "")
            used = reply.get("usage") or {}
            counts = [estimated_tokens(part) if used.get(name) is None else int(used[name])
                      for name, part in (("prompt_tokens", request.system + request.prompt),
                                         ("completion_tokens", said))]  # fmt: skip
            return Answer(said, str(choice.get("finish_reason") or ""), *counts)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise _Failed(f"the answer is none of an OpenAI-compatible server: {text[:_SHOWN]!r}") from error

    def _hint(self, response: ClientResponse) -> str:
        """Say what may mend an answer that asking again does not mend."""
        settings, code = self.settings, response.status
        if code in (401, 403):
            return f" (the key is read from {settings.key_variable})"
        if code == 404:
            return f" (is {settings.model!r} the --model's name there, and does --base-url end with /v1?)"
        if 300 <= code < 400:
            return f" (it sends on to {response.headers.get('Location', '')}: give that address as --base-url)"
        return ""


def _message(text: str) -> str:
    """Return a server's own words for an error, in one line."""
    try:
        error = json.loads(text)["error"]
        text = error["message"] if isinstance(error, dict) else str(error)
    except (ValueError, LookupError, TypeError):
        pass
    return " ".join(text.split())[:_SHOWN]
