"""The real problems and the reference's own outputs: every shape of its files is read back to what made it."""

import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import humanevalpack as hep
from generation_files import write_json
from humanevalpack.languages import LANGUAGES
from humanevalpack.problems import Problem
from humanevalpack.results.forms import Recognizer, Text

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def data(shared: Path) -> dict[str, tuple[Problem, ...]]:
    return {language: hep.load_problems(language, shared / "humanevalpack") for language in LANGUAGES}


def goldens(shared: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(shared / "goldens" / "postprocess.jsonl.gz", "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def test_prompt_and_answer_of_the_goldens_are_parted_and_post_processed_as_the_reference_does(
    shared: Path, data: dict[str, tuple[Problem, ...]]
) -> None:
    recognizers: dict[tuple[str, str], Recognizer] = {}
    parted = heads = 0
    for row in goldens(shared):
        problem, scenario, prompt = data[row["lang"]][row["doc_index"]], row["task"], row["prompt_name"]
        recognizer = recognizers.setdefault((scenario, prompt), Recognizer(scenario, hep.load_template(prompt)))
        description = problem.docstring if scenario == "explainsynthesize" else None
        raw = hep.render_prompt(problem, scenario, prompt=prompt, description=description) + row["body"]
        text = recognizer.without_prompt(Text(place="", problem=problem, sample=0, text=raw))
        assert text is not None
        assert (text.text, text.description) == (row["body"], description), row
        saved = hep.extract_candidate(problem, scenario, text.text, prompt=prompt)
        if row["post_sha256"] is not None:
            assert sha256(saved) == row["post_sha256"]
            if recognizer.is_code:
                assert recognizer.is_program(saved, problem)
                heads += 1
        parted += 1
    assert parted == 1_407
    assert heads > 700


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_shape_of_the_reference_s_files_gives_its_candidates_back(
    shared: Path, data: dict[str, tuple[Problem, ...]], tmp_path: Path, language: str
) -> None:
    problems = data[language]
    for scenario in ("fixtests", "fixdocs", "explainsynthesize", "synthesize"):
        task = f"humaneval{scenario}-{language}"
        answers = [[f"\n{p.canonical_solution}", f"\n{p.buggy_solution}"] for p in problems]
        saved = [
            [hep.extract_candidate(p, scenario, text, prompt="octocoder") for text in texts]
            for p, texts in zip(problems, answers, strict=True)
        ]
        raw = [
            [
                hep.render_prompt(p, scenario, prompt="octocoder", description=description) + text
                for text, description in zip(
                    texts, ("One.", "Two:\n\n") if scenario == "explainsynthesize" else (None, None), strict=True
                )
            ]
            for p, texts in zip(problems, answers, strict=True)
        ]
        if scenario == "explainsynthesize":
            saved, raw = ([[text] for texts in lists for text in texts] for lists in (saved, raw))
        keys = [(p.task_id, sample) for p in problems for sample in (0, 1)]
        for name, lists in (("saved", saved), ("raw", raw)):
            path = write_json(tmp_path / f"{name}_{task}.json", lists)
            rows = hep.read_generations(path, dataset=shared / "humanevalpack", prompt="octocoder").rows
            assert [(row.task_id, row.sample) for row in rows] == keys
            assert {row.form for row in rows} == {"program" if name == "saved" else "completion"}
            if name == "raw":
                assert [row.generation for row in rows] == [text for texts in answers for text in texts]
            else:
                assert [row.generation for row in rows] == [text for texts in saved for text in texts]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_slice_of_one_problem_is_recognized_wherever_it_begins(
    shared: Path, data: dict[str, tuple[Problem, ...]], tmp_path: Path, language: str
) -> None:
    task = f"humanevalfixtests-{language}"
    for start in range(0, 164, 9):
        problem = data[language][start]
        saved = hep.extract_candidate(problem, "fixtests", "\n" + problem.canonical_solution)
        path = write_json(tmp_path / f"{task}.json", [[saved]])
        (row,) = hep.read_generations(path, dataset=shared / "humanevalpack").rows
        assert row.task_id == problem.task_id
