"""octopack_train.training.loggers: what was measured is in each logger's files, and each run has its own."""

import json
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from humanevalpack.errors import EnvironmentFault
from octopack_train.recipes.reading import read_recipe
from octopack_train.training.sft import train
from training_rows import example_rows, written

pytestmark = pytest.mark.xdist_group("training")

SHORT = ("data.text=question-answer", "sequence.length=64", "schedule.stop_after_steps=2", "cadence.save=0")
SEEN = ("loss", "learning_rate", "tokens_per_second", "trained_token_share", "grad_norm")


def run(folder: Path, logger: str, **how: Any) -> None:
    rows = folder.with_suffix(".jsonl")
    if not rows.exists():
        written(rows, *example_rows(30))
    own = [*SHORT, f"data.path={rows}", f"output={folder}", f"loggers=[{logger}]"]
    train(read_recipe("tiny-smoke", own), **how)


def name_of(folder: Path) -> str:
    return str(json.loads((folder / "environment.json").read_text("utf-8"))["run"])


def test_each_run_has_its_own_events_with_what_metrics_jsonl_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    monkeypatch.delenv("TENSORBOARD_LOGGING_DIR", raising=False)
    for name in ("first", "second"):  # in one Python
        run(tmp_path / name, "tensorboard")
        lines = [json.loads(line) for line in (tmp_path / name / "metrics.jsonl").read_text("utf-8").splitlines()]
        events = EventAccumulator(str(tmp_path / name / "tensorboard"))
        events.Reload()
        for value in SEEN:
            found = [(event.step, event.value) for event in events.Scalars(f"train/{value}")]
            assert found == [(line["step"], pytest.approx(line[value], rel=1e-6)) for line in lines], value
    assert len(list((tmp_path / "first" / "tensorboard").iterdir())) == 1


def test_each_run_is_one_of_weights_and_biases_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    for name in ("first", "second"):
        run(tmp_path / name, "wandb")
        assert len(list((tmp_path / name / "wandb").glob("offline-run-*/run-*.wandb"))) == 1
    run(tmp_path / "first", "wandb", resume="auto")
    begun = {path.name for path in (tmp_path / "first" / "wandb").glob("offline-run-*/run-*.wandb")}
    assert begun == {f"run-{name_of(tmp_path / 'first')}.wandb"}


TRACKIO = """
from types import SimpleNamespace
begun, config = [], {}
context_vars = SimpleNamespace(current_space_id=SimpleNamespace(get=lambda: None))

def init(**said):
    begun.append(said["name"])
    globals()["config"] = type("Config", (dict,), {"update": lambda self, *more, **named: None})()

def log(values): ...
def finish(): ...
"""
"""What transformers asks of trackio."""


def test_runs_whose_folders_have_one_name_are_two_for_trackio_and_one_that_goes_on_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "trackio.py").write_text(TRACKIO, "utf-8")
    spec = spec_from_file_location("trackio", tmp_path / "trackio.py")
    assert spec is not None
    assert spec.loader is not None
    trackio = module_from_spec(spec)
    spec.loader.exec_module(trackio)
    monkeypatch.setitem(sys.modules, "trackio", trackio)
    places = [tmp_path / name / "run" for name in ("here", "there")]
    for place in places:
        run(place, "trackio")
    first, second = (name_of(place) for place in places)
    run(places[0], "trackio", resume="auto")
    run(places[0], "trackio", overwrite=True)
    *names, last = trackio.begun
    assert names == [f"run-{first}", f"run-{second}", f"run-{first}"]
    assert last == f"run-{name_of(places[0])}"
    assert len({first, second, name_of(places[0])}) == 3


def test_without_a_key_wandb_is_an_error_before_anything_is_prepared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import wandb

    def refuse(**_: object) -> None:
        raise wandb.errors.UsageError("No API key configured.")

    monkeypatch.setattr(wandb, "init", refuse)
    with pytest.raises(EnvironmentFault, match=r"No API key configured.*wandb login, or WANDB_MODE=offline"):
        run(tmp_path / "run", "wandb")
    assert not (tmp_path / "run" / "data").exists()
