"""octopack_data.splitting and shards: from fetched rows to the files of each language."""

from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_rows import commit, fetched, write
from humanevalpack.errors import InputError, UsageError
from octopack_data.exclusions import Excluded
from octopack_data.languages import folder_of, languages
from octopack_data.manifests import sha256_of
from octopack_data.parts import run_stage
from octopack_data.records import COMMIT_COLUMNS, Mode
from octopack_data.rows import read_rows
from octopack_data.shards import ShardSettings, cut, line_bytes, shard_stage
from octopack_data.sources import find_parts
from octopack_data.splitting import Split, SplitSettings, commit_row, split_stage
from processes import few_open_files


def files(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in sorted(folder.rglob("data/**/*.*"))}


def split(source: Path, output: Path, workers: int = 1, **settings: Any) -> dict[str, Any]:
    stage = split_stage(find_parts(source), output, SplitSettings(**settings))
    return run_stage(stage, workers=workers, progress=False)


def shard(source: Path, output: Path, workers: int = 1, **settings: Any) -> dict[str, Any]:
    stage = shard_stage(find_parts(source), output, ShardSettings(**settings))
    return run_stage(stage, workers=workers, progress=False)


def scraped(folder: Path, parts: int = 3) -> Path:
    """Files of rows in three languages and an unknown one, 40 rows each."""
    paths = ("a.py", "b/c.rs", "a.d/Makefile", "LICENSE")
    for part in range(parts):
        rows = [fetched(40 * part + n, paths[n % 4], new_contents="x" * (n * part)) for n in range(40)]
        write(folder / f"part-{part:04d}.jsonl.zst", rows)
    return folder


def test_each_language_has_a_folder_with_a_file_for_each_part(tmp_path: Path) -> None:
    manifest = split(scraped(tmp_path / "in", parts=2), tmp_path / "out")
    names = ["makefile", "python", "rust", "unknown"]
    assert [file["path"] for file in manifest["outputs"]] == [
        f"data/{name}/part-{part:04d}.jsonl.zst" for part in (0, 1) for name in names
    ]
    assert manifest["counts"] == {"rows": 80, "kept": 80}
    rows = list(read_rows(tmp_path / "out/data/rust/part-0001.jsonl.zst"))
    assert list(rows[0]) == list(COMMIT_COLUMNS)
    assert [row["commit"] for row in rows] == [f"{n:040x}" for n in range(41, 80, 4)]
    assert {row["lang"] for row in rows} == {"Rust"}


@pytest.mark.parametrize("mode", ["published", "fixed"])
def test_licence_and_language_by_mode(mode: Mode, tmp_path: Path) -> None:
    licences = write(
        tmp_path / "map.jsonl", [{"repos": "a/x", "license": "mit"}, {"repos": "b/x", "license": "agpl-3.0"}]
    )
    row = commit_row(fetched(1, "a.d/Makefile", "a/x,b/x"), SplitSettings(mode=mode, licences=licences))
    assert isinstance(row, dict)
    expected = {"published": ("unknown", "mit"), "fixed": ("Makefile", "agpl-3.0")}
    assert (row["lang"], row["license"]) == expected[mode]


# a fetched row's own columns: what becomes of it
DROPS: dict[str, tuple[dict[str, Any], str]] = {
    "ok": ({"status": "ok"}, ""),
    "no parent version": ({"status": "added"}, ""),
    "gone": ({"status": "gone"}, "status_gone"),
    "the release's failure": ({"returncode": 128, "stderr": "fatal: unable to access"}, "fatal"),
    "the release's success": ({"returncode": 0, "stderr": "From x"}, ""),
    "a status says more than git's message": ({"status": "ok", "stderr": "fatal: first repository"}, ""),
    "opted out": ({"repos": "Zoe/x"}, "opt_out"),
}  # fmt: skip


@pytest.mark.parametrize("case", DROPS)
def test_rows_that_are_dropped_say_why(case: str, tmp_path: Path) -> None:
    more, reason = DROPS[case]
    (tmp_path / "list.txt").write_text("zoe\n")
    made = commit_row({**fetched(1), **more}, SplitSettings(opt_out=tmp_path / "list.txt"))
    assert (made.reason if isinstance(made, Excluded) else "") == reason


def test_as_published_only_git_s_message_counts() -> None:
    settings = SplitSettings(mode="published")
    assert commit_row(fetched(1, status="timeout", stderr="fatal: no answer"), settings) == Excluded("fatal")
    assert isinstance(commit_row(fetched(1, status="no_parent", stderr=""), settings), dict)


def test_drops_are_counted_by_reason(tmp_path: Path) -> None:
    statuses = ["ok", "gone", "gone", "too_large"]
    write(tmp_path / "in.jsonl", [fetched(n, status=status) for n, status in enumerate(statuses)])
    manifest = split(tmp_path / "in.jsonl", tmp_path / "out")
    assert manifest["counts"] == {"rows": 4, "kept": 1, "dropped_status_gone": 2, "dropped_status_too_large": 1}


def test_without_a_map_a_row_keeps_the_licence_that_it_has(tmp_path: Path) -> None:
    write(tmp_path / "in.jsonl", [commit(1, licence="isc"), fetched(2)])
    split(tmp_path / "in.jsonl", tmp_path / "out", extra=["commit"])
    rows = read_rows(tmp_path / "out/data/python/in.jsonl.zst")
    assert [row["license"] for row in rows] == ["isc", "unknown"]


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    write(tmp_path / "in.jsonl", [fetched(1), {"commit": "1"}])
    with pytest.raises(InputError, match=r"in\.jsonl, row 2: no column 'old_file'"):
        split(tmp_path / "in.jsonl", tmp_path / "out")


def test_all_languages_in_one_file_take_few_open_files_and_little_memory(tmp_path: Path) -> None:
    """The text that is held back is a 300th of the rows, so that every file is added to many times."""
    paths = [f"f{suffixes[0]}" if suffixes[0][0] == "." else suffixes[0] for suffixes in languages().values()]
    rows = [fetched(n, path, new_contents=f"{n}" * 50) for n, path in enumerate(paths * 3)]
    write(tmp_path / "in.jsonl", rows)
    stage = split_stage(find_parts(tmp_path / "in.jsonl"), tmp_path / "out", SplitSettings())
    with few_open_files(20):
        result = Split(SplitSettings(), held_bytes=2000)(stage.parts[0], tmp_path / "out")
    assert len(result.files) == 358
    assert {rows for _, rows in result.files} == {3}
    for language in ("Python", "Cap'n Proto"):
        found = list(read_rows(tmp_path / "out/data" / folder_of(language) / "in.jsonl.zst"))
        assert [row["new_contents"][:50] for row in found] == [
            row["new_contents"][:50] for row in rows if row["new_file"] == f"f{languages()[language][0]}"
        ]


def test_what_a_killed_run_left_is_not_added_to(tmp_path: Path) -> None:
    scraped(tmp_path / "in", parts=1)
    left = tmp_path / "out/data/python/part-0000.jsonl.zst.part"
    stage = split_stage(find_parts(tmp_path / "in"), tmp_path / "out", SplitSettings())
    with stage.held():
        left.parent.mkdir(parents=True)
        left.write_bytes(b"half a frame")
    run_stage(stage, progress=False)
    split(tmp_path / "in", tmp_path / "fresh")
    assert files(tmp_path / "out") == files(tmp_path / "fresh")


@pytest.mark.parametrize("layout", ["sized", "joined", "lines"])
@pytest.mark.parametrize("form", ["jsonl", "jsonl.zst", "parquet"])
def test_one_and_four_workers_give_the_same_shards(layout: str, form: str, tmp_path: Path) -> None:
    source = scraped(tmp_path / "in")
    for workers in (1, 4):
        split(source, tmp_path / f"split{workers}", workers)
        settings = {"layout": layout, "format": form, "shard_bytes": 3000, "piece_rows": 7}
        shard(tmp_path / f"split{workers}", tmp_path / f"shards{workers}", workers, **settings)
    assert files(tmp_path / "shards1") == files(tmp_path / "shards4") != {}
    found = [row["commit"] for path in sorted(tmp_path.glob("shards1/data/**/*.*")) for row in read_rows(path)]
    assert sorted(found) == [f"{n:040x}" for n in range(120)]


def sized(tmp_path: Path, lengths: list[int], limit: int) -> dict[str, list[int]]:
    """Rows with these numbers of letters, cut at ``limit`` letters; the letters of each row of each file."""
    rows = [commit(1, new_contents="x" * length) for length in lengths]
    write(tmp_path / "python.jsonl", rows)
    bare = line_bytes(commit(1, new_contents=""))
    shard(tmp_path / "python.jsonl", tmp_path / "out", format="jsonl", shard_bytes=limit + bare * 2)
    return {
        path.name: [len(row["new_contents"]) for row in read_rows(path)]
        for path in sorted(tmp_path.glob("out/data/python/*"))
    }


def test_a_shard_may_be_exactly_as_large_as_the_limit(tmp_path: Path) -> None:
    assert sized(tmp_path, [50, 50, 50], 100) == {"python-0001.jsonl": [50, 50], "python-0002.jsonl": [50]}


def test_one_byte_more_begins_a_new_shard(tmp_path: Path) -> None:
    assert sized(tmp_path, [50, 51], 100) == {"python-0001.jsonl": [50], "python-0002.jsonl": [51]}


def test_a_first_row_above_the_limit_leaves_no_empty_shard(tmp_path: Path) -> None:
    assert sized(tmp_path, [5000, 1], 100) == {"python-0001.jsonl": [5000], "python-0002.jsonl": [1]}


def test_sizes_count_utf_8_bytes(tmp_path: Path) -> None:
    row = {**commit(1), "new_contents": "ä" * 100}
    write(tmp_path / "go.jsonl", [row])
    manifest = shard(tmp_path / "go.jsonl", tmp_path / "out", format="jsonl")
    assert manifest["counts"]["text_bytes.go"] == manifest["outputs"][0]["bytes"] == line_bytes(row)


def test_the_release_s_limit_and_pieces_are_the_defaults() -> None:
    assert ShardSettings().shard_bytes == 524_288_000
    assert ShardSettings().piece_rows * 16 == 8_388_608


def test_the_layout_of_commitpackft_is_one_file_a_language(tmp_path: Path) -> None:
    split(scraped(tmp_path / "in"), tmp_path / "split")
    manifest = shard(tmp_path / "split", tmp_path / "out", layout="joined", format="jsonl")
    assert [(file["path"], file["rows"]) for file in manifest["outputs"]] == [
        (f"data/{name}/data.jsonl", 30) for name in ("makefile", "python", "rust", "unknown")
    ]
    rows = [row["commit"] for row in read_rows(tmp_path / "out/data/python/data.jsonl")]
    assert rows == [f"{n:040x}" for n in range(0, 120, 4)]


def test_pieces_by_lines_are_named_by_instance_and_piece(tmp_path: Path) -> None:
    source = scraped(tmp_path / "in", parts=2)
    manifest = shard(source, tmp_path / "out", layout="lines", piece_rows=16)
    assert [(file["path"], file["rows"]) for file in manifest["outputs"]] == [
        (f"data/part-{instance:04d}-{piece:04d}.jsonl.zst", rows)
        for instance in (0, 1)
        for piece, rows in ((1, 16), (2, 16), (3, 8))
    ]


FOLDERS = {"python_new.jsonl": "python", "Common Lisp.jsonl": "common-lisp", "c++.jsonl": "c++"}


@pytest.mark.parametrize("name", FOLDERS)
def test_a_lone_file_is_of_the_language_that_it_is_named_after(name: str, tmp_path: Path) -> None:
    write(tmp_path / "in" / name, [commit(1)])
    manifest = shard(tmp_path / "in", tmp_path / "out")
    assert manifest["outputs"][0]["path"] == f"data/{FOLDERS[name]}/{FOLDERS[name]}-0001.jsonl.zst"


def test_rows_are_passed_on_unchanged(tmp_path: Path) -> None:
    row = commit(1, new_contents="tab\tnul\0 é 漢 \u2028 \r\n", returncode=0, stderr="")
    write(tmp_path / "in/data/python/x.jsonl", [row])
    for form in ("jsonl", "jsonl.zst", "parquet"):
        shard(tmp_path / "in", tmp_path / form, format=form)
        assert list(read_rows(tmp_path / form / f"data/python/python-0001.{form}")) == [row]


def test_rows_of_other_columns_are_not_cut_to_those_of_a_parquet_file(tmp_path: Path) -> None:
    write(tmp_path / "in/data/go/a.jsonl", [commit(1)])
    write(tmp_path / "in/data/go/b.jsonl", [commit(2, returncode=0)])
    with pytest.raises(InputError, match=r"b\.jsonl, row 1: column 'returncode' is not in the first row"):
        shard(tmp_path / "in", tmp_path / "out", format="parquet")
    assert list(tmp_path.rglob("*.parquet*")) == []


@given(st.lists(st.integers(0, 40), max_size=30), st.integers(1, 100))
def test_files_hold_all_rows_in_order_and_each_is_as_full_as_it_can_be(lengths: list[int], limit: int) -> None:
    rows = [{"x": "y" * length} for length in lengths]
    with TemporaryDirectory() as folder:
        made = cut(
            iter(rows),
            lambda number: Path(folder) / f"{number:04d}.jsonl",
            None,
            lambda writer, row: writer.text_bytes + line_bytes(row) > limit,
        )
        found = [list(read_rows(writer.path)) for writer in made]
    assert [row for part in found for row in part] == rows
    sizes = [[line_bytes(row) for row in part] for part in found]
    assert all(sum(part) <= limit or len(part) == 1 for part in sizes)
    assert all(sum(part) + after[0] > limit for part, after in pairwise(sizes))


def header_language(path: str, content: str, language: str) -> str:
    return "C++" if path.endswith(".h") and "class " in content else language


def test_a_detector_decides_between_languages_of_one_suffix(tmp_path: Path) -> None:
    rows = [fetched(1, "a.h", new_contents="class A {};"), fetched(2, "b.h", new_contents="int b;")]
    write(tmp_path / "in.jsonl", rows)
    manifest = split(tmp_path / "in.jsonl", tmp_path / "out", detector=f"{__name__}:header_language")
    assert [file["path"] for file in manifest["outputs"]] == ["data/c/in.jsonl.zst", "data/c++/in.jsonl.zst"]


@pytest.mark.parametrize("mode", ["published", "fixed"])
def test_the_same_rows_in_other_parts_give_the_same_languages(mode: Mode, tmp_path: Path) -> None:
    rows = [row for path in sorted(scraped(tmp_path / "three").iterdir()) for row in read_rows(path)]
    write(tmp_path / "one/rows.jsonl", rows[::-1])
    found = []
    for name in ("three", "one"):
        split(tmp_path / name, tmp_path / f"split-{name}", mode=mode)
        shard(tmp_path / f"split-{name}", tmp_path / f"joined-{name}", layout="joined")
        files_of = sorted((tmp_path / f"joined-{name}/data").iterdir())
        found.append(
            {path.name: sorted(row["commit"] for row in read_rows(path / "data.jsonl.zst")) for path in files_of}
        )
    assert found[0] == found[1]


def test_a_limit_must_be_positive(tmp_path: Path) -> None:
    write(tmp_path / "python.jsonl", [commit(1)])
    with pytest.raises(UsageError, match="at least 1"):
        shard(tmp_path / "python.jsonl", tmp_path / "out", shard_bytes=0)


def test_a_parquet_shard_has_the_columns_of_the_first_file_with_rows(tmp_path: Path) -> None:
    write(tmp_path / "in/data/c/part-0000.jsonl", [])
    write(tmp_path / "in/data/c/part-0001.jsonl", [commit(1, "C")])
    shard(tmp_path / "in", tmp_path / "out", format="parquet", layout="joined")
    assert list(read_rows(tmp_path / "out/data/c/data.parquet")) == [commit(1, "C")]
