"""octopack_data.warehouse: sixteen commits by hand, and what each rule of the selection does with them."""

import json
from pathlib import Path
from typing import Any

import pytest

from humanevalpack.errors import EnvironmentFault, InputError, UsageError
from octopack_data.manifests import new_manifest, read_manifest, sha256_of, write_manifest
from octopack_data.records import Mode
from octopack_data.rows import read_rows
from octopack_data.settings import make_settings
from octopack_data.sources import find_parts
from octopack_data.statements import Plan, SelectSettings
from octopack_data.warehouse import Machine, find_tables, select
from warehouse_tables import GOLDEN_COMMITS, commit_row, write_golden, write_warehouse

FATES: dict[str, tuple[str, str]] = {
    # what is special            published                  fixed
    "two repositories": ("kept", "kept"),
    "noise and newline": ("kept", "noise"),  # published compares the message with its newline
    "edit and rename": ("kept", "kept"),
    "Perl 6": ("kept", "kept"),
    "ten accented letters": ("kept", "kept"),  # characters count, not bytes
    "noise": ("noise", "noise"),
    "merge": ("noise", "noise"),
    "two files in place": ("files", "files"),
    "addition": ("files", "files"),
    "five characters": ("length", "length"),
    "other licence": ("repository", "repository"),
    "other language": ("repository", "repository"),
    "wildcard": ("noise", "kept"),  # published: the _ of "_config" stands for any letter
    "time joke": ("noise", "noise"),
    "10000 characters": ("length", "length"),
    "two licences": ("licences", "kept"),  # published loses it, because it has one row for each licence
}
ROWS = {"published": [16, 9, 9, 9, 5], "fixed": [10, 8, 8, 8, 6]}
MODES: list[Mode] = ["published", "fixed"]
PLANS: list[Plan] = ["steps", "fast"]


def selected(tables: Path, output: Path, **settings: Any) -> dict[str, dict[str, Any]]:
    select(find_tables(tables), output, SelectSettings(**settings), machine=Machine(threads=1), progress=False)
    return {row["commit"]: row for part in find_parts(output) for row in read_rows(part.path)}


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("mode", MODES)
def test_the_golden_commits_that_survive(tmp_path: Path, mode: Mode, plan: Plan) -> None:
    kept = [name for name, fates in FATES.items() if fates[MODES.index(mode)] == "kept"]
    rows = selected(write_golden(tmp_path / "tables"), tmp_path / "out", mode=mode, plan=plan)
    assert sorted(rows) == [GOLDEN_COMMITS[name]["commit"] for name in kept]


@pytest.mark.parametrize("mode", MODES)
def test_the_rows_after_each_step_are_those_counted_by_hand(tmp_path: Path, mode: Mode) -> None:
    selected(write_golden(tmp_path / "tables"), tmp_path / "out", mode=mode)
    tables = read_manifest(tmp_path / "out")["tables"]
    assert list(tables.values())[:5] == ROWS[mode]


@pytest.mark.parametrize(
    ("mode", "step", "lost"),
    [
        ("published", "commits_table_base", {"noise", "length", "repository"}),
        ("published", "commitpack_metadata", {"noise", "length", "repository", "files", "licences"}),
        ("fixed", "commits_table_base", {"noise", "length", "repository"}),
        ("fixed", "commitpack_metadata", {"noise", "length", "repository", "files"}),
    ],
)
def test_each_step_loses_the_commits_that_its_rules_are_about(
    tmp_path: Path, mode: Mode, step: str, lost: set[str]
) -> None:
    from octopack_data.warehouse import open_warehouse, run_statements

    tables = find_tables(write_golden(tmp_path / "tables"))
    with open_warehouse(tables, tmp_path / "selection.duckdb", Machine(threads=1)) as connection:
        run_statements(connection, SelectSettings(mode=mode), progress=False)
        there = {row[0] for row in connection.execute(f"SELECT commit FROM {step}").fetchall()}
    expected = {GOLDEN_COMMITS[name]["commit"] for name, fates in FATES.items() if fates[MODES.index(mode)] in lost}
    assert {row["commit"] for row in GOLDEN_COMMITS.values()} - there == expected


def test_a_row_of_the_metadata(tmp_path: Path) -> None:
    rows = selected(write_golden(tmp_path / "tables"), tmp_path / "out", mode="fixed")
    assert rows["03"] == {
        "commit": "03",
        "subject": "Move and mend",
        "message": "Move and mend\n",
        "repos": "ann/tool",
        "old_file": "a.py",
        "new_file": "a.py",
        "parent": "parent of 03",
        "old_sha1": "old 03",
        "new_sha1": "new 03",
        "license": "mit",
        "licenses": "mit",
    }


@pytest.mark.parametrize(
    ("mode", "plan", "repos"),
    [
        ("published", "steps", "ann/tool,ann/tool,bob/tool"),  # once for each language of ann/tool that is wanted
        ("published", "fast", "ann/tool,bob/tool"),
        ("fixed", "steps", "ann/tool,bob/tool"),
        ("fixed", "fast", "ann/tool,bob/tool"),
    ],
)
def test_names_are_joined(tmp_path: Path, mode: Mode, plan: Plan, repos: str) -> None:
    assert selected(write_golden(tmp_path / "t"), tmp_path / "out", mode=mode, plan=plan)["01"]["repos"] == repos


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize(("choice", "license"), [("most_restrictive", "apache-2.0"), ("first", "mit")])
def test_which_of_two_licences_counts_is_a_setting(tmp_path: Path, plan: Plan, choice: str, license: str) -> None:
    row = selected(write_golden(tmp_path / "t"), tmp_path / "out", plan=plan, licence_choice=choice)["16"]
    assert (row["license"], row["licenses"], row["repos"]) == (license, "apache-2.0,mit", "dan/free,eve/free")


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize(("mode", "kept"), [("published", {"1", "2"}), ("fixed", {"1"})])
def test_only_mode_fixed_leaves_out_truncated_differences(
    tmp_path: Path, mode: Mode, plan: Plan, kept: set[str]
) -> None:
    commits = [commit_row("1", "Whole\n", ["a/x"]), commit_row("2", "Cut off\n", ["a/x"], truncated=True)]
    tables = write_warehouse(tmp_path / "t", commits, {"a/x": ["C"]}, {"a/x": "mit"})
    assert set(selected(tables, tmp_path / "out", mode=mode, plan=plan)) == kept


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({"licence_preset": "octopack"}, {"agpl", "mit"}),
        ({"licence_preset": "permissive"}, {"mit"}),
        ({"licences": ("gpl-3.0",)}, {"gpl"}),
        ({"languages": ("Vala",), "licences": ("mit",)}, {"vala"}),
        ({"noise_messages": ("change it",)}, set()),
    ],
)
def test_lists_can_be_replaced(tmp_path: Path, settings: dict[str, Any], kept: set[str]) -> None:
    licenses = {"agpl": "agpl-3.0", "mit": "mit", "gpl": "gpl-3.0", "vala": "mit"}
    languages = {name: ["Vala" if name == "vala" else "C"] for name in licenses}
    commits = [commit_row(name, "Change it\n", [name]) for name in licenses]
    assert set(selected(write_warehouse(tmp_path / "t", commits, languages, licenses), tmp_path / "o", **settings)) == (
        kept
    )


def test_the_presets_have_12_and_8_licences() -> None:
    from octopack_data.statements import facts

    assert {name: len(keys) for name, keys in facts()["licences"].items()} == {"octopack": 12, "permissive": 8}
    assert len(facts()["languages"]) == 22


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        # As joined in the metadata, repeats included.
        ("published", {"ann/tool,ann/tool": "mit", "ann/tool,ann/tool,bob/tool": "mit", "cat/pearl": "artistic-2.0"}),
        (
            "fixed",
            {
                "ann/tool": "mit",
                "bob/tool": "mit",
                "cat/pearl": "artistic-2.0",
                "dan/free": "mit",
                "eve/free": "apache-2.0",
            },
        ),
    ],
)
def test_the_licence_map(tmp_path: Path, mode: Mode, expected: dict[str, str]) -> None:
    selected(write_golden(tmp_path / "tables"), tmp_path / "out", mode=mode)
    rows = list(read_rows(tmp_path / "out" / "licences.jsonl"))
    assert rows == [{"repos": repos, "license": key} for repos, key in expected.items()]


def test_manifest_and_shards(tmp_path: Path) -> None:
    selected(write_golden(tmp_path / "tables"), tmp_path / "out", mode="published")
    manifest = read_manifest(tmp_path / "out")
    assert [file["path"] for file in manifest["outputs"]] == ["data/metadata-00000-of-00001.parquet", "licences.jsonl"]
    for file in manifest["outputs"]:
        assert file["sha256"] == sha256_of(tmp_path / "out" / file["path"])
    assert {Path(file["path"]).name for file in manifest["inputs"]} == {
        "commits.parquet",
        "languages.parquet",
        "licenses.parquet",
    }
    assert not (tmp_path / "out" / ".work").exists()
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["settings"]["mode"] == "published"


@pytest.mark.parametrize("mode", MODES)
def test_a_run_can_be_repeated_byte_by_byte(tmp_path: Path, mode: Mode) -> None:
    tables = write_golden(tmp_path / "tables")
    for name in ("one", "two"):
        selected(tables, tmp_path / name, mode=mode)
    one, two = (read_manifest(tmp_path / name)["outputs"] for name in ("one", "two"))
    assert one == two


def test_nothing_of_others_is_replaced(tmp_path: Path) -> None:
    tables = write_golden(tmp_path / "tables")
    selected(tables, tmp_path / "out")
    with pytest.raises(InputError, match=r"holds a selection.*--overwrite"):
        selected(tables, tmp_path / "out")
    with pytest.raises(InputError, match=r"holds no selection"):
        selected(tables, tmp_path / "tables")


def test_not_even_the_output_of_another_stage_is_replaced(tmp_path: Path) -> None:
    write_manifest(tmp_path / "out", new_manifest("filter", {}, [], [], {}))
    with pytest.raises(InputError, match=r"holds what the stage 'filter' wrote"):
        select(find_tables(write_golden(tmp_path / "tables")), tmp_path / "out", SelectSettings(), overwrite=True)
    assert read_manifest(tmp_path / "out")["stage"] == "filter"


def test_what_a_killed_selection_has_left_is_no_obstacle(tmp_path: Path) -> None:
    tables = write_golden(tmp_path / "tables")
    selected(tables, tmp_path / "whole")
    for left in (
        "out/.work/selection.duckdb",
        "out/data/metadata-00000.part",
        "out/data/metadata-00000-of-00009.parquet",
    ):
        (tmp_path / left).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / left).touch()
    selected(tables, tmp_path / "out")
    assert read_manifest(tmp_path / "out")["outputs"] == read_manifest(tmp_path / "whole")["outputs"]
    assert [part.name for part in find_parts(tmp_path / "out")] == ["metadata-00000-of-00001"]


def test_a_selection_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise EnvironmentFault("no space left")

    tables = write_golden(tmp_path / "tables")
    monkeypatch.setattr("octopack_data.warehouse.write_rows", full)
    with pytest.raises(EnvironmentFault, match=r"no space left"):
        selected(tables, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_wrong_tables_and_settings_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no table commits"):
        find_tables(tmp_path)
    tables = write_golden(tmp_path / "tables")
    (tables / "licenses.parquet").write_bytes(b"none")
    with pytest.raises(InputError, match=r"licenses.parquet: table licenses cannot be read"):
        selected(tables, tmp_path / "out")
    (tables / "licenses.parquet").write_bytes((tables / "languages.parquet").read_bytes())
    with pytest.raises(InputError, match=r"table licenses has no column license"):
        selected(tables, tmp_path / "out")
    with pytest.raises(UsageError, match=r"'MIT' is no licence key"):
        make_settings(SelectSettings, {"licences": ["MIT"]})


def test_a_memory_limit_that_is_none_is_named(tmp_path: Path) -> None:
    tables = find_tables(write_golden(tmp_path / "tables"))
    with pytest.raises(EnvironmentFault, match=r"DuckDB cannot start .*'plenty'"):
        select(tables, tmp_path / "out", SelectSettings(), machine=Machine(memory_limit="plenty"), progress=False)
