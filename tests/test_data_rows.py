"""octopack_data.rows: rows in files of every format, streamed, and never half written."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from humanevalpack.errors import EnvironmentFault, InputError, UsageError
from octopack_data.records import COMMIT_COLUMNS, text_schema
from octopack_data.rows import RowWriter, read_rows, schema_of, text_rows, write_rows

ROWS = [{name: f'{name} {number} é\n"' for name in COMMIT_COLUMNS} for number in range(3)]


def schema() -> Any:
    return text_schema(COMMIT_COLUMNS)


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.zst", ".parquet"])
def test_what_is_written_is_read_back(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "deep" / f"rows{ending}"
    assert write_rows(path, ROWS, schema) == 3
    assert list(read_rows(path)) == ROWS
    assert [path.name for path in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.zst", ".parquet"])
def test_the_same_rows_make_the_same_bytes(tmp_path: Path, ending: str) -> None:
    paths = [tmp_path / f"{name}{ending}" for name in "ab"]
    for path in paths:
        write_rows(path, ROWS, schema)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_text_is_not_escaped_and_its_bytes_are_counted(tmp_path: Path) -> None:
    with RowWriter(tmp_path / "rows.jsonl") as writer:
        size = writer.write({"subject": "é"})
    assert (tmp_path / "rows.jsonl").read_text("utf-8") == '{"subject":"é"}\n'
    assert size == writer.text_bytes == (tmp_path / "rows.jsonl").stat().st_size


def test_gzip_and_several_zstd_frames_are_read(tmp_path: Path) -> None:
    lines = "".join(json.dumps(row) + "\n" for row in ROWS)
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    for name in "bc":
        write_rows(tmp_path / f"{name}.jsonl.zst", ROWS)
    (tmp_path / "d.jsonl.zst").write_bytes(b"".join((tmp_path / f"{name}.jsonl.zst").read_bytes() for name in "bc"))
    assert list(read_rows(tmp_path / "a.jsonl.gz")) == ROWS
    assert list(read_rows(tmp_path / "d.jsonl.zst")) == ROWS * 2


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.zst", ".parquet"])
def test_after_an_error_there_is_no_file(tmp_path: Path, ending: str) -> None:
    def rows() -> Any:
        yield ROWS[0]
        raise KeyError("broken source")

    with pytest.raises(KeyError):
        write_rows(tmp_path / f"rows{ending}", rows(), schema)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", [".jsonl", ".parquet"])
def test_only_the_columns_that_are_asked_for_are_read(tmp_path: Path, ending: str) -> None:
    write_rows(tmp_path / f"rows{ending}", ROWS, schema)
    assert next(read_rows(tmp_path / f"rows{ending}", ["lang", "commit"])) == {
        "lang": ROWS[0]["lang"],
        "commit": ROWS[0]["commit"],
    }


@pytest.mark.parametrize("ending", [".jsonl", ".parquet"])
def test_a_missing_column_is_named_with_those_that_are_there(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"rows{ending}"
    write_rows(path, ROWS, schema)
    with pytest.raises(InputError, match=r"no column 'sbject'; there are commit, old_file") as error:
        list(read_rows(path, ["sbject"]))
    assert str(path) in str(error.value)


def test_a_column_that_must_be_text_is_named_with_its_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"commit": "a"}\n{"commit": null}\n')
    with pytest.raises(InputError, match=r"rows.jsonl, line 2: commit must be text, not None"):
        list(text_rows(path, ["commit"]))


WRONG = {
    "no JSON": ("rows.jsonl", b'{"a": 1}\n{"a": \n', r"rows.jsonl, line 2: not valid JSON"),
    "no object": ("rows.jsonl", b"[1]\n", r"rows.jsonl, line 1: must be a JSON object"),
    "not zstd": ("rows.jsonl.zst", b"plain text", r"rows.jsonl.zst cannot be read: damaged zstd data"),
    "not gzip": ("rows.jsonl.gz", b"plain text", r"rows.jsonl.gz cannot be read"),
    "not Parquet": ("rows.parquet", b"plain text", r"rows.parquet: not a Parquet file"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_damaged_file_is_named(tmp_path: Path, case: str) -> None:
    name, content, said = WRONG[case]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=said):
        list(read_rows(tmp_path / name))


def test_a_cut_zstd_file_is_no_short_one(tmp_path: Path) -> None:
    whole = tmp_path / "whole.jsonl.zst"
    write_rows(whole, ({"text": f"{number} {number * 7919}"} for number in range(50_000)))
    (tmp_path / "cut.jsonl.zst").write_bytes(whole.read_bytes()[:-1000])
    with pytest.raises(InputError, match=r"cut.jsonl.zst"):
        list(read_rows(tmp_path / "cut.jsonl.zst"))


def test_other_endings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"must end with one of .jsonl, .jsonl.zst, .jsonl.gz, .parquet"):
        list(read_rows(tmp_path / "rows.csv"))
    with pytest.raises(UsageError, match=r"written files must end with one of .jsonl.zst, .jsonl, .parquet"):
        write_rows(tmp_path / "rows.jsonl.gz", ROWS)


def test_a_full_disk_is_a_fault_of_the_machine() -> None:
    with pytest.raises(EnvironmentFault, match=r"cannot be written"):
        write_rows(Path("/dev/full/rows.jsonl"), ROWS)


@pytest.mark.parametrize("kept", [0.3, 0.99])
@pytest.mark.parametrize("kind", [".jsonl.zst", ".jsonl.gz"])
def test_a_packed_file_that_was_cut_off_is_an_error_and_no_shorter_file(tmp_path: Path, kind: str, kept: float) -> None:
    path = tmp_path / f"rows{kind}"
    if kind == ".jsonl.gz":
        path.write_bytes(gzip.compress(b"".join(json.dumps(row).encode() + b"\n" for row in ROWS)))
    else:
        write_rows(path, ROWS)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(InputError, match=r"rows.jsonl.* cannot be read"):
        list(read_rows(path))


def test_a_second_zstd_frame_that_was_cut_off_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl.zst"
    write_rows(path, ROWS)
    path.write_bytes(path.read_bytes() + path.read_bytes()[:-5])
    with pytest.raises(InputError, match=r"was cut off"):
        list(read_rows(path))


def test_a_parquet_file_without_rows_needs_no_columns(tmp_path: Path) -> None:
    (tmp_path / "none.jsonl").touch()
    write_rows(tmp_path / "none.parquet", [], lambda: schema_of(tmp_path / "none.jsonl"))
    assert list(text_rows(tmp_path / "none.parquet", ("commit",))) == []


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({**ROWS[0], "fetched_via": "x"}, r"column 'fetched_via' of a row"),
        ({**ROWS[0], "lang": 7}, r"rows.parquet, row 2: lang is no string, as the first row's is: 7 "),
    ],
)
def test_what_a_parquet_file_cannot_hold_is_refused_and_not_left_out(
    tmp_path: Path, row: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        write_rows(tmp_path / "rows.parquet", [ROWS[0], row], schema)
    assert list(tmp_path.iterdir()) == []


def test_a_number_that_no_parquet_column_holds_is_named_with_its_row(tmp_path: Path) -> None:
    import pyarrow as pa

    rows = [{"rank": 1}, {"rank": 2**63}]
    with pytest.raises(
        InputError, match=rf"n.parquet, row 2: rank is no int64, as the first row's is: {2**63} .*jsonl"
    ):
        write_rows(tmp_path / "n.parquet", rows, lambda: pa.schema([("rank", pa.int64())]))


def test_the_mark_that_some_editors_write_before_the_first_line_is_no_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_bytes(b'\xef\xbb\xbf{"a": 1}\r\n\r\n{"a": 2}\r\n')
    assert list(read_rows(tmp_path / "rows.jsonl")) == [{"a": 1}, {"a": 2}]
    (tmp_path / "none.jsonl").write_bytes(b"\xef\xbb\xbf")
    assert list(read_rows(tmp_path / "none.jsonl")) == []


def test_a_message_does_not_repeat_a_huge_value(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.jsonl", [{"commit": ["x" * 10_000]}])
    with pytest.raises(InputError, match=r"line 1: commit must be text, not \['xxx") as said:
        list(text_rows(tmp_path / "rows.jsonl", ["commit"]))
    assert len(str(said.value)) < len(str(tmp_path)) + 200
