"""octopack_data.mixtures: which rows of a source there are, and in which order they are taken."""

import re
from pathlib import Path
from typing import Any

import pytest

from data_rows import write
from humanevalpack.errors import UsageError
from octopack_data.manifests import MARKS, read_manifest
from octopack_data.mixture_settings import MixSettings
from octopack_data.mixtures import mix
from octopack_data.processes import alone
from octopack_data.rows import read_rows
from octopack_data.settings import make_settings
from octopack_data.sources import find_parts


def mixed(output: Path, **settings: Any) -> list[dict[str, Any]]:
    mix(make_settings(MixSettings, settings), output, progress=False)
    return [row for part in find_parts(output) for row in read_rows(part.path)]


def pair(number: int) -> dict[str, str]:
    return {"prompt": f"{number}?", "completion": f"{number}!"}


@pytest.mark.parametrize("deduplicate", [True, False])
def test_what_is_taken_of_a_source_does_not_depend_on_its_files(tmp_path: Path, deduplicate: bool) -> None:
    rows = [pair(number % 20) for number in range(50)]
    write(tmp_path / "one/rows.jsonl", rows)
    for number in range(3):
        write(tmp_path / f"many/{'cab'[number]}.jsonl", rows[number::3][::-1])
    said = {"name": "a", "rows": 15, "deduplicate": deduplicate}
    one, many = (
        mixed(tmp_path / f"out-{name}", sources=[{**said, "source": str(tmp_path / name)}]) for name in ("one", "many")
    )
    assert one == many
    assert len({*map(str, one)}) == 15 if deduplicate else len(one) == 15


def test_a_second_run_in_the_folder_is_refused_before_it_removes_anything(tmp_path: Path) -> None:
    source = {"name": "a", "source": str(write(tmp_path / "rows.jsonl", [pair(number) for number in range(9)]))}
    rows = mixed(tmp_path / "out", sources=[source])
    settings = make_settings(MixSettings, {"sources": [source]})
    with alone(tmp_path / "out" / MARKS), pytest.raises(UsageError, match="another run is at work there"):
        mix(settings, tmp_path / "out", overwrite=True, progress=False)
    assert mixed(tmp_path / "out", sources=[source]) == rows


def test_pairs_that_teach_nothing_or_hold_an_end_of_text_mark_are_left_out_unless_published(tmp_path: Path) -> None:
    said = ("b", " \n", "<|endoftext|>", "b<|endoftext|>", "b<|endoftext|>c")
    rows = [{"prompt": "a", "completion": one} for one in said] + [{"prompt": "a<|endoftext|>", "completion": "b"}]
    source = {"name": "a", "source": str(write(tmp_path / "rows.jsonl", rows))}
    kept = mixed(tmp_path / "fixed", sources=[source])
    assert sorted(row["completion"] for row in kept) == ["b", "b<|endoftext|>"]
    counts = read_manifest(tmp_path / "fixed")["counts"]
    assert (counts["dropped_empty_target"], counts["dropped_mark_in_text"]) == (2, 2)
    assert len(mixed(tmp_path / "published", sources=[source], mode="published")) == 6


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"sources": [{"name": "a", "source": "x", "sauce": 1}]}, "m.yaml: no setting 'sources.0.sauce'; there are .*"),
        ({"sources": [{"name": "a", "source": "x", "rows": 1}], "rows": 2}, "m.yaml: rows of the whole and of a: .*"),
        ({"sources": [{"name": "a", "source": "x", "rows": 1, "weight": 1}]}, "m.yaml: sources.0: a has a weight .*"),
    ],
)
def test_one_fault_is_one_line_in_our_words(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as error:
        make_settings(MixSettings, settings, "m.yaml")
    assert re.fullmatch(said, str(error.value))
