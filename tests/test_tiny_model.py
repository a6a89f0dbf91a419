"""The tiny model of the demo and the tests: what it is taught it knows by heart, and only that."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from humanevalpack import build_program, extract_candidate, load_problems
from humanevalpack.demo.lessons import Lesson, expected_answer, lessons
from humanevalpack.demo.tiny_model import SEED, build_model, build_tokenizer
from humanevalpack.demo.training import train
from humanevalpack.languages import LANGUAGES
from humanevalpack.programs import program_text
from humanevalpack.scenarios import SCENARIOS

pytest_plugins = ["tiny_models"]
# Beside the other tests of the taught model, which is then made once.
pytestmark = pytest.mark.xdist_group("tiny_model")


def answers(folder: Path, prompts: list[str]) -> list[str]:
    """Greedy answers to a batch of prompts, by transformers alone; the end-of-text token is part of an answer."""
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModelForCausalLM.from_pretrained(folder)
    inputs = tokenizer(prompts, return_tensors="pt", padding=True)
    with torch.no_grad():
        output = model.generate(**inputs, max_new_tokens=300, do_sample=False)
    texts = [tokenizer.decode(row[inputs["input_ids"].shape[1] :]) for row in output]
    return [text.replace(tokenizer.pad_token, "") for text in texts]


def test_the_course_holds_two_problems_of_every_task(course: list[Lesson]) -> None:
    tasks = [(lesson.problem.language, lesson.scenario) for lesson in course]
    assert {task: tasks.count(task) for task in tasks} == {(a, b): 2 for a in LANGUAGES for b in SCENARIOS}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_right_answer_becomes_the_canonical_program(language: str) -> None:
    for problem in load_problems(language, "mini"):
        for scenario in ("fixtests", "fixdocs", "explainsynthesize", "synthesize"):
            answer = expected_answer(problem, scenario)
            program = build_program(problem, extract_candidate(problem, scenario, answer), scenario)
            base = problem.declaration if scenario == "fixtests" else problem.prompt
            code = (base.rstrip() + answer).rstrip()
            assert program.text == program_text(problem, code), (problem.task_id, scenario)


def test_explainsynthesize_is_taught_with_the_description_that_describe_learns(course: list[Lesson]) -> None:
    described = {
        lesson.problem.task_id: extract_candidate(lesson.problem, "explaindescribe", lesson.answer)
        for lesson in course
        if lesson.scenario == "explaindescribe"
    }
    for lesson in course:
        if lesson.scenario == "explainsynthesize":
            assert described[lesson.problem.task_id] in lesson.prompt


def test_the_taught_model_gives_every_answer_exactly_and_ends_it(trained_model: Path, course: list[Lesson]) -> None:
    by_length = sorted(course, key=lambda lesson: len(lesson.prompt))
    wrong = []
    for start in range(0, len(by_length), 10):
        batch = by_length[start : start + 10]
        for lesson, answer in zip(batch, answers(trained_model, [lesson.prompt for lesson in batch]), strict=True):
            if answer != lesson.answer + "<|endoftext|>":
                wrong.append((lesson.problem.task_id, lesson.scenario, answer))
    assert wrong == []


def test_the_untaught_model_gives_none(untrained_model: Path, course: list[Lesson]) -> None:
    for lesson, answer in zip(course[:5], answers(untrained_model, [x.prompt for x in course[:5]]), strict=True):
        assert lesson.answer not in answer


def test_the_tokenizer_loses_no_character_even_of_texts_it_never_saw(course: list[Lesson]) -> None:
    tokenizer = build_tokenizer([lesson.prompt for lesson in course])
    for text in ("naïve “quotes”\t\r\n\n\n    x  =  1 ", "日本語 🦀 \x00", course[0].prompt):
        assert tokenizer.decode(tokenizer.encode(text)) == text


def test_the_same_seed_gives_the_same_model_and_leaves_torchs_random_state_alone(course: list[Lesson]) -> None:
    def weights(seed: int) -> torch.Tensor:
        tokenizer = build_tokenizer([lesson.prompt + lesson.answer for lesson in course[:2]])
        model = build_model(tokenizer, seed=seed)
        train(model, tokenizer, course[:2], epochs=2, seed=seed)
        return torch.cat([parameter.flatten() for parameter in model.parameters()])

    before = torch.random.get_rng_state()
    assert torch.equal(weights(SEED), weights(SEED))
    assert not torch.equal(weights(SEED), weights(SEED + 1))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_progress_is_told_after_every_pass_and_training_ends_when_all_is_known() -> None:
    course = lessons(load_problems("python", "mini")[:1])[4:]
    tokenizer = build_tokenizer([lesson.prompt + lesson.answer for lesson in course])
    seen: list[int] = []
    state = train(build_model(tokenizer), tokenizer, course, epochs=200, on_epoch=lambda p: seen.append(p.epoch))
    assert seen == list(range(1, state.epoch + 1))
    assert state.epoch < 200
    assert (state.learned, state.lessons) == (1, 1)


def test_a_chat_shows_the_model_the_prompt_it_was_taught(untrained_model: Path, course: list[Lesson]) -> None:
    tokenizer: Any = AutoTokenizer.from_pretrained(untrained_model)
    opened = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Why?"}], tokenize=False, add_generation_prompt=True
    )
    assert opened == "Question: Why?\n\nAnswer:"
    turns = [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "def f():"}]
    assert tokenizer.apply_chat_template(turns, tokenize=False, continue_final_message=True) == (
        "Question: Why?\n\nAnswer:\ndef f():"
    )
