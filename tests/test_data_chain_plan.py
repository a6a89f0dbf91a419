"""octopack-data commitpack run --dry-run: what is known of every stage before one has run."""

import re
from pathlib import Path
from typing import Any

import pytest

from octopack_data.chain import links
from octopack_data.chain_plan import Rows, plan_chain
from octopack_data.chain_settings import ChainSettings
from octopack_data.fetch.plan import Asked, plan_at_most
from octopack_data.fetch.settings import FetchSettings
from octopack_data.filtering import FilterSettings
from octopack_data.manifests import read_manifest
from octopack_data.records import COMMIT_COLUMNS
from octopack_data.rows import write_rows
from octopack_data.settings import make_settings, read_settings
from octopack_data.shards import ShardSettings
from test_data_chain import clones, command, config, files, run
from warehouse_tables import write_golden

__all__ = ["clones"]  # a fixture
NONE: dict[str, Any] = {}


def plan(folder: Path, source: Path, **values: Any) -> dict[str, tuple[str, list[str]]]:
    """Return by stage its state and the lines below it."""
    found: dict[str, tuple[str, list[str]]] = {}
    for line in plan_chain(list(links(read_settings(ChainSettings, config(folder, source, **values)))), 99):
        name, *rest = line.split()
        if line.startswith(" "):
            found[list(found)[-1]][1].append(line.strip())
        else:
            found[name] = (" ".join(rest[: 2 if rest[0] == "to" else 1]), [])
    return found


def test_before_the_first_run_clones_are_counted_and_rows_bounded(tmp_path: Path, clones: Path) -> None:
    said = plan(tmp_path, clones)
    assert list(said) == ["select", "fetch", "split", "commitpack", "filter", "commitpackft"]
    assert {state for state, _ in said.values()} == {"to do"}
    assert re.fullmatch(r"2 clones, 150 commits, [1-9][\d,]+ bytes", said["select"][1][0])
    assert re.fullmatch(r"own/long  .*/long.git  120 commits, [1-9][\d,]+ bytes", said["select"][1][1])
    before = {"fetch": "select", "split": "fetch", "commitpack": "split", "filter": "split", "commitpackft": "filter"}
    for name, stage in before.items():
        assert said[name][1][0] == f"at most 150 rows; bytes: known when {stage} has run"
    assert said["fetch"][1][1] == "by git-local: no requests, 0.00 hours at best"
    assert not (tmp_path / "out").exists()


def test_a_sample_counts_once_whatever_the_number_of_stages(tmp_path: Path, clones: Path) -> None:
    said = plan(tmp_path, clones, sample="0.1")
    for name in ("fetch", "filter", "commitpackft"):
        assert said[name][1][0].startswith("at most about 15 rows; ")


def test_tables_are_counted_by_their_files(tmp_path: Path) -> None:
    said = plan(tmp_path, write_golden(tmp_path / "tables"), fetch={"contact": "me"})
    commits = re.fullmatch(r"commits: (\d+) rows in 1 files, [\d.]+ MB", said["select"][1][0])
    assert commits is not None
    assert said["split"][1] == [f"at most {commits[1]} rows; bytes: known when fetch has run"]


def test_what_is_finished_is_told_in_numbers_and_the_next_stage_in_full(tmp_path: Path, clones: Path) -> None:
    path = config(tmp_path, clones)
    run(path)
    counts = {name: read_manifest(tmp_path / "out" / name)["counts"] for name in ("select", "split", "filter")}
    before = files(tmp_path / "out")
    whole = run(path, "--dry-run").splitlines()
    assert [line.split()[1] for line in whole if not line.startswith(" ")] == ["finished"] * 6
    assert f"  kept {counts['filter']['kept']} of {counts['split']['kept']} rows" in whole
    lines = run(path, "--dry-run", "--overwrite-from", "fetch").splitlines()
    assert [line.split()[1] for line in lines if not line.startswith(" ")] == ["finished", *["anew"] * 5]
    place = next(number for number, line in enumerate(lines) if line.startswith("fetch "))
    rows = counts["select"]["kept"]
    assert re.fullmatch(rf"  1 parts, 1 files, [\d,]+ bytes, {rows} rows", lines[place + 1])
    assert "  hours, at best                 0.00" in lines
    assert f"  at most {rows} rows; bytes: known when split has run" in lines
    assert files(tmp_path / "out") == before
    assert "--overwrite-from is 'x'" in str(command(path, "--dry-run", "--overwrite-from", "x").exception)


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_a_source_without_a_manifest_is_counted_where_its_files_tell(tmp_path: Path, form: str) -> None:
    from octopack_data.records import text_schema

    rows = [dict.fromkeys(COMMIT_COLUMNS, "x")] * 3
    write_rows(tmp_path / f"pack/data/python/p.{form}", rows, lambda: text_schema(COMMIT_COLUMNS))
    said = plan(tmp_path, tmp_path / "pack", begin="filter")
    told = {"parquet": ", 3 rows", "jsonl": ""}[form]
    assert re.fullmatch(rf"1 parts, 1 files, [\d,]+ bytes{told}", said["filter"][1][0])
    bound = "at most 3 rows; bytes" if told else "rows and bytes"
    assert said["commitpackft"][1] == [f"{bound}: known when filter has run"]


def test_a_hub_id_is_not_downloaded_for_a_plan(tmp_path: Path) -> None:
    said = plan(tmp_path, Path("bigcode/commitpack"), begin="filter")
    assert said["filter"][1] == ["known when bigcode/commitpack has been downloaded"]


@pytest.mark.parametrize(
    ("rows", "settings", "out"),
    [
        (Rows(10), ShardSettings(), "10 rows"),
        (Rows(10), FilterSettings(token_rule=False), "at most 10 rows"),
        (Rows(10), ShardSettings(sample="0.5"), "about 5 rows"),
        (Rows(5, share=0.5), ShardSettings(sample="0.5"), "about 5 rows"),
        (Rows(5, share=0.5), ShardSettings(sample="0.1"), "about 1 rows"),
        (Rows(10, at_most=True), ShardSettings(sample="3"), "at most 3 rows"),
    ],
)
def test_what_comes_out_of_a_stage(rows: Rows, settings: Any, out: str) -> None:
    assert str(rows.through(settings)) == out


@pytest.mark.parametrize(
    ("backend", "clones", "requests"),
    [("raw-http", 0, 1800), ("git-partial", 900, 4500), ("git-shallow", 900, 4500), ("auto", 300, 1800)],
)
def test_the_most_that_a_fetch_can_ask_for(backend: str, clones: int, requests: int) -> None:
    asked = plan_at_most(900, make_settings(FetchSettings, {"backend": backend, "contact": "me"}))
    assert (asked.clones, asked.requests) == (clones, requests)
    assert asked.hours >= Asked(900, hours=900 / 3700 / 3600).hours
