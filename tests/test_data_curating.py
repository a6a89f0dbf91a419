"""octopack_data.curating: lines picked by hand; a number that gives no pair is an error that names it."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from data_rows import commit, write
from humanevalpack.errors import InputError, UsageError
from oasst_rows import flat, some_trees
from octopack_data.curating import CurateSettings, curate_stage
from octopack_data.dialogue_filters import OasstSettings
from octopack_data.oasst import pairs_stage
from octopack_data.parts import run_stage
from octopack_data.rows import read_rows
from octopack_data.settings import make_settings
from octopack_data.sources import find_parts

PAIRS = [{"prompt": f"Q{n}", "completion": f"A{n}"} for n in range(5)]


def curate(
    source: Path, output: Path, text: str, first_line: int = 0, workers: int = 1, **settings: Any
) -> tuple[dict[str, int], list[dict[str, Any]]]:
    indices = output.with_suffix(".txt")
    indices.write_text(text)
    how = CurateSettings(indices=indices, first_line=first_line, **settings)
    stage = curate_stage(find_parts(source), output, how)
    counts = run_stage(stage, workers=workers, progress=False)["counts"]
    return counts, [row for part in find_parts(output) for row in read_rows(part.path)]


@pytest.mark.parametrize("text", ["0\n3\n", "0 3", "[0, 3]", "- 3\n- 0\n", "p: [3, 0]"])
def test_lines_are_picked_in_the_order_of_the_file(tmp_path: Path, text: str) -> None:
    counts, rows = curate(write(tmp_path / "p.jsonl", PAIRS), tmp_path / "out", text)
    assert counts == {"rows": 5, "kept": 2, "dropped_not_picked": 3}
    assert [(row["prompt"], row["completion"], row["line"]) for row in rows] == [("Q0", "A0", 1), ("Q3", "A3", 4)]


def test_one_number_is_a_list_too(tmp_path: Path) -> None:
    assert curate(write(tmp_path / "p.jsonl", PAIRS), tmp_path / "out", "2\n")[0]["kept"] == 1


def test_numbers_are_as_they_are_written(tmp_path: Path) -> None:
    """YAML reads 012 as 10."""
    rows = [{"prompt": f"Q{n}", "completion": "A"} for n in range(20)]
    assert curate(write(tmp_path / "p.jsonl", rows), tmp_path / "out", "[012, 003]")[1][1]["prompt"] == "Q12"


def test_the_first_line_is_number_0_or_number_1(tmp_path: Path) -> None:
    source = write(tmp_path / "p.jsonl", PAIRS)
    assert curate(source, tmp_path / "zero", "1", 0)[1][0]["prompt"] == "Q1"
    assert curate(source, tmp_path / "one", "1", 1)[1][0]["prompt"] == "Q0"


def test_a_commit_is_asked_for_by_subject_and_old_contents(tmp_path: Path) -> None:
    rows = [commit(n, subject=f"Change {n}") for n in range(3)]
    _, (row,) = curate(write(tmp_path / "p.jsonl", rows), tmp_path / "out", "2")
    assert (row["prompt"], row["completion"]) == ("Change 2\na = 1\n", "a = 2\n")


def test_files_have_lists_of_their_own_and_those_without_one_give_nothing(tmp_path: Path) -> None:
    for name in ("python", "rust", "go"):
        write(tmp_path / "in" / "data" / name / "data.jsonl", PAIRS)
    text = "python/data: [1]\nrust/data: [2, 4]\n"
    counts, rows = curate(tmp_path / "in", tmp_path / "out", text, workers=2)
    assert counts == {"rows": 15, "kept": 3, "dropped_not_picked": 12}
    assert [(row["source"], row["prompt"]) for row in rows] == [
        ("python/data", "Q1"), ("rust/data", "Q2"), ("rust/data", "Q4"),
    ]  # fmt: skip
    assert curate(tmp_path / "in", tmp_path / "one", text) == (counts, rows)


def test_a_line_of_the_flat_export_is_that_of_a_prompt(tmp_path: Path) -> None:
    source = write(tmp_path / "p.jsonl", flat(*some_trees()))
    assert curate(source, tmp_path / "out", "0 7")[1][1]["tree"] == "t3"
    with pytest.raises(InputError, match=r"no prompt stands at 1 of .*there are 3 dialogues, the first line is 0"):
        curate(source, tmp_path / "other", "1")


def test_a_pair_that_was_made_before_keeps_where_it_is_from(tmp_path: Path) -> None:
    stage = pairs_stage(find_parts(write(tmp_path / "trees.jsonl", some_trees())), tmp_path / "pairs", OasstSettings())
    run_stage(stage, progress=False)
    made = list(read_rows(tmp_path / "pairs" / "data" / "trees.jsonl.zst"))
    assert made[1]["line"] == 3
    assert curate(tmp_path / "pairs", tmp_path / "out", "1")[1] == made[1:]


def test_what_was_not_picked_can_be_listed(tmp_path: Path) -> None:
    curate(write(tmp_path / "p.jsonl", PAIRS), tmp_path / "out", "0", excluded_share=1, excluded_contents=True)
    listed = list(read_rows(tmp_path / "out" / "excluded" / "p.jsonl.zst"))
    assert [(row["prompt"], row["reason"]) for row in listed] == [(f"Q{n}", "not_picked") for n in range(1, 5)]


WRONG = {
    "behind the end": ("0 5 99", r"p.jsonl: no prompt stands at 5, 99 of .*there are 5 dialogues"),
    "many behind the end": ("10 11 12 13 14 15 16", r"stands at 10, 11, 12, 13, 14 and 2 more"),
    "repeated": ("0 3 3 4 0", r"out.txt, p: picked more than once: 0, 3"),
    "negative": ("[-1, 2]", r"must be whole numbers from 0, not -1"),
    "a fraction": ("[1.5]", r"must be whole numbers from 0, not 1.5"),
    "a word": ("0 one", r"must be whole numbers from 0, not one"),
    "a truth value": ("[true]", r"must be whole numbers from 0, not true"),
    "nothing": ("", r"must be a list of numbers, not None"),
    "an empty list": ("[]", r"must be a list of numbers, not \[\]"),
    "another part": ("q: [1]", r"no part 'q' in SOURCE; there are p"),
    "a mapping in a mapping": ("p: {a: 1}", r"must be a list of numbers"),
    "no yaml": ("[1", r"not a YAML file that can be read"),
    "a part twice": ("p: [0]\np: [1]", r"out.txt, line 2: 'p' is there already: name it once"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_numbers_are_refused_by_name(tmp_path: Path, case: str) -> None:
    text, message = WRONG[case]
    with pytest.raises(InputError, match=message):
        curate(write(tmp_path / "p.jsonl", PAIRS), tmp_path / "out", text)
    assert not (tmp_path / "out" / "data" / "p.jsonl.zst").exists()


def test_line_0_is_behind_the_end_where_the_first_is_1(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no prompt stands at 0 of .*the first line is 1"):
        curate(write(tmp_path / "p.jsonl", PAIRS), tmp_path / "out", "0 1", 1)


def test_a_picked_line_without_an_answer_is_an_error(tmp_path: Path) -> None:
    source = write(tmp_path / "p.jsonl", [{"messages": [{"content": "Q"}]}])
    with pytest.raises(InputError, match=r"line 0 of .*out.txt gives no pair \(no_reply\)"):
        curate(source, tmp_path / "out", "0")


def test_several_files_need_a_mapping(tmp_path: Path) -> None:
    for name in "ab":
        write(tmp_path / "in" / f"{name}.jsonl", PAIRS)
    with pytest.raises(InputError, match=r"SOURCE has 2 files: give a mapping, such as `a: \[3, 14\]`"):
        curate(tmp_path / "in", tmp_path / "out", "0")


SETTINGS: dict[str, tuple[dict[str, Any], str]] = {
    "first_line is missing": ({"indices": "x"}, "'first_line' is missing"),
    "first_line 2": ({"indices": "x", "first_line": 2}, "'first_line' is 2.*less than or equal to 1"),
    "indices is missing": ({"first_line": 0}, "'indices' is missing"),
    "a share": ({"indices": "x", "first_line": 0, "excluded_share": -1}, "'excluded_share' is -1"),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_wrong_settings_are_refused(case: str) -> None:
    values, message = SETTINGS[case]
    with pytest.raises(UsageError, match=message):
        make_settings(CurateSettings, values)


def test_a_missing_file_of_numbers_is_named(tmp_path: Path) -> None:
    how = CurateSettings(indices=tmp_path / "none.txt", first_line=0)
    with pytest.raises(InputError, match=r"none\.txt"):
        curate_stage(find_parts(write(tmp_path / "p.jsonl", PAIRS)), tmp_path / "out", how)


def test_other_numbers_are_another_run(tmp_path: Path) -> None:
    source = write(tmp_path / "p.jsonl", PAIRS)
    curate(source, tmp_path / "out", "0")
    with pytest.raises(InputError, match="indices_sha256"):
        curate(source, tmp_path / "out", "1")


@examples(max_examples=15, deadline=None)
@given(st.sets(st.integers(0, 29)), st.integers(0, 1), st.sampled_from(["", "0.5", "7"]))
def test_exactly_what_is_picked_and_in_the_sample_is_kept(
    tmp_path_factory: pytest.TempPathFactory, picked: set[int], first: int, sample: str
) -> None:
    folder = tmp_path_factory.mktemp("curate")
    source = write(folder / "p.jsonl", [{"prompt": f"Q{n}", "completion": "A"} for n in range(30)])
    picked = picked or {0}
    text = str([number + first for number in sorted(picked)])
    counts, rows = curate(source, folder / "out", text, first, sample=sample)
    assert (
        counts["rows"] == 30 == counts["kept"] + counts.get("dropped_not_picked", 0) + counts.get("dropped_sample", 0)
    )
    found = [int(row["prompt"][1:]) for row in rows]
    assert found == sorted(found)
    assert set(found) <= picked
    assert sample or set(found) == picked
