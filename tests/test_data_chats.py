"""octopack_data.chats: questions to a server, asked again where it helps, kept as they come, never asked twice."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from humanevalpack.errors import EnvironmentFault, InputError, UsageError
from octopack_data.chats.asking import LimitReached, ask
from octopack_data.chats.journal import Answer, Journal, Request
from octopack_data.chats.settings import ServerSettings, checked_key, deciding
from octopack_data.settings import make_settings
from openai_server import BadRequest, Fault, Pause, Script, Server, serve_script

QUESTIONS = [Request(f"q/{number}", f"Question {number}", number=number) for number in range(12)]


def echo(messages: list[dict[str, str]]) -> tuple[str, str]:
    return f"Answer to {messages[-1]['content']}", "stop"


def settings(server: Server, **more: Any) -> ServerSettings:
    return make_settings(ServerSettings, {"model": "tiny", "base_url": f"{server.url}/v1", **more})


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "answers.jsonl") as opened:
        yield opened


def asked(server: Server) -> list[str]:
    return sorted(body["messages"][-1]["content"] for _, body in server.requests)


def test_every_question_gets_its_answer(journal: Journal) -> None:
    with serve_script(echo) as server:
        ask(QUESTIONS, settings(server, at_a_time=3), journal)
    assert {key: answer.text for key, answer in journal.answers.items()} == {
        request.key: f"Answer to {request.prompt}" for request in QUESTIONS
    }
    assert all(answer.prompt_tokens and answer.completion_tokens for answer in journal.answers.values())


def test_what_was_answered_is_not_asked_again(tmp_path: Path) -> None:
    for first in (5, 12):
        with serve_script(echo) as server, Journal(tmp_path / "answers.jsonl") as journal:
            before = set(journal.answers)
            ask(QUESTIONS[:first], settings(server), journal)
            assert asked(server) == sorted(one.prompt for one in QUESTIONS[:first] if one.key not in before)
    assert len(before) == 5


def test_a_question_that_comes_twice_is_asked_once(journal: Journal) -> None:
    with serve_script(echo) as server:
        ask([QUESTIONS[0]] * 4, settings(server), journal)
    assert len(server.requests) == 1


def test_the_question_says_what_the_settings_say(journal: Journal) -> None:
    with serve_script(echo) as server:
        request = Request("q", "Hello", "Be short.", number=7)
        ask([request], settings(server, temperature=0.2, top_p=0.9, max_tokens=9, seed=4), journal)
    assert server.requests[0][1] == {
        "model": "tiny", "temperature": 0.2, "top_p": 0.9, "max_tokens": 9, "seed": 11,
        "messages": [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Hello"}],
    }  # fmt: skip


def test_a_base_model_is_asked_for_completions(journal: Journal) -> None:
    with serve_script(echo) as server:
        ask([Request("q", "Hello", "Be short.")], settings(server, endpoint="completions"), journal)
    path, body = server.requests[0]
    assert (path, body["prompt"]) == ("/v1/completions", "Be short.\n\nHello")
    assert journal.answers["q"].text == "Answer to Be short.\n\nHello"


@pytest.mark.parametrize("as_date", [False, True])
def test_a_busy_server_is_asked_again_when_it_says(as_date: bool, journal: Journal) -> None:
    pause = Pause(1, as_date=as_date)
    with serve_script(echo, pause=pause) as server:
        ask(QUESTIONS[:2], settings(server, at_a_time=1), journal)
    assert len(journal.answers) == 2
    assert server.refusals == ["rate limit"]


def test_a_server_that_fails_now_and_then_is_asked_again(journal: Journal) -> None:
    failing = iter([True, False, True])

    def script(messages: list[dict[str, str]]) -> tuple[str, str]:
        if next(failing, False):
            raise Fault("out of memory")
        return echo(messages)

    with serve_script(script) as server:
        ask(QUESTIONS[:3], settings(server, at_a_time=1), journal)
    assert len(journal.answers) == 3
    assert len(server.requests) == 5


def always(error: Exception) -> Script:
    def script(_: list[dict[str, str]]) -> tuple[str, str]:
        raise error

    return script


def test_a_server_that_always_fails_ends_the_run_with_its_words(journal: Journal) -> None:
    with serve_script(always(Fault("out of\nmemory"))) as server, pytest.raises(EnvironmentFault) as said:
        ask(QUESTIONS, settings(server, tries=2, at_a_time=1), journal)
    assert "HTTP 500: out of memory" in str(said.value)
    assert "run the same command again" in str(said.value)
    assert len(server.requests) == 2


def test_a_server_that_is_not_there_is_said(journal: Journal) -> None:
    with serve_script(echo) as server:
        gone = settings(server, tries=1)
    with pytest.raises(EnvironmentFault, match="Cannot connect"):
        ask(QUESTIONS, gone, journal)


def test_an_answer_that_is_too_slow_is_said(journal: Journal) -> None:
    import threading

    release = threading.Event()

    def script(messages: list[dict[str, str]]) -> tuple[str, str]:
        release.wait(20)
        return echo(messages)

    with serve_script(script) as server:
        try:
            with pytest.raises(EnvironmentFault, match=r"no answer in 0\.2 s"):
                ask(QUESTIONS[:1], settings(server, timeout=0.2, tries=1), journal)
        finally:
            release.set()


def test_one_wrong_request_among_right_ones_is_kept_as_refused(journal: Journal) -> None:
    def script(messages: list[dict[str, str]]) -> tuple[str, str]:
        if messages[-1]["content"] in ("Question 0", "Question 5"):
            raise BadRequest("this prompt does not fit")
        return echo(messages)

    with serve_script(script) as server:
        ask(QUESTIONS, settings(server, at_a_time=1), journal)
        assert journal.answers["q/0"] == Answer("this prompt does not fit", "refused")
        assert len(journal.answers) == len(server.requests) == 12


@pytest.mark.parametrize("count", [2, 12])
def test_a_server_that_refuses_everything_ends_the_run_and_nothing_is_kept(count: int, journal: Journal) -> None:
    with serve_script(always(BadRequest("no such model"))) as server, pytest.raises(EnvironmentFault) as said:
        ask(QUESTIONS[:count], settings(server, at_a_time=1), journal)
    assert "refuses every request: no such model" in str(said.value)
    assert (len(server.requests), journal.answers) == (min(count, 5), {})


def test_the_key_comes_from_the_environment(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve_script(echo, key="very-secret") as server:
        monkeypatch.delenv("SOME_KEY", raising=False)
        with pytest.raises(EnvironmentFault, match=r"HTTP 401: Incorrect API key.*read from SOME_KEY"):
            ask(QUESTIONS[:1], settings(server, key_variable="SOME_KEY"), journal)
        monkeypatch.setenv("SOME_KEY", "very-secret")
        ask(QUESTIONS[:1], settings(server, key_variable="SOME_KEY"), journal)
    assert len(journal.answers) == 1


def test_the_run_ends_at_its_limit_and_keeps_what_was_asked(tmp_path: Path) -> None:
    with serve_script(echo) as server:
        for most, there in ((5, 5), (7, 7)):
            with Journal(tmp_path / "answers.jsonl") as journal, pytest.raises(LimitReached):
                ask(QUESTIONS, settings(server, max_requests=most, at_a_time=3), journal)
            assert len(journal.answers) == there
        with Journal(tmp_path / "answers.jsonl") as journal, pytest.raises(LimitReached):
            ask(QUESTIONS, settings(server, max_total_tokens=journal.tokens + 1, at_a_time=1), journal)
        assert len(journal.answers) == 8
    assert len(server.requests) == 8


def test_a_limit_that_is_enough_is_none(journal: Journal) -> None:
    with serve_script(echo) as server:
        ask(QUESTIONS, settings(server, max_requests=12), journal)
    assert len(journal.answers) == 12


def test_a_journal_with_a_torn_line_or_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    with Journal(path) as journal:
        journal.keep("a", Answer("ä\u2028b", "stop", 3, 4))
    path.write_bytes(path.read_bytes() + b'{"key": "b", "te')
    with Journal(path) as journal:
        assert journal.answers == {"a": Answer("ä\u2028b", "stop", 3, 4)}
        assert journal.tokens == 7
    path.write_text(json.dumps({"row": 1}) + "\n")
    with pytest.raises(InputError, match=r"answers\.jsonl, line 1: no answer"):
        Journal(path)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no model": ({"model": None}, "'model' is None"),
    "temperature": ({"temperature": 2.5}, "'temperature' is 2.5: Input should be less than or equal to 2"),
    "top_p": ({"top_p": 0}, "'top_p' is 0"),
    "max_tokens": ({"max_tokens": 0}, "'max_tokens' is 0"),
    "seed": ({"seed": -1}, "'seed' is -1"),
    "endpoint": ({"endpoint": "edits"}, "'endpoint' is 'edits': Input should be 'chat' or 'completions'"),
    "at_a_time": ({"at_a_time": 0}, "'at_a_time' is 0"),
    "tries": ({"tries": 0}, "'tries' is 0"),
    "timeout": ({"timeout": 0}, "'timeout' is 0"),
    "max_requests": ({"max_requests": 0}, "'max_requests' is 0"),
    "max_total_tokens": ({"max_total_tokens": -3}, "'max_total_tokens' is -3"),
    "no scheme": ({"base_url": "localhost:8000"}, "base_url is 'localhost:8000': give an address such as"),
    "a query": ({"base_url": "http://host/v1?key=1"}, "give an address such as"),
    "a broken host": ({"base_url": "http://[::1/v1"}, "give an address such as"),
    "a login": ({"base_url": "https://me:secret@host/v1"}, "holds a login"),
    "a key": ({"key_variable": "sk-abc.def"}, "must be the name of an environment variable"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_setting_is_named(case: str) -> None:
    values, said = WRONG[case]
    with pytest.raises(UsageError) as error:
        checked_key(make_settings(ServerSettings, {"model": "tiny"} | values))
    assert said in str(error.value)
    assert "secret" not in str(error.value)
    assert "sk-abc" not in str(error.value)


def test_manners_and_limits_do_not_decide_about_the_output() -> None:
    said = set(deciding(ServerSettings(model="tiny")))
    assert said == {"model", "endpoint", "temperature", "top_p", "max_tokens", "seed"}
