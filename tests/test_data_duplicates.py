"""octopack_data.duplicates: what is found, which row of a group stays, and what is said about the others."""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from code_rows import functions, nearly, row
from humanevalpack.errors import InputError, UsageError
from octopack_data.duplicates import DuplicateSettings, deduplicate
from octopack_data.manifests import read_manifest
from octopack_data.rows import read_rows, write_rows
from octopack_data.settings import make_settings
from octopack_data.sources import find_parts
from octopack_data.train_valid import TrainValidSettings, split_train

EXACT = DuplicateSettings()
NEAR = DuplicateSettings(near="new")


def write(folder: Path, rows: Sequence[dict[str, str]], files: int = 3) -> Path:
    """Rows in turn over the files."""
    for number in range(files):
        write_rows(folder / f"p{number}.jsonl", rows[number::files])
    return folder


def run(source: Path, output: Path, settings: DuplicateSettings = EXACT, workers: int = 1) -> dict[str, Any]:
    return deduplicate(find_parts(source), output, settings, workers=workers, progress=False)


def commits(output: Path) -> list[str]:
    return [row["commit"] for part in find_parts(output) for row in read_rows(part.path)]


def excluded(output: Path) -> dict[str, dict[str, Any]]:
    files = sorted((output / "excluded").rglob("*.jsonl.zst"))
    return {row["commit"]: row for file in files for row in read_rows(file)}


def test_of_equal_changes_the_first_in_the_order_of_the_parts_stays(tmp_path: Path) -> None:
    write_rows(tmp_path / "in" / "b.jsonl", [row("early", "1", "2"), row("other", "1", "3")])
    write_rows(tmp_path / "in" / "c.jsonl", [row("late", "1", "2"), row("swapped", "2", "1")])
    write_rows(tmp_path / "in" / "a.jsonl", [row("first", "1", "2")])
    manifest = run(tmp_path / "in", tmp_path / "out")
    assert commits(tmp_path / "out") == ["first", "other", "swapped"]
    assert manifest["counts"] == {"rows": 5, "kept": 3, "dropped_exact_duplicate": 2}
    kept = {"commit": "first", "part": "a", "row": 1}
    assert excluded(tmp_path / "out") == {
        commit: {
            "commit": commit,
            "new_file": "a.py",
            "subject": "Change it",
            "reason": "exact_duplicate",
            "kept": kept,
        }
        for commit in ("early", "late")
    }


def test_text_that_moves_from_one_column_to_the_next_is_no_duplicate(tmp_path: Path) -> None:
    write_rows(tmp_path / "in.jsonl", [row("one", "ab", "c"), row("two", "a", "bc")])
    run(tmp_path / "in.jsonl", tmp_path / "out")
    assert commits(tmp_path / "out") == ["one", "two"]


def test_the_columns_that_must_be_equal_can_be_chosen(tmp_path: Path) -> None:
    write_rows(tmp_path / "in.jsonl", [row("one", "a", "b"), row("two", "c", "b"), row("three", "a", "b", subject="S")])
    run(tmp_path / "in.jsonl", tmp_path / "new", DuplicateSettings(exact=("new_contents",)))
    assert commits(tmp_path / "new") == ["one"]
    run(tmp_path / "in.jsonl", tmp_path / "subject", DuplicateSettings(exact=("new_contents", "subject")))
    assert commits(tmp_path / "subject") == ["one", "three"]


def test_planted_near_duplicates_are_found_and_nothing_else(tmp_path: Path) -> None:
    chance = random.Random(5)
    originals = [row(f"original {n}", "", text) for n, text in enumerate(functions()[:400])]
    planted = [row(f"planted {n}", "", nearly(originals[n]["new_contents"], chance)) for n in range(200)]
    write_rows(tmp_path / "in" / "p9.jsonl", planted)  # behind the originals
    source = write(tmp_path / "in", originals)
    alone = run(write(tmp_path / "originals", originals), tmp_path / "alone", NEAR)
    manifest = run(source, tmp_path / "out", NEAR)
    found = excluded(tmp_path / "out")
    assert sum(commit.startswith("planted") for commit in found) == 200
    # Functions of the library that are near copies of each other are found without any planted ones.
    assert [commit for commit in found if commit.startswith("original")] == list(excluded(tmp_path / "alone"))
    assert alone["counts"].get("dropped_near_duplicate", 0) <= 5
    assert manifest["counts"]["rows"] == 600
    groups = json.loads((tmp_path / "out" / "duplicates.json").read_text())["groups_by_size"]["near_duplicate"]
    assert sum((int(size) - 1) * number for size, number in groups.items()) == len(found)


def test_near_looks_at_new_or_old_contents_or_both_or_either(tmp_path: Path) -> None:
    one, two, three, four = functions()[:4]
    chance = random.Random(7)
    rows = [
        row("first", one, two),
        row("same new", three, nearly(two, chance)),
        row("same old", nearly(one, chance), four),
        row("same both", nearly(one, chance), nearly(two, chance)),
        row("old was new", nearly(two, chance), functions()[5]),
    ]
    write_rows(tmp_path / "in.jsonl", rows)
    expected = {
        "new": {"same new", "same both"},
        "old": {"same old", "same both"},
        "both": {"same both"},
        "either": {"same new", "same old", "same both", "old was new"},
    }
    for near, dropped in expected.items():
        settings = make_settings(DuplicateSettings, {"near": near})
        run(tmp_path / "in.jsonl", tmp_path / near, settings)
        assert set(excluded(tmp_path / near)) == dropped, near


def test_rows_of_another_source_are_dropped_and_it_is_left_alone(tmp_path: Path) -> None:
    one, two = functions()[:2]
    write_rows(tmp_path / "valid" / "p.jsonl", [row("v", "", one), row("v again", "", one)])
    rows = [row("exact", "", one), row("near", "", nearly(one, random.Random(1))), row("mine", "", two)]
    write_rows(tmp_path / "train" / "p.jsonl", [*rows, row("mine again", "", two)])
    against = NEAR.model_copy(update={"against": str(tmp_path / "valid")})
    run(tmp_path / "train", tmp_path / "all", against)
    assert commits(tmp_path / "all") == ["mine"]
    assert excluded(tmp_path / "all")["near"]["kept"] == {"commit": "v", "part": "against/p", "row": 1}
    run(tmp_path / "train", tmp_path / "only", against.model_copy(update={"within": False}))
    assert commits(tmp_path / "only") == ["mine", "mine again"]


def test_a_sample_is_one_of_the_source_and_not_of_what_it_is_compared_with(tmp_path: Path) -> None:
    texts = functions()[:40]
    write_rows(tmp_path / "valid" / "p.jsonl", [row(f"v{n}", "", text) for n, text in enumerate(texts)])
    write_rows(tmp_path / "train" / "p.jsonl", [row(f"t{n}", "", text) for n, text in enumerate(texts)])
    for near in ("off", "new"):
        settings = DuplicateSettings(near=near, against=str(tmp_path / "valid"), sample="0.3", within=False)
        counts = run(tmp_path / "train", tmp_path / near, settings)["counts"]
        assert 0 < counts["dropped_sample"] < 40
        assert counts["kept"] == 0


def test_workers_and_the_number_of_files_do_not_matter(tmp_path: Path) -> None:
    rows = [row(f"{n:03d}", "", text) for n, text in enumerate(functions()[:30])]
    rows += [row(f"{n + 30:03d}", "", nearly(text, random.Random(n))) for n, text in enumerate(functions()[:10])]
    left = []
    for files, workers in ((1, 1), (4, 2)):
        source = tmp_path / f"in{files}"
        for number in range(files):
            share = len(rows) // files
            write_rows(source / f"p{number}.jsonl", rows[number * share : (number + 1) * share])
        run(source, tmp_path / f"out{files}", NEAR, workers)
        left.append(commits(tmp_path / f"out{files}"))
    assert left[0] == left[1] == [row["commit"] for row in rows[:30]]


@pytest.mark.parametrize("killed", ["find_clusters", "write_kept"])
def test_after_kill_9_the_same_command_ends_as_an_undisturbed_run(tmp_path: Path, killed: str) -> None:
    rows = [row(f"{n}", "", functions()[n % 20]) for n in range(40)]
    source = write(tmp_path / "in", rows)
    program = (
        "import os, signal; from pathlib import Path; import octopack_data.duplicates as d\n"
        f"d.{killed} = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"parts, output = d.find_parts({str(source)!r}), Path({str(tmp_path / 'out')!r})\n"
        "d.deduplicate(parts, output, d.DuplicateSettings(near='new'), progress=False)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run([sys.executable, "-c", program], env=environment, check=False)
    assert ended.returncode == -signal.SIGKILL
    run(source, tmp_path / "whole", NEAR)
    run(source, tmp_path / "out", NEAR)
    assert commits(tmp_path / "out") == commits(tmp_path / "whole") != []
    assert read_manifest(tmp_path / "out")["counts"] == read_manifest(tmp_path / "whole")["counts"]
    assert not (tmp_path / "out" / ".duplicates").exists()


def test_a_finished_run_is_only_read(tmp_path: Path) -> None:
    source = write(tmp_path / "in", [row("one", "a", "b")], files=1)
    first = run(source, tmp_path / "out")
    time = (tmp_path / "out" / "manifest.json").stat().st_mtime_ns
    assert run(source, tmp_path / "out") == first
    assert (tmp_path / "out" / "manifest.json").stat().st_mtime_ns == time


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    source = write(tmp_path / "in", [row("one", "a", "b")], files=1)
    with pytest.raises(InputError, match=r"no column 'colour'"):
        run(source, tmp_path / "out", DuplicateSettings(exact=("colour",)))


def test_a_memory_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match=r"setting 'memory' is 'lots'"):
        make_settings(DuplicateSettings, {"memory": "lots"})


def test_signs_of_patterns_in_a_folder_s_name_are_letters(tmp_path: Path) -> None:
    folder = tmp_path / "it's [a] *"
    run(write(folder / "in", [row("one", "1", "2"), row("two", "1", "2")], 1), folder / "out", NEAR)
    assert commits(folder / "out") == ["one"]
    sides = split_train(find_parts(folder / "in"), folder / "sides", TrainValidSettings(), progress=False)
    assert sides["counts"]["rows"] == 2
