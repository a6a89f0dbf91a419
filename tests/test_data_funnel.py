"""octopack_data.funnel: what each stage of a chain kept and dropped, and who read whose output."""

from itertools import pairwise
from pathlib import Path

import pytest

from data_rows import fetched, write
from humanevalpack.errors import InputError
from octopack_data.funnel import StageCounts, funnel_table, lineage_graph, read_chain
from octopack_data.manifests import FileFacts, new_manifest, write_manifest
from octopack_data.optout import OptOutSettings, opt_out_stage
from octopack_data.parts import run_stage
from octopack_data.shards import ShardSettings, shard_stage
from octopack_data.sources import find_parts
from octopack_data.splitting import SplitSettings, split_stage


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    """A run of three stages on ten rows."""
    rows = [fetched(n, "a.py" if n % 2 else "a.go", f"user{n}/x", status="gone" if n < 3 else "ok") for n in range(10)]
    write(tmp_path / "in" / "part-0000.jsonl", rows)
    (tmp_path / "list.txt").write_text("user9\n")
    run_stage(split_stage(find_parts(tmp_path / "in"), tmp_path / "split", SplitSettings()), progress=False)
    run_stage(
        opt_out_stage(
            find_parts(tmp_path / "split"), tmp_path / "optout", OptOutSettings(opt_out=tmp_path / "list.txt")
        ),
        progress=False,
    )
    run_stage(shard_stage(find_parts(tmp_path / "optout"), tmp_path / "shards", ShardSettings()), progress=False)
    return tmp_path


def test_a_stage_that_was_given_no_row_has_no_share(tmp_path: Path) -> None:
    assert "| **shard: kept** | **0** |  |\n" in funnel_table([StageCounts("shard", tmp_path, 0, 0, {}, ())])


def test_a_chain_is_read_from_its_last_folder(chain: Path) -> None:
    found = read_chain(chain / "shards")
    assert [(stage.stage, stage.rows, stage.kept, stage.dropped) for stage in found] == [
        ("split", 10, 7, {"status_gone": 3}),
        ("optout", 7, 6, {"opt_out": 1}),
        ("shard", 6, 6, {}),
    ]
    for stage in found:
        assert stage.rows == stage.kept + sum(stage.dropped.values())
    for before, after in pairwise(found):
        assert (before.kept, after.before) == (after.rows, (before.folder,))


def test_a_chain_is_found_from_any_folder(chain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(chain)
    run_stage(shard_stage(find_parts("split"), Path("again"), ShardSettings()), progress=False)
    monkeypatch.chdir(chain / "in")
    assert [stage.stage for stage in read_chain(chain / "again")] == ["split", "shard"]


def test_the_funnel_as_a_table(chain: Path) -> None:
    assert funnel_table(read_chain(chain / "optout")).splitlines()[2:] == [
        "| split: read | 10 | |",
        "| – status_gone | 3 | 30.00 % |",
        "| **split: kept** | **7** | **70.00 %** |",
        "| optout: read | 7 | |",
        "| – opt_out | 1 | 14.29 % |",
        "| **optout: kept** | **6** | **85.71 %** |",
    ]


def test_the_lineage_as_a_graph(chain: Path) -> None:
    text = lineage_graph(read_chain(chain / "optout"))
    assert text.splitlines()[0] == "flowchart LR"
    assert '  s1["optout<br/>optout<br/>6 rows"]' in text
    assert "  s0 --> s1\n" in text


def test_stages_that_share_a_source_are_listed_once(chain: Path) -> None:
    run_stage(shard_stage(find_parts(chain / "split"), chain / "other", ShardSettings()), progress=False)
    assert [stage.stage for stage in read_chain(chain / "shards", chain / "other")] == [
        "split", "optout", "shard", "shard",
    ]  # fmt: skip


def test_a_stage_that_counts_nothing_has_the_rows_that_it_wrote(tmp_path: Path) -> None:
    outputs = [FileFacts("data/a.parquet", 10, "", 4), FileFacts("data/b.parquet", 10, "", 5)]
    tmp_path.joinpath("out").mkdir()
    write_manifest(tmp_path / "out", new_manifest("export", {}, [], outputs, {}))
    assert [(stage.rows, stage.kept) for stage in read_chain(tmp_path / "out")] == [(9, 9)]


def test_reports_beside_the_rows_are_no_rows_and_nothing_dropped_is_one_line(tmp_path: Path) -> None:
    outputs = [FileFacts("data/a.jsonl", 10, "", 4), FileFacts("found/a.jsonl", 10, "", 7)]
    write_manifest(tmp_path, new_manifest("redact", {}, [], outputs, {"rows": 4, "changed": 3}))
    assert funnel_table(read_chain(tmp_path)).splitlines()[2:] == ["| **redact: kept** | **4** | **100.00 %** |"]


def test_folders_that_read_each_other_are_refused(tmp_path: Path) -> None:
    for name, other in (("a", "b"), ("b", "a")):
        read = [FileFacts(str(tmp_path / other / "data" / "x.jsonl"), 1, "")]
        (tmp_path / name).mkdir()
        write_manifest(tmp_path / name, new_manifest("x", {}, read, [], {}))
    with pytest.raises(InputError, match="reads its own output"):
        read_chain(tmp_path / "a")


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"manifest\.json: not a manifest"):
        read_chain(tmp_path)
