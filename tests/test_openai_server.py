"""The tests' own OpenAI-compatible server: it answers as the model does, and refuses what OpenAI's API refuses."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from openai_server import CHAT, COMPLETIONS, Server, serve

pytest_plugins = ["tiny_models"]


@pytest.fixture(scope="module")
def server(untrained_model: Path) -> Iterator[Server]:
    with serve(untrained_model) as running:
        yield running


def post(server: Server, path: str, **body: Any) -> dict[str, Any]:
    request = urllib.request.Request(server.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        reply: dict[str, Any] = json.load(response)
        return reply


def texts(reply: dict[str, Any]) -> list[str]:
    return [choice["text"] for choice in reply["choices"]]


def greedy(folder: Path, prompt: str, tokens: int) -> str:
    """The model's own answer, through transformers alone."""
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModelForCausalLM.from_pretrained(folder)
    inputs = torch.tensor([tokenizer.encode(prompt)])
    output = model.generate(inputs, max_new_tokens=tokens, do_sample=False, attention_mask=torch.ones_like(inputs))
    answer: str = tokenizer.decode(output[0, inputs.shape[1] :], skip_special_tokens=True)
    return answer


def test_a_greedy_completion_is_the_models_own(server: Server, untrained_model: Path) -> None:
    reply = post(server, COMPLETIONS, model="tiny", prompt="def add(a, b):", max_tokens=12, temperature=0)
    assert texts(reply) == [greedy(untrained_model, "def add(a, b):", 12)]
    assert reply["usage"]["completion_tokens"] <= 12


def test_text_and_tokens_are_the_same_prompt(server: Server, untrained_model: Path) -> None:
    tokens = AutoTokenizer.from_pretrained(untrained_model).encode("def add(a, b):")
    options = {"max_tokens": 8, "temperature": 0}
    as_text = texts(post(server, COMPLETIONS, prompt=["def add(a, b):", "x"], **options))
    assert as_text[:1] == texts(post(server, COMPLETIONS, prompt=tokens, **options))
    assert as_text[1:] == texts(post(server, COMPLETIONS, prompt="x", **options))


def test_one_seed_repeats_itself_and_another_gives_another_sample(server: Server) -> None:
    def sample(seed: int) -> list[str]:
        return texts(post(server, COMPLETIONS, prompt="def", max_tokens=16, temperature=1.0, seed=seed))

    assert sample(1) == sample(1)
    assert len({sample(seed)[0] for seed in range(4)}) == 4


def test_n_samples_of_one_request_differ(server: Server) -> None:
    reply = post(server, COMPLETIONS, prompt="def", max_tokens=16, temperature=1.0, seed=1, n=3)
    assert [choice["index"] for choice in reply["choices"]] == [0, 1, 2]
    assert len(set(texts(reply))) == 3


def test_a_seed_holds_under_parallel_requests(server: Server) -> None:
    def sample(seed: int) -> str:
        return texts(post(server, COMPLETIONS, prompt="def", max_tokens=12, temperature=1.0, seed=seed))[0]

    alone = [sample(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(sample, range(4))) == alone


def test_top_p_near_zero_is_greedy(server: Server) -> None:
    sampled = post(server, COMPLETIONS, prompt="def", max_tokens=8, temperature=1.0, top_p=1e-6, seed=3)
    assert texts(sampled) == texts(post(server, COMPLETIONS, prompt="def", max_tokens=8, temperature=0))


def test_a_stop_string_ends_the_text_and_is_left_out(server: Server) -> None:
    whole = texts(post(server, COMPLETIONS, prompt="def", max_tokens=24, temperature=1.0, seed=5))[0]
    stop = whole[len(whole) // 2 :][:3]
    reply = post(server, COMPLETIONS, prompt="def", max_tokens=24, temperature=1.0, seed=5, stop=[stop])
    assert texts(reply) == [whole[: whole.index(stop)]]
    assert reply["choices"][0]["finish_reason"] == "stop"


def test_a_chat_goes_through_the_chat_template(server: Server, untrained_model: Path) -> None:
    messages = [{"role": "user", "content": "Add two numbers."}]
    reply = post(server, CHAT, model="tiny", messages=messages, max_tokens=8, temperature=0)
    expected = greedy(untrained_model, "Question: Add two numbers.\n\nAnswer:", 8)
    assert reply["choices"][0]["message"] == {"role": "assistant", "content": expected}


def test_an_opened_answer_is_continued(server: Server, untrained_model: Path) -> None:
    messages = [{"role": "user", "content": "Add."}, {"role": "assistant", "content": "def add(a, b):"}]
    reply = post(server, CHAT, messages=messages, max_tokens=8, temperature=0)
    expected = greedy(untrained_model, "Question: Add.\n\nAnswer:\ndef add(a, b):", 8)
    assert reply["choices"][0]["message"]["content"] == expected


MESSAGES = [{"role": "user", "content": "x"}]


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        (COMPLETIONS, {"prompt": "x", "echo": True}, "echo is not supported"),
        (COMPLETIONS, {"prompt": "x", "logprobs": 1}, "unrecognized request argument supplied: logprobs"),
        (COMPLETIONS, {"prompt": "x", "do_sample": False}, "unrecognized request argument supplied: do_sample"),
        (COMPLETIONS, {"prompt": "x", "max_tokens": 5000}, "maximum context length is 4096"),
        (COMPLETIONS, {"prompt": ""}, "prompt is empty"),
        (COMPLETIONS, {"prompt": "x", "n": 0}, "n must lie between 1 and 128, not 0"),
        (COMPLETIONS, {"prompt": "x", "temperature": 3}, "temperature must lie between 0 and 2, not 3"),
        (CHAT, {"messages": MESSAGES, "stop": list("abcde")}, "stop takes at most 4 strings, not 5"),
        (CHAT, {"messages": []}, "messages must be a list"),
    ],
)
def test_what_it_cannot_do_is_refused_with_the_reason(
    server: Server, path: str, body: dict[str, Any], reason: str
) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        post(server, path, **body)
    assert refused.value.code == 400
    assert reason in json.load(refused.value)["error"]["message"]
    assert reason in server.refusals[-1]


def test_without_extensions_it_is_as_strict_as_openai(untrained_model: Path) -> None:
    with serve(untrained_model, extensions=False) as strict:
        for body in ({"top_k": -1}, {"skip_special_tokens": False}, {"stop": list("abcde")}):
            with pytest.raises(urllib.error.HTTPError, match="400"):
                post(strict, COMPLETIONS, prompt="x", max_tokens=1, **body)
        assert len(strict.requests) == len(strict.refusals) == 3


def test_requests_are_kept_for_the_tests_to_count(untrained_model: Path) -> None:
    with serve(untrained_model) as fresh:
        post(fresh, COMPLETIONS, prompt="x", max_tokens=1, stop=list("abcdefg"), top_k=-1)
        post(fresh, CHAT, messages=MESSAGES, max_tokens=1)
        assert [path for path, _ in fresh.requests] == [COMPLETIONS, CHAT]
        assert fresh.requests[1][1]["messages"] == MESSAGES
