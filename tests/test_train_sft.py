"""octopack_train.training: a run on a CPU, and the same run in two halves."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl.trainer.sft_trainer import SFTTrainer

from humanevalpack.errors import EnvironmentFault, UsageError
from octopack_train.recipes.reading import read_recipe
from octopack_train.schedules import learning_rate
from octopack_train.training.arguments import arguments
from octopack_train.training.models import load_base
from octopack_train.training.sft import Trained, train
from training_rows import example_rows, written

pytestmark = pytest.mark.xdist_group("training")

SHORT = [
    *("data.text=question-answer", "sequence.length=64", "schedule.schedule_steps=12", "cadence.save=6"),
    *("schedule.warmup_steps=2", "seeds.data=3"),
]


def run(folder: Path, rows: Path, *settings: str, resume: str | None = None, overwrite: bool = False) -> Trained:
    own = [*SHORT, "schedule.stop_after_steps=12", f"data.path={rows}", f"output={folder}", *settings]
    return train(read_recipe("tiny-smoke", own), resume=resume, overwrite=overwrite)


def metrics(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("rows") / "rows.jsonl", *example_rows(30))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, rows: Path) -> Trained:
    """Twelve steps with dropout; 30 rows in steps of 4: the passes end inside a step."""
    return run(tmp_path_factory.mktemp("whole") / "run", rows)


@pytest.fixture(scope="module")
def halves(tmp_path_factory: pytest.TempPathFactory, rows: Path) -> Trained:
    """Six steps, then six more."""
    folder = tmp_path_factory.mktemp("halves") / "run"
    run(folder, rows, "schedule.stop_after_steps=6")
    return run(folder, rows, resume="auto")


def test_a_run_that_goes_on_is_the_run_that_was_not_stopped(whole: Trained, halves: Trained) -> None:
    for name in ("step", "loss", "grad_norm", "learning_rate", "trained_token_share"):
        assert [line[name] for line in metrics(halves.folder)] == [line[name] for line in metrics(whole.folder)]
    left, right = (load_file(done.saved / "adapter_model.safetensors") for done in (whole, halves))
    assert left.keys() == right.keys()
    assert all(torch.equal(left[name], right[name]) for name in left)


def test_steps_are_made_with_the_schedules_learning_rates(whole: Trained) -> None:
    settings = read_recipe("tiny-smoke", SHORT).settings
    made = [line["learning_rate"] for line in metrics(whole.folder)]
    assert made == pytest.approx([learning_rate(settings.optimizer, settings.schedule, step) for step in range(12)])


def test_what_is_measured(whole: Trained) -> None:
    lines = metrics(whole.folder)
    assert [line["step"] for line in lines] == list(range(1, 13))
    wanted = {"loss", "learning_rate", "grad_norm", "tokens_per_second", "tokens_per_second_per_device"}
    wanted |= {"trained_token_share", "peak_memory_bytes", "passes", "entropy", "mean_token_accuracy"}
    assert all(wanted <= set(line) for line in lines)
    assert (
        lines[-1]["passes"]
        == 12 * 4 / json.loads((whole.folder / "data" / "report.json").read_text("utf-8"))["train"]["rows"]
    )
    assert all(0 < line["trained_token_share"] < 1 for line in lines)


def test_the_folder_of_a_run(whole: Trained) -> None:
    assert (
        read_recipe(str(whole.folder / "config.yaml")).settings
        == read_recipe(
            "tiny-smoke", [*SHORT, "schedule.stop_after_steps=12", f"output={whole.folder}", _path(whole)]
        ).settings
    )
    environment = json.loads((whole.folder / "environment.json").read_text("utf-8"))
    assert environment["weights"] == "fp32, as the recipe says"
    assert environment["distribution"] == "none"
    assert {"torch", "trl", "peft", "transformers"} <= set(environment["packages"])
    done = json.loads((whole.folder / "done.json").read_text("utf-8"))
    assert (done["steps"], done["saved"]) == (12, "adapter")
    assert not list(whole.saved.glob("*.bin"))
    assert not (whole.saved / "README.md").exists()  # PEFT's empty form would pass for a card


def _path(done: Trained) -> str:
    (path,) = json.loads((done.folder / "data" / "report.json").read_text("utf-8"))["files"]
    return f"data.path={path}"


def test_the_adapter_is_peft_s_and_knows_its_base(whole: Trained) -> None:
    from peft import PeftModel

    config = json.loads((whole.saved / "adapter_config.json").read_text("utf-8"))
    assert config["base_model_name_or_path"] == str(whole.folder / "base")
    assert (config["r"], config["lora_alpha"], config["task_type"]) == (4, 8, "CAUSAL_LM")
    base = AutoModelForCausalLM.from_pretrained(config["base_model_name_or_path"])
    tokenizer = AutoTokenizer.from_pretrained(whole.saved)
    ids = tokenizer("Question: a", return_tensors="pt").input_ids
    before = base(ids).logits
    adapted = PeftModel.from_pretrained(base, whole.saved)
    assert not torch.equal(adapted(ids).logits, before)


def test_a_run_does_not_go_on_with_other_settings(whole: Trained, rows: Path) -> None:
    with pytest.raises(
        UsageError, match=r"learning_rate was 0.003 and is 0.1; batch was '4 rows a step' and is '8 rows a step'"
    ):
        run(whole.folder, rows, "optimizer.learning_rate=0.1", "batch.per_device=8", resume="auto")


def test_all_weights_in_bf16_whatever_accelerate_was_told(
    tmp_path: Path, rows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "no")
    changes = ["adapter=false", "precision=bf16", "loss=all", "schedule.stop_after_steps=2", "cadence.save=0"]
    done = run(tmp_path / "run", rows, *changes, "cadence.evaluate=1", "data.test_share=0.3")
    assert json.loads((done.folder / "environment.json").read_text("utf-8"))["mixed_precision"] == "bf16"
    assert done.saved == tmp_path / "run" / "model"
    assert (done.saved / "model.safetensors").is_file()
    assert not (done.folder / "base").exists()
    lines = metrics(done.folder)
    assert [line["eval_loss"] > 0 for line in lines if "eval_loss" in line] == [True, True]
    assert all(line["trained_token_share"] > 0.9 for line in lines if "loss" in line)


def test_to_measure_the_test_rows_changes_nothing_that_is_learned(tmp_path: Path, rows: Path) -> None:
    found = []
    for name, every in (("never", 0), ("always", 1)):
        changes = ["schedule.stop_after_steps=4", "data.test_share=0.3", f"cadence.evaluate={every}"]
        done = run(tmp_path / name, rows, *changes, "adapter.dropout=0.5")
        found.append([line["loss"] for line in metrics(done.folder) if "loss" in line])
    assert found[0] == found[1]


@pytest.mark.parametrize("logger", ["tensorboard", "trackio", "wandb"])
def test_a_logger_that_is_not_installed(
    tmp_path: Path, rows: Path, monkeypatch: pytest.MonkeyPatch, logger: str
) -> None:
    monkeypatch.setattr("octopack_train.training.loggers.find_spec", lambda name: None)
    with pytest.raises(EnvironmentFault, match=rf"loggers: {logger} is not installed; mend it: pip install {logger}, "):
        run(tmp_path, rows, f"loggers=[{logger}]")
    assert not (tmp_path / "config.yaml").exists()


def test_a_row_longer_than_the_models_positions(tmp_path: Path, rows: Path) -> None:
    with pytest.raises(UsageError, match=r"sequence\.length is 600: longer than the model's 512 positions"):
        run(tmp_path / "run", rows, "sequence.length=600")


def test_defaults_of_the_libraries_are_not_ours(tmp_path: Path) -> None:
    octocoder = read_recipe("octocoder").settings
    found = arguments(octocoder, tmp_path, "a run", 32, cpu=True, evaluates=False)
    assert (found.learning_rate, found.weight_decay, found.max_grad_norm) == (5e-4, 0.05, 1.0)
    assert (found.adam_beta1, found.adam_beta2, found.adam_epsilon) == (0.9, 0.999, 1e-8)
    assert (found.max_steps, found.per_device_train_batch_size, found.gradient_accumulation_steps) == (30, 1, 32)
    assert (found.max_length, found.packing, found.completion_only_loss) == (2048, False, False)
    assert (found.logging_steps, found.save_steps, found.bf16, found.gradient_checkpointing) == (1, 5, True, True)
    assert (found.seed, found.data_seed, found.report_to) == (42, 0, [])
    smoke = arguments(read_recipe("tiny-smoke").settings, tmp_path, "a run", 1, cpu=True, evaluates=False)
    assert (smoke.packing, smoke.packing_strategy, smoke.completion_only_loss) == (True, "bfd", True)
    assert (smoke.bf16, smoke.gradient_checkpointing) == (False, False)


def test_our_tokens_and_labels_are_those_that_trl_would_make(whole: Trained, tmp_path: Path) -> None:
    settings = read_recipe("tiny-smoke", SHORT).settings
    tokenizer = AutoTokenizer.from_pretrained(whole.folder / "tokenizer")
    args = arguments(settings, tmp_path, "a run", 1, cpu=True, evaluates=False)
    args.dataset_kwargs, args.packing = None, False
    texts = [
        {"prompt": f"Question: {row['prompt']}\n\nAnswer:", "completion": f" {row['completion']}"}
        for row in example_rows(30)
    ]
    model = load_base(settings, "fp32", tokenizer, "cpu")
    theirs = SFTTrainer(model=model, args=args, train_dataset=Dataset.from_list(texts), processing_class=tokenizer)
    made: Any = theirs.train_dataset
    wanted = sorted((row["input_ids"], row["labels"]) for row in made)
    ours = []
    for row in Dataset.from_file(str(whole.folder / "data" / "train.arrow")):
        begun = 0
        for size in row["seq_lengths"]:
            ours.append(tuple(row[name][begun : begun + size] for name in ("input_ids", "labels")))
            begun += size
    assert sorted(ours) == wanted


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_an_example_in_a_packed_row_sees_no_other(whole: Trained, tmp_path: Path, attention: str) -> None:
    own = read_recipe("tiny-smoke", [*SHORT, f"model.attention={attention}"]).settings
    tokenizer = AutoTokenizer.from_pretrained(whole.folder / "tokenizer")
    model = load_base(own, "fp32", tokenizer, "cpu").eval()
    assert model.config._attn_implementation == attention
    row = max(Dataset.from_file(str(whole.folder / "data" / "train.arrow")), key=lambda one: len(one["seq_lengths"]))
    assert len(row["seq_lengths"]) > 1
    args = arguments(own, tmp_path, "a run", 1, cpu=True, evaluates=False)
    data = Dataset.from_list([row])
    trainer = SFTTrainer(model=model, args=args, train_dataset=data, processing_class=tokenizer)
    batch = trainer.data_collator([row])
    assert "attention_mask" not in batch  # with one of ones, examples would see each other
    packed = model(input_ids=batch["input_ids"], position_ids=batch["position_ids"]).logits[0]
    begun = 0
    for size in row["seq_lengths"]:
        alone = model(input_ids=torch.tensor([row["input_ids"][begun : begun + size]])).logits[0]
        assert torch.allclose(packed[begun : begun + size], alone, atol=1e-5)
        begun += size
