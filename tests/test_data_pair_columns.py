"""octopack_data.pair_columns: prompts and completions are found under the names that published sets give them."""

from pathlib import Path
from typing import Any

import pytest

from data_rows import write
from humanevalpack.errors import InputError
from mixture_runs import read, run, settings


@pytest.mark.parametrize("names", [("prompt", "completion"), ("inputs", "targets"), ("input", "output")])
@pytest.mark.parametrize("order", [1, -1])
def test_a_source_of_a_mixture_needs_no_names(tmp_path: Path, names: tuple[str, str], order: int) -> None:
    row = {"language": "Go", **dict(list(zip(names, ("q", "r"), strict=True))[::order])}
    write(tmp_path / "a" / "rows.jsonl", [row])
    run(settings(tmp_path, a={}), tmp_path / "out")
    (made,) = read(tmp_path / "out")
    assert (made["prompt"], made["completion"], made["lang"]) == ("q", "r", "Go")


def test_files_of_one_source_may_name_them_in_two_ways(tmp_path: Path) -> None:
    write(tmp_path / "a" / "one.jsonl", [{"inputs": "q", "targets": "r"}])
    write(tmp_path / "a" / "two.jsonl.zst", [{"prompt": "s", "completion": "t"}])
    write(tmp_path / "a" / "none.jsonl", [])
    run(settings(tmp_path, a={}), tmp_path / "out", workers=2)
    assert {(row["prompt"], row["completion"]) for row in read(tmp_path / "out")} == {("q", "r"), ("s", "t")}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            {"prompt": "a", "completion": "b", "inputs": "c", "targets": "d"},
            "line 1: prompt and completion as well as inputs and targets may be .*: say .*prompt_column: NAME",
        ),
        (
            {"question": "a", "answer": "b"},
            "there are question, answer: .*prompt_column: NAME, completion_column: NAME",
        ),
        ({"instruction": "a", "input": "b", "output": "c"}, "octopack-data self-instruct load .*prompt_column: NAME"),
    ],
)
def test_what_is_not_certain_is_said_with_its_columns_and_the_mend(
    tmp_path: Path, row: dict[str, Any], said: str
) -> None:
    write(tmp_path / "a" / "rows.jsonl", [row])
    with pytest.raises(InputError, match=f"a/rows.jsonl, .*{said}"):
        run(settings(tmp_path, a={}), tmp_path / "out")
    first, *_, last = row
    named = {"prompt_column": first, "completion_column": last}
    run(settings(tmp_path, a=named), tmp_path / "out", overwrite=True)
    (made,) = read(tmp_path / "out")
    assert (made["prompt"], made["completion"]) == (row[first], row[last])


def test_a_later_row_without_the_columns_of_the_first_is_named(tmp_path: Path) -> None:
    write(tmp_path / "a" / "rows.jsonl", [{"inputs": "q", "targets": "r"}, {"prompt": "q", "completion": "r"}])
    with pytest.raises(InputError, match="line 2: no column 'inputs'; there are prompt, completion"):
        run(settings(tmp_path, a={}), tmp_path / "out")
