"""octopack_data.optout: rows of people who asked not to be in the data, as published and mended."""

from pathlib import Path
from typing import Any

import pytest

from data_rows import commit, write
from humanevalpack.errors import InputError
from octopack_data.licences import known_licences
from octopack_data.optout import OptOutSettings, opt_out_stage, read_opt_out, remaining
from octopack_data.parts import run_stage
from octopack_data.rows import read_rows
from octopack_data.sources import find_parts


@pytest.fixture
def accounts(tmp_path: Path) -> Path:
    path = tmp_path / "accounts.txt"
    path.write_text("# who asked\nAnn\n\nbob/secret\n")
    return path


# repos: (left as published, left once mended, left with `any`); None: the row goes
ROWS = {
    "Ann/x": (None, None, None),
    "ann/x": ("ann/x", None, None),
    "Ann/x,Ann/x": ("Ann/x,Ann/x", None, None),
    "Ann/x,carl/x": ("Ann/x,carl/x", "carl/x", None),
    "carl/x,ANN/x,dora/x": ("carl/x,ANN/x,dora/x", "carl/x,dora/x", None),
    "bob/secret": (None, None, None),
    "bob/open": ("bob/open", "bob/open", "bob/open"),
    "carl/x,carl/x": ("carl/x,carl/x",) * 3,
    "Anna/x": ("Anna/x",) * 3,
}


@pytest.mark.parametrize("repos", ROWS)
def test_what_is_left_of_a_row(repos: str, accounts: Path) -> None:
    opt_out = read_opt_out(accounts)
    assert (
        remaining(repos, opt_out, "published"),
        remaining(repos, opt_out, "fixed"),
        remaining(repos, opt_out, "fixed", drop_any=True),
    ) == ROWS[repos]


def test_a_row_goes_if_its_content_came_from_a_listed_repository(accounts: Path) -> None:
    opt_out = read_opt_out(accounts)
    assert remaining("ann/x,carl/x", opt_out, "fixed", fetched_from="Ann/X") is None
    assert remaining("ann/x,carl/x", opt_out, "fixed", fetched_from="carl/x") == "carl/x"


def test_rows_that_tell_where_their_content_came_from_go_with_it(tmp_path: Path, accounts: Path) -> None:
    rows = [
        commit(n, repos="ann/x,carl/x", fetched_via=f"raw-http:{repo}") for n, repo in enumerate(("ann/x", "carl/x"))
    ]
    write(tmp_path / "in/data/c/c-0001.jsonl", rows)
    run(tmp_path / "in", tmp_path / "out", opt_out=accounts)
    assert [row["repos"] for row in read_rows(tmp_path / "out/data/c/c-0001.jsonl")] == ["carl/x"]


def finished(folder: Path) -> Path:
    """Shards as the release has them, in three formats."""
    write(folder / "data/python/python-0001.jsonl", [commit(1, repos="ann/x"), commit(2, repos="carl/x")])
    write(folder / "data/python/python-0002.jsonl.zst", [commit(3, repos="Ann/x,carl/x")])
    write(folder / "data/go/go-0001.jsonl", [commit(4, repos="ann/y")])
    return folder


def run(source: Path, output: Path, **settings: Any) -> dict[str, Any]:
    chosen = OptOutSettings(**settings)
    return run_stage(opt_out_stage(find_parts(source), output, chosen), progress=False)


def test_finished_shards_keep_their_names_and_formats(tmp_path: Path, accounts: Path) -> None:
    manifest = run(finished(tmp_path / "in"), tmp_path / "out", opt_out=accounts)
    assert [(file["path"], file["rows"]) for file in manifest["outputs"]] == [
        ("data/go/go-0001.jsonl", 0),
        ("data/python/python-0001.jsonl", 1),
        ("data/python/python-0002.jsonl.zst", 1),
    ]
    assert manifest["counts"] == {"rows": 4, "kept": 2, "dropped_opt_out": 2, "changed": 1, "kept_source_unknown": 1}
    assert list(read_rows(tmp_path / "out/data/python/python-0002.jsonl.zst")) == [commit(3, repos="carl/x")]


def test_a_second_list_is_applied_to_the_output_of_the_first(tmp_path: Path, accounts: Path) -> None:
    run(finished(tmp_path / "in"), tmp_path / "first", opt_out=accounts)
    accounts.with_name("more.txt").write_text("carl\n")
    manifest = run(tmp_path / "first", tmp_path / "second", opt_out=accounts.with_name("more.txt"))
    assert manifest["counts"]["kept"] == 0


def test_parquet_keeps_its_columns(tmp_path: Path, accounts: Path) -> None:
    run(finished(tmp_path / "in"), tmp_path / "out", opt_out=accounts, format="parquet")
    again = run(tmp_path / "out", tmp_path / "again", opt_out=accounts)
    assert [file["path"] for file in again["outputs"]][1:] == [
        "data/python/python-0001.parquet",
        "data/python/python-0002.parquet",
    ]
    assert list(read_rows(tmp_path / "again/data/python/python-0001.parquet")) == [commit(2, repos="carl/x")]


def test_the_licence_follows_the_repositories_that_are_left(tmp_path: Path, accounts: Path) -> None:
    licences = write(
        tmp_path / "map.jsonl", [{"repos": "ann/x", "license": "agpl-3.0"}, {"repos": "carl/x", "license": "isc"}]
    )
    write(tmp_path / "in/data/c/c-0001.jsonl", [commit(1, licence="agpl-3.0", repos="ann/x,carl/x")])
    run(tmp_path / "in", tmp_path / "out", opt_out=accounts, licence_map=licences)
    assert [row["license"] for row in read_rows(tmp_path / "out/data/c/c-0001.jsonl")] == ["isc"]


def test_no_name_of_the_list_is_written(tmp_path: Path, accounts: Path) -> None:
    run(finished(tmp_path / "in"), tmp_path / "out", opt_out=accounts)
    manifest = (tmp_path / "out/manifest.json").read_text() + (tmp_path / "out/.parts/stage.json").read_text()
    assert "Ann" not in manifest
    assert "opt_out_sha256" in manifest
    assert "Ann" not in repr(read_opt_out(accounts))


def test_a_changed_list_is_another_run(tmp_path: Path, accounts: Path) -> None:
    run(finished(tmp_path / "in"), tmp_path / "out", opt_out=accounts)
    accounts.write_text("carl\n")
    with pytest.raises(InputError, match=r"holds another run .*opt_out_sha256"):
        run(tmp_path / "in", tmp_path / "out", opt_out=accounts)


@pytest.mark.parametrize("line", ["Ann and Bob", "https://github.com/ann", "a/b/c", "a,b"])
def test_a_line_that_is_no_account(line: str, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(f"# names\n{line}\n")
    with pytest.raises(InputError, match=r"list\.txt, line 2: must be one account") as error:
        read_opt_out(tmp_path / "list.txt")
    assert line not in str(error.value)


def test_a_list_that_is_edited_between_two_runs_of_one_program_is_read_again(tmp_path: Path, accounts: Path) -> None:
    read_opt_out(accounts)
    accounts.write_text("carl\n")
    assert run(finished(tmp_path / "in"), tmp_path / "out", opt_out=accounts)["counts"]["changed"] == 1
    assert [row["repos"] for row in read_rows(tmp_path / "out/data/python/python-0001.jsonl")] == ["ann/x"]


def test_a_licence_map_that_is_edited_between_two_runs_of_one_program_is_read_again(tmp_path: Path) -> None:
    for licence in ("isc", "bsd-3-clause"):
        write(tmp_path / "licences.jsonl", [{"repos": "ann/x", "license": licence}])
        assert known_licences(tmp_path / "licences.jsonl", "fixed") == {"ann/x": licence}


def test_the_mark_that_some_editors_put_before_a_text_is_no_part_of_a_name(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("ann\n", "utf-8-sig")
    assert read_opt_out(tmp_path / "list.txt").entries == {"ann"}
