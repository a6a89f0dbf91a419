"""API models: an OpenAI-compatible server, generous (as vLLM's) or strict (as OpenAI's); text, tokens and chats."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lm_eval.models.huggingface import HFLM

from humanevalpack import load_problems, render_prompt
from humanevalpack.lm_eval_plugin.stops import by_importance
from lm_eval_runs import Run, run
from openai_server import CHAT, COMPLETIONS, Server, serve

pytest_plugins = ["tiny_models"]
# One worker of pytest-xdist makes the models and runs that these tests share.
pytestmark = pytest.mark.xdist_group("lm_eval_servers")

FIX, SYNTHESIZE = "humanevalfixtests-python", "humanevalsynthesize-python"
EXPLAIN = "humanevalexplainsynthesize-python"
TASKS = f"{FIX},{EXPLAIN}"


@pytest.fixture(scope="module")
def generous(untrained_model: Path) -> Iterator[Server]:
    with serve(untrained_model) as server:
        yield server


@pytest.fixture(scope="module")
def strict(untrained_model: Path) -> Iterator[Server]:
    with serve(untrained_model, extensions=False) as server:
        yield server


def completions(server: Server, folder: Path, tasks: str, metadata: dict[str, Any], arguments: str = "") -> Run:
    model_args = f"model={folder},base_url={server.url}{COMPLETIONS},tokenizer_backend=huggingface,max_length=4096"
    server.requests.clear()
    return run(
        tasks, "local-completions", model_args=model_args + arguments, metadata=metadata, limit=2, predict_only=True
    )


def chat(server: Server, tasks: str, metadata: dict[str, Any]) -> Run:
    model_args = f"model=tiny,base_url={server.url}{CHAT}"
    server.requests.clear()
    return run(
        tasks,
        "local-chat-completions",
        model_args=model_args,
        metadata=metadata,
        limit=2,
        predict_only=True,
        apply_chat_template=True,
    )


def bodies(server: Server) -> list[dict[str, Any]]:
    """The requests but the one that asks what the server takes."""
    return [body for _, body in server.requests if body["max_tokens"] > 1]


@pytest.fixture(scope="module")
def direct(untrained_model: Path) -> Run:
    """What the model itself generates."""
    return run(TASKS, untrained_model, metadata={"max_new_tokens": 24}, limit=2, predict_only=True)


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [("generous", ""), ("generous", ",tokenized_requests=False"), ("strict", ",num_concurrent=2")],
)
def test_completions_are_what_the_model_itself_generates(
    kind: str, arguments: str, untrained_model: Path, direct: Run, request: pytest.FixtureRequest
) -> None:
    server: Server = request.getfixturevalue(kind)
    served = completions(server, untrained_model, TASKS, {"max_new_tokens": 24}, arguments)
    for task in (FIX, EXPLAIN):
        for own, other in zip(direct.samples(task), served.samples(task), strict=True):
            assert other["prompt"] == own["prompt"]
            # The model itself stops as soon as an answer is complete; a server goes on to the next stop word.
            assert own["generation"]
            assert other["generation"].startswith(own["generation"])
            assert other["completion"] == own["completion"]


@pytest.mark.parametrize("kind", ["generous", "strict"])
def test_each_sample_of_a_completion_has_a_seed_of_its_own(
    kind: str, untrained_model: Path, request: pytest.FixtureRequest
) -> None:
    server: Server = request.getfixturevalue(kind)
    metadata = {"max_new_tokens": 8, "n_samples": 3, "temperature": 0.9}
    done = completions(server, untrained_model, TASKS, metadata)
    for task in (FIX, EXPLAIN):
        first, second = done.generations(task)[:3], done.generations(task)[3:]
        assert len(set(first)) == len(set(second)) == 3
    assert len({body["seed"] for body in bodies(server)}) == 3
    again = completions(server, untrained_model, TASKS, metadata)
    assert again.generations(FIX) == done.generations(FIX)


def test_a_generous_server_gets_every_stop_word_and_is_told_to_keep_special_tokens_and_top_k_off(
    generous: Server, untrained_model: Path
) -> None:
    completions(generous, untrained_model, FIX, {"max_new_tokens": 8, "temperature": 0.9})
    for body in bodies(generous):
        assert {"\nclass", "\ndef", "\n#", "\n@", "\nprint", "\nif", "\nassert", "<|endoftext|>"} == set(body["stop"])
        assert (body["skip_special_tokens"], body["top_k"], body["top_p"]) == (False, -1, 1.0)


def test_a_strict_server_gets_the_four_most_important_stop_words_and_nothing_that_it_would_refuse(
    strict: Server, untrained_model: Path
) -> None:
    completions(strict, untrained_model, FIX, {"max_new_tokens": 8, "temperature": 0.9})
    assert bodies(strict)
    for body in bodies(strict):
        assert body["stop"] == ["\ndef", "\nclass", "\nif", "<|endoftext|>"]
        assert not {"skip_special_tokens", "top_k"} & set(body)


def test_stop_words_are_ordered_by_importance_and_covered_ones_left_out() -> None:
    assert by_importance(["\n//", "\nfunc main(", "struct", "\nfunc", "<|end|>", "<|endoftext|>"]) == [
        "<|end|>",
        "\nfunc",
        "\n//",
        "struct",
        "<|endoftext|>",
    ]


def test_a_chat_gets_the_input_as_the_user_s_turn_and_the_function_s_head_as_the_start_of_the_answer(
    generous: Server,
) -> None:
    done = chat(generous, f"{FIX},{SYNTHESIZE}", {"max_new_tokens": 8})
    problem = load_problems("python", "mini")[0]
    fix, synthesize = (json.loads(done.samples(task)[0]["prompt"]) for task in (FIX, SYNTHESIZE))
    assert fix[0]["role"] == "user"
    assert fix[0]["content"].startswith("Fix bugs in night_bus_minutes.\n")
    assert fix[1] == {"role": "assistant", "content": problem.declaration.rstrip()}
    assert synthesize[1] == {"role": "assistant", "content": problem.prompt.rstrip()}
    assert done.record(FIX)["prompt"] == "chat"
    # A fenced answer ends by itself: words such as "\ndef" stand before and behind its code.
    assert [body["stop"] for body in bodies(generous)] == [["<|endoftext|>"]] * 4


def test_explain_works_through_a_chat_and_samples_differ(generous: Server) -> None:
    done = chat(generous, "humanevalexplain_python", {"max_new_tokens": 8, "n_samples": 2, "temperature": 0.9})
    samples = done.samples(EXPLAIN)
    for first, second in (samples[:2], samples[2:]):
        assert first["description"] != second["description"]
    for sample in samples:
        assert sample["description"] in json.loads(sample["prompt"])[0]["content"]


def test_a_chat_template_continues_the_function_s_head(untrained_model: Path) -> None:
    done = run(
        f"{FIX},humanevalexplaindescribe-python",
        untrained_model,
        metadata={"max_new_tokens": 4},
        limit=1,
        predict_only=True,
        apply_chat_template=True,
    )
    problem = load_problems("python", "mini")[0]
    # The tiny model's chat template writes octocoder's prompt.
    assert done.samples(FIX)[0]["prompt"] == render_prompt(problem, "fixtests", prompt="octocoder")
    assert done.samples("humanevalexplaindescribe-python")[0]["prompt"].endswith("\n\nAnswer:")
    assert "lm_eval applies the model's chat template" in done.record(FIX)["prompt_reason"]


def test_a_chat_template_that_rewrites_the_answer_s_start_gets_it_put_back(untrained_model: Path) -> None:
    lm = HFLM(pretrained=str(untrained_model), device="cpu")
    lm.tokenizer.chat_template = (
        "{% for m in messages %}<{{ m.role }}>{{ m.content | replace('def ', 'DEF ') | trim }}</{{ m.role }}>"
        "{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"
    )
    options: dict[str, Any] = {"limit": 1, "predict_only": True, "apply_chat_template": True}
    prompt = run(SYNTHESIZE, lm, metadata={"max_new_tokens": 2}, **options).samples(SYNTHESIZE)[0]["prompt"]
    assert prompt.endswith(f"</user><assistant>{load_problems('python', 'mini')[0].prompt.rstrip()}")


def test_a_system_instruction_comes_first(untrained_model: Path) -> None:
    options: dict[str, Any] = {"limit": 1, "predict_only": True, "system_instruction": "Be brief."}
    prompt = run(FIX, untrained_model, metadata={"max_new_tokens": 2}, **options).samples(FIX)[0]["prompt"]
    assert prompt == "Be brief.\n\n" + render_prompt(load_problems("python", "mini")[0], "fixtests")


def test_a_total_length_without_a_tokenizer_is_refused(generous: Server) -> None:
    with pytest.raises(Exception, match=r"total_length=2048 counts the prompt's tokens.*max_new_tokens"):
        chat(generous, FIX, {"total_length": 2048})
