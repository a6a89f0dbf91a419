"""``select`` and ``export`` ended by kill -9: the same command makes what an undisturbed one makes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from git_histories import long_history, make_repository
from humanevalpack.errors import InputError, UsageError
from octopack_data.exporting import export_selection
from octopack_data.exports import write_shards
from octopack_data.manifests import file_facts, new_manifest, read_manifest, write_manifest
from octopack_data.records import text_schema
from octopack_data.rows import write_rows
from octopack_data.selection_folder import WORK, writing
from octopack_data.sources import find_parts
from octopack_data.statements import SelectSettings
from octopack_data.warehouse import METADATA_COLUMNS, find_tables, run_statements, select
from warehouse_tables import write_golden

Command = list[str | Path]
ROWS = 400_000


def started(command: Command) -> subprocess.Popen[bytes]:
    program = "import sys\nfrom octopack_data.commands import main\nmain(sys.argv[1:])"
    words = [sys.executable, "-c", program, "commitpack", *map(str, command)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)


def killed(command: Command, when: Callable[[], bool]) -> None:
    """End a run and what it started as soon as ``when`` says."""
    process = started(command)
    while not when():
        assert process.poll() is None, process.communicate()[0].decode()
        time.sleep(0.001)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def finished(command: Command) -> None:
    process = started(command)
    output, _ = process.communicate()
    assert process.returncode == 0, output.decode()


def outputs(folder: Path) -> list[dict[str, object]]:
    manifest = read_manifest(folder)
    there = {path.relative_to(folder).as_posix() for path in folder.glob("data/*")}
    assert there | {"licences.jsonl"} == {file["path"] for file in manifest["outputs"]}
    assert not (folder / WORK).exists()
    found: list[dict[str, object]] = manifest["outputs"]
    return found


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A selection of which an export takes seconds."""
    folder = tmp_path_factory.mktemp("large") / "selection"
    texts = [os.urandom(16).hex() for _ in range(50_000)]
    columns = [pa.array(texts) for _ in METADATA_COLUMNS]
    batches = (pa.record_batch(columns, schema=text_schema(METADATA_COLUMNS)) for _ in range(ROWS // len(texts)))
    shards = write_shards(batches, text_schema(METADATA_COLUMNS), folder / "data", "metadata")
    count = write_rows(folder / "licences.jsonl", [{"repos": "ann/tool", "license": "mit"}])
    files = [*((f"data/{name}", rows) for name, rows in shards), ("licences.jsonl", count)]
    facts = [file_facts(folder / name, name, rows) for name, rows in files]
    tables = {"commitpack_licenses": count}
    write_manifest(folder, new_manifest("select", {}, [], facts, {"rows": ROWS, "kept": ROWS}, tables=tables))
    return folder


@pytest.fixture
def clones(tmp_path: Path) -> Path:
    for name in ("one", "two"):
        make_repository(tmp_path / "clones" / name, long_history(1_500, 20), remote=f"https://example.org/ann/{name}")
    return tmp_path / "clones"


def exported(selection: Path, to: Path, *options: str) -> Command:
    return ["export", selection, "--to", to, "--shard-bytes", "1", *options]


@pytest.mark.parametrize("name", ["data/metadata-00000.part", "data/metadata-00004.part"])
def test_a_killed_export_begins_anew(large: Path, tmp_path: Path, name: str) -> None:
    finished(exported(large, tmp_path / "whole"))
    killed(exported(large, tmp_path / "out"), (tmp_path / "out" / name).exists)
    finished(exported(large, tmp_path / "out"))
    assert outputs(tmp_path / "out") == outputs(tmp_path / "whole")


def test_an_export_that_was_killed_as_it_replaced_another_one(large: Path, tmp_path: Path) -> None:
    finished(exported(large, tmp_path / "out"))
    before = outputs(tmp_path / "out")
    begun = tmp_path / "out/data/metadata-00001.part"
    killed(exported(large, tmp_path / "out", "--overwrite"), begun.exists)
    assert not (tmp_path / "out/manifest.json").exists()
    finished(exported(large, tmp_path / "out", "--overwrite"))
    assert outputs(tmp_path / "out") == before


@pytest.mark.parametrize("name", [".tables-lists/00000.txt", "tables/.parts/done/00000.json", ".work/selection.duckdb"])
def test_a_killed_selection_of_clones_goes_on(clones: Path, tmp_path: Path, name: str) -> None:
    command: Command = ["select", clones, "-o", tmp_path / "out", "--assume-licence", "mit"]
    killed(command, (tmp_path / "out" / name).exists)
    marks = [path.stat().st_mtime_ns for path in sorted((tmp_path / "out/tables/.parts/done").glob("*"))]
    finished(command)
    after = [path.stat().st_mtime_ns for path in sorted((tmp_path / "out/tables/.parts/done").glob("*"))]
    assert after[: len(marks)] == marks  # finished clones are not read again
    finished(["select", clones, "-o", tmp_path / "whole", "--assume-licence", "mit"])
    assert outputs(tmp_path / "out") == outputs(tmp_path / "whole")


def test_the_ids_of_a_killed_list_of_commits_do_not_stay(clones: Path, tmp_path: Path) -> None:
    lists = tmp_path / "out" / ".tables-lists"
    command: Command = ["select", clones, "-o", tmp_path / "out", "--assume-licence", "mit"]
    killed(command, lambda: any(lists.glob("*/ids.duckdb")))
    finished(command)
    assert sorted(path.name for path in lists.iterdir()) == ["00000.txt", "00001.txt"]


@pytest.mark.parametrize("place", ["", "data"])
def test_some_of_the_shards_of_a_killed_export_are_no_source(tmp_path: Path, place: str) -> None:
    finished(["select", write_golden(tmp_path / "tables"), "-o", tmp_path / "out"])
    (tmp_path / "out/manifest.json").unlink()
    (tmp_path / "out" / WORK).mkdir()
    with pytest.raises(InputError, match=r"out: the run that writes it is not finished: give its command again"):
        find_parts(tmp_path / "out" / place)


def test_two_never_write_one_folder(large: Path, tmp_path: Path) -> None:
    with ExitStack() as stack:
        stack.enter_context(writing(tmp_path / "out"))
        with pytest.raises(UsageError, match=r"out: another run is at work there"):
            list(export_selection(large, str(tmp_path / "out"), shard_bytes=1))
        (tmp_path / "out/data").mkdir()
        (tmp_path / "out/data/metadata-00000.part").touch()
        with pytest.raises(UsageError, match=r"out: another run is at work there"):
            stack.enter_context(writing(tmp_path / "out", overwrite=True))
        assert (tmp_path / "out/data/metadata-00000.part").exists()


def test_an_export_that_fails_leaves_nothing(tmp_path: Path, large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise InputError("no licence map")

    monkeypatch.setattr("octopack_data.exporting.write_rows", full)
    with pytest.raises(InputError, match=r"no licence map"):
        list(export_selection(large, str(tmp_path / "out"), shard_bytes=10**9))
    assert list((tmp_path / "out").iterdir()) == []


def test_a_selection_is_not_exported_over_itself(tmp_path: Path) -> None:
    finished(["select", write_golden(tmp_path / "tables"), "-o", tmp_path / "out"])
    before = outputs(tmp_path / "out")
    with pytest.raises(UsageError, match=r"out is the selection itself"):
        list(export_selection(tmp_path / "out", str(tmp_path / "out"), shard_bytes=1, overwrite=True))
    assert outputs(tmp_path / "out") == before


@pytest.mark.parametrize("name", ["licences.jsonl", "data/metadata-00000-of-00001.parquet"])
def test_a_selection_that_is_not_as_its_manifest_says_is_not_exported(tmp_path: Path, name: str) -> None:
    for folder in ("out", "other"):
        mode = ["--mode", "published"] if folder == "other" else []
        finished(["select", write_golden(tmp_path / f"t{folder}"), "-o", tmp_path / folder, *mode])
    (tmp_path / "other" / name).replace(tmp_path / "out" / name)
    os.utime(tmp_path / "out" / name)
    with pytest.raises(InputError, match=r"out is not, or not any more, as its manifest says"):
        list(export_selection(tmp_path / "out", str(tmp_path / "copy"), shard_bytes=1))
    assert list((tmp_path / "copy").iterdir()) == []


def test_a_table_that_changes_while_it_is_read_ends_the_selection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = write_golden(tmp_path / "tables")

    def edited(*given: Any, **options: Any) -> dict[str, int]:
        (tables / "licenses.parquet").write_bytes((tables / "licenses.parquet").read_bytes())
        return run_statements(*given, **options)

    monkeypatch.setattr("octopack_data.warehouse.run_statements", edited)
    with pytest.raises(InputError, match=r"licenses.parquet has changed while it was read"):
        select(find_tables(tables), tmp_path / "out", SelectSettings(), progress=False)
    assert list((tmp_path / "out").iterdir()) == []


def test_files_of_others_in_a_killed_folder_stay(tmp_path: Path) -> None:
    (tmp_path / "out" / WORK).mkdir(parents=True)
    (tmp_path / "out/data").mkdir()
    (tmp_path / "out/notes.txt").touch()
    with pytest.raises(InputError, match=r"is not empty and holds no selection"), writing(tmp_path / "out"):
        pass
    assert (tmp_path / "out/notes.txt").exists()
