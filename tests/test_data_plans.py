"""The statement of ``--plan fast`` against the five steps, on random tables."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from octopack_data.records import Mode
from octopack_data.statements import METADATA, Plan, SelectSettings
from octopack_data.warehouse import METADATA_COLUMNS, Machine, find_tables, open_warehouse, run_statements
from warehouse_tables import commit_row, write_warehouse

REPOS = ["a/x", "b/x", "c/y", "d/z"]
PATHS = st.sampled_from([None, "a.py", "b.py"])
WAREHOUSES = st.tuples(
    st.lists(
        st.tuples(
            st.sampled_from(["Fix it\n", "Update", "update  ", "Merge x", " merge y\n", "update xconfig.yaml", "Fix"]),
            st.lists(st.sampled_from(REPOS), max_size=4),
            st.lists(st.tuples(PATHS, PATHS), max_size=3),
            st.booleans(),
        ),
        min_size=1,
        max_size=12,
    ),
    st.fixed_dictionaries(
        {repo: st.sets(st.sampled_from(["C", "Perl", "Perl 6", "Vala"])).map(sorted) for repo in REPOS}
    ),
    st.fixed_dictionaries({repo: st.sampled_from(["mit", "isc", "agpl-3.0", "gpl-3.0"]) for repo in REPOS}),
)


@pytest.mark.parametrize("mode", ["published", "fixed"])
@settings(max_examples=15, deadline=None)
@given(WAREHOUSES)
def test_both_plans_select_the_same(mode: Mode, warehouse: Any) -> None:
    commits, languages, licenses = warehouse
    rows = [
        commit_row(str(number), message, repos, changes, truncated=truncated)
        for number, (message, repos, changes, truncated) in enumerate(commits)
    ]
    # A repository's name stands once in a commit, as in the warehouse.
    rows = [{**row, "repo_name": sorted(set(row["repo_name"]))} for row in rows]
    with tempfile.TemporaryDirectory() as folder:
        tables = write_warehouse(Path(folder), rows, languages, licenses)
        assert result(tables, mode, "steps") == result(tables, mode, "fast")


def result(tables: Path, mode: Mode, plan: Plan) -> set[tuple[str, ...]]:
    """All columns; in mode published commits and files alone, since the fast plan joins each name once."""
    columns = "commit, new_file" if mode == "published" else ", ".join(METADATA_COLUMNS)
    with open_warehouse(find_tables(tables), tables / "x.duckdb", Machine(threads=1)) as connection:
        run_statements(connection, SelectSettings(mode=mode, plan=plan), progress=False)
        return set(connection.execute(f"SELECT {columns} FROM {METADATA}").fetchall())
