"""``--since`` and ``--until`` of select: selections that come one after the other have each commit once."""

from pathlib import Path
from typing import Any

import pytest

from bigquery_service import Service
from git_histories import long_history, make_repository
from humanevalpack.errors import UsageError
from octopack_data.bigquery import BigQuerySettings, estimate
from octopack_data.commit_rows import HistorySettings
from octopack_data.manifests import read_manifest
from octopack_data.records import Mode
from octopack_data.rows import read_rows
from octopack_data.selecting import select_commits
from octopack_data.settings import make_settings
from octopack_data.sources import find_parts
from octopack_data.statements import Plan, SelectSettings, statements, statements_of
from octopack_data.warehouse import Machine, find_tables, select
from warehouse_tables import commit_row, write_warehouse

DAYS = {"april": 1_714_521_599, "first of may": 1_714_521_600, "may": 1_716_000_000, "june": 1_717_200_000}
"""Seconds of 2024-04-30T23:59:59, 2024-05-01T00:00:00, a day of May, 2024-06-01T00:00:00, all in UTC."""


def tables(folder: Path) -> Path:
    commits = [
        {
            **commit_row(name, f"Mend it in {name}\n", ["a/x"]),
            "committer": {"time_sec": time},
            "author": {"time_sec": 0},
        }
        for name, time in DAYS.items()
    ]
    return write_warehouse(folder, commits, {"a/x": ["C"]}, {"a/x": "mit"})


def selected(folder: Path, output: Path, **settings: Any) -> set[str]:
    made = make_settings(SelectSettings, settings)
    select(find_tables(folder), output, made, machine=Machine(threads=1), progress=False)
    return {row["commit"] for part in find_parts(output) for row in read_rows(part.path)}


@pytest.mark.parametrize("plan", ["steps", "fast"])
@pytest.mark.parametrize("mode", ["published", "fixed"])
def test_days_are_those_of_the_committer_in_utc_the_last_one_not_among_them(
    tmp_path: Path, mode: Mode, plan: Plan
) -> None:
    source = tables(tmp_path / "tables")
    windows = {"a": ("", "2024-05-01"), "b": ("2024-05-01", "2024-06-01"), "c": ("2024-06-01", "")}
    found = {
        name: selected(source, tmp_path / name, mode=mode, plan=plan, since=since, until=until)
        for name, (since, until) in windows.items()
    }
    assert found == {"a": {"april"}, "b": {"first of may", "may"}, "c": {"june"}}
    counts = read_manifest(tmp_path / "b")["counts"]
    assert (counts["rows"], counts["kept"], counts["dropped_date"]) == (4, 2, 2)
    assert sum(count for name, count in counts.items() if name.startswith("dropped_")) == 2


def test_from_clones(tmp_path: Path) -> None:
    make_repository(tmp_path / "clones/own/it", long_history(30, 3))  # a commit a minute from 2017-07-14T02:41:00
    both = []
    for name, days in (("before", {"until": "2017-07-14"}), ("after", {"since": "2017-07-14"})):
        made = make_settings(SelectSettings, days)
        counts = select_commits([tmp_path / "clones"], tmp_path / name, made, HistorySettings(), progress=False)[
            "counts"
        ]
        both.append(counts["kept"])
    assert both == [0, 29]


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ({"since": "May 2024"}, "'May 2024' is no day: write 2024-05-01"),
        ({"until": "2024-02-30"}, "day is out of range"),
        ({"since": "2024-05-01", "until": "2024-05-01"}, "must be before until"),
    ],
)
def test_what_is_no_day_is_named(days: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        make_settings(SelectSettings, days)


def test_bigquery_is_asked_for_the_days_too(tmp_path: Path) -> None:
    service = Service(bytes_of=lambda query: 1 if "committer.time_sec >= 1714521600" in query else 0)
    settings = BigQuerySettings(project="payer")
    made = [make_settings(SelectSettings, days) for days in ({"since": "2024-05-01"}, {})]
    assert [estimate(service.client(), one, settings).bytes for one in made] == [1, 0]


@pytest.mark.parametrize("plan", ["steps", "fast"])
def test_without_days_the_statements_are_as_written(plan: Plan) -> None:
    assert statements_of(SelectSettings(plan=plan)) == statements("fixed", plan)
