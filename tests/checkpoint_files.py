"""Checkpoints of Megatron as its ranks write them, made by hand: what the converter is tested on."""

import argparse
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

Tensors = dict[str, torch.Tensor]


def noisy(model: Any, seed: int = 0) -> Any:
    """Return a model whose every parameter is random: norms and biases, too, which begin as ones and zeros."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for values in model.parameters():
            values.add_(torch.randn_like(values) * 0.1)
    return model


def big_code_noisy(layers: int = 2) -> Any:
    """A GPTBigCode model, 32 wide, 4 heads, vocabulary 512, 64 positions."""
    from adapter_models import big_code  # ranks of megatron-core need no transformers, which is slow to import

    return noisy(big_code(layers=layers))


def release_tensors(base: Path, folder: Path) -> Tensors:
    """Convert a model of transformers into ``folder``; return its tensors under megatron-core's names."""
    from octopack_train.megatron.checkpoints.from_hf import FromHf, from_hf
    from octopack_train.torch_files import flat_tensors, load_values

    from_hf(base, folder, FromHf())
    return dict(flat_tensors(load_values(folder / "release/mp_rank_00/model_optim_rng.pt")["model"]))


def arguments(**changes: Any) -> argparse.Namespace:
    """What Megatron saves of its arguments beside ``big_code``."""
    values = {
        "num_layers": 2,
        "hidden_size": 32,
        "ffn_hidden_size": 128,
        "num_attention_heads": 4,
        "group_query_attention": True,
        "num_query_groups": 1,
        "max_position_embeddings": 64,
        "norm_epsilon": 1e-5,
        "padded_vocab_size": 512,
        "position_embedding_type": "learned_absolute",
        "params_dtype": torch.float32,
    }
    return argparse.Namespace(**values | changes)


def write_rank(folder: Path, rank: str, model: Mapping[str, Any], args: Any = None, **more: Any) -> Path:
    """Write one rank's file with the random states that Megatron keeps in it, which are arrays of numpy."""
    path = folder / rank / "model_optim_rng.pt"
    path.parent.mkdir(parents=True, exist_ok=True)
    states = [{"random_rng_state": random.getstate(), "np_rng_state": np.random.get_state()}]
    values = {"model": model, "args": args, "iteration": 5, "checkpoint_version": 3.0, "rng_state": states}
    torch.save(values | more, path)
    return path


def change_rank(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Read one rank's file, change its values, write it."""
    with torch.serialization.safe_globals([argparse.Namespace]):
        values = torch.load(path, weights_only=True)
    change(values)
    torch.save(values, path)


def tensors_2023(state: Tensors, rank: int, ranks: int) -> dict[str, Any]:
    """One rank of BigCode's fork, with its own nesting: queries are shared out, every rank has keys and values."""

    def rows(values: torch.Tensor) -> torch.Tensor:
        return values.chunk(ranks)[rank].clone()

    def columns(values: torch.Tensor) -> torch.Tensor:
        return values.chunk(ranks, 1)[rank].clone()

    encoder = {
        "final_layernorm.weight": state["transformer.ln_f.weight"],
        "final_layernorm.bias": state["transformer.ln_f.bias"],
    }
    for layer in range(2):
        mine, theirs = f"transformer.h.{layer}.", f"layers.{layer}."
        for kind in ("weight", "bias"):
            for norm, name in (("ln_1", "input_layernorm"), ("ln_2", "post_attention_layernorm")):
                encoder[f"{theirs}{name}.{kind}"] = state[f"{mine}{norm}.{kind}"]
            attention = state[f"{mine}attn.c_attn.{kind}"]
            encoder[f"{theirs}self_attention.query.{kind}"] = rows(attention[:32])
            encoder[f"{theirs}self_attention.key_value.{kind}"] = attention[32:].clone()
            encoder[f"{theirs}mlp.dense_h_to_4h.{kind}"] = rows(state[f"{mine}mlp.c_fc.{kind}"])
        for name, old in (("attn.c_proj", "self_attention.dense"), ("mlp.c_proj", "mlp.dense_4h_to_h")):
            encoder[f"{theirs}{old}.weight"] = columns(state[f"{mine}{name}.weight"])
            encoder[f"{theirs}{old}.bias"] = state[f"{mine}{name}.bias"]
    embedding = {
        "word_embeddings": {"weight": rows(state["transformer.wte.weight"])},
        "position_embeddings": {"weight": state["transformer.wpe.weight"]},
    }
    return {"language_model": {"embedding": embedding, "encoder": encoder}}
