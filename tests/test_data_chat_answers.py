"""octopack_data.chats.asking: what comes back from a server, read, mended or said in one line."""

import gc
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from humanevalpack.errors import EnvironmentFault
from octopack_data.chats.asking import ask
from octopack_data.chats.journal import Answer, Journal, Request
from octopack_data.chats.settings import ServerSettings
from octopack_data.settings import make_settings

TOKENS = {"prompt_tokens": 3, "completion_tokens": 4}
QUESTIONS = [Request(f"q/{number}", f"Question {number}", number=number) for number in range(12)]
Serve = Callable[..., str]
"""From a text, a status, headers and how many requests wait for each other to the address of a server."""


def settings(server: str, **more: Any) -> ServerSettings:
    return make_settings(ServerSettings, {"model": "tiny", "base_url": f"{server}/v1", **more})


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "answers.jsonl") as opened:
        yield opened


@pytest.fixture
def serve_text() -> Iterator[Serve]:
    """Makes servers that answer everything with one text."""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    from threading import Barrier, Thread

    running: list[ThreadingHTTPServer] = []

    def serve(text: str, status: int = 200, together: int = 1, **headers: str) -> str:
        barrier = Barrier(together)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                barrier.wait(60)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, format: str, *args: Any) -> None:
                pass

        running.append(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        Thread(target=running[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{running[-1].server_port}"

    yield serve
    for http in running:
        http.shutdown()
        http.server_close()


def reply(content: Any, **more: Any) -> str:
    return json.dumps({"choices": [{"message": {"content": content}, "finish_reason": "stop"}], **more})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>busy</html>",
        '{"choices": []}',
        "[]",
        '{"choices": [{"text": "x"}]}',
        reply([{"text": "x"}], usage=TOKENS),
        reply(3, usage=TOKENS),
    ],
)
def test_an_answer_of_something_else_is_said(text: str, journal: Journal, serve_text: Serve) -> None:
    with pytest.raises(EnvironmentFault, match="none of an OpenAI-compatible server"):
        ask(QUESTIONS[:1], settings(serve_text(text), tries=1), journal)
    assert journal.answers == {}


def test_half_of_an_emoji_is_replaced_as_no_file_can_hold_it(journal: Journal, serve_text: Serve) -> None:
    server = serve_text(reply("Good \ud83d\ude00 \ud83d", usage=TOKENS))
    ask(QUESTIONS[:1], settings(server), journal)
    assert journal.answers == {"q/0": Answer("Good \U0001f600 \ufffd", "stop", 3, 4)}


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": None, "completion_tokens": None}])
def test_tokens_that_are_not_told_are_estimated(usage: Any, journal: Journal, serve_text: Serve) -> None:
    ask(QUESTIONS[:1], settings(serve_text(reply("12345678", usage=usage))), journal)
    assert journal.answers == {"q/0": Answer("12345678", "stop", 3, 2)}


@pytest.mark.parametrize(
    ("status", "headers", "said"),
    [
        (404, {}, "HTTP 404: gone (is 'tiny' the --model's name there, and does --base-url end with /v1?)"),
        (308, {"Location": "https://h/v2"}, "HTTP 308: gone (it sends on to https://h/v2: give that address"),
    ],
)
def test_what_asking_again_does_not_mend_is_said_with_what_does(
    status: int, headers: dict[str, str], said: str, journal: Journal, serve_text: Serve
) -> None:
    with pytest.raises(EnvironmentFault) as error:
        ask(QUESTIONS[:1], settings(serve_text("gone", status, **headers)), journal)
    assert said in str(error.value)


def test_of_many_requests_that_fail_at_once_one_line_is_said(
    journal: Journal, serve_text: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve_text("no", 404, together=12)
    for _ in range(3):  # how many of them end in the same moment is chance
        with pytest.raises(EnvironmentFault):
            ask(QUESTIONS, settings(server, at_a_time=12), journal)
    gc.collect()  # asyncio tells of failures that nobody looked at when they are collected
    assert caplog.messages == []
