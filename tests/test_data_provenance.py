"""Where a content came from: kept through all stages where that is asked for, so that a later opt-out sees it."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from commit_rows import good_commit
from data_rows import write
from humanevalpack.errors import InputError
from octopack_data.commands import app
from octopack_data.filtering import FilterSettings, filter_stage
from octopack_data.language_files import commit_schema
from octopack_data.optout import SOURCE_UNKNOWN, OptOutSettings, opt_out_stage
from octopack_data.parts import run_stage
from octopack_data.records import COMMIT_COLUMNS
from octopack_data.rows import RowFormat, read_rows
from octopack_data.shards import ShardSettings, shard_stage
from octopack_data.sources import find_parts
from octopack_data.splitting import SplitSettings, split_stage

VIA = ("fetched_via",)


def fetched(number: int, via: str) -> dict[str, Any]:
    """A row of the stage fetch that the filter keeps; it stands in two repositories."""
    row = {**asdict(good_commit()), "commit": f"{number:040x}", "repos": "ann/fork,carl/x"}
    del row["lang"], row["license"]
    return {**row, "status": "ok", "fetched_via": via}


def commitpackft(folder: Path, extra: tuple[str, ...], form: RowFormat = "jsonl") -> Path:
    """Two rows, one from a fork, through the stages that make CommitPackFT."""
    write(folder / "fetched.jsonl", [fetched(1, "raw-http:ann/fork"), fetched(2, "git-partial:carl/x")])
    split, rules = SplitSettings(extra=extra, format=form), FilterSettings(token_rule=False, extra=extra, format=form)
    run_stage(split_stage(find_parts(folder / "fetched.jsonl"), folder / "split", split), progress=False)
    run_stage(filter_stage(find_parts(folder / "split"), folder / "filtered", rules), progress=False)
    shards = ShardSettings(layout="joined", format=form)
    run_stage(shard_stage(find_parts(folder / "filtered"), folder / "ft", shards), progress=False)
    return folder / "ft"


def rows_of(folder: Path) -> list[dict[str, Any]]:
    return [row for part in find_parts(folder) for row in read_rows(part.path)]


def opt_out(source: Path, output: Path, **values: Any) -> dict[str, Any]:
    (output.parent / "accounts.txt").write_text("ann\n")
    settings = OptOutSettings(opt_out=output.parent / "accounts.txt", **values)
    counts: dict[str, Any] = run_stage(opt_out_stage(find_parts(source), output, settings), progress=False)["counts"]
    return counts


def test_a_column_of_the_ten_that_is_asked_for_again_is_there_once(tmp_path: Path) -> None:
    write(tmp_path / "rows.jsonl", [asdict(good_commit())])
    assert commit_schema(tmp_path / "rows.jsonl", ("lang",)).names == list(COMMIT_COLUMNS)


@pytest.mark.parametrize("form", ["jsonl", "jsonl.zst", "parquet"])
def test_unless_asked_finished_data_has_the_ten_columns(form: RowFormat, tmp_path: Path) -> None:
    rows = rows_of(commitpackft(tmp_path, (), form))
    assert [tuple(row) for row in rows] == [COMMIT_COLUMNS] * 2


@pytest.mark.parametrize("form", ["jsonl", "jsonl.zst", "parquet"])
def test_a_later_opt_out_takes_what_came_from_a_listed_fork(form: RowFormat, tmp_path: Path) -> None:
    source = commitpackft(tmp_path, VIA, form)
    assert [tuple(row) for row in rows_of(source)] == [(*COMMIT_COLUMNS, *VIA)] * 2
    counts = opt_out(source, tmp_path / "out")
    assert [(row["commit"][-1], row["repos"]) for row in rows_of(tmp_path / "out")] == [("2", "carl/x")]
    assert (counts["dropped_opt_out"], counts[SOURCE_UNKNOWN]) == (1, 0)


def test_where_the_source_is_not_known_the_rows_stay_and_are_counted(tmp_path: Path) -> None:
    counts = opt_out(commitpackft(tmp_path, ()), tmp_path / "out")
    assert (counts["dropped_opt_out"], counts["changed"], counts[SOURCE_UNKNOWN]) == (0, 2, 2)
    counts = opt_out(tmp_path / "ft", tmp_path / "any", any=True)
    assert (counts["dropped_opt_out"], counts.get(SOURCE_UNKNOWN, 0)) == (2, 0)


def test_split_counts_it_too_for_rows_that_were_fetched_elsewhere(tmp_path: Path) -> None:
    write(tmp_path / "in.jsonl", [{**fetched(n, ""), "fetched_via": ""} for n in (1, 2)] + [fetched(3, "x:carl/x")])
    (tmp_path / "accounts.txt").write_text("ann\n")
    settings = SplitSettings(opt_out=tmp_path / "accounts.txt")
    stage = split_stage(find_parts(tmp_path / "in.jsonl"), tmp_path / "out", settings)
    assert run_stage(stage, progress=False)["counts"][SOURCE_UNKNOWN] == 2


def test_the_command_says_what_it_could_not_know_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "accounts.txt").write_text("ann\n")
    for extra, said in (((), "2 rows lost a listed repository"), (VIA, "")):
        folder = tmp_path / str(len(extra))
        source = commitpackft(folder, extra)
        command = ["commitpack", "optout", str(source), "-o", str(folder / "out"), "--opt-out"]
        done = CliRunner().invoke(app, [*command, str(tmp_path / "accounts.txt")])
        assert done.exit_code == 0
        assert ("--any takes them out" in done.output) == bool(said)
        assert said in done.output


def test_a_column_that_is_to_be_kept_and_is_missing_is_named(tmp_path: Path) -> None:
    write(tmp_path / "in.jsonl", [asdict(good_commit())])
    settings = FilterSettings(token_rule=False, extra=VIA)
    with pytest.raises(InputError, match=r"in\.jsonl, line 1: no column 'fetched_via'"):
        run_stage(filter_stage(find_parts(tmp_path / "in.jsonl"), tmp_path / "out", settings), progress=False)
