"""Byte parity with the reference harness, on the real data."""

import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import humanevalpack as hep
from humanevalpack.errors import UsageError
from humanevalpack.languages import LANGUAGES
from humanevalpack.problems import Problem
from humanevalpack.prompts import render_encoder_prompt

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def data(shared: Path) -> dict[str, tuple[Problem, ...]]:
    return {language: hep.load_problems(language, shared / "humanevalpack") for language in LANGUAGES}


def rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def test_prompts(shared: Path, data: dict[str, tuple[Problem, ...]]) -> None:
    count = 0
    for row in rows(shared / "goldens" / "prompts.jsonl.gz"):
        problem = data[row["lang"]][row["doc_index"]]
        description = problem.docstring if row["task"] == "explainsynthesize" else None
        render = render_encoder_prompt if row.get("encoder") else hep.render_prompt
        prompt = render(problem, row["task"], prompt=row["prompt_name"], description=description)
        assert prompt is not None
        assert (len(prompt), sha256(prompt)) == (row["length"], row["sha256"]), row
        count += 1
    assert count == 25_092


def test_stop_words_and_unsupported_prompts(shared: Path, data: dict[str, tuple[Problem, ...]]) -> None:
    golden = json.loads((shared / "goldens" / "stopwords.json").read_text())
    assert len(golden["stop_words"]) == 594
    for row in golden["stop_words"]:
        assert hep.stop_words(row["lang"], prompt=row["prompt_name"]) == row["stop_words"], row
    for row in golden["unsupported"]:
        description = "text" if row["task"] == "explainsynthesize" else None
        with pytest.raises(UsageError):
            hep.render_prompt(data["python"][0], row["task"], prompt=row["prompt_name"], description=description)


def test_candidates_and_programs(shared: Path, data: dict[str, tuple[Problem, ...]]) -> None:
    count = 0
    for row in rows(shared / "goldens" / "postprocess.jsonl.gz"):
        problem, prompt = data[row["lang"]][row["doc_index"]], row["prompt_name"]
        candidate = hep.extract_candidate(problem, row["task"], row["body"], prompt=prompt)
        assert candidate == "" if row["post_sha256"] is None else sha256(candidate) == row["post_sha256"], row
        count += 1
        if row["task"] == "explaindescribe":
            continue
        text = hep.build_program(problem, candidate, row["task"], prompt=prompt).text
        assert len(text) == row["program_len"], row
        if row.get("import_order_free"):
            assert sha256("\n".join(sorted(text.split("\n")))) == row["program_sorted_lines_sha256"], row
        else:
            assert sha256(text) == row["program_sha256"], row
    assert count == 1_407
