"""A checkpoint of Megatron as a folder of GPTBigCode: merged tensor by tensor, written in shards."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from humanevalpack.errors import InputError, UsageError
from octopack_data.manifests import write_json
from octopack_train.adapters.merging import TOKENIZER_FILES
from octopack_train.folders import check_apart, check_free, whole_folder
from octopack_train.logits import TYPES
from octopack_train.megatron.checkpoints.architecture import (
    check_agreement,
    config_from_arguments,
    named_config,
    refuse_what_does_not_fit,
    tensor_shapes,
)
from octopack_train.megatron.checkpoints.finding import open_checkpoint
from octopack_train.megatron.checkpoints.names import EMBEDDING, Entry, Names, recognize
from octopack_train.megatron.checkpoints.provenance import PROVENANCE, provenance
from octopack_train.megatron.checkpoints.source import Source, check_equal, check_finite, merged
from octopack_train.megatron.tokenizing import load_tokenizer, vocabulary

if TYPE_CHECKING:
    import torch

END_TOKEN = "<|endoftext|>"


@dataclass(frozen=True)
class ToHf:
    """What is asked of a conversion beside the checkpoint."""

    architecture: str | None = None
    """Shape that ships with the package, or a folder with config.json; None: the checkpoint's own arguments say it."""
    vocabulary: int | None = None
    """Rows of the embedding that are kept; None: as the architecture, the arguments or the tokenizer say, else all."""
    tokenizer: Path | None = None
    """tokenizer.json, or its folder, which is copied."""
    dtype: str | None = None
    """One of fp32, bf16, fp16; None: each tensor's own."""
    shard_size: str = "2GB"
    """Largest file: memory grows with it, not with the model."""


@dataclass(frozen=True)
class Written:
    """A folder that was written."""

    path: Path
    spelling: str
    ranks: tuple[int, int]
    """Of tensor and of pipeline parallelism."""
    tensors: int
    bytes: int
    padded: int
    """Rows of the embedding in Megatron's checkpoint."""
    vocabulary: int
    """Rows of it in GPTBigCode's folder."""


def to_hf(checkpoint: Path, output: Path, settings: ToHf, *, overwrite: bool = False) -> Written:
    """Convert a checkpoint; the output is written whole or not at all.

    Raises InputError (what does not fit, ranks that differ), UsageError (output).
    """
    check_apart(checkpoint, output)
    check_free(output, PROVENANCE, overwrite=overwrite)
    source = open_checkpoint(checkpoint)
    names = recognize(source.names, source.path)
    padded = sum(piece.values.shape[0] for piece in source.pieces(names.embedding.name))
    config = _config(source, settings, padded)
    shapes = tensor_shapes(config)
    if shapes.keys() != {entry.name for entry in names.entries}:
        layers = 1 + max((entry.layer or 0 for entry in names.entries), default=0)
        raise InputError(f"{source.path}: has {layers} layers, the architecture {config['n_layer']}")
    check_tied(source, names)
    with whole_folder(output, PROVENANCE, overwrite=overwrite) as folder:
        size = _write_weights(source, names, shapes, settings, folder)
        kind = _type_of(source, names, settings)
        _write_config(config, kind, folder)
        if settings.tokenizer is not None:
            _copy_tokenizer(settings.tokenizer, folder)
        said = {
            "spelling": names.spelling,
            "tensor_parallel": source.tensor_parallel,
            "pipeline_parallel": source.pipeline_parallel,
            "rows_of_embedding": {"read": padded, "kept": config["vocab_size"]},
            "dtype": kind,
        }
        write_json(folder / PROVENANCE, provenance("to-hf", checkpoint, source.files, said))
    ranks = (source.tensor_parallel, source.pipeline_parallel)
    return Written(output, names.spelling, ranks, len(shapes), size, padded, config["vocab_size"])


def check_tied(source: Source, names: Names) -> None:
    """Raise InputError if the output layer on the last stage is another than the embedding on the first."""
    if names.tied.name not in source.names:
        return
    for first, last in zip(source.pieces(names.embedding.name), source.pieces(names.tied.name), strict=True):
        try:
            check_equal(names.tied.name, (first, last), source.path)
        except InputError as error:
            raise InputError(f"{error} (GPTBigCode's output layer is its embedding, tied)") from error


def whole(source: Source, entry: Entry, shape: tuple[int, ...]) -> torch.Tensor:
    """Return one of GPTBigCode's tensors, the embedding without the rows that fill it up; raises InputError."""
    import torch

    parts = [merged(source, part) for part in entry.parts]
    found = parts[0] if len(parts) == 1 else torch.cat(parts)
    if entry.name == EMBEDDING:
        found = found[: shape[0]]
    if tuple(found.shape) != shape:
        raise InputError(
            f"{source.path}: {' with '.join(part.name for part in entry.parts)} is {tuple(found.shape)}, "
            f"the architecture needs {shape}{_guess(entry, found, shape)}"
        )
    return found


def _guess(entry: Entry, found: torch.Tensor, shape: tuple[int, ...]) -> str:
    if ".c_attn." in entry.name and found.shape[0] > shape[0]:
        return ": several query groups, or a key for every head"
    if ".c_fc." in entry.name and found.shape[0] == 2 * shape[0]:
        return ": a gated MLP (SwiGLU)"
    return ""


def _config(source: Source, settings: ToHf, padded: int) -> dict[str, Any]:
    refuse_what_does_not_fit(source.arguments, source.path)
    if settings.architecture is not None:
        config = named_config(settings.architecture)
        check_agreement(config, source.arguments, source.path)
    elif source.arguments:
        config = config_from_arguments(source.arguments, source.path)
    else:
        raise UsageError(f"{source.path} has no arguments of Megatron in it: name its --architecture")
    size, end = None, None
    if settings.tokenizer is not None:
        tokenizer = load_tokenizer(settings.tokenizer)
        size, end = vocabulary(tokenizer), tokenizer.token_to_id(END_TOKEN)
    told = (settings.vocabulary, config.get("vocab_size"), source.arguments.get("vocab_size"), size, padded)
    kept = next(number for number in told if number is not None)
    if not 0 < kept <= padded:
        raise InputError(f"{source.path}: its embedding has {padded} rows, the vocabulary {kept}")
    return {"bos_token_id": end, "eos_token_id": end, **config, "vocab_size": kept}


def _type_of(source: Source, names: Names, settings: ToHf) -> str:
    if settings.dtype is not None:
        return TYPES[settings.dtype]
    return str(source.pieces(names.embedding.name)[0].values.dtype).removeprefix("torch.")


def _write_weights(
    source: Source, names: Names, shapes: Mapping[str, tuple[int, ...]], settings: ToHf, folder: Path
) -> int:
    import torch
    from huggingface_hub import split_torch_state_dict_into_shards
    from safetensors.torch import save_file

    entries = {entry.name: entry for entry in names.entries}
    kind = getattr(torch, _type_of(source, names, settings))
    planned = {name: torch.empty(shapes[name], dtype=kind, device="meta") for name in entries}
    try:
        plan = split_torch_state_dict_into_shards(planned, max_shard_size=settings.shard_size)
    except ValueError as error:
        raise UsageError(f"--shard-size {settings.shard_size}: {error}") from error
    for file, held in plan.filename_to_tensors.items():
        tensors = {}
        for name in held:
            found = whole(source, entries[name], shapes[name])
            # A copy: what is mapped from a file, or part of a tensor, would keep more than itself in memory.
            tensors[name] = found.to(kind if settings.dtype else found.dtype, copy=True).contiguous()
            check_finite(tensors[name], found, name)
        save_file(tensors, folder / file, {"format": "pt"})
        del tensors
    if plan.is_sharded:
        index = {"metadata": plan.metadata, "weight_map": dict(sorted(plan.tensor_to_filename.items()))}
        write_json(folder / "model.safetensors.index.json", index)
    return sum((folder / file).stat().st_size for file in plan.filename_to_tensors)


def _write_config(config: Mapping[str, Any], kind: str, folder: Path) -> None:
    from transformers import AutoConfig

    values = {**config, "architectures": ["GPTBigCodeForCausalLM"], "dtype": kind}
    AutoConfig.for_model(**values).save_pretrained(folder)


def _copy_tokenizer(path: Path, folder: Path) -> None:
    if path.is_file():
        shutil.copyfile(path, folder / "tokenizer.json")
        return
    for name in TOKENIZER_FILES:
        if (path / name).is_file():
            shutil.copyfile(path / name, folder / name)
