"""What ranks hold of which name, spelled out: a table that is wrong both ways would still come back to the bit."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from adapter_models import save_base
from checkpoint_files import arguments, big_code_noisy, change_rank
from humanevalpack.errors import HumanEvalPackError, InputError, UsageError
from octopack_train.megatron.checkpoints.architecture import config_from_arguments
from octopack_train.megatron.checkpoints.from_hf import FromHf, from_hf
from octopack_train.megatron.checkpoints.to_hf import ToHf, to_hf
from octopack_train.torch_files import load_values

FILE = "model_optim_rng.pt"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_base(tmp_path_factory.mktemp("base") / "model", big_code_noisy())


def shaped(folder: Path, **changes: Any) -> Path:
    """A model of 2 layers, 4 heads, 32 wide, changed."""
    from transformers import GPTBigCodeConfig, GPTBigCodeForCausalLM

    sizes = {"vocab_size": 512, "n_positions": 64, "n_embd": 32, "n_layer": 2, "n_head": 4} | changes
    model: Any = GPTBigCodeForCausalLM(GPTBigCodeConfig(**sizes))  # type: ignore[no-untyped-call]
    return save_base(folder, model)


TE = {
    "layers.0.self_attention.linear_qkv.layer_norm_weight": "h.{}.ln_1.weight",
    "layers.0.self_attention.linear_qkv.layer_norm_bias": "h.{}.ln_1.bias",
    "layers.0.self_attention.linear_qkv.weight": "h.{}.attn.c_attn.weight",
    "layers.0.self_attention.linear_qkv.bias": "h.{}.attn.c_attn.bias",
    "layers.0.self_attention.linear_proj.weight": "h.{}.attn.c_proj.weight",
    "layers.0.self_attention.linear_proj.bias": "h.{}.attn.c_proj.bias",
    "layers.0.mlp.linear_fc1.layer_norm_weight": "h.{}.ln_2.weight",
    "layers.0.mlp.linear_fc1.layer_norm_bias": "h.{}.ln_2.bias",
    "layers.0.mlp.linear_fc1.weight": "h.{}.mlp.c_fc.weight",
    "layers.0.mlp.linear_fc1.bias": "h.{}.mlp.c_fc.bias",
    "layers.0.mlp.linear_fc2.weight": "h.{}.mlp.c_proj.weight",
    "layers.0.mlp.linear_fc2.bias": "h.{}.mlp.c_proj.bias",
}


def test_stages_of_transformer_engine_hold_what_its_names_say(base: Path, tmp_path: Path) -> None:
    from_hf(base, tmp_path / "megatron", FromHf(pipeline_parallel=2, spelling="core-te"))
    state = load_file(base / "model.safetensors")
    for stage in range(2):
        model = load_values(tmp_path / f"megatron/release/mp_rank_00_{stage:03d}" / FILE)["model"]
        expected = {f"decoder.{name}": f"transformer.{ours.format(stage)}" for name, ours in TE.items()}
        expected |= (
            {"output_layer.weight": "transformer.wte.weight"}
            | {f"decoder.final_layernorm.{kind}": f"transformer.ln_f.{kind}" for kind in ("weight", "bias")}
            if stage
            else {
                "embedding.word_embeddings.weight": "transformer.wte.weight",
                "embedding.position_embeddings.weight": "transformer.wpe.weight",
            }
        )
        assert set(model) == set(expected)
        assert all(model[name].equal(state[ours]) for name, ours in expected.items())


def test_the_last_stage_of_2023_has_the_embedding_for_its_head(base: Path, tmp_path: Path) -> None:
    from_hf(base, tmp_path / "megatron", FromHf(2, 2, "bigcode-2023"))
    rows = load_file(base / "model.safetensors")["transformer.wte.weight"].chunk(2)
    for rank in range(2):
        model = load_values(tmp_path / f"megatron/release/mp_rank_{rank:02d}_001" / FILE)["model"]
        assert list(model["language_model"]) == ["encoder"]
        assert model["word_embeddings_for_head"]["weight"].equal(rows[rank])


def drop(name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda values: values["model"].pop(name)


def begin_at_one(values: dict[str, Any]) -> None:
    values["model"] = {name.replace("layers.0.", "layers.1."): tensor for name, tensor in values["model"].items()}


RANKS: dict[str, tuple[str, Callable[[dict[str, Any]], Any], str]] = {
    "a name on one rank": (
        "mp_rank_01_000",
        drop("decoder.layers.0.mlp.linear_fc2.bias"),
        "decoder.layers.0.mlp.linear_fc2.bias is not on both of mp_rank_00_000 and mp_rank_01_000",
    ),
    "layers counted over stages": ("mp_rank_0*_001", begin_at_one, "layers of a stage must count from 0, not [1]"),
}


@pytest.mark.parametrize("case", RANKS)
def test_ranks_that_do_not_fit_together_are_an_error(case: str, base: Path, tmp_path: Path) -> None:
    rank, change, message = RANKS[case]
    from_hf(base, tmp_path / "megatron", FromHf(2, 2))
    for path in (tmp_path / "megatron/release").glob(f"{rank}/{FILE}"):
        change_rank(path, change)
    with pytest.raises(InputError) as error:
        to_hf(tmp_path / "megatron", tmp_path / "model", ToHf())
    assert message in str(error.value)


MODELS: dict[str, tuple[Callable[[dict[str, torch.Tensor]], Any], str]] = {
    "a tensor that is gone": (lambda held: held.pop("transformer.ln_f.bias"), "has no transformer.ln_f.bias, which"),
    "a tensor too many": (lambda held: held.update(more=torch.ones(1)), "has more, for which GPTBigCode has no place"),
    "an output layer of its own": (
        lambda held: held.update({"lm_head.weight": held["transformer.wte.weight"] + 1}),
        "lm_head.weight, which is tied to the embedding, must be equal",
    ),
}


@pytest.mark.parametrize("case", MODELS)
def test_a_folder_that_is_not_its_configuration_is_an_error(case: str, base: Path, tmp_path: Path) -> None:
    change, message = MODELS[case]
    held = load_file(base / "model.safetensors")
    change(held)
    (tmp_path / "config.json").write_bytes((base / "config.json").read_bytes())
    save_file(held, tmp_path / "model.safetensors")
    with pytest.raises(InputError) as error:
        from_hf(tmp_path, tmp_path / "megatron", FromHf())
    assert message in str(error.value)


def test_each_size_must_be_divided_by_the_ranks(tmp_path: Path) -> None:
    """12 wide, 4 heads: 12 rows of queries, 3 of keys and 3 of values, which the fork of 2023 has on every rank."""
    odd = shaped(tmp_path / "odd", n_embd=12)
    with pytest.raises(UsageError, match="--tensor-parallel 4 does not divide rows of c_attn, 18"):
        from_hf(odd, tmp_path / "megatron", FromHf(4))
    assert from_hf(odd, tmp_path / "megatron", FromHf(4, spelling="bigcode-2023")).ranks == 4
    narrow = shaped(tmp_path / "narrow", n_inner=126)
    with pytest.raises(UsageError, match="--tensor-parallel 4 does not divide n_inner, 126"):
        from_hf(narrow, tmp_path / "other", FromHf(4))


def test_the_exact_gelu_stays_the_exact_one(tmp_path: Path) -> None:
    shaped(tmp_path / "exact", activation_function="gelu")
    from_hf(tmp_path / "exact", tmp_path / "megatron", FromHf())
    to_hf(tmp_path / "megatron", tmp_path / "model", ToHf())
    assert json.loads((tmp_path / "model/config.json").read_text())["activation_function"] == "gelu"


def test_arguments_of_2023_and_what_they_leave_out() -> None:
    old = vars(arguments(norm_epsilon=None, layernorm_epsilon=1e-6, ffn_hidden_size=None))
    found = config_from_arguments(old, "x")
    assert (found["layer_norm_epsilon"], found["n_inner"]) == (1e-6, 128)


def test_what_cannot_be_written_leaves_nothing_behind(base: Path, tmp_path: Path) -> None:
    from_hf(base, tmp_path / "megatron", FromHf())
    with pytest.raises(HumanEvalPackError, match="--shard-size much"):
        to_hf(tmp_path / "megatron", tmp_path / "model", ToHf(shard_size="much"))
    assert [path.name for path in tmp_path.iterdir()] == ["megatron"]
