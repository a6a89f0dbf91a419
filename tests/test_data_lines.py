"""octopack_data.lines and rows: wrong files end in one line that says where, and never in a traceback or all memory."""

import gzip
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import zstandard

from data_rows import commit, write
from humanevalpack.errors import InputError, UsageError
from octopack_data.fetch.changes import read_changes
from octopack_data.lines import LONGEST
from octopack_data.rows import read_rows, text_rows, write_rows
from octopack_data.shards import joined_rows
from octopack_data.sources import Part
from octopack_data.statistics import measured_sizes, read_sizes

READERS: dict[str, Any] = {
    "text": lambda path: text_rows(path, ["commit"]),
    "metadata": read_changes,
    "joined": lambda path: joined_rows(Part("x", path), frozenset({"commit"})),
}


@pytest.mark.parametrize("reader", READERS)
def test_an_error_names_the_line_of_the_file_blank_ones_counted(reader: str, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('\n  \n\n{"commit": 1, "more": 2}\n')
    with pytest.raises(InputError, match=r"x\.jsonl, line 4: "):
        list(READERS[reader](tmp_path / "x.jsonl"))


def test_in_parquet_it_is_the_row(tmp_path: Path) -> None:
    import pyarrow as pa

    write_rows(tmp_path / "x.parquet", [{"a": "x"}, {"a": None}], lambda: pa.schema([("a", pa.string())]))
    with pytest.raises(InputError, match=r"x\.parquet, row 2: a must be text"):
        list(text_rows(tmp_path / "x.parquet", ["a"]))


def test_a_table_of_sizes_counts_its_lines_as_an_editor_does(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("language,raw_kb,raw_samples,ft_kb,ft_samples\n\n\nc,1,many,1,1\n")
    with pytest.raises(InputError, match=r"t\.csv, line 4: sizes and samples must be numbers"):
        read_sizes(tmp_path / "t.csv")


@pytest.mark.parametrize("escaped", [r"\ud83d", r"\ude00 x"])
def test_half_of_a_surrogate_pair_is_named_with_its_line_and_column(escaped: str, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"commit": "a"}\n{"commit": "b", "subject": "' + escaped + '"}\n')
    with pytest.raises(InputError, match=r"x\.jsonl, line 2: column 'subject' is no Unicode text"):
        list(read_rows(tmp_path / "x.jsonl"))


def test_whole_pairs_and_other_text_that_is_no_ascii_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"a": "\\ud83d\\ude00 é"}\n')
    write_rows(tmp_path / "y.jsonl", read_rows(tmp_path / "x.jsonl"))
    assert (tmp_path / "y.jsonl").read_text("utf-8") == '{"a":"😀 é"}\n'


@pytest.mark.parametrize("value", ["x\ud800", 2**70])
@pytest.mark.parametrize("kind", ["jsonl", "jsonl.zst", "parquet"])
def test_what_no_file_can_hold_is_named_with_its_commit_and_column(value: Any, kind: str, tmp_path: Path) -> None:
    import pyarrow as pa

    schema = pa.schema([("commit", pa.string()), ("subject", pa.string())])
    path = tmp_path / f"x.{kind}"
    rows = [{"commit": "c1", "subject": "fine"}, {"commit": "c2", "subject": value}]
    with pytest.raises(InputError, match=r"row 2: column 'subject' cannot be written .*its commit is c2"):
        write_rows(path, rows, lambda: schema)
    assert list(tmp_path.iterdir()) == []


def cut(path: Path) -> bytes:
    return path.read_bytes()[:-20]


def garbled(path: Path) -> bytes:
    packed = bytearray(path.read_bytes())
    packed[len(packed) // 2] ^= 0xFF
    return bytes(packed)


@pytest.mark.parametrize("damage", [cut, garbled])
@pytest.mark.parametrize("kind", [".jsonl.gz", ".jsonl.zst"])
def test_statistics_of_a_damaged_file_are_refused(damage: Any, kind: str, tmp_path: Path) -> None:
    plain = write(tmp_path / "plain.jsonl", [commit(n) for n in range(2_000)])
    path = tmp_path / f"in/data/python/python{kind}"
    path.parent.mkdir(parents=True)
    pack = gzip.compress if kind.endswith("gz") else zstandard.ZstdCompressor(write_checksum=True).compress
    path.write_bytes(pack(plain.read_bytes()))
    path.write_bytes(damage(path))
    with pytest.raises(InputError, match=r"python\.jsonl.* cannot be read"):
        measured_sizes(tmp_path / "in")


def test_blank_lines_are_no_samples(tmp_path: Path) -> None:
    (tmp_path / "c.jsonl").write_text('{"a": 1}\n\n  \n{"a": 2}\n')
    assert measured_sizes(tmp_path)[0].raw_samples == 2


READING = """if True:
    import resource, sys
    from pathlib import Path
    from humanevalpack.errors import InputError
    from octopack_data.rows import read_rows
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        list(read_rows(Path(sys.argv[1])))
    except InputError as error:
        print(error)
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.parametrize("kind", [".jsonl.zst", ".jsonl.gz"])
def test_a_few_kilobytes_that_unpack_to_gigabytes_do_not_take_them(kind: str, tmp_path: Path) -> None:
    path, zeros = tmp_path / f"bomb{kind}", b"0" * 2**24
    if kind == ".jsonl.gz":
        path.write_bytes(gzip.compress(zeros) * 64)
    else:
        with zstandard.ZstdCompressor().stream_writer(path.open("wb")) as packer:  # one frame: the worst for a reader
            for _ in range(64):
                packer.write(zeros)
    command = [sys.executable, "-c", READING, str(path)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path), LONGEST: "33554432"}
    )
    said, megabytes = done.stdout.splitlines()
    assert f"{path}, line 1: longer than 33,554,432 bytes" in said
    assert f"{LONGEST}=67108864" in said
    assert int(megabytes) < 300


def test_a_longer_line_is_read_where_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.jsonl").write_text('{"a": 1}\n' + '{"a":"' + "x" * 100 + '"}\n')
    monkeypatch.setenv(LONGEST, "64")
    with pytest.raises(InputError, match=r"x\.jsonl, line 2: longer than 64 bytes"):
        list(read_rows(tmp_path / "x.jsonl"))
    monkeypatch.setenv(LONGEST, "128")
    assert len(list(read_rows(tmp_path / "x.jsonl"))) == 2


@pytest.mark.parametrize("said", ["0", "-1", "1e9", "much"])
def test_a_limit_that_is_no_number_is_refused(said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LONGEST, said)
    with pytest.raises(UsageError, match=LONGEST):
        list(read_rows(write(tmp_path / "x.jsonl", [{"a": 1}])))


def test_a_zstd_window_that_would_take_all_memory_is_refused(tmp_path: Path) -> None:
    packer = zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters(window_log=30)
    ).compressobj()
    (tmp_path / "x.jsonl.zst").write_bytes(packer.compress(b'{"a": 1}\n') + packer.flush())
    with pytest.raises(InputError, match=r"window is above 128 MiB"):
        list(read_rows(tmp_path / "x.jsonl.zst"))


def test_a_row_of_brackets_without_end_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"commit": "a"}\n{"commit": ' + "[" * 100_000 + "]" * 100_000 + "}\n")
    with pytest.raises(InputError, match=r"x\.jsonl, line 2: not valid JSON"):
        list(read_rows(tmp_path / "x.jsonl"))
