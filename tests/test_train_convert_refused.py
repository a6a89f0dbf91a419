"""What of a checkpoint of Megatron GPTBigCode cannot hold is refused by name; what is no checkpoint runs no code."""

import argparse
import enum
import json
import pickle
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from adapter_models import save_base
from checkpoint_files import arguments, big_code_noisy, change_rank, write_rank
from humanevalpack.errors import HumanEvalPackError, InputError
from octopack_train.megatron.checkpoints.architecture import config_from_arguments, refuse_what_does_not_fit
from octopack_train.megatron.checkpoints.from_hf import FromHf, from_hf
from octopack_train.megatron.checkpoints.names import names_of, recognize
from octopack_train.megatron.checkpoints.to_hf import ToHf, to_hf
from octopack_train.torch_files import load_values

FILE = "model_optim_rng.pt"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_base(tmp_path_factory.mktemp("base") / "model", big_code_noisy())


@pytest.fixture
def megatron(base: Path, tmp_path: Path) -> Path:
    """A good checkpoint, for two ranks."""
    from_hf(base, tmp_path / "megatron", FromHf(2))
    return tmp_path / "megatron"


ARGUMENTS: dict[str, tuple[dict[str, Any], str]] = {
    "groups": ({"num_query_groups": 2}, "num_query_groups is 2: GPTBigCode cannot hold several query groups"),
    "a key for every head": ({"group_query_attention": False}, "num_query_groups is 4"),
    "multihead of 2023": ({"attention_head_type": "multihead"}, "attention_head_type is multihead"),
    "rotary": ({"position_embedding_type": "rope"}, "position_embedding_type is rope"),
    "rotary of 2023": ({"use_rotary_position_embeddings": True}, "cannot hold rotary positions"),
    "not tied": ({"untie_embeddings_and_output_weights": True}, "no tied embeddings"),
    "gated": ({"swiglu": True}, "swiglu is True: GPTBigCode cannot hold SwiGLU"),
    "norm": ({"normalization": "RMSNorm"}, "normalization is RMSNorm"),
    "norm, weights less one": ({"apply_layernorm_1p": True}, "apply_layernorm_1p"),
    "no bias": ({"add_bias_linear": False}, "linear layers without bias"),
    "experts": ({"num_experts": 8}, "mixtures of experts"),
    "narrow heads": ({"kv_channels": 4}, "4 heads of 4 channels in 32"),
    "odd heads": ({"num_attention_heads": 3}, "3 heads (n_head) do not divide the width 32"),
    "no layers": ({"num_layers": 0}, "n_layer is 0: it must be a whole number above 0"),
    "a size as a text": ({"hidden_size": "32"}, "n_embd is '32': it must be a whole number above 0"),
    "no number": ({"hidden_dropout": "0.1"}, "resid_pdrop is '0.1': it must be a number"),
    "merged by Megatron's tool": (
        {"bias_gelu_fusion": False, "perform_initialization": False},
        "which GELU it was trained with is not known",
    ),
    "no size": ({"num_layers": None}, "its arguments have no num_layers: name an --architecture"),
}


@pytest.mark.parametrize("case", ARGUMENTS)
def test_arguments_of_another_architecture_are_refused(case: str) -> None:
    changes, message = ARGUMENTS[case]
    with pytest.raises(InputError) as error:
        config_from_arguments(vars(arguments(**changes)), "x")
    assert message in str(error.value)


def test_arguments_that_fit_or_are_not_there_are_not_refused() -> None:
    refuse_what_does_not_fit({}, "x")
    refuse_what_does_not_fit(vars(arguments(num_experts=None, kv_channels=8, swiglu=False)), "x")


def test_arguments_say_which_gelu_it_is() -> None:
    kinds = {
        name: config_from_arguments(vars(arguments(**changes)), "x")["activation_function"]
        for name, changes in {
            "default": {},
            "fused": {"bias_gelu_fusion": True},
            "not fused": {"bias_gelu_fusion": False},
            "OpenAI's": {"bias_gelu_fusion": False, "openai_gelu": True},
            "fused, not initialized": {"bias_gelu_fusion": True, "perform_initialization": False},
        }.items()
    }
    assert kinds == {
        "default": "gelu_pytorch_tanh",
        "fused": "gelu_pytorch_tanh",
        "not fused": "gelu",
        "OpenAI's": "gelu_pytorch_tanh",
        "fused, not initialized": "gelu_pytorch_tanh",
    }


NAMES: dict[str, tuple[set[str], set[str], str]] = {
    "rotary": (set(), {"rotary_pos_emb.inv_freq"}, "rotary_pos_emb.inv_freq: GPTBigCode cannot hold rotary positions"),
    "no positions": ({"embedding.position_embeddings.weight"}, set(), "has no embedding.position_embeddings.weight"),
    "no bias": ({"decoder.layers.1.mlp.linear_fc1.bias"}, set(), "has no decoder.layers.1.mlp.linear_fc1.bias"),
    "experts": (set(), {"decoder.layers.0.mlp.experts.w"}, "mixtures of experts"),
    "unknown": (set(), {"decoder.layers.0.mlp.linear_fc3.weight"}, "linear_fc3.weight, one of 1 tensors for which"),
}


@pytest.mark.parametrize("case", NAMES)
def test_names_of_another_architecture_are_refused(case: str) -> None:
    gone, more, message = NAMES[case]
    with pytest.raises(InputError) as error:
        recognize((names_of("core-local", 2).expected - gone) | more, "x")
    assert message in str(error.value)


def test_what_holds_no_weights_is_passed_over() -> None:
    for spelling in ("core-local", "core-te", "bigcode-2023"):
        table = names_of(spelling, 3)
        more = {table.tied.name, "decoder.layers.0.mlp.linear_fc1._extra_state", "optimizer.state.exp_avg.x"}
        assert recognize(table.expected | more, "x") == table


def doubled(name: str) -> Callable[[dict[str, Any]], None]:
    def change(values: dict[str, Any]) -> None:
        values["model"][name] = torch.cat([values["model"][name]] * 2)

    return change


def untied(values: dict[str, Any]) -> None:
    values["model"]["output_layer.weight"] = values["model"]["embedding.word_embeddings.weight"] + 1


SHAPES: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "gated": (doubled("decoder.layers.0.mlp.linear_fc1.weight"), "a gated MLP (SwiGLU)"),
    "groups": (doubled("decoder.layers.0.self_attention.linear_qkv.bias"), "several query groups"),
    "not tied": (untied, "GPTBigCode's output layer is its embedding, tied"),
    "virtual stages": (lambda values: values.update(model0={}), "virtual pipeline stages"),
    "no model": (lambda values: values.pop("model"), "no mapping 'model', but args"),
    "other sizes": (lambda values: setattr(values["args"], "tensor_model_parallel_size", 4), "there are 2 ranks"),
    "other layers": (lambda values: setattr(values["args"], "num_layers", 3), "has 2 layers, the architecture 3"),
}


@pytest.mark.parametrize("case", SHAPES)
def test_tensors_of_another_architecture_are_refused(case: str, megatron: Path, tmp_path: Path) -> None:
    change, message = SHAPES[case]
    for rank in range(2):
        change_rank(megatron / f"release/mp_rank_{rank:02d}" / FILE, change)
    with pytest.raises(InputError) as error:
        to_hf(megatron, tmp_path / "model", ToHf())
    assert message in str(error.value)
    assert not (tmp_path / "model").exists()


def test_a_named_architecture_must_be_what_the_arguments_say(megatron: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="num_layers is 2, the architecture has 24"):
        to_hf(megatron, tmp_path / "model", ToHf(architecture="santacoderpack"))


def test_a_folder_without_checkpoint_is_an_error_that_says_why(megatron: Path, tmp_path: Path) -> None:
    def message(path: Path) -> str:
        with pytest.raises(HumanEvalPackError) as error:
            to_hf(path, tmp_path / "model", ToHf())
        return str(error.value)

    tracker = megatron / "latest_checkpointed_iteration.txt"
    (megatron / "release/mp_rank_00").rename(megatron / "release/mp_rank_02")
    assert "mp_rank_00 is missing: 3 x 1 ranks" in message(megatron)
    tracker.write_text("7")
    assert "names 7, but" in message(megatron)
    tracker.write_text("seven")
    assert "'seven', must be 'release' or the number of an iteration" in message(megatron)
    tracker.unlink()
    (megatron / "iter_0000005").mkdir()
    assert "there are iter_0000005 below it: name one of them" in message(megatron)


def test_models_that_are_no_gpt_bigcode_are_refused(base: Path, tmp_path: Path) -> None:
    for change, message in (
        ({"model_type": "gpt2"}, "model_type is 'gpt2': only gpt_bigcode is converted"),
        ({"multi_query": False}, "multi_query is false"),
        ({"tie_word_embeddings": False}, "tie_word_embeddings is false"),
        ({"activation_function": "silu"}, "activation_function 'silu' is not converted"),
        ({"n_head": 3}, "config.json: 3 heads (n_head) do not divide the width 32"),
        ({"n_layer": "2"}, "config.json: n_layer is '2': it must be a whole number above 0"),
        ({"n_inner": 64}, "mlp.c_fc.weight is (128, 32), its config.json needs (64, 32)"),
    ):
        (tmp_path / "model").mkdir(exist_ok=True)
        config = json.loads((base / "config.json").read_text()) | change
        (tmp_path / "model/config.json").write_text(json.dumps(config))
        if not (tmp_path / "model/model.safetensors").exists():
            (tmp_path / "model/model.safetensors").symlink_to(base / "model.safetensors")
        with pytest.raises(InputError) as error:
            from_hf(tmp_path / "model", tmp_path / "megatron", FromHf())
        assert message in str(error.value)


class Hostile:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> Any:
        return open, (self.path, "w")


def test_code_in_a_checkpoint_does_not_run(megatron: Path, tmp_path: Path) -> None:
    for hostile in (Hostile(tmp_path / "ran"), argparse.Namespace(x=Hostile(tmp_path / "ran"))):
        write_rank(megatron / "release", "mp_rank_00", {"a": torch.ones(2)}, args=hostile)
        with pytest.raises(InputError, match=r"without running code: it names _?io\.open"):
            to_hf(megatron, tmp_path / "model", ToHf())
        assert not (tmp_path / "ran").exists()
    pickle.loads(pickle.dumps(Hostile(tmp_path / "ran"))).close()
    assert (tmp_path / "ran").exists()  # it would have


def test_what_megatron_saves_beside_weights_is_held_and_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, name = tmp_path / "x.pt", "megatron.model.enums"
    module: Any = types.ModuleType(name)
    module.__dict__["PositionEmbeddingType"] = enum.Enum(
        "PositionEmbeddingType", {"rotary": 1, "absolute": 2}, module=name
    )
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, name, module)
        torch.save({"args": arguments(position_embedding_type=module.PositionEmbeddingType(2)), "model": {}}, path)
    found = vars(load_values(path)["args"])
    assert str(found["position_embedding_type"]) == "megatron.model.enums.PositionEmbeddingType(2)"
    refuse_what_does_not_fit(found, path)
    assert name not in sys.modules
