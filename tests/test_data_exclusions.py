"""octopack_data.exclusions: what ``excluded/`` lists of the rows that leave a stage."""

from pathlib import Path
from typing import Any

from data_rows import fetched, write
from octopack_data.exclusions import EXCLUDED
from octopack_data.filtering import FilterSettings, filter_stage
from octopack_data.parts import run_stage
from octopack_data.rows import read_rows
from octopack_data.sources import find_parts
from octopack_data.splitting import SplitSettings, split_stage


def source(folder: Path) -> Path:
    """Rows of which the stage split drops every second one for its status."""
    rows = [fetched(n, repos=f"user{n}/x", status="ok" if n % 2 else "gone") for n in range(200)]
    write(folder / "in" / "p.jsonl", rows)
    return folder / "in"


def listed(output: Path) -> list[dict[str, Any]]:
    return [row for file in sorted((output / EXCLUDED).rglob("*.zst")) for row in read_rows(file)]


def split(folder: Path, name: str, **settings: Any) -> list[dict[str, Any]]:
    output = folder / name
    run_stage(split_stage(find_parts(source(folder)), output, SplitSettings(**settings)), progress=False)
    return listed(output)


def test_a_line_names_commit_file_subject_and_reason(tmp_path: Path) -> None:
    found = split(tmp_path, "out")
    assert len(found) == 100
    assert {tuple(row) for row in found} == {("commit", "new_file", "subject", "reason")}
    assert {row["reason"] for row in found} == {"status_gone"}


def test_with_contents_a_line_is_the_row_and_a_source_of_the_same_stage(tmp_path: Path) -> None:
    split(tmp_path, "out", excluded_contents=True)
    again = SplitSettings(statuses=("gone",))
    manifest = run_stage(
        split_stage(find_parts(tmp_path / "out" / EXCLUDED), tmp_path / "again", again), progress=False
    )
    assert manifest["counts"] == {"rows": 100, "kept": 100}


def test_a_smaller_share_is_a_part_of_a_larger_one(tmp_path: Path) -> None:
    fifth, more = ({row["commit"] for row in split(tmp_path, str(x), excluded_share=x)} for x in (0.2, 0.6))
    assert fifth < more
    assert 8 < len(fifth) < 35
    assert split(tmp_path, "none", excluded_share=0.0) == []


def test_rows_of_people_who_opted_out_are_counted_and_listed_nowhere(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("user1\nuser3\n")
    settings = SplitSettings(opt_out=tmp_path / "list.txt", excluded_contents=True)
    manifest = run_stage(split_stage(find_parts(source(tmp_path)), tmp_path / "out", settings), progress=False)
    assert manifest["counts"]["dropped_opt_out"] == 2
    assert {row["reason"] for row in listed(tmp_path / "out")} == {"status_gone"}


def test_the_filter_lists_nothing_unless_asked(tmp_path: Path) -> None:
    run_stage(split_stage(find_parts(source(tmp_path)), tmp_path / "split", SplitSettings()), progress=False)
    for share, expected in ((0.0, False), (1.0, True)):
        settings = FilterSettings(token_rule=False, excluded_share=share)
        run_stage(filter_stage(find_parts(tmp_path / "split"), tmp_path / str(share), settings), progress=False)
        assert bool(listed(tmp_path / str(share))) == expected
