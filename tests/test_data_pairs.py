"""octopack_data.pairs: commits become training examples, each once, in an order that they and the seed decide."""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from data_rows import commit, write
from humanevalpack.errors import InputError, UsageError
from octopack_data.manifests import read_manifest, sha256_of
from octopack_data.pairs import PairSettings, make_pairs
from octopack_data.rows import read_rows
from octopack_data.sources import find_parts

COMMIT = PairSettings(form="commit")


def change(number: int, **more: Any) -> dict[str, Any]:
    return commit(number, **{"old_contents": f"a = {number}\n", "new_contents": f"a = {number + 1}\n", **more})


@pytest.fixture
def commits(tmp_path: Path) -> Path:
    rows = [change(number) for number in range(60)]
    write(tmp_path / "in/data/python/data.jsonl", rows[:40])
    write(tmp_path / "in/data/go/data.jsonl.zst", [{**row, "lang": "Go"} for row in rows[40:]])
    return tmp_path / "in"


def run(source: Path, output: Path, how: PairSettings = COMMIT, workers: int = 1, **more: Any) -> dict[str, Any]:
    return make_pairs(find_parts(source), output, how, workers=workers, progress=False, **more)


def read(output: Path, side: str = "") -> list[dict[str, Any]]:
    return [row for part in find_parts(output / side) for row in read_rows(part.path)]


def files(output: Path) -> dict[str, str]:
    paths = (path for path in sorted(output.rglob("*")) if ".parts" not in path.parts and path.is_file())
    return {path.relative_to(output).as_posix(): sha256_of(path) for path in paths if path.name != "manifest.json"}


def test_rows_for_supervised_fine_tuning_and_for_megatron(commits: Path, tmp_path: Path) -> None:
    run(commits, tmp_path / "sft")
    run(commits, tmp_path / "mtf", PairSettings(form="commit", mode="published", columns="inputs-targets"))
    head = "<commit_before>a = 7\n<commit_msg>"
    assert {"prompt": f"{head}Change a<commit_after>", "completion": "a = 8\n"} in read(tmp_path / "sft")
    assert {"inputs": head, "targets": "Change a<commit_after>a = 8\n<|endoftext|>"} in read(tmp_path / "mtf")


def test_one_and_three_workers_and_any_order_of_the_rows_write_the_same(commits: Path, tmp_path: Path) -> None:
    how = PairSettings(valid=0.3)
    run(commits, tmp_path / "one", how)
    run(commits, tmp_path / "three", how, workers=3)
    rows = [row for part in find_parts(commits) for row in read_rows(part.path)]
    run(write(tmp_path / "whole.jsonl", rows[::-1]), tmp_path / "whole", how)
    assert files(tmp_path / "one") == files(tmp_path / "three") == files(tmp_path / "whole") != {}
    one, three = (read_manifest(tmp_path / name) for name in ("one", "three"))
    assert one | {"created": ""} == three | {"created": ""}


def test_the_order_is_shuffled_and_the_seed_gives_another(commits: Path, tmp_path: Path) -> None:
    run(commits, tmp_path / "zero")
    run(commits, tmp_path / "one", PairSettings(form="commit", seed=1))
    zero, one = read(tmp_path / "zero"), read(tmp_path / "one")
    assert zero != one
    assert sorted(map(str, zero)) == sorted(map(str, one))
    numbers = [int(row["completion"].split()[-1]) for row in zero]
    assert numbers != sorted(numbers)


def test_the_manifest_names_sources_outputs_and_counts(commits: Path, tmp_path: Path) -> None:
    manifest = run(commits, tmp_path / "out", PairSettings(form="commit", languages=("go",)))
    assert manifest["counts"] == {"rows": 60, "kept": 20, "dropped_language": 40}
    assert sorted(file["sha256"] for file in manifest["inputs"]) == sorted(
        sha256_of(part.path) for part in find_parts(commits)
    )
    assert [(file["path"], file["rows"]) for file in manifest["outputs"]] == [("data/pairs.jsonl", 20)]
    assert manifest["settings"]["form"] == "commit"


def test_equal_examples_are_written_once_and_counted(tmp_path: Path) -> None:
    rows = [{**change(number % 3), "commit": f"{number:040x}"} for number in range(30)]
    source = write(tmp_path / "rows.jsonl", rows)
    manifest = run(source, tmp_path / "out", PairSettings(form="commit", keep=("commit",)))
    assert manifest["counts"] == {"rows": 30, "kept": 3, "dropped_exact_duplicate": 27}
    assert sorted(row["commit"] for row in read(tmp_path / "out")) == [f"{number:040x}" for number in range(3)]
    run(source, tmp_path / "all", PairSettings(form="commit", deduplicate=False))
    assert Counter(row["completion"] for row in read(tmp_path / "all")) == {f"a = {n}\n": 10 for n in (1, 2, 3)}


def test_what_teaches_nothing_or_holds_a_mark_is_counted_and_left_out(tmp_path: Path) -> None:
    bad = [change(1, new_contents="<commit_msg>"), change(2, new_contents="a = 2\n\n"), change(3)]
    source = write(tmp_path / "rows.jsonl", bad)
    manifest = run(source, tmp_path / "out", PairSettings(form="line-diff"))
    assert manifest["counts"] == {"rows": 3, "kept": 1, "dropped_empty_target": 1, "dropped_mark_in_text": 1}
    assert run(source, tmp_path / "all", PairSettings(form="line-diff", mode="published"))["counts"]["kept"] == 3


def test_a_hash_puts_an_example_on_the_same_side_when_others_come(commits: Path, tmp_path: Path) -> None:
    how = PairSettings(form="commit", valid=0.5)
    run(commits, tmp_path / "less", how)
    write(commits / "data/rust/data.jsonl", [change(number) for number in range(100, 130)])
    run(commits, tmp_path / "more", how)
    for side in ("train", "valid"):
        assert {str(row) for row in read(tmp_path / "less", side)} <= {
            str(row) for row in read(tmp_path / "more", side)
        }
        assert read(tmp_path / "less", side)


def test_equal_examples_that_stay_are_on_one_side(tmp_path: Path) -> None:
    rows = [{**change(number % 20), "commit": f"{number:040x}"} for number in range(200)]
    how = PairSettings(form="commit", valid=0.5, deduplicate=False)
    run(write(tmp_path / "rows.jsonl", rows), tmp_path / "out", how)
    train, valid = ({str(row) for row in read(tmp_path / "out", side)} for side in ("train", "valid"))
    assert (len(train | valid), train & valid) == (20, set())


def test_a_place_in_the_order_gives_an_exact_share(commits: Path, tmp_path: Path) -> None:
    counts = run(commits, tmp_path / "out", PairSettings(form="commit", valid=0.05, split_by="place"))["counts"]
    assert (counts["train"], counts["valid"]) == (57, 3)
    run(commits, tmp_path / "whole")
    whole = read(tmp_path / "whole")
    assert (read(tmp_path / "out", "train"), read(tmp_path / "out", "valid")) == (whole[:57], whole[57:])


@pytest.mark.parametrize("killed", ["make_example", "SideFiles"])
def test_after_kill_9_the_same_command_ends_as_an_undisturbed_run(commits: Path, tmp_path: Path, killed: str) -> None:
    program = (
        "import os, signal; from pathlib import Path; import octopack_data.pairs as p\n"
        "from octopack_data.sources import find_parts\n"
        f"p.{killed} = lambda *a, **b: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"p.make_pairs(find_parts({str(commits)!r}), Path({str(tmp_path / 'out')!r}), p.PairSettings(form='commit'),"
        " progress=False)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run([sys.executable, "-c", program], env=environment, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert not (tmp_path / "out/manifest.json").exists()
    run(commits, tmp_path / "out")
    run(commits, tmp_path / "whole")
    assert files(tmp_path / "out") == files(tmp_path / "whole")
    assert not (tmp_path / "out" / ".pairs").exists()


def test_a_finished_run_is_only_read(commits: Path, tmp_path: Path) -> None:
    first = run(commits, tmp_path / "out")
    assert run(commits, tmp_path / "out") == first


def test_other_settings_and_changed_sources_are_refused_until_they_are_started_anew(
    commits: Path, tmp_path: Path
) -> None:
    run(commits, tmp_path / "out")
    with pytest.raises(InputError, match="seed is 0 there and 1 now"):
        run(commits, tmp_path / "out", PairSettings(form="commit", seed=1))
    rows = [{**change(number), "subject": "Alter a"} for number in range(40)]
    changed = write(commits / "data/python/data.jsonl", [{**row, "subject": "Change b"} for row in rows])
    with pytest.raises(InputError, match=f"{changed} has changed"):
        run(commits, tmp_path / "out")
    run(commits, tmp_path / "out", overwrite=True)
    assert any("Change b" in row["prompt"] for row in read(tmp_path / "out"))


def test_parquet_and_zstd_say_the_same(commits: Path, tmp_path: Path) -> None:
    for form in ("parquet", "jsonl.zst", "jsonl"):
        run(commits, tmp_path / form, PairSettings(form="commit", keep=("lang",), format=form))
    assert read(tmp_path / "parquet") == read(tmp_path / "jsonl.zst") == read(tmp_path / "jsonl") != []


def test_a_sample_is_the_same_commits_as_at_every_stage(commits: Path, tmp_path: Path) -> None:
    counts = run(commits, tmp_path / "out", PairSettings(form="commit", sample="10"))["counts"]
    assert counts == {"rows": 60, "kept": 10, "dropped_sample": 50}


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"form": "gpt"}, "there is no format 'gpt'"),
        ({"form": "santacoderpack"}, "one text without an input: give --columns text"),
        ({"languages": ("Phyton",)}, r"there is no 'Phyton'; near are .*Python"),
        ({"keep": ("prompt",)}, "prompt is a column of the examples"),
        ({"form": "xp3", "file_name": True}, "xp3 takes no file name"),
        ({"sample": "-1"}, "sample is '-1'"),
    ],
)
def test_settings_that_cannot_work_are_refused(commits: Path, tmp_path: Path, how: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        run(commits, tmp_path / "out", PairSettings(**how))


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"form": "given-diff"}, "row 1: no column 'diff'"),
        ({"keep": ("stars",)}, "row 1: no column 'stars'"),
        ({"form": "commit", "languages": ("Rust",)}, "none of 60 rows became an example: {'dropped_language': 60}"),
    ],
)
def test_rows_that_do_not_fit_are_said(commits: Path, tmp_path: Path, how: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        run(commits, tmp_path / "out", PairSettings(**how))


def test_no_rows_are_no_examples(tmp_path: Path) -> None:
    source = write(tmp_path / "rows.jsonl", [])
    assert run(source, tmp_path / "out")["counts"] == {"rows": 0, "kept": 0}
