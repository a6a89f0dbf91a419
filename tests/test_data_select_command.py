"""``octopack-data commitpack select`` and ``export``, as a user calls them."""

from pathlib import Path
from typing import Any

import pytest

from bigquery_service import Service
from git_histories import make_repository, special_history
from octopack_data import bigquery
from octopack_data.commands import main
from octopack_data.manifests import read_manifest
from octopack_data.rows import read_rows
from octopack_data.sources import find_parts
from warehouse_tables import write_golden


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    """Return exit code, stdout, stderr of ``octopack-data commitpack …``."""
    with pytest.raises(SystemExit) as ended:
        main(["commitpack", *map(str, arguments)])
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def metadata(folder: Path) -> list[dict[str, Any]]:
    return [row for part in find_parts(folder) for row in read_rows(part.path)]


def test_from_clones_to_metadata_in_one_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ids = make_repository(tmp_path / "src" / "clone", special_history(), remote="https://example.org/own/special")
    code, out, err = run(capsys, "select", tmp_path / "src", "-o", tmp_path / "out")
    assert (code, err) == (0, "")
    rows = {row["commit"]: row for row in metadata(tmp_path / "out")}
    assert f"{len(rows)} kept" in out
    kept = {name for name, commit in ids.items() if commit in rows}
    assert {"ordinary", "path_with_quotes", "edit_and_rename", "crlf", "side"} <= kept
    assert not kept & {"renamed", "added", "deleted", "two_files", "merge", "empty", "root", "many_files", "no_message"}
    assert rows[ids["ordinary"]]["repos"] == "own/special"
    assert rows[ids["ordinary"]]["parent"] == ids["root"]


def test_a_source_that_is_tables_is_read_as_such(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tables = write_golden(tmp_path / "tables")
    code, out, _ = run(capsys, "select", tables, "-o", tmp_path / "out", "--mode", "published", "--plan", "fast")
    assert code == 0
    assert [line.split() for line in out.splitlines()] == [
        ["16", "rows"], ["5", "kept"], ["11", "dropped_not_selected"],
    ]  # fmt: skip
    assert read_manifest(tmp_path / "out")["settings"]["plan"] == "fast"


def test_a_dry_run_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_repository(tmp_path / "src" / "clone", special_history())
    _, clones, _ = run(capsys, "select", tmp_path / "src", "-o", tmp_path / "out", "--dry-run")
    assert clones.startswith("1 clones, 30 commits, ")
    assert "\n  src/clone  " in clones
    _, tables, _ = run(capsys, "select", write_golden(tmp_path / "t"), "-o", tmp_path / "out", "--dry-run")
    assert tables.startswith("commits: 16 rows in 1 files")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "nowhere: no such folder"),
        (["bigquery"], "--project PROJECT"),
        (["tables", "--licences", "MIT"], "'MIT' is no licence key"),
        (["tables", "--mode", "new"], "'new' is not one of"),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_golden(tmp_path / "tables")
    code, _, err = run(capsys, "select", *arguments, "-o", "out")
    assert code == 2
    assert said in err


def test_export_cuts_a_selection_into_shards(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "select", write_golden(tmp_path / "tables"), "-o", tmp_path / "out")
    _, dry, _ = run(capsys, "export", tmp_path / "out", "--to", tmp_path / "copy", "--dry-run")
    assert dry.startswith("6 rows of metadata and 5 of the licence map")
    code, _, _ = run(capsys, "export", tmp_path / "out", "--to", tmp_path / "copy")
    assert code == 0
    assert metadata(tmp_path / "copy") == metadata(tmp_path / "out")
    assert (tmp_path / "copy" / "licences.jsonl").read_bytes() == (tmp_path / "out" / "licences.jsonl").read_bytes()
    code, _, err = run(capsys, "export", tmp_path / "out", "--to", "gs://bucket/x")
    assert (code, "was made on this machine" in err) == (2, True)


def test_bigquery_says_its_price_then_runs_then_exports(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service(bytes_of=lambda query: 2**39)
    monkeypatch.setattr(bigquery, "connect", lambda settings: service.client())
    asked: list[str | Path] = ["select", "bigquery", "-o", tmp_path / "out", "--project", "payer"]
    _, dry, _ = run(capsys, *asked, "--dry-run")
    assert dry == "reads 0.500 TiB of the public data set: 3.12 USD\n"
    assert service.configurations(dry=False) == []
    code, _, _ = run(capsys, *asked)
    assert code == 0
    manifest = read_manifest(tmp_path / "out")
    assert manifest["tables"]["commits_table_base"] == service.rows
    assert len(manifest["jobs"]) == 6
    code, out, _ = run(capsys, "export", tmp_path / "out", "--to", "gs://bucket/meta")
    assert code == 0
    assert out.count("job ") == 2


def test_a_fault_of_the_disk_is_one_line_and_exit_code_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit) as ended:
        main(["commitpack", "select", str(write_golden(tmp_path / "tables")), "-o", str(tmp_path / "file" / "out")])
    assert ended.value.code == 3
    assert "file/out" in capsys.readouterr().err.removeprefix("Error: [Errno 20] Not a directory")
