"""Recipes for Megatron-LM: the published numbers, where they come from, and what follows from them."""

from typing import Any

import pytest

from humanevalpack.errors import HumanEvalPackError, UsageError
from octopack_data.settings import read_yaml
from octopack_train.megatron.launch import sharing
from octopack_train.recipes.reading import read_recipe
from octopack_train.schedules import learning_rate
from octopack_train.sizes import ARCHITECTURES, build

# rows of an iteration, machines, peak, end, iterations, schedule, warm-up, decay, loss, normalized, save, evaluate
VARIANTS: dict[str, tuple[Any, ...]] = {
    "base": (192, 3, 4e-4, 4e-5, 50_000, "cosine", 0.01, 0.1, "targets", True, 5000, 2500),
    "long64bs": (64, 3, 4e-4, 4e-5, 150_000, "cosine", 0.01, 0.1, "targets", True, 5000, 2500),
    "longfullloss": (192, 3, 4e-4, 4e-5, 50_000, "cosine", 0.01, 0.1, "all", True, 5000, 2500),
    "longlr": (128, 2, 5e-5, 5e-6, 100_000, "cosine", 0.01, 0.1, "targets", True, 10_000, 5000),
    "longlrinput": (128, 2, 5e-5, 5e-6, 100_000, "cosine", 0.01, 0.1, "all", True, 10_000, 5000),
    "ql": (64, 1, 5e-5, 5e-6, 50_000, "cosine", 0.005, 0.05, "all", False, 3000, 1500),
    "constant": (64, 1, 4e-4, 4e-4, 100_000, "constant", 0.001, 0.01, "targets", True, 2000, 2000),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_has_the_published_numbers(name: str) -> None:
    recipe = read_recipe(f"santacoder-mtf-{name}")
    one = recipe.megatron
    found: tuple[Any, ...] = (
        one.batch.rows,
        one.parallel.machines,
        one.optimizer.learning_rate,
        one.schedule.final_learning_rate,
    )
    found += (one.schedule.stop_after_steps, one.schedule.kind, one.schedule.warmup_fraction)
    found += (one.optimizer.weight_decay, one.loss, one.normalized_loss, one.cadence.save, one.cadence.evaluate)
    assert found == VARIANTS[name]
    assert one.schedule.schedule_steps == one.schedule.stop_after_steps
    assert (one.sequence_length, one.precision, one.batch.micro, one.cadence.evaluation_steps) == (2048, "fp16", 8, 10)
    assert one.model.hidden_dropout == one.model.attention_dropout == (0.05 if name == "constant" else 0.1)
    keys = ("batch.rows", "parallel.machines", "optimizer.learning_rate", "schedule.stop_after_steps", "loss")
    assert {recipe.origin(key) for key in keys} == {"published"}


SHARED = {
    "santacoderpack": (1, (8, 8, 4, 524_288, 131_072_000_000)),
    "starcoderbase-megatron": (8, (64, 4, 32, 1_048_576, 10_485_760_000)),
    "santacoder-mtf-base": (3, (24, 24, 1, 393_216, 19_660_800_000)),
}
"""Machines, then devices, copies of the model, accumulation, tokens of an iteration and of the run."""


@pytest.mark.parametrize("name", SHARED)
def test_rows_and_tokens(name: str) -> None:
    machines, wanted = SHARED[name]
    settings = read_recipe(name).megatron
    assert settings.parallel.machines == machines
    found = sharing(settings, machines, 8)
    assert (found.devices, found.data_parallel, found.accumulation, found.tokens_per_step, found.tokens) == wanted


def test_rows_that_cannot_be_shared_out() -> None:
    settings = read_recipe("starcoderbase-megatron").megatron
    with pytest.raises(UsageError, match=r"3 machines with 8 devices: 24 is no multiple of .*parallel.pipeline, 16"):
        sharing(settings, 3, 8)
    with pytest.raises(UsageError, match=r"3 copies of the model .* devices that can: 16, 32, 64, 128, 256"):
        sharing(settings, 6, 8)


def test_the_published_machines_of_one_variant_cannot_share_its_rows() -> None:
    recipe = read_recipe("santacoder-mtf-long64bs")
    with pytest.raises(UsageError, match=r"24 copies of the model .* devices that can: 1, 2, 4, 8"):
        sharing(recipe.megatron, 3, 8)
    assert sharing(recipe.megatron, 1, 8).accumulation == 1
    assert any("--machines 1" in note for note in recipe.notes)


def test_santacoderpack_s_learning_rate_ends_far_above_zero() -> None:
    settings = read_recipe("santacoderpack").megatron
    schedule = settings.schedule.closed_form
    assert schedule.warmup_steps == 12_000
    assert learning_rate(settings.optimizer, schedule, 12_000) == 2e-4
    assert learning_rate(settings.optimizer, schedule, 250_000) == pytest.approx(1.295e-4, abs=5e-8)


@pytest.mark.parametrize("name", ["santacoderpack", "santacoder-mtf-ql", "santacoder-mtf-constant"])
def test_the_closed_form_is_megatron_core_s_schedule(name: str) -> None:
    import torch
    from megatron.core.optimizer_param_scheduler import OptimizerParamScheduler

    settings = read_recipe(name).megatron
    rows, schedule = settings.batch.rows, settings.schedule.closed_form
    peak, end = settings.optimizer.learning_rate, schedule.final_learning_rate
    group: dict[str, Any] = {"params": [torch.nn.Parameter(torch.zeros(1))]}
    theirs = OptimizerParamScheduler(
        torch.optim.Adam([group], lr=peak),
        init_lr=0.0,
        max_lr=peak,
        min_lr=end,
        lr_warmup_steps=schedule.warmup_steps * rows,
        lr_decay_steps=schedule.schedule_steps * rows,
        lr_decay_style=schedule.kind,
        start_wd=0.1,
        end_wd=0.1,
        wd_incr_steps=schedule.steps * rows,
        wd_incr_style="constant",
    )
    for step in (1, schedule.warmup_steps // 2, schedule.warmup_steps, schedule.steps // 3, schedule.steps):
        theirs.num_steps = step * rows
        found = theirs.get_lr({"max_lr": peak, "min_lr": end})
        assert learning_rate(settings.optimizer, schedule, step) == pytest.approx(found, rel=1e-9), step


TOTALS = {
    "santacoderpack": 1_137_207_296,
    "santacoder-mtf-base": 1_124_886_528,
    "starcoderbase-megatron": 15_517_456_384,
}


@pytest.mark.parametrize("name", TOTALS)
def test_parameters_counted_on_the_meta_device(name: str) -> None:
    model = read_recipe(name).megatron.model
    values = {"model_type": "gpt_bigcode", "multi_query": model.query_groups == 1, "vocab_size": model.vocabulary}
    values |= {"n_layer": model.layers, "n_embd": model.hidden, "n_head": model.heads, "n_positions": model.positions}
    assert sum(one.numel() for one in build(values, "meta").parameters()) == TOTALS[name]


def test_the_recipe_and_the_shipped_architecture_agree() -> None:
    model, shape = read_recipe("santacoderpack").megatron.model, read_yaml(ARCHITECTURES / "santacoderpack.yaml")
    assert (model.layers, model.hidden, model.heads) == (shape["n_layer"], shape["n_embd"], shape["n_head"])
    assert (model.positions, model.vocabulary) == (shape["n_positions"], shape["vocab_size"])
    assert (model.init_std, model.hidden_dropout) == (shape["initializer_range"], shape["resid_pdrop"])


WRONG = {
    "sequence_length=8193": "sequence_length is 8193: more than model.positions, 8192",
    "model.heads=15": "hidden 2048, heads 15, query_groups 1",
    "model.query_groups=3": "heads 16, query_groups 3",
    "parallel.pipeline=5": "parallel.pipeline is 5: model.layers, 24, is no multiple of it",
    "parallel.sequence=true": "parallel.sequence shares tokens between the devices of parallel.tensor",
    "loss=targets": "loss: targets and normalized_loss are for data.form: inputs-targets",
    "data.path=null": "data.form: text needs data.path",
    "data.form=inputs-targets": "needs data.train_paths and data.valid_paths",
    "schedule.stop_after_steps=600001": "stop_after_steps is 600001: more than schedule_steps",
    "batch.mirco=1": "no setting 'batch.mirco'; near it: batch.micro",
    "adapter.rank=1": "no setting 'adapter.rank'",
}


@pytest.mark.parametrize("setting", WRONG)
def test_a_wrong_setting_is_named(setting: str) -> None:
    with pytest.raises(HumanEvalPackError) as error:
        read_recipe("santacoderpack", [setting])
    assert WRONG[setting] in str(error.value)


def test_a_recipe_has_one_trainer(tmp_path: Any) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("extends: santacoderpack\ntrainer: trl\n")
    with pytest.raises(HumanEvalPackError, match="'trainer' is 'trl', must be megatron"):
        read_recipe(str(path))
    path.write_text("trainer: deepspeed\n")
    with pytest.raises(HumanEvalPackError, match="'trainer' is 'deepspeed', must be trl, megatron"):
        read_recipe(str(path))
