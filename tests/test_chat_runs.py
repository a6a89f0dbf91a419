"""Chat models through lm_eval, on a scripted OpenAI-compatible server: from fenced answers to scores and counts."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import humanevalpack as hep
from chat_styles import STYLES, fenced
from humanevalpack.errors import UsageError
from humanevalpack.lm_eval_plugin.finishes import Answer, finish_of
from lm_eval_runs import Run, run
from openai_server import CHAT, Script, Server, serve_script

# One worker of pytest-xdist makes the runs that these tests share.
pytestmark = pytest.mark.xdist_group("lm_eval_servers")

FIX, SYNTHESIZE = "humanevalfixtests-python", "humanevalsynthesize-python"
DESCRIBE, EXPLAIN = "humanevalexplaindescribe-python", "humanevalexplainsynthesize-python"
PROBLEMS = hep.load_problems("python", "mini")
JUDGED: dict[str, Any] = {"sandbox": "process", "confirm_run_unsafe_code": True, "max_new_tokens": 64}


def ask(
    server: Server, tasks: str, metadata: dict[str, Any], *, model: str = "local-chat-completions", **kwargs: Any
) -> Run:
    model_args = f"model=tiny,base_url={server.url}{CHAT}{kwargs.pop('more', '')}"
    kwargs = {"limit": 2, "apply_chat_template": True, **kwargs}
    return run(tasks, model, model_args=model_args, metadata=JUDGED | metadata, confirm_run_unsafe_code=True, **kwargs)


def asked(messages: list[dict[str, str]]) -> hep.Problem:
    """The problem that a chat is about."""
    text = json.dumps(messages)
    return next(problem for problem in PROBLEMS if problem.entry_point in text)


def solve(write: Callable[[hep.Problem, str, str], str] = fenced) -> Script:
    """A model that knows every solution, writes it in one style, and describes a function by its name."""

    def script(messages: list[dict[str, str]]) -> tuple[str, str]:
        problem = asked(messages)
        if "natural language description" in messages[0]["content"]:
            return f"<think>What is it?</think>It is {problem.entry_point}.", "stop"
        return write(problem, problem.declaration, problem.canonical_solution), "stop"

    return script


@pytest.mark.toolchain("python")
def test_fenced_answers_to_all_scenarios_pass() -> None:
    with serve_script(solve()) as server:
        done = ask(server, "humanevalpack_python", {"prompt": "chat", "chat_prefill": "none"})
    for task in (FIX, SYNTHESIZE, EXPLAIN, "humanevalfixdocs-python"):
        assert done.metric(task, "pass@1") == 1.0
        assert done.metric(task, "extraction_fenced") == 2
        assert {sample["extraction"] for sample in done.samples(task)} == {"fenced"}
    assert [sample["completion"] for sample in done.samples(DESCRIBE)] == [
        f"It is {p.entry_point}." for p in PROBLEMS[:2]
    ]
    assert done.record(FIX)["prompt"] == "chat"
    assert done.record(FIX)["prompt_reason"].endswith("(chat_prefill=none)")


def test_freely_generated_answers_are_asked_for_without_an_opened_turn() -> None:
    with serve_script(solve()) as server:
        done = ask(server, f"{FIX},{EXPLAIN}", {"prompt": "chat", "chat_prefill": "none"}, predict_only=True)
    for _, body in server.requests:
        assert [message["role"] for message in body["messages"]] == ["user"]
        assert body["stop"] == ["<|endoftext|>"]  # a word such as "\ndef" would end an answer before its code
    problem = PROBLEMS[0]
    # The description does not tell the function's name and types: the turn does, as the head would.
    told = json.loads(done.samples(EXPLAIN)[0]["prompt"])[0]["content"]
    assert told.endswith(f"Start your code with:\n{problem.declaration.rstrip()}")


@pytest.mark.parametrize(
    ("prefill", "opening"),
    [("head", "{head}"), ("auto", "{head}"), ("fence", "```python\n{head}"), ("none", None)],
)
def test_the_answer_s_beginning_is_the_head_a_fence_with_it_or_nothing(prefill: str, opening: str | None) -> None:
    with serve_script(solve()) as server:
        ask(server, f"{FIX},{DESCRIBE}", {"chat_prefill": prefill}, predict_only=True, limit=1)
    fix, describe = (body["messages"] for _, body in server.requests if body["max_tokens"] > 1)
    head = PROBLEMS[0].declaration.rstrip()
    assert [m["content"] for m in fix[1:]] == ([] if opening is None else [opening.format(head=head)])
    assert len(describe) == 1


def test_a_provider_whose_servers_begin_anew_gets_no_opened_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with serve_script(solve()) as server:
        done = ask(server, FIX, {}, model="openai-chat-completions", predict_only=True)
    assert all(len(body["messages"]) == 1 for _, body in server.requests)
    assert done.record(FIX)["prompt_reason"].endswith("(chat_prefill=none)")
    assert len(server.requests) == 2  # and is not asked what else it takes


@pytest.mark.toolchain("python")
@pytest.mark.parametrize("style", ["prefilled head", "prefilled head in a fence", "thinks first", "no fence"])
def test_a_server_that_continues_and_one_that_begins_anew_both_pass(style: str) -> None:
    with serve_script(solve(STYLES[style])) as server:
        done = ask(server, FIX, {})
    assert done.metric(FIX, "pass@1") == 1.0


ENDS: dict[str, tuple[tuple[str | None, str | None], str, str]] = {
    "refusal": (("I'm sorry, but I can't help with that.", "stop"), "refusal", "stop"),
    "filtered": ((None, "content_filter"), "refusal", "refusal"),
    "empty": (("", "stop"), "empty", "empty"),
    "nothing but thoughts": (("<think>Done.</think>", "stop"), "empty", "stop"),
    "cut in its thoughts": (("<think>Let me ```python\ndef f(): pass\n```", "length"), "length_cut", "length"),
    "thoughts took the whole budget": ((None, "length"), "length_cut", "length"),
    "cut in its code": (("```python\ndef night_bus_minutes(a, b):\n    return (", "length"), "length_cut", "length"),
    "no code": (("It depends.", "stop"), "no_code", "stop"),
}


@pytest.mark.toolchain("python")
@pytest.mark.parametrize("kind", ENDS)
@pytest.mark.parametrize("concurrent", ["", ",num_concurrent=2"])
def test_refusals_empty_and_cut_answers_are_counted_apart(kind: str, concurrent: str) -> None:
    answer, extraction, finish = ENDS[kind]
    with serve_script(lambda messages: answer if asked(messages) is PROBLEMS[0] else solve()(messages)) as server:
        done = ask(server, FIX, {"chat_prefill": "none"}, more=concurrent)
    first, second = done.samples(FIX)
    assert (first["extraction"], first["finish"]) == (extraction, finish)
    assert (second["extraction"], second["finish"], second["status"]) == ("fenced", "stop", "passed")
    assert done.metric(FIX, f"extraction_{extraction}") == done.metric(FIX, "extraction_fenced") == 1
    if finish != "stop":
        assert done.metric(FIX, f"finish_{finish}") == 1
    assert done.metric(FIX, "pass@1") == 0.5


@pytest.mark.toolchain("python")
def test_kept_generations_keep_why_they_ended(tmp_path: Path) -> None:
    with serve_script(lambda messages: ("```python\ndef night_bus_minutes(", "length")) as server:
        ask(server, FIX, {"run_folder": str(tmp_path)}, predict_only=True, limit=1)
    metadata = JUDGED | {"generations": str(tmp_path), "prompt": "chat"}
    scored = run(FIX, "dummy", metadata=metadata, limit=1, confirm_run_unsafe_code=True)
    assert [(s["finish"], s["extraction"]) for s in scored.samples(FIX)] == [("length", "length_cut")]


def test_prompt_chat_without_the_model_s_template_is_refused() -> None:
    with serve_script(solve()) as server, pytest.raises(UsageError, match="add --apply_chat_template"):
        ask(server, FIX, {"prompt": "chat"}, apply_chat_template=False)
    assert server.requests == []


def test_an_answer_goes_through_lm_eval_s_cache_with_its_reason() -> None:
    import pickle

    again = pickle.loads(pickle.dumps(Answer("text", "length")))
    assert (again, finish_of(again), finish_of("text")) == ("text", "length", None)


PRICED = {"price_in": 2.5, "price_out": 10.0, "chat_prefill": "none"}


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    return lambda: capsys.readouterr().err


def test_tokens_and_cost_are_said_before_the_first_request_and_what_was_used_after(said: Callable[[], str]) -> None:
    with serve_script(solve()) as server:
        done = ask(server, FIX, PRICED | {"n_samples": 3, "temperature": 0.5}, predict_only=True)
    characters = sum(len(json.dumps(body["messages"], ensure_ascii=False)) for _, body in server.requests[1:])
    tokens_in, tokens_out = round(characters / 4), 6 * 64
    lines = said()
    assert "6 requests" in lines
    found = int(lines.partition("requests, ")[2].partition(" ")[0].replace(",", ""))
    assert abs(found - tokens_in) <= 6
    assert f"at most {tokens_out} of answers: at most {(found * 2.5 + tokens_out * 10) / 1e6:.4f}" in lines
    record = done.record(FIX)
    assert f"the server counted {int(record['tokens_in']):,} tokens of prompts" in lines
    assert float(record["cost"]) == pytest.approx(
        (int(record["tokens_in"]) * 2.5 + int(record["tokens_out"]) * 10) / 1e6, abs=1e-4
    )


def test_explain_is_estimated_with_both_of_its_stages(said: Callable[[], str]) -> None:
    with serve_script(solve()) as server:
        ask(server, f"{DESCRIBE},{EXPLAIN}", {"chat_prefill": "none"}, predict_only=True)
    assert "4 requests" in said()
    assert len([1 for _, body in server.requests if body["max_tokens"] > 1]) == 4


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ({"max_tokens_total": 100}, r"max_tokens_total is 100, but this run may need [\d,]+ tokens"),
        ({"max_cost": 0.0001}, r"max_cost is 0\.0001, but this run may cost 0\.00\d+"),
    ],
)
def test_a_run_that_may_cost_more_than_allowed_asks_nothing(limit: dict[str, Any], words: str) -> None:
    with serve_script(solve()) as server, pytest.raises(UsageError, match=words):
        ask(server, FIX, PRICED | limit, predict_only=True)
    assert server.requests == []


def test_a_limit_that_is_not_reached_changes_nothing() -> None:
    with serve_script(solve()) as server:
        ask(server, FIX, PRICED | {"max_cost": 5, "max_tokens_total": 100_000}, predict_only=True)
    assert len(server.requests) == 2


@pytest.mark.parametrize(("concurrent", "tries"), [("", 3), (",num_concurrent=2", 4)])
def test_a_rate_limit_is_waited_out(concurrent: str, tries: int) -> None:
    with serve_script(solve(), busy=2) as server:
        done = ask(
            server, FIX, {"chat_prefill": "none"}, predict_only=True, limit=1, more=f",max_retries={tries}{concurrent}"
        )
    assert server.refusals == ["rate limit"] * 2
    assert done.samples(FIX)[0]["extraction"] == "fenced"


def test_a_rate_limit_that_lasts_ends_the_run() -> None:
    with serve_script(solve(), busy=99) as server, pytest.raises(Exception, match="429"):
        ask(server, FIX, {"chat_prefill": "none"}, predict_only=True, limit=1, more=",max_retries=2")
