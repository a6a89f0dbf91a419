"""A chain of which a stage keeps nothing: the funnel, the rule that took most, the way to the dropped rows."""

import re
from pathlib import Path
from typing import Any

import pytest

from octopack_data.chain import NothingLeft
from octopack_data.manifests import read_manifest
from octopack_data.rows import read_rows
from test_data_chain import clones, command, config

__all__ = ["clones"]  # a fixture


def nothing(folder: Path, clones: Path, **values: Any) -> tuple[str, str]:
    """Return the table and the message of a chain that ends early."""
    result = command(config(folder, clones, **values))
    assert isinstance(result.exception, NothingLeft), result.output
    assert result.exception.exit_code == 2
    return result.output, str(result.exception)


@pytest.fixture
def verbs(tmp_path: Path) -> dict[str, Any]:
    """Settings of a filter that keeps nothing."""
    (tmp_path / "verbs.txt").write_text("brush\n")
    return {"token_rule": False, "verbs": [str(tmp_path / "verbs.txt")]}


def test_the_funnel_and_the_strictest_rule_are_told(tmp_path: Path, clones: Path, verbs: dict[str, Any]) -> None:
    table, said = nothing(tmp_path, clones, filter=verbs)
    counts = read_manifest(tmp_path / "out/filter")["counts"]
    assert counts["kept"] == 0
    assert f"| – verb | {counts['dropped_verb']} |" in table
    assert "| **filter: kept** | **0** | **0.00 %** |" in table
    assert f"filter kept none of its {counts['rows']} rows" in said
    assert f"Most were dropped by verb: {counts['dropped_verb']}." in said
    assert not (tmp_path / "out/commitpackft").exists()
    assert nothing(tmp_path, clones, filter=verbs) == (table, said)  # the same command says it again


def test_rows_that_were_not_listed_are_listed_by_what_the_message_says(
    tmp_path: Path, clones: Path, verbs: dict[str, Any]
) -> None:
    _, said = nothing(tmp_path, clones, filter=verbs)
    assert re.search(r"`filter: \{excluded_share: 1.0\}` in the file .* --overwrite-from filter$", said)
    again = command(config(tmp_path, clones, filter={**verbs, "excluded_share": 1.0}), "--overwrite-from", "filter")
    found = re.search(r"The dropped rows with their reasons: zstd -dc (\S+) \| head$", str(again.exception))
    assert found is not None
    (row, *_) = read_rows(Path(found[1]))
    assert {"commit", "subject", "reason"} <= row.keys()


def test_a_selection_without_a_commit_ends_the_chain_with_its_reason(tmp_path: Path, clones: Path) -> None:
    table, said = nothing(tmp_path, clones, select={"until": "2000-01-01"})
    assert "| – date | 150 |" in table
    assert said.endswith("Most were dropped by date: 150.")


def test_a_sample_without_a_row_is_no_matter_of_excluded_rows(tmp_path: Path, clones: Path) -> None:
    _, said = nothing(tmp_path, clones, filter={"token_rule": False, "sample": "0.0000001"})
    assert "Most were dropped by sample" in said
    assert "excluded_share" not in said


def test_the_command_ends_with_the_message_and_not_with_a_trace(
    tmp_path: Path, clones: Path, verbs: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    from octopack_data.commands import main

    with pytest.raises(SystemExit, match="2"):
        main(["commitpack", "run", str(config(tmp_path, clones, filter=verbs))])
    out, err = capfd.readouterr()
    assert "| **filter: kept** | **0** |" in out
    assert err.startswith("Error: filter kept none of its")
