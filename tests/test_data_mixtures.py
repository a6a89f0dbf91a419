"""octopack_data.mixtures: what is written, the same whatever the way, after a kill too."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from data_rows import commit, write
from humanevalpack.errors import InputError
from mixture_runs import read, report, run, settings, taken, write_sources
from octopack_data.manifests import sha256_of
from octopack_data.mixture_settings import MixSettings, mixture_file, read_mixture, shipped
from octopack_data.rows import read_rows
from octopack_data.settings import read_settings
from octopack_data.sources import find_parts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_sources(tmp_path)


def test_without_weights_everything_is_there_once_shuffled_and_says_where_it_is_from(folder: Path) -> None:
    manifest = run(settings(folder, a={}, c={"form": "instruction"}), folder / "out")
    rows = read(folder / "out")
    assert manifest["counts"] == {"rows": 130, "kept": 130}
    assert {"prompt": "a7?", "completion": "a7!"}.items() <= next(row for row in rows if row["prompt"] == "a7?").items()
    [change] = [row for row in rows if row["row_id"] == f"{7:040x}"]
    assert change == {
        "prompt": "Change a\nx = 7\n",
        "completion": "a = 2\n",
        "source": "c",
        "lang": "Go",
        "row_id": f"{7:040x}",
    }
    places = [place for place, row in enumerate(rows) if row["source"] == "c"]
    assert (min(places) < 30, max(places) > 100) == (True, True)


def test_the_output_does_not_depend_on_workers_or_the_files_of_a_source(folder: Path) -> None:
    how = {"a": {"weight": 1}, "b": {"weight": 1}}
    run(settings(folder, {"valid": 0.2}, **how), folder / "one")
    whole = [row for part in find_parts(folder / "a") for row in read_rows(part.path)][::-1]
    run(settings(folder, {"valid": 0.2}, **how), folder / "three", workers=3)
    for path in (folder / "a").iterdir():
        path.unlink()
    write(folder / "a" / "whole.jsonl", whole)
    run(settings(folder, {"valid": 0.2}, **how), folder / "whole")
    names = ("train/data/mixture.jsonl", "valid/data/mixture.jsonl", "mixture.json")
    hashes = [[sha256_of(folder / output / name) for name in names] for output in ("one", "three", "whole")]
    assert hashes[0] == hashes[1] == hashes[2]


def test_duplicates_and_what_is_not_taken_are_counted(folder: Path) -> None:
    write(folder / "d" / "rows.jsonl", [{"prompt": f"{number % 10}", "completion": "x"} for number in range(50)])
    counts = run(settings(folder, d={"rows": 4, "most_rows": 8}), folder / "out")["counts"]
    assert counts == {
        "rows": 50,
        "kept": 4,
        "dropped_capped": 2,
        "dropped_exact_duplicate": 40,
        "dropped_not_taken": 4,
    }
    assert run(settings(folder, d={"deduplicate": False}), folder / "all")["counts"]["kept"] == 50


def test_columns_of_another_name_and_an_id_of_ones_own(folder: Path) -> None:
    write(folder / "d" / "rows.jsonl", [{"inputs": "q", "targets": "r", "tree": "t1"}])
    said = {"prompt_column": "inputs", "completion_column": "targets", "id_column": "tree"}
    run(settings(folder, d=said), folder / "out")
    assert read(folder / "out") == [{"prompt": "q", "completion": "r", "source": "d", "lang": "", "row_id": "t1"}]


def test_rows_for_megatron_and_whole_texts(folder: Path) -> None:
    write(folder / "d" / "rows.jsonl", [commit(1)])
    only = {"provenance": False, "mode": "published"}
    run(settings(folder, {**only, "columns": "inputs-targets"}, d={"form": "commit"}), folder / "mtf")
    run(settings(folder, {**only, "columns": "text"}, d={"form": "santacoderpack"}), folder / "text")
    head = "<commit_before>a = 1\n<commit_msg>"
    assert read(folder / "mtf") == [{"inputs": head, "targets": "Change a<commit_after>a = 2\n<|endoftext|>"}]
    assert read(folder / "text") == [{"text": f"{head}Change a\n<commit_after>a = 2\n"}]


def test_octocoder_s_text_has_its_boundary_before_the_space(folder: Path) -> None:
    write(folder / "d" / "rows.jsonl", [{"prompt": "Why?", "completion": "So."}])
    run(settings(folder, {"text": "question-answer", "provenance": False}, d={}), folder / "out")
    assert read(folder / "out") == [{"prompt": "Question: Why?\n\nAnswer:", "completion": " So."}]


@pytest.mark.parametrize("killed", ["source_examples", "quotas", "SideFiles"])
def test_after_kill_9_the_same_command_ends_as_an_undisturbed_run(folder: Path, killed: str) -> None:
    how = settings(folder, a={}, b={})
    program = (
        "import os, signal, sys; from pathlib import Path; import octopack_data.mixtures as m\n"
        "from octopack_data.mixture_settings import MixSettings\n"
        f"m.{killed} = lambda *a, **b: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"m.mix(MixSettings.model_validate_json({how.model_dump_json()!r}), Path({str(folder / 'out')!r}))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run([sys.executable, "-c", program], env=environment, check=False, capture_output=True)
    assert ended.returncode == -signal.SIGKILL
    assert run(how, folder / "out")["counts"] == run(how, folder / "whole")["counts"]
    assert read(folder / "out") == read(folder / "whole")
    assert not (folder / "out" / ".mix").exists()


def test_another_mixture_in_the_same_folder_is_refused_until_it_is_started_anew(folder: Path) -> None:
    run(settings(folder, a={}), folder / "out")
    with pytest.raises(InputError, match="--overwrite"):
        run(settings(folder, b={}), folder / "out")
    run(settings(folder, b={}), folder / "out", overwrite=True)
    assert taken(folder / "out") == {"b": 40}


def test_the_mixtures_that_ship() -> None:
    assert shipped() == ["octocoder", "santacoderpack"]
    octocoder, pretraining = read_mixture("octocoder"), read_mixture("santacoderpack")
    assert {one.name: (one.rows, "rows" in one.unverified) for one in octocoder.sources} == {
        "commitpackft": (5000, True),
        "oasst": (8587, True),
    }
    assert (octocoder.columns, octocoder.text) == ("prompt-completion", "raw")
    assert pretraining.sources[0].languages == ("Python", "JavaScript", "Java", "C++", "Go", "Rust")
    assert pretraining.columns == "text"
    assert all(read_settings(MixSettings, mixture_file(name)) for name in shipped())


@pytest.mark.real_data
def test_octocoder_s_mixture_of_the_pairs_that_are_published(shared: Path, folder: Path) -> None:
    path = shared / "sources/oasst/pairs.jsonl"
    how = read_mixture("octocoder")
    sources = (
        how.sources[0].model_copy(update={"source": str(folder / "c"), "rows": 10}),
        how.sources[1].model_copy(update={"source": str(path), "rows": 20}),
    )
    run(how.model_copy(update={"sources": sources}), folder / "out")
    assert report(folder / "out")["oasst"]["rows_there"] == 41  # of 151 lines: most stand there several times
    assert taken(folder / "out") == {"commitpackft": 10, "oasst": 20}
    asked = {row["prompt"] for row in read_rows(path)}
    assert {row["prompt"] for row in read(folder / "out") if row["source"] == "oasst"} <= asked
