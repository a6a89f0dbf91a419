"""octopack-train megatron launch: how a run begins, what must be there, torchrun and Slurm; with stand-ins for both."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from humanevalpack.errors import HumanEvalPackError, InputError, UsageError
from octopack_data.rows import write_rows
from octopack_train.commands import main
from octopack_train.megatron.tracker import TRACKER, begin_of, make_release, read_tracker, write_tracker
from slurm_commands import make_slurm
from tiny_tokenizers import byte_level, saved

TORCHRUN = '#!/bin/sh\nprintf "%s\\n" "NCCL=$NCCL_ASYNC_ERROR_HANDLING" "$@" > "$(dirname "$0")/said"\nexit 7\n'


def tracked(folder: Path, text: str, *checkpoints: str) -> Path:
    for name in checkpoints:
        (folder / name).mkdir(parents=True)
    folder.mkdir(exist_ok=True)
    (folder / TRACKER).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("text", "checkpoint", "begin"),
    [("release\n", "release", "first"), ("release", "release", "first"), ("2500\n", "iter_0002500", "resume")],
)
def test_the_tracker_says_how_a_run_begins(text: str, checkpoint: str, begin: str, tmp_path: Path) -> None:
    folder = tracked(tmp_path / "c", text, checkpoint)
    assert begin_of(folder, "bigcode/santacoder") == begin
    assert begin_of(folder, None) == begin


def test_without_a_tracker_weights_are_random_or_missing(tmp_path: Path) -> None:
    assert begin_of(tmp_path, None) == "scratch"
    with pytest.raises(InputError, match=rf"{TRACKER} is not there: this recipe begins with the weights of base/x"):
        begin_of(tmp_path, "base/x")


@pytest.mark.parametrize("text", ["", "0\n", "-5", "Release", "latest", "12 13", "1e3", "²", "iter_0000100"])
def test_a_broken_tracker_is_an_error(text: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"must be 'release' or the number of an iteration"):
        begin_of(tracked(tmp_path / "c", text), None)


@pytest.mark.parametrize("text", ["release", "100"])
def test_a_tracker_that_names_what_is_not_there(text: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"names {text}, but there is no folder"):
        read_tracker(tracked(tmp_path / "c", text))


def test_a_written_tracker_reads_back(tmp_path: Path) -> None:
    (tmp_path / "iter_0000300").mkdir()
    assert write_tracker(tmp_path, 300).read_text() == "300\n"
    assert read_tracker(tmp_path) == 300


def test_a_checkpoint_becomes_the_release_of_a_run(tmp_path: Path) -> None:
    (tmp_path / "iter_0000001/mp_rank_00").mkdir(parents=True)
    make_release(tmp_path / "iter_0000001", tmp_path / "run")
    assert (tmp_path / "run/release/mp_rank_00").is_dir()
    assert begin_of(tmp_path / "run", "base/x") == "first"
    with pytest.raises(UsageError, match="has a release or a tracker already"):
        make_release(tmp_path / "iter_0000001", tmp_path / "run")
    with pytest.raises(InputError, match="no Megatron checkpoint"):
        make_release(tmp_path, tmp_path / "other")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a checkout, a release, data of pairs with path files, and a torchrun that writes down."""
    monkeypatch.chdir(tmp_path)
    for name in ("Megatron-LM/megatron", "bin", "checkpoints/santacoder-mtf-ql"):
        Path(name).mkdir(parents=True)
    for name in ("finetune_mtf.py", "pretrain_gpt.py"):
        Path("Megatron-LM", name).touch()
    Path("bin/torchrun").write_text(TORCHRUN)
    Path("bin/torchrun").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    tracked(Path("checkpoints/santacoder-mtf-ql"), "release", "release/mp_rank_00")
    Path("checkpoints/santacoder-mtf-ql/release/mp_rank_00/model_optim_rng.pt").touch()
    saved(byte_level(), tmp_path / "tokenizer.json")
    write_rows(Path("pairs.jsonl"), [{"inputs": f"x{n}", "targets": f"y{n}"} for n in range(20)])
    run("preprocess", "pairs.jsonl", "-o", "data/commits", "--tokenizer", "tokenizer.json")
    run("paths", "data/commits", "-o", "data", "--valid", "0.1")
    return tmp_path


def run(*arguments: str) -> int:
    try:
        main(["megatron", *arguments])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


LAUNCH: tuple[str, ...] = ("launch", "santacoder-mtf-ql", "--dialect", "bigcode-2023", "--megatron", "Megatron-LM")
LAUNCH += ("--set", "data.tokenizer=tokenizer.json")


def test_the_command_is_printed(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(*LAUNCH) == 0
    said = capsys.readouterr()
    assert said.out.startswith("export CUDA_DEVICE_MAX_CONNECTIONS=1\nexport TORCH_NCCL_ASYNC_ERROR_HANDLING=1\n")
    assert (
        "\ntorchrun \\\n  --nnodes 1 \\\n  --nproc-per-node 8 \\\n  --standalone \\\n  --max-restarts 0 \\\n"
        in said.out
    )
    assert "  --tee 3 \\\n  Megatron-LM/finetune_mtf.py \\\n  --tensor-model-parallel-size 1 \\\n" in said.out
    assert "8 devices: data parallel 8, accumulation 1; 131,072 tokens a step" in said.err
    assert "begins: first" in said.err
    assert not (place / "bin/said").exists()
    shell = subprocess.run(["bash", "-ec", said.out], capture_output=True, check=False)
    assert shell.returncode == 7
    assert (place / "bin/said").read_text().splitlines()[:3] == ["NCCL=1", "--nnodes", "1"]


@pytest.mark.parametrize("command", [("args",), ("launch", "--megatron", "Megatron-LM")])
def test_what_cannot_be_mended_is_said_first(
    command: tuple[str, ...], place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("checkpoints/santacoder-mtf-ql", TRACKER).unlink()
    assert run(command[0], "santacoder-mtf-ql", "--dialect", "core-0.16", *command[1:]) == 2
    assert "core-0.16 cannot say what recipe santacoder-mtf-ql asks for" in capsys.readouterr().err


def test_it_is_executed_with_its_environment_and_its_exit_code_kept(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*LAUNCH, "--execute") == 7
    said = (place / "bin/said").read_text().splitlines()
    assert said[0] == "NCCL=1"
    assert said[-2:] == ["--tensorboard-dir", "checkpoints/santacoder-mtf-ql/tensorboard"]
    two = (*LAUNCH, "--machines", "2", "--devices", "4", "--execute")
    assert run(*two) == 2
    assert "MASTER_ADDR in the environment" in capsys.readouterr().err
    monkeypatch.setenv("MASTER_ADDR", "node17")
    assert run(*two) == 7
    assert "node17:6001" in (place / "bin/said").read_text().splitlines()


def test_a_job_of_several_machines_for_slurm(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("cluster.yaml").write_text("partition: gpu\nsbatch: {account: me}\nenvironment: MADE=1\nlogs: my logs\n")
    monkeypatch.setenv("PATH", f"{make_slurm(place / 'slurm')}:{place / 'bin'}:/usr/bin:/bin")
    job = (*LAUNCH, "--machines", "2", "--devices", "4", "--slurm", "cluster.yaml")
    capsys.readouterr()
    assert run(*job) == 0
    assert capsys.readouterr().out == "sbatch santacoder-mtf-ql.sbatch\n"
    text = Path("santacoder-mtf-ql.sbatch").read_text()
    for line in (
        "nodes=2",
        "ntasks-per-node=1",
        "gres=gpu:4",
        "partition=gpu",
        "account=me",
        "output='my logs/%x-%j.out'",
    ):
        assert f"#SBATCH --{line}\n" in text
    done = subprocess.run(["bash", "santacoder-mtf-ql.sbatch"], capture_output=True, text=True, check=False)
    assert done.returncode == 7, done.stderr
    said = (place / "bin/said").read_text().splitlines()
    assert said[:4] == ["NCCL=1", "--nnodes", "2", "--nproc-per-node"]
    assert "here:6001" in said  # the first of the names that scontrol tells
    assert list((place / "slurm/jobs").iterdir()) == []


def test_the_first_of_very_many_machines_is_asked(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("cluster.yaml").write_text("partition: gpu\n")
    slurm = make_slurm(place / "slurm")
    (slurm / "scontrol").write_text("#!/bin/sh\nseq -f node%g 1 100000\n")
    monkeypatch.setenv("PATH", f"{slurm}:{place / 'bin'}:/usr/bin:/bin")
    assert run(*LAUNCH, "--machines", "2", "--devices", "4", "--slurm", "cluster.yaml") == 0
    assert subprocess.run(["bash", "santacoder-mtf-ql.sbatch"], capture_output=True, check=False).returncode == 7
    assert "node1:6001" in (place / "bin/said").read_text().splitlines()


def test_a_job_is_given_to_slurm(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("cluster.yaml").write_text("partition: gpu\nsbatch: {array: 0-0}\n")
    job = (*LAUNCH, "--slurm", "cluster.yaml", "-o", "jobs/ql.sbatch", "--execute")
    assert run(*job) == 3
    assert "sbatch is not installed here" in capsys.readouterr().err
    monkeypatch.setenv("PATH", f"{make_slurm(place / 'slurm')}:{place / 'bin'}:/usr/bin:/bin")
    assert run(*job) == 0
    assert capsys.readouterr().out == "Submitted batch job 1\n"
    assert json.loads((place / "slurm/jobs/1.json").read_text())["script"] == Path("jobs/ql.sbatch").read_text()


FAULTS: dict[str, tuple[Callable[[], object], str]] = {
    "another checkout": (lambda: Path("Megatron-LM/finetune_mtf.py").unlink(), "Megatron-LM: no finetune_mtf.py there"),
    "no tokenizer": (lambda: Path("tokenizer.json").unlink(), "tokenizer.json: no such file"),
    "no tracker": (lambda: Path("checkpoints/santacoder-mtf-ql", TRACKER).unlink(), "is not there: this recipe begins"),
    "no weights": (
        lambda: Path("checkpoints/santacoder-mtf-ql/release/mp_rank_00/model_optim_rng.pt").rename("there.pt"),
        "release/mp_rank_00/model_optim_rng.pt is not there: the weights of bigcode/santacoder, made with",
    ),
    "no dataset": (lambda: Path("data/commits_targets_document.idx").unlink(), "no indexed dataset that can be read"),
    "overlap": (
        lambda: Path("data/valid_paths.txt").write_text('"v: 1 0.8:1 data/commits"\n'),
        "share the documents 0.8:0.9 of data/commits",
    ),
    "two groups of training": (
        lambda: Path("data/train_paths.txt").write_text('"a: 1 0:0.1 data/commits" "b: 1 0.1:0.2 data/commits"\n'),
        "train_paths.txt: 2 groups; training has one",
    ),
}


@pytest.mark.parametrize("case", FAULTS)
def test_what_a_run_needs_is_looked_for_before_it_begins(
    case: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil, message = FAULTS[case]
    spoil()
    assert run(*LAUNCH, "--execute") == 2
    assert message in capsys.readouterr().err
    assert not (place / "bin/said").exists()


def aged(path: Path, seconds: float) -> None:
    now = Path("data/train_paths.txt").stat().st_mtime
    path.touch()
    os.utime(path, (now + seconds, now + seconds))


def test_a_map_of_other_data_would_be_taken_for_this_one_s(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    maps = "data/commits_train_indexmap_9ns_1234s_decoder_packed_shuffle_idx.npy"
    aged(Path(maps), 60)
    assert run(*LAUNCH, "--execute") == 7
    aged(Path(maps), -60)
    assert run(*LAUNCH, "--execute") == 2
    assert f"{maps}: Megatron-LM would read rows by this map of an earlier run" in capsys.readouterr().err
    Path(maps).rename("data/other_train_indexmap_9ns_1234s_decoder_packed_shuffle_idx.npy")
    assert run(*LAUNCH, "--execute") == 7


def test_validation_on_trained_rows_is_told_and_has_a_way_out(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(*LAUNCH, "--execute") == 7
    warning = "warning: validation: Megatron-LM of 2023 reads a share from its dataset's first document on, so 0.9:1"
    assert warning in capsys.readouterr().err
    run("preprocess", "pairs.jsonl", "-o", "data/held", "--tokenizer", "tokenizer.json")
    assert run("paths", "data/commits", "-o", "data", "--valid-prefix", "data/held") == 0
    assert Path("data/train_paths.txt").read_text() == '"train: 1.0 0.0:1.0 data/commits"\n'
    assert Path("data/valid_paths.txt").read_text() == '"validation: 1.0 0.0:1.0 data/held"\n'
    assert run(*LAUNCH, "--execute") == 7
    assert "warning" not in capsys.readouterr().err
    assert run("paths", "data/commits", "-o", "data", "--valid-prefix", "data/held", "--valid", "0.1") == 2
    assert "--valid and --valid-prefix" in capsys.readouterr().err
    for path in Path("data").glob("*_paths.txt"):
        path.unlink()
    assert run("paths", "data/commits", "-o", "data", "--valid-prefix", "./data/commits") == 2
    assert "data/valid_paths.txt, validation share the documents 0:1 of data/commits" in capsys.readouterr().err
    assert list(Path("data").glob("*_paths.txt")) == []


def test_datasets_of_two_lengths_are_no_pairs(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_rows(Path("one.jsonl"), [{"inputs": "x"}])
    run(
        "preprocess",
        "one.jsonl",
        "-o",
        "data/commits",
        "--tokenizer",
        "tokenizer.json",
        "--key",
        "inputs",
        "--overwrite",
    )
    assert run(*LAUNCH, "--execute") == 2
    assert "data/commits: 1 inputs and 20 targets" in capsys.readouterr().err


@pytest.mark.parametrize("key", ["inputs", "targets"])
def test_documents_without_a_token_would_end_the_run(key: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"inputs": "x", "targets": "y"}, {"inputs": "x", "targets": "y"} | {key: ""}]
    write_rows(Path("pairs.jsonl"), rows)
    again = ("--tokenizer", "tokenizer.json", "--eod", "none", "--overwrite")
    run("preprocess", "pairs.jsonl", "-o", "data/commits", *again)
    capsys.readouterr()
    assert run(*LAUNCH, "--execute") == 2
    assert f"commits_{key}_document: 1 documents without a token, first that of row 2" in capsys.readouterr().err
    assert not (place / "bin/said").exists()


def test_paths_asks_for_datasets(place: Path) -> None:
    with pytest.raises((SystemExit, HumanEvalPackError)):
        main(["megatron", "paths", "data/no", "-o", "data"])
    assert Path("data/train_paths.txt").read_text() == '"train: 1.0 0.0:0.9 data/commits"\n'
    assert Path("data/valid_paths.txt").read_text() == '"validation: 1.0 0.9:1.0 data/commits"\n'
