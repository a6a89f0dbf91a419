"""Checkpoints of one file a rank: ``mp_rank_<tensor>[_<pipeline>]/model_optim_rng.pt``."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError
from octopack_train.megatron.checkpoints.names import shift_layer
from octopack_train.megatron.checkpoints.source import Piece
from octopack_train.torch_files import MappedTensors, load_values

FILES = ("model_optim_rng.pt", "model_rng.pt")
"""The second where the optimizer's state lies beside it."""
OPTIMIZER = "optim.pt"
"""Alone in a folder for each copy of a rank: the states of a distributed optimizer of 2023."""
_RANK = re.compile(r"mp_rank_(\d{2,})(?:_(\d{3}))?")
_PREFIX = "model."


def rank_folder(tensor: int, pipeline: int, stages: int) -> str:
    """Return how Megatron names a rank's folder: without the stage where there is one only."""
    return f"mp_rank_{tensor:02d}" + (f"_{pipeline:03d}" if stages > 1 else "")


def copy_folder(rank: str, copy: int) -> str:
    """Return how Megatron of 2023 names the folder with the optimizer's states of one copy of a rank."""
    return f"{rank}_{copy:03d}"


@dataclass(frozen=True)
class RankFiles:
    """A checkpoint of one file a rank."""

    path: Path
    ranks: tuple[tuple[MappedTensors, ...], ...]
    """By stage of pipeline parallelism, then by rank of tensor parallelism."""
    arguments: Mapping[str, Any]

    @property
    def tensor_parallel(self) -> int:
        """Ranks that share one layer."""
        return len(self.ranks[0])

    @property
    def pipeline_parallel(self) -> int:
        """Stages that share the layers."""
        return len(self.ranks)

    @property
    def names(self) -> Sequence[str]:
        """Dotted names of all tensors, layers counted over all stages."""
        return tuple(self._places)

    @property
    def files(self) -> Sequence[Path]:
        """One of each rank."""
        return tuple(rank.path for stage in self.ranks for rank in stage)

    def pieces(self, name: str) -> Sequence[Piece]:
        """Return what each rank of the tensor's stage holds of it."""
        stage, local = self._places[name]
        return [Piece(rank.path.parent.name, rank.tensor(local)) for rank in self.ranks[stage]]

    @cached_property
    def _places(self) -> Mapping[str, tuple[int, str]]:
        """Stage and own name of each tensor: layers are counted from 0 on every stage."""
        places: dict[str, tuple[int, str]] = {}
        before = 0
        for stage, ranks in enumerate(self.ranks):
            own = _model_names(ranks[0])
            for other in ranks[1:]:
                for name in sorted(own ^ _model_names(other)):
                    both = f"{ranks[0].path.parent.name} and {other.path.parent.name}"
                    raise InputError(f"{self.path}: {name} is not on both of {both}")
            layers = {int(match[1]) for name in own if (match := re.search(r"\blayers\.(\d+)\.", name))}
            if layers != set(range(len(layers))):
                raise InputError(f"{ranks[0].path}: layers of a stage must count from 0, not {sorted(layers)[:5]}")
            for name in own:
                whole = shift_layer(name, before)
                if whole in places:
                    raise InputError(f"{self.path}: {whole} is on the stages {places[whole][0]} and {stage}")
                places[whole] = stage, _PREFIX + name
            before += len(layers)
        return places


def open_ranks(path: Path) -> RankFiles:
    """Open the files of all ranks in an iteration's folder; raises InputError (one is missing, virtual stages)."""
    found: dict[tuple[int, int], Path] = {}
    for folder in sorted(path.glob("mp_rank_*")):
        # Named as a stage's or an expert's folder may be: what is in it tells.
        if (folder / OPTIMIZER).is_file() and not any((folder / name).is_file() for name in FILES):
            continue
        match = _RANK.fullmatch(folder.name)
        if match is None:
            raise InputError(f"{folder}: a rank with a third number (expert parallelism): GPTBigCode has no experts")
        found[int(match[1]), int(match[2] or 0)] = _file_of(folder)
    if not found:
        raise InputError(f"{path}: has an optimizer's states alone, no {' or '.join(FILES)}")
    tensor, stages = (1 + max(rank[place] for rank in found) for place in (0, 1))
    for rank in ((t, p) for p in range(stages) for t in range(tensor)):
        if rank not in found:
            raise InputError(f"{path}: {rank_folder(*rank, stages)} is missing: {tensor} x {stages} ranks")
    arguments = _arguments(found[0, 0])
    for size, name in ((tensor, "tensor_model_parallel_size"), (stages, "pipeline_model_parallel_size")):
        if arguments.get(name) not in (None, size):
            raise InputError(f"{path}: there are {size} ranks, its arguments say {name} {arguments[name]}")
    ranks = tuple(tuple(MappedTensors(found[t, p]) for t in range(tensor)) for p in range(stages))
    return RankFiles(path, ranks, arguments)


def _file_of(folder: Path) -> Path:
    for name in FILES:
        if (folder / name).is_file():
            return folder / name
    raise InputError(f"{folder}: has no {' or '.join(FILES)}")


def _arguments(path: Path) -> Mapping[str, Any]:
    values = load_values(path)
    if "model0" in values:
        raise InputError(f"{path}: has virtual pipeline stages (model0, model1): merge them with Megatron's own tool")
    if not isinstance(values.get("model"), Mapping):
        raise InputError(f"{path}: not a checkpoint of Megatron: no mapping 'model', but {', '.join(map(str, values))}")
    return saved_arguments(values.get("args"))


def saved_arguments(value: object) -> Mapping[str, Any]:
    """Return the arguments that Megatron saved as a mapping; empty without."""
    return dict(vars(value)) if isinstance(value, argparse.Namespace) else {}


def _model_names(rank: MappedTensors) -> set[str]:
    return {name.removeprefix(_PREFIX) for name in rank.names if name.startswith(_PREFIX)}
