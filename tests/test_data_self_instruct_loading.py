"""octopack_data.self_instruct: files of instructions as pairs, without duplicates; the languages that they name."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from data_rows import write
from humanevalpack.errors import InputError, UsageError
from octopack_data.commands import main
from octopack_data.parts import run_stage
from octopack_data.rows import read_rows
from octopack_data.self_instruct.loading import load_stage
from octopack_data.self_instruct.mentions import count_mentions, mentions_table, read_mentions
from octopack_data.self_instruct.settings import LoadSettings
from octopack_data.self_instruct.similarity import SimilarTexts
from octopack_data.settings import make_settings
from octopack_data.sources import Part, find_parts

SORT = {"instruction": "Sort a list of names by their length", "output": "names.sort(key=len)"}
DRAW = {"instruction": "Draw a circle", "input": "radius 3", "output": "circle(3)"}


def loaded(tmp_path: Path, rows: list[dict[str, Any]], **more: Any) -> tuple[list[dict[str, Any]], dict[str, int]]:
    source = write(tmp_path / "in.jsonl", rows)
    stage = load_stage(find_parts(source), tmp_path / "out", make_settings(LoadSettings, more))
    manifest = run_stage(stage, progress=False)
    dropped = {name.removeprefix("dropped_"): n for name, n in manifest["counts"].items() if "dropped" in name}
    assert manifest["counts"]["rows"] == len(rows) == manifest["counts"]["kept"] + sum(dropped.values())
    return list(read_rows(tmp_path / f"out/data/train.{more.get('format', 'jsonl')}")), dropped


@pytest.mark.parametrize("form", ["jsonl", "jsonl.zst", "parquet"])
def test_instruction_input_and_output_become_prompt_and_completion(form: str, tmp_path: Path) -> None:
    rows, dropped = loaded(tmp_path, [SORT, DRAW], format=form)
    assert rows == [
        {"prompt": "Sort a list of names by their length", "completion": "names.sort(key=len)"},
        {"prompt": "Draw a circle\n\nradius 3", "completion": "circle(3)"},
    ]
    assert dropped == {}


DROPPED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "the same": (SORT | {"output": "other"}, {}, "duplicate"),
    "the same but for spaces": (SORT | {"instruction": " Sort a list  of names\nby their length"}, {}, "duplicate"),
    "nearly the same": (SORT | {"instruction": "Sort a list of names by length"}, {"similarity": 0.8}, "similar"),
    "in other letters": (SORT | {"instruction": "SORT a list of names, by their length!"}, {}, "similar"),
    "no output": ({"instruction": "Draw a line"}, {}, "no_output"),
    "an empty output": ({"instruction": "Draw a line", "output": " "}, {}, "no_output"),
    "nothing as output": ({"instruction": "Draw a line", "output": None}, {}, "no_output"),
    "no instruction": ({"instruction": " ", "output": "x"}, {}, "no_instruction"),
    "short": ({"instruction": "Draw", "output": "x"}, {"min_words": 2}, "too_short"),
    "long": ({"instruction": "a b c d e f g h i", "output": "x"}, {"max_words": 8}, "too_long"),
}  # fmt: skip


@pytest.mark.parametrize("case", DROPPED)
def test_a_row_leaves_with_its_reason(case: str, tmp_path: Path) -> None:
    row, more, reason = DROPPED[case]
    rows, dropped = loaded(tmp_path, [SORT, row], **more)
    assert ([one["completion"] for one in rows], dropped) == ([SORT["output"]], {reason: 1})
    assert [one["reason"] for one in read_rows(tmp_path / "out/excluded/train.jsonl")] == [reason]


STAY: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "near ones if they are not looked for": (
        SORT | {"instruction": "SORT a list of names, by their length!"},
        {"near": False},
    ),
    "another input": (DRAW | {"input": "radius 4000, blue", "output": "y"}, {}),
    "less like than is asked": (SORT | {"instruction": "Sort the list of names by their length"}, {"similarity": 0.9}),
    "no output, if prompts are wanted": ({"instruction": "Draw a line"}, {"prompts_only": True}),
}


@pytest.mark.parametrize("case", STAY)
def test_a_row_stays(case: str, tmp_path: Path) -> None:
    row, more = STAY[case]
    rows, dropped = loaded(tmp_path, [SORT, DRAW, row], **more)
    assert (len(rows), dropped) == (3, {})


def test_keywords_come_from_files(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("circle\n")
    rows, dropped = loaded(tmp_path, [SORT, DRAW], keywords=(tmp_path / "words.txt",))
    assert (len(rows), dropped) == (1, {"keyword": 1})


def test_duplicates_are_found_across_files(tmp_path: Path) -> None:
    write(tmp_path / "in/b.jsonl", [SORT, DRAW])
    write(tmp_path / "in/a.jsonl", [SORT])
    main_of("self-instruct", "load", str(tmp_path / "in"), "-o", str(tmp_path / "out"))
    assert [row["completion"] for row in read_rows(tmp_path / "out/data/train.jsonl")] == [
        SORT["output"],
        DRAW["output"],
    ]


def main_of(*words: str) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert not end.value.code


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"prompt": "x"}, "line 1: no column 'instruction'; there are prompt"),
        ({"instruction": ["x"]}, r"line 1: instruction must be text, not \['x'\]"),
        ({"instruction": "x", "input": 3}, "line 1: input must be text, not 3"),
        ({"instruction": "x", "output": 3}, "line 1: output must be text, not 3"),
    ],
)
def test_a_row_of_something_else_is_named(row: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        loaded(tmp_path, [row])


@pytest.mark.parametrize(
    ("name", "value"),
    [("similarity", 0), ("similarity", 2), ("min_words", -1), ("max_words", 0), ("near", "so"), ("prompts_only", 7),
     ("format", "csv")],
)  # fmt: skip
def test_a_wrong_setting_is_named(name: str, value: Any) -> None:
    with pytest.raises(UsageError, match=f"'{name}' is {value!r}"):
        make_settings(LoadSettings, {name: value})


def test_a_list_of_keywords_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no\.txt"):
        loaded(tmp_path, [SORT], keywords=(tmp_path / "no.txt",))


TEXTS = st.text(st.sampled_from("ab cd 1,."), max_size=25)


@examples(deadline=None)
@given(TEXTS, TEXTS)
def test_similarity_is_rouge_l(first: str, second: str) -> None:
    expected = RougeScorer(["rougeL"]).score(first, second)["rougeL"].fmeasure
    texts = SimilarTexts()
    texts.add(first)
    found = texts.nearest(second, 1e-9)
    words = any(letter.isalnum() for letter in first) and any(letter.isalnum() for letter in second)
    if words:  # the library says 0 for a text without a word
        assert (found[0] if found else 0.0) == pytest.approx(expected)


def test_texts_of_other_scripts_are_compared_by_what_stands_between_spaces() -> None:
    texts = SimilarTexts()
    texts.add("сортируй список имён")
    assert texts.nearest("сортируй список имён", 0.9) == (1.0, 0)
    assert texts.nearest("нарисуй круг", 0.1) is None


MENTIONS = {
    "Write it in Python 3.": ["Python"],
    "a C++ class, or C#": ["C#", "C++"],
    "Port this from C to Rust": ["C", "Rust"],
    "Go through the list": ["Go"],
    "go through the rust on the list and r": [],
    "JavaScript is not java": ["Java", "JavaScript"],
    "use node.js with mysql": ["JavaScript", "SQL"],
    "pythonic": [],
}


@pytest.mark.parametrize("text", MENTIONS)
def test_languages_are_named_by_whole_words(text: str) -> None:
    counts, none, total = count_mentions([text], read_mentions())
    assert sorted(language for language, count in counts.items() if count) == MENTIONS[text]
    assert (none, total) == (not MENTIONS[text], 1)


def test_mentions_as_a_table() -> None:
    table = mentions_table(*count_mentions(["Python or Java", "Python", "x", "y"], read_mentions()))
    assert table == "language,instructions,percent\nPython,2,50.00\nJava,1,25.00\nnone,2,50.00\nall,4,100.00\n"
    assert mentions_table(*count_mentions([], read_mentions())).endswith("\nnone,0,\nall,0,\n")


WRONG = {
    "language,word\nx,y\n": "must be CSV with the columns language, words, case",
    "language,words,case\n": "at least one row",
    "language,words,case\nX,x,some\n": "case any or exact",
    "language,words,case\nX,|,any\n": "must have a language, words",
    "language,words,case\nX,x,any\nX,y,any\n": "X is there twice",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_list_of_words(text: str, tmp_path: Path) -> None:
    (tmp_path / "words.csv").write_text(text)
    with pytest.raises(InputError, match=WRONG[text]):
        read_mentions(tmp_path / "words.csv")


@pytest.mark.real_data
def test_the_released_instructions(shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = shared / "sources/oasst/instructions.jsonl"
    stage = load_stage(find_parts(source), tmp_path / "out", LoadSettings(prompts_only=True, similarity=0.7))
    counts = run_stage(stage, progress=False)["counts"]
    # They went through the filter of Self-Instruct (0.7) once: hardly anything is so alike.
    assert (counts["rows"], counts["kept"], counts["dropped_similar"]) == (1500, 1495, 5)
    main_of("stats", "mentions", str(source))
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert rows[0] == {"language": "Python", "instructions": "457", "percent": "30.47"}


def test_a_list_without_outputs_of_which_nothing_stays_is_told_how_it_would(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write(tmp_path / "in.jsonl", [{"instruction": "Draw a circle"}])
    main_of("self-instruct", "load", str(source), "-o", str(tmp_path / "out"))
    assert "No row has an output. To keep them with empty completions: --prompts-only" in capsys.readouterr().err


def test_one_part_is_read_in_the_order_of_its_files(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{name}.jsonl", [SORT | {"output": name}]) for name in ("b", "a")]
    stage = load_stage([Part("b", paths[0]), Part("a", paths[1])], tmp_path / "out", LoadSettings())
    run_stage(stage, progress=False)
    assert [row["completion"] for row in read_rows(tmp_path / "out/data/train.jsonl")] == ["b"]
