"""octopack_train.sizes and weights: parameters on the meta device, without the hub; in which type they are held."""

import json
from pathlib import Path

import pytest

from humanevalpack.errors import InputError, UsageError
from octopack_train.config.model import LoraSettings, ModelSettings
from octopack_train.recipes.reading import read_recipe
from octopack_train.sizes import architecture_names, build, count
from octopack_train.weights import decide

TOTALS = {"starcoder": 15_517_456_384, "santacoder": 1_124_886_528, "santacoderpack": 1_137_207_296}


@pytest.mark.parametrize("name", TOTALS)
def test_parameters_of_the_shipped_architectures(name: str) -> None:
    counts = count(ModelSettings(base="none", architecture=name), False)
    assert (counts.total, counts.trainable) == (TOTALS[name], TOTALS[name])


def test_octocoder_trains_its_adapters_only() -> None:
    settings = read_recipe("octocoder").settings
    counts = count(settings.model, settings.adapter)
    assert (counts.total, counts.trainable) == (15_517_456_384, 35_553_280)
    assert counts.trainable == 888_832 * counts.shape.layers
    assert counts.unmatched == ("q_attn",)


def test_the_shape_is_that_of_the_architecture() -> None:
    shape = count(read_recipe("octocoder").settings.model, False).shape
    assert (shape.layers, shape.hidden, shape.inner, shape.key_value) == (40, 6144, 24576, 128)
    assert (shape.vocabulary, shape.positions, shape.gated) == (49152, 8192, False)


def test_every_shipped_architecture_can_be_built() -> None:
    assert {*TOTALS, "tiny"} <= set(architecture_names())
    settings = read_recipe("tiny-smoke").settings
    counts = count(settings.model, settings.adapter)
    assert counts.total < 600_000
    assert counts.unmatched == ()


def folder(tmp_path: Path, **values: object) -> ModelSettings:
    (tmp_path / "config.json").write_text(json.dumps(values), "utf-8")
    return ModelSettings(base=str(tmp_path))


LLAMA = {"model_type": "llama", "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "vocab_size": 100}
LLAMA |= {"num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 32}


def test_another_base_is_read_from_its_folder(tmp_path: Path) -> None:
    adapter = LoraSettings(rank=2, targets=("q_proj", "v_proj"))
    counts = count(folder(tmp_path, **LLAMA), adapter)
    assert counts.trainable == 2 * (2 * (64 + 64) + 2 * (64 + 32))
    assert (counts.shape.key_value, counts.shape.gated) == (32, True)
    assert counts.largest_layer == 2 * 64 * 64 + 2 * 64 * 32 + 3 * 64 * 96 + 2 * 64


def test_the_meta_device_counts_what_a_real_model_has(tmp_path: Path) -> None:
    model = build(dict(LLAMA), "cpu")
    assert count(folder(tmp_path, **LLAMA), False).total == sum(part.numel() for part in model.parameters())


def test_targets_that_name_nothing_are_refused_with_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none of c_proj is in llama; linear layers there: down_proj, gate_proj"):
        count(folder(tmp_path, **LLAMA), LoraSettings(targets=("c_proj",)))


WRONG = {
    "no shape": (ModelSettings(base="x", architecture="starcodr"), r"'starcodr'; there are .*starcoder"),
    "no folder": (ModelSettings(base="hub/name"), r"architecture of hub/name is not known here"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_model_that_cannot_be_counted_is_said(case: str) -> None:
    model, said = WRONG[case]
    with pytest.raises(UsageError, match=said):
        count(model, False)


def test_code_of_a_model_is_not_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"'chatglm' is none of transformers' own"):
        count(folder(tmp_path, model_type="chatglm"), False)
    with pytest.raises(InputError, match=r"no 'model_type'"):
        count(folder(tmp_path, hidden_size=3), False)


def test_int8_gives_way_with_its_reason_where_it_cannot_run() -> None:
    model = read_recipe("octocoder").settings.model
    here, there = decide(model, "bitsandbytes is not installed"), decide(model, "")
    assert (here.weights, there.weights) == ("bf16", "int8")
    assert here.said == "bf16 instead of int8, which the recipe says: bitsandbytes is not installed"


def test_other_types_do_not_depend_on_the_machine() -> None:
    assert decide(read_recipe("tiny-smoke").settings.model, "bitsandbytes is not installed").weights == "fp32"
