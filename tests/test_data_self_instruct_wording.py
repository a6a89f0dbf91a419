"""octopack_data.self_instruct: lists in a model's words, and what settings and files of wording must be."""

import re
from pathlib import Path
from typing import Any

import pytest

from humanevalpack.errors import InputError, UsageError
from octopack_data.self_instruct.settings import GenerateSettings, read_wording
from octopack_data.self_instruct.tasks import split_list
from octopack_data.settings import make_settings

LISTS = {
    "goes on": ("Sort\n7. Add\n8. Draw", 6, ["Sort", "Add", "Draw"]),
    "says its first number": ("6. Sort\n7. Add", 6, ["Sort", "Add"]),
    "begins with other words": ("Sure, here they are:\n\n6. Sort\n7. Add\n", 6, ["Sort", "Add"]),
    "begins anew": ("1. Sort\n2. Add", 6, ["Sort", "Add"]),
    "begins with a wrong number": ("8. Sort\n9. Add", 6, ["Sort", "Add"]),
    "in several lines": ("Sort\nby name\n\n7. Add", 6, ["Sort\nby name", "Add"]),
    "holds a list": ("Follow:\n1. rule\n2. rule\n7. Add", 6, ["Follow:\n1. rule\n2. rule", "Add"]),
    "other marks": ("6) Sort\nTask 7: Add\n## 8. Draw", 6, ["Sort", "Add", "Draw"]),
    "an empty item": ("6.\n7. Add", 6, ["Add"]),
    "nothing": ("", 6, []),
}


@pytest.mark.parametrize("case", LISTS)
def test_a_numbered_list_is_read(case: str) -> None:
    text, first, items = LISTS[case]
    assert split_list(text, first) == items


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    name: ({name: value}, f"'{name}' is {value!r}")
    for name, value in (
        ("count", 0), ("seed_examples", 0), ("new_examples", -1), ("per_request", 0), ("round_size", 0),
        ("patience", 0), ("min_words", -1), ("max_words", 0), ("similarity", 0), ("similarity", 1.1), ("format", "csv"),
        ("answers", "perhaps"),
    )
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_setting_is_named(case: str) -> None:
    values, said = WRONG[case]
    with pytest.raises(UsageError) as error:
        make_settings(GenerateSettings, {"model": "tiny"} | values)
    assert said in str(error.value)


WORDINGS = {
    "system: a\ninstructions: b {examples} {first} {last}\nanswer: c": "answer must hold {instruction}",
    "system: a\ninstructions: b {examples} {first}\nanswer: '{instruction}'": "it has no {last}",
    "system: a\ninstructions: b": "wrong or missing: answer",
    "system: 1\ninstructions: '{examples} {first} {last}'\nanswer: '{instruction}'": "system must be text, not 1",
    "- a": "must hold a mapping",
}


@pytest.mark.parametrize("text", WORDINGS)
def test_a_wrong_file_of_wording(text: str, tmp_path: Path) -> None:
    (tmp_path / "wording.yaml").write_text(text)
    with pytest.raises(InputError, match=re.escape(WORDINGS[text])):
        read_wording(tmp_path / "wording.yaml")
