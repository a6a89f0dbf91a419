"""octopack_data.self_instruct.generate: rounds of questions for new instructions, filtered, and an answer to each."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from data_rows import write
from humanevalpack.errors import EnvironmentFault, InputError
from octopack_data.rows import read_rows
from octopack_data.self_instruct.generate import generate
from octopack_data.sources import Part
from openai_server import BadRequest, Script, serve_script
from self_instruct_runs import SEEDS, made, main_of, model, run, seed_tasks, settings


@pytest.fixture
def seeds(tmp_path: Path) -> Part:
    return seed_tasks(tmp_path)


def dropped(output: Path) -> list[tuple[str, str]]:
    return [(row["reason"], row["detail"]) for row in read_rows(output / "excluded/instructions.jsonl")]


def test_instructions_and_their_answers_are_made(seeds: Part, tmp_path: Path) -> None:
    with serve_script(model) as server:
        manifest = generate(seeds, tmp_path / "out", settings(server), progress=False)
    rows = made(tmp_path / "out")
    assert len(rows) == manifest["counts"]["kept"] == 20
    assert all(row["output"] == f"Answer: {row['instruction']}" for row in rows)
    assert len({row["instruction"] for row in rows} - set(SEEDS)) == 20
    assert manifest["counts"]["requests"] == len(server.requests)


def test_without_answers_only_instructions_are_asked_for(seeds: Part, tmp_path: Path) -> None:
    with serve_script(model) as server:
        generate(seeds, tmp_path / "out", settings(server, answers=False), progress=False)
    assert {row["output"] for row in made(tmp_path / "out")} == {""}
    assert all("tasks number" in body["messages"][-1]["content"] for _, body in server.requests)


def test_the_seed_decides_about_the_questions_and_the_requests_in_flight_do_not(seeds: Part, tmp_path: Path) -> None:
    first = run(seeds, tmp_path / "a", at_a_time=1)
    assert run(seeds, tmp_path / "b", at_a_time=7) == first
    assert run(seeds, tmp_path / "c", seed=1)[0] != first[0]


def test_later_questions_show_new_instructions(seeds: Part, tmp_path: Path) -> None:
    asked, rows = run(seeds, tmp_path / "out")
    shown = [row["instruction"] for row in rows if any(f". {row['instruction']}\\n" in prompt for prompt in asked)]
    assert shown
    assert all(sum(f". {text}\\n" in prompt for text in SEEDS) == 3 for prompt in asked if "tasks number" in prompt)


def saying(*items: str, end: str = "stop") -> Script:
    """A model that always gives the same list, and answers."""

    def script(messages: list[dict[str, str]]) -> tuple[str, str]:
        if "tasks number" not in messages[-1]["content"]:
            return "It is done.", "stop"
        return "\n".join(f"{number}. {item}" for number, item in enumerate(items, start=4)), end

    return script


FILTERS: dict[str, tuple[list[str], dict[str, Any], set[tuple[str, str]]]] = {
    "too short": (["Sort it"], {}, {("too_short", "")}),
    "too long": (["one two three four five six seven eight"], {"max_words": 7}, {("too_long", "")}),
    "a keyword as a whole word": (["Plot a Graph of it", "Write a paragraph on it"], {}, {("keyword", "Graph")}),
    "a phrase in any case": (["Use Machine Learning here now"], {}, {("keyword", "Machine Learning")}),
    "like a seed task": (["Write a function that quickly adds"], {}, {("similar", SEEDS[0])}),
    "a seed task again": (["Write a function  that\tadds"], {"similarity": 1.0}, {("duplicate", SEEDS[0])}),
}


@pytest.mark.parametrize("case", FILTERS)
def test_an_instruction_is_dropped_with_its_reason(case: str, seeds: Part, tmp_path: Path) -> None:
    items, more, reasons = FILTERS[case]
    (tmp_path / "words.txt").write_text("# not these\ngraph\n\nmachine learning\n")
    more = {"patience": 1, "count": 9, "keywords": (tmp_path / "words.txt",)} | more
    with serve_script(saying("Tell green apples from red ones", *items)) as server:
        generate(seeds, tmp_path / "out", settings(server, **more), progress=False)
    found = [one for one in dropped(tmp_path / "out") if "apples" not in one[1]]
    assert reasons <= set(found)
    assert made(tmp_path / "out")[0]["instruction"] == "Tell green apples from red ones"


def test_the_last_instruction_of_an_answer_that_was_cut_off_is_dropped(seeds: Part, tmp_path: Path) -> None:
    with serve_script(saying("Tell green apples from red ones", "Count all the", end="length")) as server:
        generate(seeds, tmp_path / "out", settings(server, patience=1), progress=False)
    assert ("cut_off", "") in dropped(tmp_path / "out")
    assert [row["instruction"] for row in made(tmp_path / "out")] == ["Tell green apples from red ones"]


def test_rounds_that_bring_nothing_new_end_the_run(seeds: Part, tmp_path: Path) -> None:
    with serve_script(saying("Tell green apples from red ones")) as server:
        generate(seeds, tmp_path / "out", settings(server, patience=3), progress=False)
    assert sum("tasks number" in body["messages"][-1]["content"] for _, body in server.requests) == 2 * (1 + 3)


def test_a_model_that_makes_nothing_of_use_is_said(seeds: Part, tmp_path: Path) -> None:
    with serve_script(saying("No")) as server, pytest.raises(EnvironmentFault, match="no instruction in 4 answers"):
        generate(seeds, tmp_path / "out", settings(server, patience=2), progress=False)
    assert dropped(tmp_path / "out") == [("too_short", "")] * 4


NO_ANSWERS: dict[str, tuple[Callable[[], tuple[str | None, str]], str]] = {
    "cut off": (lambda: ("Half an", "length"), "answer_cut_off"),
    "empty": (lambda: (" \n", "stop"), "answer_empty"),
    "none": (lambda: (None, "content_filter"), "answer_empty"),
}


@pytest.mark.parametrize("case", NO_ANSWERS)
def test_an_instruction_without_an_answer_is_dropped(case: str, seeds: Part, tmp_path: Path) -> None:
    answer, reason = NO_ANSWERS[case]

    def script(messages: list[dict[str, str]]) -> tuple[str | None, str | None]:
        return model(messages) if "tasks number" in messages[-1]["content"] else answer()

    with serve_script(script) as server:
        manifest = generate(seeds, tmp_path / "out", settings(server), progress=False)
    assert manifest["counts"]["kept"] == 0
    assert manifest["counts"][f"dropped_{reason}"] == 20
    assert (
        sum(count for name, count in manifest["counts"].items() if name.startswith("dropped_"))
        == (manifest["counts"]["rows"])
    )


def test_refused_questions_are_counted(seeds: Part, tmp_path: Path) -> None:
    numbers: Iterator[int] = iter(range(100))

    def script(messages: list[dict[str, str]]) -> tuple[str, str]:
        if next(numbers) == 1:
            raise BadRequest("this is against the rules")
        return model(messages)

    with serve_script(script) as server:
        manifest = generate(seeds, tmp_path / "out", settings(server, at_a_time=1), progress=False)
    assert manifest["counts"]["refused_requests"] == 1
    assert len(made(tmp_path / "out")) == 20


def test_braces_in_an_instruction_stay_as_they_are(tmp_path: Path) -> None:
    seeds = Part("s", write(tmp_path / "s.jsonl", [{"instruction": "Fill {first} and {instruction} in here"}]))
    with serve_script(saying("Print {instruction} with braces {examples}")) as server:
        generate(seeds, tmp_path / "out", settings(server, patience=1), progress=False)
    asked = [body["messages"][-1]["content"] for _, body in server.requests]
    assert "1. Fill {first} and {instruction} in here\n" in asked[0]
    assert asked[-1] == "Print {instruction} with braces {examples}"


@pytest.mark.parametrize("rows", [[{"prompt": "x"}], [{"instruction": 3}], [{"instruction": " "}], []])
def test_seed_tasks_must_have_instructions(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    seeds = Part("s", write(tmp_path / "s.jsonl", rows))
    with serve_script(model) as server, pytest.raises(InputError, match=r"instruction|no seed task"):
        generate(seeds, tmp_path / "out", settings(server), progress=False)


def test_a_dry_run_says_what_it_costs_and_asks_nothing(
    seeds: Part, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serve_script(model) as server:
        main_of(["self-instruct", "generate", str(seeds.path), "-o", str(tmp_path / "out"), "--model", "tiny",
                 "--base-url", f"{server.url}/v1", "--count", "1000", "--max-tokens", "100", "--dry-run"])  # fmt: skip
    said = capsys.readouterr().out
    assert said.startswith("at least 1,125 requests, about ")
    assert "up to 112,500 tokens of answers" in said
    assert server.requests == []
    assert not (tmp_path / "out").exists()
