"""octopack_train.memory: the estimate, held against what PyTorch really keeps for the backward pass."""

from typing import Any

import pytest
import torch

from octopack_train.config.training import TrainingSettings
from octopack_train.memory import GIB, Memory, layer_bytes, memory_table
from octopack_train.recipes.reading import read_recipe
from octopack_train.sizes import architecture, build, count, shape_of, with_adapter

_TOKENS = 512
_SHAPE = {"n_embd": 256, "n_inner": 1024, "n_head": 8, "n_positions": 640, "vocab_size": 1200}
_NO_DROPOUT = {"attn_pdrop": 0.0, "resid_pdrop": 0.0, "embd_pdrop": 0.0}


def kept(settings: TrainingSettings, values: dict[str, Any]) -> int:
    """Bytes of all that is saved for the backward pass, beside the weights and their copies in another type."""
    model = build(values, "cpu")
    if settings.model.weights == "bf16":
        model = model.to(torch.bfloat16)
    if settings.adapter is not False:
        model = with_adapter(model, settings.adapter)
    own = {part.untyped_storage().data_ptr() for part in (*model.parameters(), *model.buffers())}
    shapes = {tuple(part.shape) for part in model.parameters()} | {
        tuple(part.shape)[::-1] for part in model.parameters()
    }
    seen: dict[int, int] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own and tuple(tensor.shape) not in shapes:
            seen[storage.data_ptr()] = storage.nbytes()
        return tensor

    ids = torch.zeros((1, _TOKENS), dtype=torch.long)
    mixed = settings.precision == "bf16"
    hooks = torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor)
    with hooks, torch.autocast("cpu", torch.bfloat16, enabled=mixed):
        output = model(input_ids=ids, labels=ids, use_cache=False)
    assert output.loss is not None  # what was saved is alive until here: no address was used twice
    return sum(seen.values())


CASES = {
    "all weights, fp32": ("santacoder-linediff", ["precision=fp32"]),
    "all weights, mixed": ("santacoder-linediff", []),
    "adapters on bf16, mixed": ("octocoder", ["model.weights=bf16", "adapter.dropout=0"]),
    "adapters on fp32": ("octocoder", ["model.weights=fp32", "precision=fp32", "adapter.dropout=0"]),
}


@pytest.mark.parametrize("case", CASES)
def test_what_a_layer_keeps_is_what_pytorch_saves(case: str) -> None:
    settings = read_recipe(CASES[case][0], CASES[case][1]).settings
    values = architecture(settings.model) | _SHAPE | _NO_DROPOUT
    sizes = [kept(settings, values | {"n_layer": layers}) for layers in (1, 3)]
    measured = (sizes[1] - sizes[0]) / 2 / _TOKENS
    shape = shape_of(build(values | {"n_layer": 1}, "meta").config)
    masks = 2 * shape.hidden  # of dropout, which was off: on a CPU a mask has the type of what it masks
    estimated = layer_bytes(settings, shape, 4 if settings.precision == "fp32" else 2, settings.model.weights) - masks
    assert estimated == pytest.approx(measured, rel=0.1)


def table(name: str, devices: int, *settings: str) -> dict[str, Memory]:
    recipe = read_recipe(name, settings).settings
    counts = count(recipe.model, recipe.adapter)
    return {one.kind: one for one in memory_table(recipe, counts, recipe.model.weights, devices)}


def test_octocoder_s_frozen_weights_are_two_bytes_each_in_bf16_and_in_int8_one_where_they_are_rounded() -> None:
    extra = 35_553_280 * 4
    embeddings, norms = (49_152 + 8_192) * 6_144, (40 * 2 + 1) * 2 * 6_144
    biases = 40 * (6_144 + 2 * 128 + 6_144 + 24_576 + 6_144)
    whole = embeddings + norms + biases
    assert table("octocoder", 8)["ddp"].weights == 15_517_456_384 + 3 * whole + extra
    assert table("octocoder", 8, "model.weights=bf16")["ddp"].weights == 2 * 15_517_456_384 + extra


def test_between_int8_layers_run_numbers_of_four_bytes_as_embeddings_and_norms_are() -> None:
    """PEFT's preparation holds them in fp32; in bf16 it is half of that."""
    kept = {
        kind: table("octocoder", 8, f"model.weights={kind}")["ddp"].activations_checkpointed
        for kind in ("int8", "bf16", "fp32")
    }
    assert kept["int8"] == kept["fp32"] > kept["bf16"]


def test_weights_of_another_type_than_the_recipe_s_are_estimated_as_what_they_are() -> None:
    recipe = read_recipe("octocoder", ["model.weights=int8", "model.weights_otherwise=fp32"]).settings
    counts = count(recipe.model, recipe.adapter)
    (found,) = (one for one in memory_table(recipe, counts, "fp32", 8) if one.kind == "ddp")
    assert found == table("octocoder", 8, "model.weights=fp32")["ddp"]


def test_only_what_is_trained_has_gradients_and_optimizer_states() -> None:
    ddp = table("octocoder", 8)["ddp"]
    assert (ddp.gradients, ddp.optimizer) == (35_553_280 * 4, 35_553_280 * 8)
    whole = table("santacoder-linediff", 1, "precision=fp32")["ddp"]
    assert (whole.weights, whole.gradients, whole.optimizer) == (
        1_124_886_528 * 4,
        1_124_886_528 * 4,
        1_124_886_528 * 8,
    )


def test_each_stage_of_zero_shares_out_one_thing_more() -> None:
    found = table("santacoder-linediff", 8)
    n = 1_124_886_528
    assert (found["zero1"].weights, found["zero1"].gradients, found["zero1"].optimizer) == (2 * n, 2 * n, 12 * n / 8)
    assert (found["zero2"].weights, found["zero2"].gradients) == (2 * n, 2 * n / 8)
    for kind in ("zero3", "fsdp2"):
        assert found[kind].weights < found["zero2"].weights * (2 if kind == "fsdp2" else 1)
        assert found[kind].optimizer == pytest.approx(found["zero1"].optimizer, rel=0.4)


@pytest.mark.parametrize("kind", ["ddp", "fsdp2", "zero1", "zero2", "zero3"])
def test_on_one_device_nothing_is_shared_out(kind: str) -> None:
    """16 bytes a parameter, whatever holds them; autocast over fp32 weights has half copies of them on top."""
    one = table("santacoder-linediff", 1)[kind]
    copies = 2 if kind == "ddp" else 0
    assert one.weights + one.gradients + one.optimizer == (16 + copies) * 1_124_886_528


def test_checkpointing_keeps_each_layer_s_input_instead_of_the_layer() -> None:
    one = table("octocoder", 8)["ddp"]
    assert one.activations_checkpointed < one.activations / 5
    assert (
        one.total(checkpointing=True) == one.total(checkpointing=False) - one.activations + one.activations_checkpointed
    )


def test_more_rows_at_a_time_take_more_memory_for_activations_only() -> None:
    one, four = (table("octocoder", 8, f"batch.per_device={rows}")["ddp"] for rows in (1, 4))
    assert four.activations == 4 * one.activations
    assert four.weights == one.weights


def test_starcoder_in_bf16_needs_29_gib_for_its_weights() -> None:
    assert table("octocoder", 1, "model.weights=bf16")["ddp"].weights / GIB == pytest.approx(29.0, abs=0.1)
