"""What an evaluation refuses before it generates: toolchains, sandboxes, prompts that are not there."""

from pathlib import Path
from typing import Any

import pytest
from lm_eval.models.huggingface import HFLM

from humanevalpack.errors import ToolchainMissing, UsageError
from humanevalpack.lm_eval_plugin import toolchain_check
from humanevalpack.sandbox import Toolchain
from lm_eval_runs import run

pytest_plugins = ["tiny_models"]
# One worker of pytest-xdist makes the models and runs that these tests share.
pytestmark = pytest.mark.xdist_group("lm_eval_runs")

FIX = "humanevalfixtests-python"
# The tests judge Python programs of a random model: the sandbox that works everywhere will do.
SHORT: dict[str, Any] = {"max_new_tokens": 12, "sandbox": "process", "confirm_run_unsafe_code": True}


def no_toolchain(languages: list[str], *, sandbox: str, workers: object = None) -> dict[str, Toolchain]:
    return {
        language: Toolchain(language, False, "", (), ("rustc is missing",), "sudo sandboxes/rust/install.sh")
        for language in languages
    }


@pytest.fixture
def without_toolchains(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain_check, "_available", {})
    monkeypatch.setattr(toolchain_check, "check_toolchains", no_toolchain)


@pytest.mark.usefixtures("without_toolchains")
def test_a_missing_toolchain_is_an_error_before_anything_is_generated(untrained_model: Path) -> None:
    lm = HFLM(pretrained=str(untrained_model), device="cpu")
    lm.model.generate = lambda *_, **__: pytest.fail("the model was asked")
    with pytest.raises(ToolchainMissing, match=r"rustc is missing.*install\.sh.*missing_toolchains=skip") as missing:
        run("humanevalfixtests-rust", lm, metadata=SHORT, limit=1)
    assert missing.value.exit_code == 3


@pytest.mark.usefixtures("without_toolchains")
def test_a_language_that_is_left_out_is_not_generated_not_scored_and_named(untrained_model: Path) -> None:
    lm = HFLM(pretrained=str(untrained_model), device="cpu")
    lm.model.generate = lambda *_, **__: pytest.fail("the model was asked")
    metadata = {**SHORT, "missing_toolchains": "skip", "n_samples": 2}
    results = run("humanevalfix_rust", lm, metadata=metadata, limit=1).results
    row = results["results"]["humanevalfixtests-rust"]
    assert row["alias"] == "humanevalfixtests-rust (left out: no toolchain)"
    assert row["skipped,reference"] == 2
    assert not any(key.startswith("pass@") for name in results["results"] for key in results["results"][name])


def test_the_process_sandbox_must_be_confirmed(untrained_model: Path) -> None:
    metadata = {"max_new_tokens": 2, "sandbox": "process"}
    with pytest.raises(ValueError, match="confirm_run_unsafe_code"):
        run(FIX, untrained_model, metadata=metadata, limit=1)
    assert (
        run(FIX, untrained_model, metadata=metadata, limit=1, confirm_run_unsafe_code=True).metric(FIX, "pass@1") == 0
    )


@pytest.mark.parametrize("prompt", ["octocode", "continue", "no/such.yaml"])
def test_a_prompt_that_does_not_exist_or_does_not_fit_is_refused(untrained_model: Path, prompt: str) -> None:
    with pytest.raises(UsageError, match=r"octocoder"):
        run(FIX, untrained_model, metadata={**SHORT, "prompt": prompt}, limit=1)


def test_a_template_that_names_the_model_is_chosen_and_its_reason_told(
    untrained_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "octocoder").symlink_to(untrained_model)
    done = run(FIX, tmp_path / "octocoder", metadata={"max_new_tokens": 2}, limit=1, predict_only=True)
    assert done.samples(FIX)[0]["prompt"].startswith("Question: Fix bugs")
    assert done.record(FIX)["prompt"] == "octocoder"
    assert "prompt 'octocoder': model name 'octocoder' matches" in capsys.readouterr().err


def test_a_model_object_s_name_counts_too(untrained_model: Path, tmp_path: Path) -> None:
    (tmp_path / "starchat-beta").symlink_to(untrained_model)
    lm = HFLM(pretrained=str(tmp_path / "starchat-beta"), device="cpu")
    done = run(FIX, lm, metadata={"max_new_tokens": 2}, limit=1, predict_only=True)
    assert done.samples(FIX)[0]["prompt"].startswith("<|system|>")
    assert done.record(FIX)["prompt"] == "starchat"
    arguments = done.results["samples"][FIX][0]["arguments"][0]
    assert "<|end|>" in arguments[1]["until"]
