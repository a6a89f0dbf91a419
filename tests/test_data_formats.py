"""octopack_data.formats and examples: the text of every training format, byte for byte."""

import subprocess
import sys
from dataclasses import replace
from typing import Any, get_args

import pytest

from humanevalpack.errors import UsageError
from octopack_data.examples import Columns, columns_of, example_row, make_example, refusal, settled
from octopack_data.formats import FORMATS, Example, FormatOptions, question_answer, row_id

ROW = {
    "commit": "cafe",
    "old_file": "src/a.py",
    "new_file": "src/a.py",
    "old_contents": "\na = 1 \n\nb = 1\n",
    "new_contents": "a = 1 \n\nb = 2\n",
    "subject": " Set b to two ",
    "message": " Set b to two \n\nIt was one.\n",
    "diff": "-b = 1\n+b = 2",
    "content": "x<commit_after>y<commit_after>z",
}
OLD, NEW, SUBJECT = ROW["old_contents"], ROW["new_contents"], ROW["subject"]
FIXED, PUBLISHED = FormatOptions(), FormatOptions("published")
F3_INPUT = "<commit_before>\na = 1 \n\nb = 1\n<commit_msg>"
TAGGED = "<commit_before>\n{}\n<commit_msg>\nSet b to two\n<commit_after>\n"
NUMBERED = "-  3 b = 1\n+  3 b = 2"
TARGETS = {"instruction_in": "targets"}
END = "<|endoftext|>"

GOLDENS: list[tuple[str, str, dict[str, Any], str, str]] = [
    # name in the release's material, format, options, input, target
    ("F1", "preformatted", {}, "x<commit_after>", "y<commit_after>z"),
    ("F2", "given-diff", {}, TAGGED.format("a = 1 \n\nb = 1"), "-b = 1\n+b = 2"),
    ("F3", "given-diff", TARGETS, F3_INPUT, " Set b to two \n<commit_after>\n-b = 1\n+b = 2"),
    ("F4", "rewrite", {}, TAGGED.format("a = 1 \n\nb = 1"), NEW),
    ("F5", "rewrite", TARGETS, F3_INPUT, " Set b to two <commit_after>" + NEW),
    ("F6", "line-diff-numbered", {}, TAGGED.format("  1 a = 1\n  2\n  3 b = 1"), NUMBERED),
    ("F6, ours", "line-diff", {}, TAGGED.format("  1 a = 1\n  2\n  3 b = 1"), NUMBERED),
    ("F6, switch ignored", "line-diff-numbered", TARGETS, F3_INPUT, " Set b to two <commit_after>" + NEW),
    (
        "F7 of F4",
        "rewrite",
        {"template": "instructions"},
        "Instructions: Set b to two\nInput:\na = 1 \n\nb = 1\nOutput:\n",
        NEW,
    ),
    (
        "F7 of F2",
        "given-diff",
        {"template": "instructions"},
        "Instructions: Set b to two\nInput:\na = 1 \n\nb = 1\nOutput:\n",
        "-b = 1\n+b = 2",
    ),
    (
        "F7 of F6",
        "line-diff-numbered",
        {"template": "instructions"},
        "Instructions: Set b to two\nInput:\n  1 a = 1\n  2\n  3 b = 1\nOutput:\n",
        NUMBERED,
    ),
    ("M1", "preformatted", {"file_name": True}, "<file_name>\na.py\nx<commit_after>", "y<commit_after>z"),
    (
        "M1 of F5",
        "rewrite",
        {"file_name": True, **TARGETS},
        "<file_name>\na.py\n" + F3_INPUT,
        " Set b to two <commit_after>" + NEW,
    ),
    ("J1", "commit", {}, f"<commit_before>{OLD}<commit_msg>", f"{SUBJECT}<commit_after>{NEW}{END}"),
    ("J2", "fenced", {}, f"```\n{OLD}\n```\n", f"{SUBJECT}\n```\n{NEW}\n```{END}"),
    (
        "J3, drawn",
        "bigcode",
        {"seed": 0},
        f"<filename>a.py<commit_before>{OLD}<commit_msg>",
        f"{SUBJECT}<commit_after>{NEW}{END}",
    ),
    (
        "J3, not drawn",
        "bigcode",
        {"seed": 1},
        f"<commit_before>{OLD}<commit_msg>",
        f"{SUBJECT}<commit_after>{NEW}{END}",
    ),
    (
        "J4",
        "commit",
        {"instruction_in": "inputs"},
        f"<commit_before>{OLD}<commit_msg>{SUBJECT}<commit_after>",
        NEW + END,
    ),
    ("xP3", "xp3", {}, f"{OLD}\n\n{SUBJECT}", f"\n{NEW}"),
    (
        "SantaCoderPack",
        "santacoderpack",
        {},
        "",
        f"<commit_before>{OLD}<commit_msg>{ROW['message']}<commit_after>{NEW}",
    ),
    ("OctoCoder", "instruction", {}, f"{SUBJECT}\n{OLD}", NEW),
]


@pytest.mark.parametrize(("form", "options", "given", "wanted"), [g[1:] for g in GOLDENS], ids=[g[0] for g in GOLDENS])
def test_the_text_as_published(form: str, options: dict[str, Any], given: str, wanted: str) -> None:
    assert make_example(form, ROW, replace(PUBLISHED, **options)) == Example(given, wanted)


def test_every_format_has_a_golden_text() -> None:
    assert {golden[1] for golden in GOLDENS} == set(FORMATS)
    named = {identity for form in FORMATS.values() for identity in form.ids.values()} - {"ours"}
    assert named <= {golden[0].split(",")[0] for golden in GOLDENS}


FIXED_GOLDENS: list[tuple[str, str, dict[str, Any], str, str]] = [
    ("F3", "given-diff", TARGETS, F3_INPUT, "Set b to two\n<commit_after>\n-b = 1\n+b = 2"),
    ("F5", "rewrite", TARGETS, F3_INPUT, f"Set b to two\n<commit_after>\n{NEW}"),
    ("F6", "line-diff-numbered", {}, TAGGED.format("  1 a = 1 \n  2 \n  3 b = 1"), NUMBERED),
    ("J4", "commit", {}, f"<commit_before>{OLD}<commit_msg>{SUBJECT}<commit_after>", NEW + END),
    ("fenced", "fenced", {}, f"```\n{OLD}\n```\n{SUBJECT}\n", f"```\n{NEW}\n```{END}"),
    ("bigcode", "bigcode", {}, f"<filename>a.py<commit_before>{OLD}<commit_msg>{SUBJECT}<commit_after>", NEW + END),
]


@pytest.mark.parametrize(
    ("form", "options", "given", "wanted"), [g[1:] for g in FIXED_GOLDENS], ids=[g[0] for g in FIXED_GOLDENS]
)
def test_what_is_mended(form: str, options: dict[str, Any], given: str, wanted: str) -> None:
    assert make_example(form, ROW, replace(FIXED, **options)) == Example(given, wanted)


def test_a_fence_is_longer_than_those_in_the_code() -> None:
    row = {**ROW, "new_contents": "```\nb\n```"}
    assert make_example("fenced", row, FIXED).target == f"````\n```\nb\n```\n````{END}"
    assert make_example("fenced", row, PUBLISHED).input.startswith("```\n\na")


def test_half_of_the_rows_name_their_file_whatever_their_order() -> None:
    def named(seed: int) -> list[bool]:
        rows = [{**ROW, "commit": f"{number:040x}"} for number in range(2000)]
        return [make_example("bigcode", row, FormatOptions(seed=seed)).input.startswith("<filename>") for row in rows]

    assert sum(named(0)) == pytest.approx(1000, abs=100)
    assert named(0) == named(0) != named(1)


def test_a_row_is_named_by_its_commit_or_by_all_of_it() -> None:
    assert row_id(ROW) == "cafe"
    assert row_id({"a": "b", "c": ""}) != row_id({"a": "b\0c"}) != row_id({"a": "b"})


def test_a_text_without_the_mark_has_nothing_to_learn() -> None:
    row = {"content": "x"}
    assert make_example("preformatted", row) == Example("x", "")
    assert refusal("preformatted", row, Example("x", ""), FIXED) == "empty_target"


@pytest.mark.parametrize("form", FORMATS)
def test_a_row_that_holds_a_mark_of_the_format_is_refused(form: str) -> None:
    def why(mark: str, options: FormatOptions) -> str:
        row = {name: f"{value}{mark}" for name, value in ROW.items()}
        return refusal(form, row, Example("a", "b"), options)

    assert {why(mark, FIXED) for mark in (*FORMATS[form].marks, END)} == {"mark_in_text"}
    assert why("", FIXED) == why(END, PUBLISHED) == ""


@pytest.mark.parametrize("form", ["line-diff", "line-diff-numbered"])
def test_a_change_of_the_white_space_at_the_end_has_an_empty_target(form: str) -> None:
    row = {**ROW, "new_contents": OLD + "\n"}
    example = make_example(form, row, FIXED)
    assert (example.target, refusal(form, row, example, FIXED)) == ("", "empty_target")
    assert refusal(form, row, example, PUBLISHED) == ""


@pytest.mark.parametrize(
    ("form", "options", "said"),
    [
        ("gpt", {}, "there is no format 'gpt'; there are preformatted, given-diff"),
        ("commit", {"file_name": True}, "format commit takes no file name; these do: preformatted, given-diff"),
        ("xp3", {"template": "instructions"}, "format xp3 has no template; these have: given-diff, rewrite"),
        ("preformatted", {"template": "instructions"}, "format preformatted has no template"),
        ("rewrite", {"template": "instructions", **TARGETS}, "leave out instruction_in"),
        ("xp3", TARGETS, "format xp3 has no form with the instruction in the targets; these have: .*commit"),
        ("line-diff", TARGETS, "format line-diff has no form with the instruction in the targets"),
    ],
)
def test_what_a_format_has_not_is_said(form: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        settled(form, replace(FIXED, **options))


@pytest.mark.parametrize("form", FORMATS)
def test_a_format_reads_the_columns_that_it_says(form: str) -> None:
    row = {name: ROW[name] for name in columns_of(form, FIXED)}
    assert make_example(form, row).target
    for name in row:
        with pytest.raises(KeyError):
            make_example(form, {key: value for key, value in row.items() if key != name} | {"commit": "cafe"})


def test_only_rows_for_megatron_and_whole_texts_carry_the_end_mark() -> None:
    example = Example("a", f"b{END}")
    rows = [example_row(example, columns, ends=True) for columns in get_args(Columns)]
    assert rows == [
        {"prompt": "a", "completion": "b"},
        {"inputs": "a", "targets": f"b{END}"},
        {"text": f"ab{END}"},
    ]


def test_the_answer_of_a_question_begins_with_the_space() -> None:
    assert question_answer("What?", "That.") == Example("Question: What?\n\nAnswer:", " That.")


def test_no_library_for_training_is_imported() -> None:
    code = "import sys, octopack_data.examples; print(*(m.split('.')[0] for m in sys.modules))"
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert not {"torch", "transformers", "trl", "datasets", "numpy", "pyarrow"} & set(said.split())
