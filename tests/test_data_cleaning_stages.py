"""What the cleaning stages share: formats, samples, workers, resumption, reports, and their commands."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from code_rows import functions, row
from octopack_data.commands import app
from octopack_data.decontamination import DecontaminateSettings, decontaminate_stage
from octopack_data.duplicates import DuplicateSettings, deduplicate
from octopack_data.parts import Stage, run_stage
from octopack_data.redaction import RedactSettings, redact_stage
from octopack_data.rows import read_rows, write_rows
from octopack_data.settings import RowSettings
from octopack_data.sources import Part, find_parts
from octopack_data.train_valid import TrainValidSettings, split_train

Clean = Callable[..., dict[str, Any]]


def of_stage(make: Callable[..., Stage]) -> Clean:
    def clean(parts: list[Part], output: Path, settings: RowSettings, **options: Any) -> dict[str, Any]:
        return run_stage(make(parts, output, settings), **options)

    return clean


STAGES: dict[str, tuple[Clean, RowSettings]] = {
    "deduplicate": (deduplicate, DuplicateSettings()),
    "redact": (of_stage(redact_stage), RedactSettings()),
    "decontaminate": (of_stage(decontaminate_stage), DecontaminateSettings(problems="mini")),
    "split-train": (split_train, TrainValidSettings()),
}


def source(folder: Path, files: int = 3) -> Path:
    for number in range(files):
        mail = [row(f"{number}m", "", "mail jo@corp.io", returncode="0")]
        codes = functions()[number * 5 : number * 5 + 5]
        rows = [row(f"{number}{n}", "", code, returncode="0") for n, code in enumerate(codes)]
        write_rows(folder / f"p{number}.jsonl", [*mail, *rows])
    return folder


def rows(folder: Path) -> list[dict[str, Any]]:
    return [row for part in find_parts(folder) for row in read_rows(part.path)]


@pytest.mark.parametrize("name", STAGES)
@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_every_format_holds_the_same_rows_with_all_their_columns(tmp_path: Path, name: str, form: str) -> None:
    clean, settings = STAGES[name]
    given = source(tmp_path / "in")
    clean(find_parts(given), tmp_path / "zstd", settings, progress=False)
    clean(find_parts(given), tmp_path / "out", settings.model_copy(update={"format": form}), progress=False)
    assert [list(row) for row in rows(tmp_path / "out")] == [list(rows(given)[0])] * len(rows(tmp_path / "zstd"))
    assert rows(tmp_path / "out") == rows(tmp_path / "zstd")


@pytest.mark.parametrize("name", STAGES)
def test_a_sample_gives_the_rows_that_the_whole_gives_for_its_commits(tmp_path: Path, name: str) -> None:
    clean, settings = STAGES[name]
    given = source(tmp_path / "in")
    clean(find_parts(given), tmp_path / "whole", settings, progress=False)
    clean(find_parts(given), tmp_path / "out", settings.model_copy(update={"sample": "9"}), progress=False, workers=2)
    # The same address in three rows is the one duplicate; a sample may hold one or none of them.
    assert 7 <= len(rows(tmp_path / "out")) <= 9
    if name != "deduplicate":
        whole = {row["commit"]: row for row in rows(tmp_path / "whole")}
        assert all(row == whole[row["commit"]] for row in rows(tmp_path / "out"))


def test_redact_reports_places_and_hashes_but_no_values(tmp_path: Path) -> None:
    write_rows(tmp_path / "in.jsonl", [row("c", "by jo@corp.io", "by al@corp.io", subject="For jo@corp.io", size="1")])
    manifest = run_stage(
        redact_stage(find_parts(tmp_path / "in.jsonl"), tmp_path / "out", RedactSettings()), progress=False
    )
    assert manifest["counts"] == {"rows": 1, "kept": 1, "changed": 1, "found_email": 3}
    (written,) = rows(tmp_path / "out")
    assert (written["old_contents"], written["subject"]) == ("by user1@example.com", "For user1@example.com")
    assert (written["new_contents"], written["size"]) == ("by user2@example.com", "1")
    report = list(read_rows(tmp_path / "out" / "found" / "in.jsonl"))
    assert [(find["column"], find["start"], find["end"]) for find in report] == [
        ("old_contents", 3, 13),
        ("new_contents", 3, 13),
        ("subject", 4, 14),
    ]
    assert report[0]["sha256"] == report[2]["sha256"] != report[1]["sha256"]
    assert "corp" not in str(report)


@pytest.mark.parametrize("name", STAGES)
def test_the_command_prints_counts_and_a_dry_run_writes_nothing(tmp_path: Path, name: str) -> None:
    given = source(tmp_path / "in")
    arguments = ["commitpack", name, str(given), "--output", str(tmp_path / "out")]
    arguments += ["--problems", "mini"] if name == "decontaminate" else []
    dry = CliRunner().invoke(app, [*arguments, "--dry-run"])
    assert (dry.exit_code, (tmp_path / "out").exists()) == (0, False)
    assert "3 parts, 3 files" in dry.output
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert "18 rows" in done.output


@pytest.mark.parametrize("name", STAGES)
def test_help_loads_nothing_heavy(name: str) -> None:
    program = (
        "import sys; from octopack_data.commands import main\n"
        f"try: main(['commitpack', {name!r}, '--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'numpy', 'pyarrow', 'duckdb', 'datatrove', 're2', 'scipy'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    said = subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True)
    assert said.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", ["deduplicate", "split-train"])
def test_passes_run_on_datatrove_with_the_same_rows(tmp_path: Path, name: str) -> None:
    settings = ["--near", "either"] if name == "deduplicate" else []
    for executor in ("processes", "local"):
        arguments = [str(source(tmp_path / "in")), "-o", str(tmp_path / executor), "--executor", executor, *settings]
        done = CliRunner().invoke(app, ["commitpack", name, *arguments, "--workers", "2"])
        assert done.exit_code == 0, (done.output, done.exception)
    made = [
        {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.zst")}
        for folder in (tmp_path / "processes", tmp_path / "local")
    ]
    assert made[0] == made[1] != {}
