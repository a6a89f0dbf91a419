"""octopack_train.run_folder and checkpoints: where a run may begin, and from what it may go on."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from humanevalpack.errors import InputError, UsageError
from octopack_data.manifests import write_json
from octopack_data.processes import alone
from octopack_train.checkpoints import WHOLE, check_states, checkpoint_of, seal
from octopack_train.recipes.reading import read_recipe
from octopack_train.run_folder import append_metrics, cut_metrics
from octopack_train.training.sft import Trained, train
from training_rows import example_rows, written

pytestmark = pytest.mark.xdist_group("training")

SHORT = ["data.text=question-answer", "sequence.length=64", "schedule.stop_after_steps=2", "cadence.save=1"]


def run(folder: Path, rows: Path, *changes: str, resume: str | None = None, overwrite: bool = False) -> Trained:
    own = [*SHORT, f"data.path={rows}", f"output={folder}", *changes]
    return train(read_recipe("tiny-smoke", own), resume=resume, overwrite=overwrite)


def metrics(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("rows") / "rows.jsonl", *example_rows(8))


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, rows: Path) -> Path:
    """A finished run with two checkpoints."""
    return run(tmp_path_factory.mktemp("done") / "run", rows).folder


@pytest.fixture
def copy(done: Path, tmp_path: Path, rows: Path) -> Path:
    """The same run, to be spoiled."""
    folder = shutil.copytree(done, tmp_path / "run")
    config = folder / "config.yaml"
    config.write_text(config.read_text("utf-8").replace(str(done), str(folder)), "utf-8")
    return folder


def test_a_folder_with_a_run_is_not_begun_again(done: Path, rows: Path) -> None:
    with pytest.raises(UsageError, match=r"holds a run: --resume auto goes on .* --overwrite"):
        run(done, rows)


@pytest.mark.parametrize("name", ["data", "model", "adapter", "metrics.jsonl", "checkpoint-final"])
def test_what_is_not_of_a_run_is_not_replaced_by_one(tmp_path: Path, name: str, rows: Path) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "precious").touch()
    with pytest.raises(UsageError, match=rf"no config\.yaml, so it is no run, and holds .* replace: {name}"):
        run(tmp_path, rows)
    assert (tmp_path / name / "precious").exists()


def test_overwrite_takes_no_folder_without_a_run(tmp_path: Path, rows: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(UsageError, match=r"has no config\.yaml: it is no run"):
        run(tmp_path, rows, overwrite=True)
    (tmp_path / "config.yaml").write_text("compute_environment: LOCAL_MACHINE\n")
    with pytest.raises(UsageError, match=r"config\.yaml is not that of a run"):
        run(tmp_path, rows, overwrite=True)
    assert (tmp_path / "thesis.tex").exists()


def test_overwrite_leaves_what_lies_beside_a_run(copy: Path, rows: Path) -> None:
    (copy / "thesis.tex").touch()
    run(copy, rows, "schedule.stop_after_steps=1", overwrite=True)
    assert (copy / "thesis.tex").exists()
    assert not (copy / "checkpoint-2").exists()


def test_what_a_run_left_that_was_killed_before_its_first_step_is_no_obstacle(copy: Path, rows: Path) -> None:
    for path in copy.iterdir():
        if path.name not in ("data", "tokenizer", "base"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert run(copy, rows).steps == 2


@pytest.mark.parametrize("how", [{"resume": "auto"}, {"overwrite": True}])
def test_two_runs_do_not_work_in_one_folder(copy: Path, rows: Path, how: dict[str, Any]) -> None:
    with alone(copy / ".lock"), pytest.raises(UsageError, match="another run is at work there"):
        run(copy, rows, **how)
    assert (copy / "checkpoint-2").exists()


@pytest.mark.parametrize("kept", [True, False])
def test_a_run_does_not_go_on_with_other_data_however_often_it_is_told_to(tmp_path: Path, *, kept: bool) -> None:
    rows = written(tmp_path / "rows.jsonl", *example_rows(8))
    run(tmp_path / "run", rows, "schedule.stop_after_steps=1")
    written(rows, *example_rows(7), {"prompt": "other", "completion": "rows"})
    if not kept:
        shutil.rmtree(tmp_path / "run" / "data")
    for _ in range(2):
        with pytest.raises(InputError, match="the data is not what this run began with"):
            run(tmp_path / "run", rows, resume="auto")
    written(rows, *example_rows(8))
    assert run(tmp_path / "run", rows, resume="auto").steps == 2


def test_a_checkpoint_that_a_kill_left_half_written_is_passed_over(copy: Path) -> None:
    assert checkpoint_of(copy, "auto") == copy / "checkpoint-2"
    (copy / "checkpoint-2" / WHOLE).unlink()  # it is written last
    assert checkpoint_of(copy, "auto") == copy / "checkpoint-1"


def damaged_by(error: type[BaseException]) -> Callable[..., None]:
    def save(*_: Any) -> None:
        raise error

    return save


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_a_run_that_ends_while_it_saves_goes_on_from_the_checkpoint_before(
    tmp_path: Path, rows: Path, done: Path, error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path / "run", rows, "schedule.stop_after_steps=1")
    with monkeypatch.context() as patched:
        patched.setattr("transformers.Trainer._save_rng_state", damaged_by(error))
        with pytest.raises(error):
            run(tmp_path / "run", rows, resume="auto")
    assert (tmp_path / "run" / "checkpoint-2" / "optimizer.pt").exists()
    assert checkpoint_of(tmp_path / "run", "auto") == tmp_path / "run" / "checkpoint-1"
    assert not (tmp_path / "run" / "done.json").exists()
    assert run(tmp_path / "run", rows, resume="auto").steps == 2
    assert [line["loss"] for line in metrics(tmp_path / "run")] == [line["loss"] for line in metrics(done)]


def test_a_checkpoint_that_is_not_of_this_run(done: Path, copy: Path, tmp_path: Path) -> None:
    for other in (tmp_path, tmp_path / "nothing", copy / "checkpoint-1"):
        with pytest.raises(InputError, match=r"no whole checkpoint is there; in .*checkpoint-1, .*checkpoint-2"):
            checkpoint_of(done, str(other))
    assert checkpoint_of(done, str(done / "checkpoint-1")) == done / "checkpoint-1"
    (copy / "checkpoint-2").rename(copy / "checkpoint-best")
    assert checkpoint_of(copy, "auto") == copy / "checkpoint-1"
    assert checkpoint_of(tmp_path, "auto") is None


def test_another_number_of_processes_and_nothing_to_test_on_are_said(
    copy: Path, rows: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seal(copy / "checkpoint-2", 8, "ddp")
    run(copy, rows, "cadence.evaluate=1", resume="auto")
    said = capsys.readouterr().err
    assert "holds the state of chance of 8 processes, and here are 1: the rows are the same" in said
    assert "note: rows to test on: none: cadence.evaluate measures nothing" in said


@pytest.mark.parametrize("name", ["optimizer.pt", "scheduler.pt"])
def test_a_run_does_not_go_on_without_the_state_of_its_optimizer(copy: Path, rows: Path, name: str) -> None:
    (copy / "checkpoint-2" / name).unlink()
    with pytest.raises(InputError, match=f"checkpoint-2: {name} is missing: go on from another one"):
        run(copy, rows, resume="auto")
    assert run(copy, rows, resume=str(copy / "checkpoint-1")).steps == 2


def test_a_checkpoint_that_does_not_say_what_wrote_it_is_an_error_with_the_mend(copy: Path) -> None:
    write_json(copy / "checkpoint-2" / WHOLE, {"processes": 1})  # as it was written before
    for resume in ("auto", str(copy / "checkpoint-2")):
        with pytest.raises(InputError, match=r"whole\.json: does not say which distributed\.kind .* anew: --overwrite"):
            checkpoint_of(copy, resume)
    assert checkpoint_of(copy, str(copy / "checkpoint-1")) == copy / "checkpoint-1"


def test_a_run_alone_that_lost_its_state_of_chance_is_told_to_go_on_from_another_checkpoint(
    copy: Path, rows: Path
) -> None:
    (copy / "checkpoint-2" / "rng_state.pth").unlink()
    with pytest.raises(InputError, match=r"lacks rng_state\.pth, .* go on from another checkpoint: --resume PATH$"):
        run(copy, rows, resume="auto")


@pytest.mark.parametrize(
    ("wrote", "reads", "refused"),
    [
        ((8, "zero1"), (1, "ddp"), True),
        ((8, "ddp"), (8, "zero1"), True),
        ((8, "zero2"), (4, "zero2"), True),
        ((8, "zero2"), (8, "zero2"), False),
        ((8, "fsdp2"), (4, "fsdp2"), False),
    ],
)
def test_who_reads_an_optimizer_s_state_is_who_could_have_written_it(
    tmp_path: Path, wrote: tuple[int, str], reads: tuple[int, str], refused: bool
) -> None:
    tmp_path.joinpath("checkpoint-1").mkdir()
    seal(tmp_path / "checkpoint-1", *wrote)
    if not refused:
        check_states(tmp_path / "checkpoint-1", *reads)
        return
    with pytest.raises(UsageError, match=f"go on with distributed.kind={wrote[1]} on {wrote[0]} processes"):
        check_states(tmp_path / "checkpoint-1", *reads)


def test_measurements_behind_a_checkpoint_are_taken_out(tmp_path: Path) -> None:
    for step in range(5):
        append_metrics(tmp_path, {"step": step})
    cut_metrics(tmp_path, 2)
    assert [line["step"] for line in metrics(tmp_path)] == [0, 1, 2]


def test_a_line_that_a_kill_cut_off_is_taken_out(tmp_path: Path) -> None:
    append_metrics(tmp_path, {"step": 1})
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 2, "lo')
    cut_metrics(tmp_path, 2)
    assert [line["step"] for line in metrics(tmp_path)] == [1]
