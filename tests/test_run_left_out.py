"""A language that cannot be judged here is left out: the model is loaded again only where it has something to do."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import humanevalpack as hep
from generation_files import FIX, row, run_folder
from humanevalpack.commands import main
from humanevalpack.errors import ToolchainMissing
from humanevalpack.lm_eval_plugin import toolchain_check
from humanevalpack.sandbox import Toolchain

pytest_plugins = ["tiny_models"]
pytestmark = [pytest.mark.xdist_group("run"), pytest.mark.toolchain("python")]

JS = "humanevalfixtests-js"
THERE = Toolchain("js", True, "20", (), (), "")
GONE = replace(THERE, available=False, missing=("node is missing",), version="", install="get node")
SKIPS: dict[str, Any] = {
    "tasks": f"{FIX},{JS}",
    "device": "cpu",
    "limit": 1,
    "dataset": "mini",
    "max_new_tokens": 4,
    "missing_toolchains": "skip",
    "sandbox": "process",
    "confirm_unsafe": True,
}


class Machine:
    """What this machine has of JavaScript."""

    def __init__(self) -> None:
        self.js = GONE

    def check(self, names: list[str], **how: Any) -> dict[str, Toolchain]:
        return {name: self.js if name == "js" else hep.check_toolchains([name], **how)[name] for name in names}


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    found = Machine()
    monkeypatch.setattr(toolchain_check, "check_toolchains", found.check)
    monkeypatch.setattr(toolchain_check, "_available", {})
    return found


@pytest.fixture
def finished(machine: Machine, untrained_model: Path, tmp_path: Path) -> hep.Run:
    """A run that came to its end without JavaScript."""
    return hep.run(untrained_model, output=tmp_path / "run", **SKIPS)


def test_a_finished_run_without_a_language_loads_no_model(
    finished: hep.Run, untrained_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("lm_eval.simple_evaluate", None)
    capsys.readouterr()
    again = hep.run(untrained_model, output=finished.folder, **SKIPS)
    assert [sample.task for sample in again.samples] == [FIX]
    said = capsys.readouterr().err
    assert "is finished: nothing is asked of the model" in said
    assert "js programs cannot be judged here: node is missing: left out of every score. Install it: get node" in said


@pytest.mark.parametrize("change", ["the toolchain is here now", "everything is to be generated"])
def test_the_model_is_asked_once_there_is_something_to_generate(
    finished: hep.Run, untrained_model: Path, machine: Machine, change: str
) -> None:
    machine.js = THERE if change == "the toolchain is here now" else GONE
    predict_only = change == "everything is to be generated"
    again = hep.run(untrained_model, output=finished.folder, predict_only=predict_only, **SKIPS)
    assert {sample.task for sample in again.samples} == {FIX, JS}


def test_a_dry_run_says_what_was_left_out(
    finished: hep.Run, untrained_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ("--tasks", SKIPS["tasks"], "--device", "cpu", "--limit", "1", "--dataset", "mini", "--sandbox", "process")
    options = ("-o", "max_new_tokens=4", "-o", "missing_toolchains=skip", "--output", str(finished.folder))
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main(["run", str(untrained_model), *flags, *options, "--dry-run", "--json"])
    assert json.loads(capsys.readouterr().out)["state"].startswith("finished: 1 generations, all judged; left out")


def test_an_evaluation_elsewhere_says_what_it_left_out_itself(tmp_path: Path) -> None:
    source = run_folder(tmp_path / "source", [row()], left_out={"js": "node was missing there"})
    done = hep.evaluate(source, output=tmp_path / "fresh", sandbox="process", confirm_unsafe=True)
    assert "left_out" not in done.manifest
    assert hep.read_run(source).manifest["left_out"] == {"js": "node was missing there"}


@pytest.mark.parametrize("changed", [{"tasks": JS}, {"missing_toolchains": "error"}], ids=["nothing left", "not asked"])
def test_a_run_that_cannot_be_judged_loads_no_model_and_makes_no_folder(
    changed: dict[str, Any], machine: Machine, untrained_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lm_eval.simple_evaluate", None)
    with pytest.raises(ToolchainMissing, match=f"{JS}: js programs cannot be judged here: node is missing"):
        hep.run(untrained_model, output=tmp_path / "run", **{**SKIPS, **changed})
    assert not (tmp_path / "run").exists()
