"""A real chain, clones -> select -> fetch -> split -> filter -> shard: the counts of its manifests add up."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from git_histories import long_history, make_repository, special_history
from octopack_data.commands import main
from octopack_data.funnel import read_chain
from octopack_data.rows import read_rows
from octopack_data.sources import find_parts


def command(*arguments: object) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["commitpack", *map(str, arguments)])
    assert not ended.value.code, arguments


def commits(folder: Path) -> set[str]:
    return {row["commit"] for part in find_parts(folder) for row in read_rows(part.path)}


def chain(folder: Path, clones: Path, samples: Sequence[str] = ("",) * 5) -> Path:
    """Run the chain below ``folder``, each stage with its sample; return the folder of the shards."""
    asked = [["--sample", sample] if sample else [] for sample in samples]
    command("select", clones, "-o", folder / "select", *asked[0])
    command("fetch", folder / "select", "-o", folder / "fetch", "--backend", "git-local", "--clones", clones, *asked[1])
    command("split", folder / "fetch", "-o", folder / "split", *asked[2])
    command("filter", folder / "split", "-o", folder / "filter", "--no-token-rule", *asked[3])
    command("shard", folder / "filter", "-o", folder / "shard", *asked[4])
    return folder / "shard"


@pytest.fixture(scope="module")
def clones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clones")
    make_repository(folder / "own" / "long", long_history(commits=60, files=5))
    make_repository(folder / "own" / "special", special_history())
    return folder


def test_the_rows_of_a_stage_are_those_that_the_one_before_has_kept(clones: Path, tmp_path: Path) -> None:
    found = read_chain(chain(tmp_path, clones))
    assert [stage.stage for stage in found] == ["histories", "select", "fetch", "split", "filter", "shard"]
    for stage in found:
        assert stage.rows == stage.kept + sum(stage.dropped.values()), stage
    for before, after in pairwise(found):
        assert before.kept == after.rows > 0
    assert found[0].rows == 60 + len(special_history())
    assert found[-1].kept == len(commits(tmp_path / "shard")) > 30
    dropped = {stage.stage: set(stage.dropped) for stage in found}
    assert dropped["select"] == {"repository_or_message", "no_file_in_place", "several_files_or_licences"}
    assert dropped["fetch"] == {"unknown_extension"}
    assert dropped["split"] == {"status_gone", "status_not_utf8", "status_too_large"}  # gone: a path of other bytes
    assert not dropped["shard"]


@pytest.mark.parametrize("sample", ["0.4", "20"])
def test_a_later_stage_keeps_the_whole_sample_of_an_earlier_one(clones: Path, tmp_path: Path, sample: str) -> None:
    first = commits(chain(tmp_path / "first", clones, (sample, "", "", "", "")))
    assert first == commits(chain(tmp_path / "everywhere", clones, (sample,) * 5))
    assert len(first) >= 10


@pytest.mark.parametrize("stage", range(1, 5))
def test_a_share_is_the_same_commits_whichever_stage_takes_it(clones: Path, tmp_path: Path, stage: int) -> None:
    first = commits(chain(tmp_path / "first", clones, ("0.4", "", "", "", "")))
    samples = ["0.4" if stage == number else "" for number in range(5)]
    assert commits(chain(tmp_path / "other", clones, samples)) == first


def test_a_sampled_chain_adds_up(clones: Path, tmp_path: Path) -> None:
    found = read_chain(chain(tmp_path, clones, ("0.5", "0.5", "0.4", "20", "10")))
    for stage in found:
        assert stage.rows == stage.kept + sum(stage.dropped.values()), stage
    for before, after in pairwise(found):
        assert before.kept == after.rows
    assert found[-1].kept == 10
    assert [stage.stage for stage in found if "sample" in stage.dropped] == ["select", "split", "filter", "shard"]
