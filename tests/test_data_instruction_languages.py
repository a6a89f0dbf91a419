"""octopack_data.instruction_languages: the languages of instruction data, by any detector, as tables and a figure."""

import json
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from data_rows import write
from humanevalpack.errors import EnvironmentFault, InputError, UsageError
from octopack_data.detectors import code_of, text_detector
from octopack_data.instruction_languages import (
    LanguageSettings,
    language_counts,
    languages_csv,
    languages_markdown,
    languages_stage,
    write_languages,
)
from octopack_data.parts import run_stage
from octopack_data.rows import read_rows
from octopack_data.settings import make_settings
from octopack_data.sources import find_parts

TEXTS = ["```py\nx\n```", "```python\nx\n```", "```js\nx\n```", "no code", "```\nx = 1\n```"]


def breaks(text: str) -> str:
    if text:
        raise ValueError("two\nlines")
    return ""


def of_two_texts(text: str, other: str) -> str:
    return text + other


def rows(*texts: str, column: str = "completion") -> list[dict[str, Any]]:
    return [{column: text} for text in texts]


def count(source: Path, output: Path, workers: int = 1, **settings: Any) -> dict[str, int]:
    stage = languages_stage(find_parts(source), output, LanguageSettings(**settings))
    return language_counts(run_stage(stage, workers=workers, progress=False))


def first_word(text: str) -> str:
    """A detector of a user."""
    return text.split()[0] if text.split() else ""


def wrong_answer(text: str) -> Any:
    return 3 if text else None


def test_the_first_fence_is_counted_the_most_frequent_first(tmp_path: Path) -> None:
    found = count(write(tmp_path / "p.jsonl", rows(*TEXTS)), tmp_path / "out")
    assert list(found.items()) == [("not detected", 2), ("python", 2), ("javascript", 1)]


def test_any_column_is_looked_into(tmp_path: Path) -> None:
    source = write(tmp_path / "p.jsonl", rows("```rust\nx\n```", column="output"))
    assert count(source, tmp_path / "out", column="output") == {"rust": 1}


def test_a_users_function_detects_and_its_names_are_known_by_any_alias(tmp_path: Path) -> None:
    source = write(tmp_path / "p.jsonl", rows("Python x", "py y", "C++ z", "klingon q", ""))
    found = count(source, tmp_path / "out", detector="test_data_instruction_languages:first_word")
    assert found == {"python": 2, "c++": 1, "klingon": 1, "not detected": 1}


def test_inside_the_fence_the_detector_sees_the_code_without_its_tag(tmp_path: Path) -> None:
    source = write(tmp_path / "p.jsonl", rows("Say\n```python\nrust code\n```\nends", "no code"))
    how: dict[str, Any] = {"detector": "test_data_instruction_languages:first_word"}
    assert count(source, tmp_path / "out", inside_fence=True, **how) == {"no fenced block": 1, "rust": 1}
    assert count(source, tmp_path / "whole", **how) == {"no": 1, "say": 1}


@pytest.mark.parametrize(
    ("text", "code"),
    [("a\n```py\nx\ny\n```\nb", "x\ny"), ("```\nx\n```\n```py\ny\n```", "x"), ("```py\ncut", "cut"), ("none", None)],
)
def test_the_code_is_that_of_the_first_block(text: str, code: str | None) -> None:
    assert code_of(text) == code


def test_another_package_offers_a_detector_as_an_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offers = ["first-word = test_data_instruction_languages:first_word", "gone = nowhere:at_all"]
    folder = tmp_path / "other-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text("\n".join(["[octopack_data.detectors]", *offers]))
    monkeypatch.syspath_prepend(str(tmp_path))
    assert text_detector("first-word")("go x") == "go"
    with pytest.raises(UsageError, match=r"detector 'gone': nowhere:at_all cannot be imported"):
        text_detector("gone")
    with pytest.raises(UsageError, match=r"no detector 'other'; there are fence, first-word, gone, magika, or give"):
        text_detector("other")


def test_a_detector_is_looked_for_once_a_file_and_not_for_every_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def none_offered(group: str) -> tuple[()]:
        asked.append(group)
        return ()

    monkeypatch.setattr("octopack_data.detectors.entry_points", none_offered)
    source = write(tmp_path / "p.jsonl", rows(*"abcdefgh"))
    count(source, tmp_path / "out", detector="test_data_instruction_languages:first_word")
    assert len(asked) == 2  # before the first row, and by the worker


def test_magika_tells_languages_where_it_is_installed_and_is_asked_for_where_not() -> None:
    if find_spec("magika") is None:
        with pytest.raises(EnvironmentFault, match="the detector magika needs a package: pip install magika"):
            text_detector("magika")("x = 1")
    else:
        assert text_detector("magika")("def f(x):\n    return x + 1\n\n\nprint(f(3))\n") == "python"


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "detector unknown": ({"detector": "guess"}, r"no detector 'guess'; there are fence, magika, or give package"),
    "module unknown": ({"detector": "nowhere:f"}, r"detector 'nowhere:f': must be package.module:function"),
    "function unknown": ({"detector": "json:guess"}, r"detector 'json:guess': must be package.module:function"),
    "no function": ({"detector": "json:__name__"}, r"detector 'json:__name__': must be .* \(it is 'json'\)"),
    "fence inside a fence": ({"inside_fence": True}, r"the detector fence reads the tag of the block"),
    "sample": ({"sample": "0"}, r"sample is '0'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_settings_that_cannot_work_are_refused_before_rows_are_read(tmp_path: Path, case: str) -> None:
    settings, message = WRONG[case]
    with pytest.raises(UsageError, match=message):
        count(write(tmp_path / "p.jsonl", rows("x")), tmp_path / "out", **settings)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "value"), [("column", 3), ("detector", None), ("inside_fence", "often"), ("mode", "old"), ("sample", 3)]
)
def test_a_wrong_setting_is_refused_with_its_name(name: str, value: Any) -> None:
    with pytest.raises(UsageError, match=f"setting '{name}' is {value!r}"):
        make_settings(LanguageSettings, {name: value})


def test_a_missing_or_wrong_column_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"p.jsonl, line 1: no column 'output'; there are completion.*--column NAME"):
        count(write(tmp_path / "p.jsonl", rows("x")), tmp_path / "a", column="output")
    with pytest.raises(InputError, match=r"q.jsonl, line 2: completion must be text, not 3"):
        count(write(tmp_path / "q.jsonl", [*rows("x"), {"completion": 3}]), tmp_path / "b")


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("wrong_answer", "said 3, which is no text"),
        ("breaks", "failed (ValueError: two lines)"),
        ("of_two_texts", "failed (TypeError: of_two_texts() missing 1 required positional argument: 'other')"),
    ],
)
def test_a_detector_that_fails_is_one_line_that_names_file_line_text_and_mend(
    tmp_path: Path, function: str, said: str
) -> None:
    detector = f"test_data_instruction_languages:{function}"
    (tmp_path / "p.jsonl").write_text('{"completion": ""}\n\n{"completion": "x = 1"}\n')
    with pytest.raises(InputError) as error:
        count(tmp_path / "p.jsonl", tmp_path / "out", detector=detector)
    line, begins = (1, "") if function == "of_two_texts" else (3, "x = 1")
    assert str(error.value) == (
        f"{tmp_path / 'p.jsonl'}, line {line}: the detector {detector} {said}: mend the function, or take the row out "
        f"(completion begins with {begins!r})"
    )


def test_the_counts_are_written_as_three_tables(tmp_path: Path) -> None:
    stage = languages_stage(find_parts(write(tmp_path / "p.jsonl", rows(*TEXTS))), tmp_path / "out", LanguageSettings())
    files = write_languages(tmp_path / "out", run_stage(stage, progress=False))
    assert [file.name for file in files] == ["languages.csv", "languages.md", "languages.json"]
    table, page, data = (file.read_text() for file in files)
    assert table.splitlines()[:3] == ["language,rows,share", "not detected,2,0.400000", "python,2,0.400000"]
    assert page.splitlines()[2:5] == [
        "| all | 5 | 100.00 % |",
        "| not detected | 2 | 40.00 % |",
        "| Python | 2 | 40.00 % |",
    ]
    assert json.loads(data) == {"not detected": 2, "python": 2, "javascript": 1}


def test_nothing_is_counted_of_nothing() -> None:
    assert languages_csv({}) == "language,rows,share\n"
    assert languages_markdown({}).splitlines()[2:] == ["| all | 0 |  |"]


@examples(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from(TEXTS), max_size=20), st.integers(1, 3))
def test_every_row_is_counted_once_whatever_files_and_workers(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], files: int
) -> None:
    folder = tmp_path_factory.mktemp("languages")
    for number in range(files):
        write(folder / "in" / f"p{number}.jsonl", rows(*texts[number::files]))
    found = count(folder / "in", folder / "one")
    assert sum(found.values()) == len(texts)
    assert count(folder / "in", folder / "two", workers=2) == found


def test_a_sample_goes_by_the_id_of_a_row_or_its_text(tmp_path: Path) -> None:
    texts = [f"```py\n{n}\n```" for n in range(100)]
    bare = write(tmp_path / "p.jsonl", rows(*texts))
    named = write(tmp_path / "q.jsonl", [{"id": str(n), "completion": text} for n, text in enumerate(texts)])
    for number, source in enumerate((bare, named)):
        assert count(source, tmp_path / f"n{number}", sample="30") == {"python": 30}
        assert 20 < count(source, tmp_path / f"s{number}", sample="0.5")["python"] < 80


@pytest.mark.real_data
def test_every_released_pair_was_chosen_for_its_fence(tmp_path: Path, shared: Path) -> None:
    """The release kept the pairs whose fence its rules take for a language: ours find one in each of the 151."""
    source = shared / "sources" / "oasst" / "pairs.jsonl"
    published = count(source, tmp_path / "out", mode="published")
    assert sum(published.values()) == 151
    assert published["python"] == 84
    assert "not detected" not in published
    assert count(source, tmp_path / "fixed") == published
    by_hand = Counter(row["completion"].split("```")[1].split("\n")[0].strip().lower() for row in read_rows(source))
    assert by_hand["python"] + by_hand["py"] == 84


@pytest.mark.real_data
def test_instructions_without_an_answer_have_no_fence(tmp_path: Path, shared: Path) -> None:
    source = shared / "sources" / "oasst" / "instructions.jsonl"
    found = count(source, tmp_path / "out", column="instruction")
    assert sum(found.values()) == 1500
    assert found["not detected"] > 1400
