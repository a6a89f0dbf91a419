"""Tokens in, tokens out: what the model reads and what its answer is, compared with a plain transformers loop."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from lm_eval.models.huggingface import HFLM
from transformers import AutoModelForCausalLM, AutoTokenizer, LogitsProcessorList

from humanevalpack import Problem, load_problems, render_prompt, stop_words
from humanevalpack.completions import cut_at_stop_words, extract_candidate
from humanevalpack.demo.lessons import Lesson
from humanevalpack.demo.tiny_model import build_model, build_tokenizer, save
from humanevalpack.demo.training import train
from humanevalpack.languages import LANGUAGES
from humanevalpack.lm_eval_plugin import backends
from humanevalpack.scenarios import SCENARIOS
from lm_eval_runs import Run, run

pytest_plugins = ["tiny_models"]
# One worker of pytest-xdist makes the models and runs that these tests share.
pytestmark = pytest.mark.xdist_group("lm_eval_tokens")

PROMPT = "octocoder"
LIMIT = 2
BUDGET = 200
MARKS = ["<|system|>", "<|user|>", "<|assistant|>", "<|end|>"]


@cache
def model_and_tokenizer(folder: Path) -> tuple[Any, Any]:
    return AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)


def plain_loop(folder: Path, prompt: str, words: list[str]) -> str:
    """The reference's way: generate, decode everything with special tokens, take the prompt off, cut at stop words."""
    model, tokenizer = model_and_tokenizer(folder)
    tokens = tokenizer(prompt, return_tensors="pt").input_ids
    output = model.generate(tokens, do_sample=False, max_new_tokens=BUDGET, pad_token_id=tokenizer.pad_token_id)
    kept = {"skip_special_tokens": False, "clean_up_tokenization_spaces": False}
    text = tokenizer.decode(output[0], **kept)[len(tokenizer.decode(tokens[0], **kept)) :]
    return cut_at_stop_words(text, [*words, tokenizer.eos_token])


def greedy(tasks: str, model: Path, batch_size: int) -> Run:
    metadata = {"prompt": PROMPT, "max_new_tokens": BUDGET}
    return run(tasks, model, metadata=metadata, limit=LIMIT, batch_size=batch_size, predict_only=True)


@pytest.fixture(scope="module")
def in_batches(trained_model: Path) -> Run:
    """All thirty tasks, in batches of 4: prompts of different lengths are padded."""
    return greedy("humanevalpack_mini", trained_model, 4)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_greedy_candidates_are_those_of_a_plain_generation_loop_and_generations_its_start(
    in_batches: Run, trained_model: Path, scenario: str, language: str
) -> None:
    words = stop_words(language, prompt=PROMPT)
    problems = load_problems(language, "mini")[:LIMIT]
    expected = []
    for problem in problems:
        described = None
        if scenario == "explainsynthesize":
            asked = render_prompt(problem, "explaindescribe", prompt=PROMPT)
            described = extract_candidate(
                problem, "explaindescribe", plain_loop(trained_model, asked, words), prompt=PROMPT
            )
        prompt = render_prompt(problem, scenario, prompt=PROMPT, description=described)
        expected.append(plain_loop(trained_model, prompt, words))
    generations = in_batches.generations(f"humaneval{scenario}-{language}")
    assert all(generations)
    if scenario == "explaindescribe":
        assert generations == expected
    for problem, generation, text in zip(problems, generations, expected, strict=True):
        assert text.startswith(generation)
        assert candidate(problem, scenario, generation) == candidate(problem, scenario, text)


def candidate(problem: Problem, scenario: str, generation: str) -> str:
    return extract_candidate(problem, scenario, generation, prompt=PROMPT)


def test_the_batch_size_changes_nothing(in_batches: Run, trained_model: Path) -> None:
    alone = greedy("humanevalpack_go", trained_model, 1)
    for scenario in SCENARIOS:
        assert alone.generations(f"humaneval{scenario}-go") == in_batches.generations(f"humaneval{scenario}-go")


@pytest.fixture(scope="module")
def marked_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that answers as a chat model does: it ends its turn with the token <|end|>, and goes on chattering."""
    problem = load_problems("python", "mini")[0]
    answer = f"{problem.canonical_solution.rstrip()}<|end|>\n<|user|>\nThank you!<|end|>"
    lesson = Lesson(problem, "synthesize", render_prompt(problem, "synthesize", prompt="starchat"), answer)
    tokenizer = build_tokenizer([lesson.prompt, lesson.answer])
    tokenizer.add_special_tokens({"additional_special_tokens": MARKS})
    model = build_model(tokenizer)
    state = train(model, tokenizer, [lesson], epochs=150)
    assert state.learned == 1
    return save(model, tokenizer, tmp_path_factory.mktemp("marked"))


@pytest.mark.parametrize("template", ["starchat", "instruct"])
def test_special_tokens_stay_in_the_answer_so_that_stop_words_among_them_cut(marked_model: Path, template: str) -> None:
    problem = load_problems("python", "mini")[0]
    metadata = {"prompt": template, "max_new_tokens": 150}
    # The lesson is starchat's prompt; as a user's own file the same text has no stop word <|end|>.
    if template == "instruct":
        path = marked_model / "unstopped.yaml"
        shipped = (Path(__file__).resolve().parents[1] / "prompts" / "starchat.yaml").read_text("utf-8")
        lines = shipped.replace("starchat", "unstopped").replace('words: ["<|end|>"]', "words: []")
        path.write_text(lines, "utf-8")
        metadata["prompt"] = str(path)
    task = "humanevalsynthesize-python"
    [generation] = run(task, marked_model, metadata=metadata, limit=1, predict_only=True).generations(task)
    solution = problem.canonical_solution.rstrip()
    # Without that stop word the answer is complete where a line begins that is not indented.
    assert generation == (solution if template == "starchat" else f"{solution}<|end|>\n<|user|>")


@pytest.fixture
def spied(untrained_model: Path) -> tuple[HFLM, list[dict[str, Any]]]:
    """A model object whose every call of ``generate`` is noted, and made."""
    lm = HFLM(pretrained=str(untrained_model), device="cpu", batch_size=8)
    calls: list[dict[str, Any]] = []
    generate = lm.model.generate

    def noted(**kwargs: Any) -> Any:
        calls.append(kwargs)
        return generate(**kwargs)

    lm.model.generate = noted
    return lm, calls


TASK = "humanevalfixtests-python"


def test_greedy_is_greedy_and_says_nothing_of_sampling(spied: tuple[HFLM, list[dict[str, Any]]]) -> None:
    lm, calls = spied
    run(TASK, lm, metadata={"max_new_tokens": 4}, limit=2, predict_only=True)
    assert [call["do_sample"] for call in calls] == [False]
    assert not {"top_k", "top_p", "temperature"} & set(calls[0])


def test_sampling_switches_top_k_off_and_gives_different_samples(spied: tuple[HFLM, list[dict[str, Any]]]) -> None:
    lm, calls = spied
    metadata = {"max_new_tokens": 8, "n_samples": 4, "temperature": 0.9, "top_p": 0.95}
    done = run(TASK, lm, metadata=metadata, limit=2, predict_only=True)
    assert {(call["do_sample"], call["temperature"], call["top_p"], call["top_k"]) for call in calls} == {
        (True, 0.9, 0.95, 0)
    }
    assert [sample["sample"] for sample in done.samples(TASK)] == [0, 1, 2, 3] * 2
    assert len(set(done.generations(TASK))) == 8


def recited(lm: HFLM, texts: dict[str, str], **metadata: Any) -> tuple[Run, list[int]]:
    """Run with a model that recites, for the program in its prompt, a text; and the tokens that each batch took."""
    generate, taken = lm.model.generate, []
    scripts = {shown: lm.tok_encode(text) for shown, text in texts.items()}

    def reciting(**kwargs: Any) -> Any:
        start = kwargs["input_ids"].shape[1]
        prompts = [lm.tokenizer.decode(row) for row in kwargs["input_ids"]]
        script = torch.tensor([next(scripts[shown][:200] for shown in scripts if shown in text) for text in prompts])

        def only_the_script(tokens: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
            return torch.full_like(scores, -torch.inf).scatter(1, script[:, tokens.shape[1] - start, None], 0.0)

        output = generate(**kwargs, logits_processor=LogitsProcessorList([only_the_script]))
        taken.append(output.shape[1] - start)
        return output

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lm.model, "generate", reciting, raising=True)
        return run(RECITED, lm, metadata=metadata, limit=3, predict_only=True), taken


RECITED = "humanevalfixtests-js,humanevalfixtests-python,humanevalexplaindescribe-js"


@pytest.mark.parametrize(
    ("temperature", "pad"), [(0, "a"), (0.9, "<|endoftext|>")], ids=["greedy, padded with text", "sampled"]
)
def test_each_answer_of_a_batch_stops_where_it_is_complete(
    untrained_model: Path, monkeypatch: pytest.MonkeyPatch, temperature: float, pad: str
) -> None:
    lm = HFLM(pretrained=str(untrained_model), device="cpu", batch_size=8)
    lm.tokenizer.pad_token = pad
    problems = {language: load_problems(language, "mini")[:3] for language in ("js", "python")}
    chatter = "\n\nlet é = {} // and so on: {{{ }}} ü" * 50
    texts = {
        shown: problem.canonical_solution.rstrip() + chatter
        for problem in [*problems["js"], *problems["python"]]
        for shown in (problem.buggy_solution.strip(), problem.canonical_solution.strip())
    }
    settings = {"max_new_tokens": 200, "temperature": temperature}
    stopped, taken = recited(lm, texts, **settings)
    with monkeypatch.context() as patch:
        patch.setattr(backends, "stops_early", lambda lm: False)
        unstopped, all_taken = recited(lm, texts, **settings)
    assert set(all_taken) == {200}
    assert len(taken) == 3
    assert max(taken) == 200  # descriptions
    assert sorted(taken)[1] < 150
    for task in RECITED.split(","):
        pairs = list(zip(stopped.samples(task), unstopped.samples(task), strict=True))
        assert [one["completion"] for one, _ in pairs] == [other["completion"] for _, other in pairs]
        for one, other in pairs:
            assert other["generation"].startswith(one["generation"])
            assert (one["generation"] == other["generation"]) is (task == "humanevalexplaindescribe-js")
    for problem, generation in zip(problems["js"], stopped.generations("humanevalfixtests-js"), strict=True):
        # The token that closes the function may hold more.
        assert generation.rstrip() == problem.canonical_solution.rstrip()


def test_beams_do_not_stop_early(spied: tuple[HFLM, list[dict[str, Any]]]) -> None:
    lm, calls = spied
    run(TASK, lm, metadata={"max_new_tokens": 4}, limit=2, predict_only=True, gen_kwargs="num_beams=2")
    assert [call["num_beams"] for call in calls] == [2]


def test_gen_kwargs_win_over_the_options(spied: tuple[HFLM, list[dict[str, Any]]]) -> None:
    lm, calls = spied
    gen_kwargs = "temperature=0.7,top_p=0.8,max_new_tokens=3"
    run(TASK, lm, metadata={"max_new_tokens": 99}, limit=1, predict_only=True, gen_kwargs=gen_kwargs)
    [call] = calls
    assert (call["do_sample"], call["temperature"], call["top_p"]) == (True, 0.7, 0.8)
    assert call["max_length"] - call["input_ids"].shape[1] == 3


def test_greedy_samples_of_one_problem_are_generated_once(spied: tuple[HFLM, list[dict[str, Any]]]) -> None:
    lm, calls = spied
    done = run(TASK, lm, metadata={"max_new_tokens": 4, "n_samples": 3}, limit=1, predict_only=True)
    assert [len(call["input_ids"]) for call in calls] == [1]
    assert len(done.generations(TASK)) == 3


def test_with_a_total_length_each_prompt_has_what_is_left_and_one_that_leaves_nothing_is_its_own_status(
    spied: tuple[HFLM, list[dict[str, Any]]],
) -> None:
    lm, calls = spied
    lengths = [
        len(lm.tok_encode(render_prompt(problem, "fixtests"))) for problem in load_problems("python", "mini")[:3]
    ]
    total = sorted(lengths)[1] + 5
    done = run(TASK, lm, metadata={"total_length": total}, limit=3, predict_only=True)
    assert [sample["budget"] for sample in done.samples(TASK)] == [total - length for length in lengths]
    assert [sample["status"] for sample in done.samples(TASK)] == [
        "generated" if length < total else "prompt_too_long" for length in lengths
    ]
    assert sorted(call["input_ids"].shape[1] for call in calls) == sorted(lengths)[:2]
    assert {call["max_length"] for call in calls} == {total}


def test_a_prompt_is_never_cut_to_the_model_s_context(untrained_model: Path) -> None:
    tokenizer: Any = AutoTokenizer.from_pretrained(untrained_model)
    lengths = [
        len(tokenizer(render_prompt(problem, "fixtests")).input_ids) for problem in load_problems("python", "mini")[:2]
    ]
    context = max(lengths)
    done = run(TASK, untrained_model, model_args=f"max_length={context}", metadata={"max_new_tokens": 8}, limit=2)
    statuses = {length: sample["status"] for length, sample in zip(lengths, done.samples(TASK), strict=True)}
    assert statuses[context] == "prompt_too_long"
    assert statuses[min(lengths)] != "prompt_too_long"
    assert done.metric(TASK, "samples_prompt_too_long") == 1
    assert done.metric(TASK, "pass@1") == 0
