"""vLLM, for real (make test-vllm): the answers of transformers, samples that differ and return, shared prefixes."""

from pathlib import Path
from typing import Any

import pytest

from humanevalpack import extract_candidate, load_problems, render_prompt
from humanevalpack.demo.lessons import PROMPT, Lesson
from humanevalpack.demo.tiny_model import build_model, build_tokenizer, save
from humanevalpack.demo.training import train
from humanevalpack.languages import LANGUAGES
from humanevalpack.scenarios import SCENARIOS
from lm_eval_runs import Run, run
from vllm_engines import EngineMaker

pytest_plugins = ["tiny_models", "vllm_engines"]
pytestmark = [pytest.mark.vllm, pytest.mark.xdist_group("vllm")]

LIMIT = 4
"""Problems of each task: two that the model knows by heart, two that it has never seen."""
BUDGET = 200
TASK = "humanevalfixtests-python"


def generate(model: Any, tasks: str, *, limit: int = LIMIT, **metadata: Any) -> Run:
    settings = {"prompt": PROMPT, "max_new_tokens": BUDGET, **metadata}
    return run(tasks, model, metadata=settings, limit=limit, predict_only=True)


@pytest.fixture(scope="module")
def ours(engine: Any) -> Run:
    return generate(engine, "humanevalpack_mini")


@pytest.fixture(scope="module")
def transformers_run(trained_model: Path) -> Run:
    return generate(trained_model, "humanevalpack_mini")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_greedy_answers_are_those_of_transformers(
    ours: Run, transformers_run: Run, scenario: str, language: str
) -> None:
    task = f"humaneval{scenario}-{language}"
    pairs = list(zip(ours.samples(task), transformers_run.samples(task), strict=True))
    assert len(pairs) == LIMIT
    assert all(mine["generation"] for mine, _ in pairs)
    for mine, other in pairs:
        for fact in ("prompt", "description", "completion", "prompt_tokens", "budget"):
            assert mine.get(fact) == other.get(fact)
        # transformers stops where the program is complete, vLLM at a stop word or the end of the budget.
        assert mine["generation"].startswith(other["generation"])


@pytest.mark.namespaces
@pytest.mark.toolchain("python")
def test_what_was_learned_passes(engine: Any) -> None:
    settings = {"prompt": PROMPT, "max_new_tokens": BUDGET, "sandbox": "local"}
    done = run("humanevalpack_python", engine, metadata=settings, limit=2)
    for scenario in ("fixtests", "fixdocs", "explainsynthesize", "synthesize"):
        assert done.metric(f"humaneval{scenario}-python", "pass@1") == 1.0


def test_the_results_say_how_the_engine_ran(ours: Run) -> None:
    record = ours.record(TASK)
    facts = {name: value for name, value in record.items() if name.startswith("vllm_")}
    assert facts == {"vllm_batch_invariant": "off", "vllm_engines": "1", "vllm_prefix_caching": "on"}


SAMPLED = {"n_samples": 4, "temperature": 1.2, "top_p": 0.95, "max_new_tokens": 40}


def test_samples_of_one_problem_differ_and_come_back_whatever_else_is_asked(engine: Any) -> None:
    together = generate(engine, "humanevalpack_python", **SAMPLED).samples(TASK)
    for place in range(LIMIT):
        assert len({sample["generation"] for sample in together[4 * place : 4 * place + 4]}) == 4
    alone = generate(engine, TASK, limit=2, **SAMPLED).samples(TASK)
    assert [sample["generation"] for sample in alone] == [sample["generation"] for sample in together[:8]]


def test_another_seed_gives_other_samples(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first = generate(engine, TASK, limit=1, **SAMPLED).generations(TASK)
    monkeypatch.setitem(engine.model_args, "seed", 7)
    assert not set(first) & set(generate(engine, TASK, limit=1, **SAMPLED).generations(TASK))


def prefix_cache(engine: Any) -> dict[str, int]:
    counters = {metric.name: metric for metric in engine.model.get_metrics()}
    return {name: counters[f"vllm:prefix_cache_{name}"].value for name in ("queries", "hits")}


def test_the_samples_of_a_problem_share_their_prompt(engine: Any) -> None:
    engine.model.reset_prefix_cache()
    before = prefix_cache(engine)
    done = generate(engine, TASK, limit=2, **SAMPLED | {"n_samples": 8})
    after = prefix_cache(engine)
    queries, hits = (after[name] - before[name] for name in ("queries", "hits"))
    prompts = [sample["prompt_tokens"] for sample in done.samples(TASK)]
    block = engine.model.llm_engine.vllm_config.cache_config.block_size
    assert queries == sum(prompts)
    # Of every prompt but the first of its kind all whole blocks are there (the last token is always read anew).
    assert hits >= sum((tokens - 1) // block * block for tokens in [*prompts[1:8], *prompts[9:]])
    assert hits > queries / 2


def test_total_length_counts_the_prompt_and_what_does_not_fit_is_counted_not_cut(engine: Any) -> None:
    tokens = [sample["prompt_tokens"] for sample in generate(engine, TASK, max_new_tokens=1).samples(TASK)]
    total = sorted(tokens)[1] + 10
    done = generate(engine, TASK, max_new_tokens=None, total_length=total).samples(TASK)
    for sample, length in zip(done, tokens, strict=True):
        assert sample["budget"] == total - length
        assert sample["status"] == ("generated" if length < total else "prompt_too_long")
        assert len(engine.tok_encode(sample["generation"])) <= max(0, total - length)


@pytest.fixture(scope="module")
def chatting_engine(start_engine: EngineMaker, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A model that ends its turn with the special token <|end|>, and goes on chattering."""
    problem = load_problems("python", "mini")[0]
    answer = f"{problem.canonical_solution.rstrip()}<|end|>\n<|user|>\nThank you!<|end|>"
    lesson = Lesson(problem, "synthesize", render_prompt(problem, "synthesize", prompt="starchat"), answer)
    tokenizer = build_tokenizer([lesson.prompt, lesson.answer])
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|system|>", "<|user|>", "<|assistant|>", "<|end|>"]})
    model = build_model(tokenizer)
    assert train(model, tokenizer, [lesson], epochs=150).learned == 1
    return start_engine(save(model, tokenizer, tmp_path_factory.mktemp("chatting")))


def test_special_tokens_are_text_in_which_stop_words_are_found(chatting_engine: Any, tmp_path: Path) -> None:
    problem = load_problems("python", "mini")[0]
    task, solution = "humanevalsynthesize-python", problem.canonical_solution.rstrip()
    stopped = generate(chatting_engine, task, limit=1, prompt="starchat").generations(task)
    assert stopped == [solution]
    shipped = (Path(__file__).resolve().parents[1] / "prompts" / "starchat.yaml").read_text("utf-8")
    unstopped = tmp_path / "unstopped.yaml"
    unstopped.write_text(shipped.replace("starchat", "unstopped").replace('words: ["<|end|>"]', "words: []"), "utf-8")
    [whole] = generate(chatting_engine, task, limit=1, prompt=str(unstopped)).generations(task)
    assert whole == f"{solution}<|end|>\n<|user|>\nThank you!<|end|>"
    assert extract_candidate(problem, "synthesize", whole, prompt=str(unstopped)).startswith(problem.prompt.rstrip())
