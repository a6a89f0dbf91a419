"""A folder of GPTBigCode as a checkpoint of Megatron: a file for each rank, for a first run (``release``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from humanevalpack.errors import EnvironmentFault, InputError, UsageError
from octopack_data.manifests import write_json
from octopack_train.folders import check_apart, check_free, whole_folder
from octopack_train.logits import TYPES
from octopack_train.megatron.checkpoints.architecture import (
    arguments_from_config,
    named_config,
    tensor_shapes,
)
from octopack_train.megatron.checkpoints.names import EMBEDDING, names_of
from octopack_train.megatron.checkpoints.provenance import PROVENANCE, provenance
from octopack_train.megatron.checkpoints.ranks import FILES, OPTIMIZER, copy_folder, rank_folder
from octopack_train.megatron.checkpoints.source import Piece, check_equal, check_finite
from octopack_train.megatron.checkpoints.splitting import Cut, Split
from octopack_train.megatron.checkpoints.writing import write_torch_file
from octopack_train.megatron.tracker import RELEASE, write_tracker
from octopack_train.tensor_files import TensorFiles, open_tensors

if TYPE_CHECKING:
    import torch

HEAD = "lm_head.weight"
VERSION = 3.0
"""Of Megatron's checkpoints since 2021."""
_NO_WEIGHTS = ("*.attn.bias", "*.attn.masked_bias")
"""Masks that older versions of transformers kept beside the weights."""


@dataclass(frozen=True)
class FromHf:
    """What is asked of a conversion beside the model."""

    tensor_parallel: int = 1
    pipeline_parallel: int = 1
    spelling: str = "core-local"
    """One of names.SPELLINGS."""
    vocabulary_multiple: int = 128
    """Rows of the embedding on each rank are filled up with zeros to a multiple of it: make-vocab-size-divisible-by."""
    dtype: str | None = None
    """One of fp32, bf16, fp16; None: the model's."""
    distributed_copies: int = 0
    """bigcode-2023: copies of the model in a run with a distributed optimizer, which asks for files of other names, and
    for one of the optimizer for each copy even where it takes nothing from it; 0: a run without."""

    def __post_init__(self) -> None:
        if self.distributed_copies and self.spelling != "bigcode-2023":
            raise UsageError(f"--distributed-optimizer is for --names bigcode-2023, not {self.spelling}")


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that was written."""

    path: Path
    ranks: int
    bytes: int
    vocabulary: int
    """Rows of the embedding in GPTBigCode's folder."""
    padded: int
    """Rows of it on all ranks together."""


def from_hf(model: Path, output: Path, settings: FromHf, *, overwrite: bool = False) -> Checkpoint:
    """Convert a model's folder; the output is written whole or not at all.

    Raises InputError (what is no GPTBigCode), UsageError (output, numbers of ranks that do not divide the model).
    """
    import torch

    check_apart(model, output)
    check_free(output, PROVENANCE, overwrite=overwrite)
    if trained := sorted(path.name for path in output.glob("iter_*")):
        raise UsageError(f"{output} has {trained[-1]}, which a run has trained: name another folder")
    config = named_config(str(model))
    config["n_inner"] = config.get("n_inner") or 4 * config["n_embd"]
    files = open_tensors(model)
    shapes = tensor_shapes(config)
    _check(files, shapes)
    multiple = settings.vocabulary_multiple * settings.tensor_parallel
    padded = -(-config["vocab_size"] // multiple) * multiple
    names = names_of(settings.spelling, config["n_layer"])
    split = Split(names, config, shapes, settings.tensor_parallel, settings.pipeline_parallel, padded)
    kind = getattr(torch, TYPES[settings.dtype]) if settings.dtype else _one_type(files, shapes)
    arguments = arguments_from_config(config, split.names.spelling)
    arguments.vocab_size, arguments.padded_vocab_size, arguments.params_dtype = config["vocab_size"], padded, kind
    arguments.tensor_model_parallel_size = settings.tensor_parallel
    arguments.pipeline_model_parallel_size = settings.pipeline_parallel
    file = FILES[1] if settings.distributed_copies else FILES[0]
    values = {"args": arguments, "checkpoint_version": VERSION, "iteration": 0}
    with whole_folder(output, PROVENANCE, overwrite=overwrite) as folder:
        for stage in range(settings.pipeline_parallel):
            for rank in range(settings.tensor_parallel):
                name = rank_folder(rank, stage, settings.pipeline_parallel)
                _write(folder / RELEASE / name / file, values, files, split.cuts(rank, stage), kind)
                for copy in range(settings.distributed_copies):
                    _write_empty(folder / RELEASE / copy_folder(name, copy) / OPTIMIZER)
        write_tracker(folder, RELEASE)
        said = {
            "spelling": names.spelling,
            "tensor_parallel": settings.tensor_parallel,
            "pipeline_parallel": settings.pipeline_parallel,
            "distributed_copies": settings.distributed_copies,
            "rows_of_embedding": {"read": config["vocab_size"], "written": padded},
            "dtype": str(kind).removeprefix("torch."),
        }
        write_json(folder / PROVENANCE, provenance("from-hf", model, (model / "config.json", *files.files), said))
        sizes = [path.stat().st_size for path in folder.glob(f"{RELEASE}/*/{file}")]
    return Checkpoint(output, len(sizes), sum(sizes), config["vocab_size"], padded)


def _check(files: TensorFiles, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Raise InputError if a folder's tensors are not those of its configuration, or its output layer is another one."""
    for name, shape in shapes.items():
        if name not in files.places:
            raise InputError(f"{files.path}: has no {name}, which its config.json needs")
        if tuple(files.tensor(name).shape) != shape:
            raise InputError(
                f"{files.path}: {name} is {tuple(files.tensor(name).shape)}, its config.json needs {shape}"
            )
    for name in files.places.keys() - shapes.keys() - {HEAD}:
        if not any(fnmatchcase(name, pattern) for pattern in _NO_WEIGHTS):
            raise InputError(f"{files.path}: has {name}, for which GPTBigCode has no place")
    if HEAD in files.places:
        both = [Piece(name, files.tensor(name)) for name in (HEAD, EMBEDDING)]
        check_equal(f"{HEAD}, which is tied to the embedding,", both, files.path)


def _one_type(files: TensorFiles, names: Iterable[str]) -> torch.dtype:
    """Return the type of all tensors; raises UsageError where there are several: Megatron's weights have one."""
    types = {files.tensor(name).dtype: name for name in names}
    if len(types) > 1:
        said = " and ".join(f"{str(kind).removeprefix('torch.')} ({name})" for kind, name in types.items())
        raise UsageError(f"{files.path}: its tensors are {said}, Megatron's all of one type: choose a --dtype")
    return next(iter(types))


def _write_empty(path: Path) -> None:
    import torch

    try:
        path.parent.mkdir()
        torch.save({}, path)
    except OSError as error:
        raise EnvironmentFault(f"{path} cannot be written: {error}") from error


def _write(path: Path, values: Mapping[str, Any], files: TensorFiles, cuts: Sequence[Cut], kind: torch.dtype) -> None:
    def fill(number: int, target: torch.Tensor) -> None:
        cut = cuts[number]
        cut.fill(target, files.tensor(cut.name))
        check_finite(target, files.tensor(cut.name), cut.name)

    write_torch_file(path, values, [(("model", *cut.keys), cut.shape) for cut in cuts], kind, fill)
