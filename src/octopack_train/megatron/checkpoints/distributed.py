"""Distributed checkpoints of torch (Megatron's ``torch_dist``): ``.metadata`` with ``__0_0.distcp`` and its like."""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from humanevalpack.errors import InputError
from octopack_data.settings import read_yaml
from octopack_train.megatron.checkpoints.ranks import saved_arguments
from octopack_train.megatron.checkpoints.source import Piece
from octopack_train.torch_files import FACTS, load_values

if TYPE_CHECKING:
    import torch
    from torch.distributed.checkpoint.metadata import Metadata

METADATA = ".metadata"
COMMON = "common.pt"
"""Megatron's arguments and what else is no tensor."""
_PREFIX = "model."


@dataclass(frozen=True)
class DistributedFiles:
    """A distributed checkpoint: its tensors are whole, whatever ranks wrote them."""

    path: Path
    metadata: Metadata
    places: Mapping[str, tuple[str, int | None]]
    """Stored name of each tensor, and its place in a stack of layers: Megatron may keep all layers in one."""
    arguments: Mapping[str, Any]
    tensor_parallel: int = 1
    pipeline_parallel: int = 1

    @property
    def names(self) -> Sequence[str]:
        """Dotted names of all tensors."""
        return tuple(self.places)

    @property
    def files(self) -> Sequence[Path]:
        """All files of the folder that are read."""
        named = [self.path / METADATA, self.path / COMMON]
        return tuple(path for path in (*named, *sorted(self.path.glob("*.distcp"))) if path.is_file())

    def pieces(self, name: str) -> Sequence[Piece]:
        """Return a tensor whole, as one piece."""
        stored, layer = self.places[name]
        return [Piece(self.path.name, self._read(stored, layer))]

    def _read(self, name: str, layer: int | None) -> torch.Tensor:
        import torch
        from torch.distributed.checkpoint.metadata import ChunkStorageMetadata
        from torch.distributed.checkpoint.planner import LoadPlan
        from torch.distributed.checkpoint.planner_helpers import create_read_items_for_chunk_list

        try:
            facts: Any = self.metadata.state_dict_metadata[name]
            begin, size = [0] * len(facts.size), list(facts.size)
            if layer is not None:
                begin[0], size[0] = layer, 1
            wanted = ChunkStorageMetadata(torch.Size(begin), torch.Size(size))
            items = create_read_items_for_chunk_list(name, facts, [wanted])
            target = torch.empty(size, dtype=facts.properties.dtype)
            if sum(torch.Size(item.lengths).numel() for item in items) != target.numel():
                raise InputError(f"{self.path}: the pieces of {name} do not make up {tuple(facts.size)}")
            self._check_files(self.metadata.storage_data[item.storage_index].relative_path for item in items)
            _reader(self.path, self.metadata).read_data(LoadPlan(list(items)), _planner(target)).wait()
        except InputError:
            raise
        except pickle.UnpicklingError as error:  # torch's own words tell how to run the code all the same
            raise InputError(f"{self.path}: {name} is no tensor that can be read without running code") from error
        except Exception as error:  # whatever a file that is damaged, or made to do harm, has torch stumble over
            raise InputError(f"{self.path}: {name} cannot be read: {type(error).__name__} {error}") from error
        return target if layer is None else target[0]

    def _check_files(self, named: Iterable[str]) -> None:
        """Raise InputError if a tensor lies elsewhere than in a file of this folder."""
        for name in named:
            if name not in {file.name for file in self.files}:
                raise InputError(f"{self.path / METADATA}: names {name}, which is no file of its folder")


def open_distributed(path: Path) -> DistributedFiles:
    """Open a distributed checkpoint's folder; raises InputError (damaged, code in it)."""
    from torch.distributed.checkpoint.metadata import Metadata

    file = path / METADATA
    try:
        with file.open("rb") as stream:
            metadata = _Unpickler(stream).load()
        if not isinstance(metadata, Metadata):
            raise InputError(f"{file}: holds {type(metadata).__name__}, not the metadata of a distributed checkpoint")
        places = _places(metadata)
    except InputError:
        raise
    except Exception as error:  # a pickle may raise anything
        raise InputError(
            f"{file}: not the metadata of a distributed checkpoint that can be read: {type(error).__name__} {error}"
        ) from error
    arguments = saved_arguments(load_values(path / COMMON).get("args")) if (path / COMMON).is_file() else {}
    return DistributedFiles(path, metadata, places, arguments)


def _places(metadata: Metadata) -> dict[str, tuple[str, int | None]]:
    from torch.distributed.checkpoint.metadata import TensorStorageMetadata

    tensors = {
        name: facts for name, facts in metadata.state_dict_metadata.items() if isinstance(facts, TensorStorageMetadata)
    }
    prefix = _PREFIX if any(name.startswith(_PREFIX) for name in tensors) else ""
    places: dict[str, tuple[str, int | None]] = {}
    for stored, facts in tensors.items():
        name = stored.removeprefix(prefix)
        if re.search(r"\bdecoder\.layers\.(?!\d)", name) and stored.startswith(prefix):
            for layer in range(facts.size[0]):
                places[name.replace("layers.", f"layers.{layer}.", 1)] = stored, layer
        elif stored.startswith(prefix):
            places[name] = stored, None
    return places


class _Unpickler(pickle.Unpickler):
    """Reads records of torch's checkpoints; any other name than theirs is refused before it is looked up."""

    def find_class(self, module: str, name: str) -> Any:
        full = f"{module}.{name}"
        if full not in _records():
            raise pickle.UnpicklingError(f"it names {full}, which is no part of such metadata and is not run")
        found = super().find_class(module, name)
        return _gate(found) if callable(found) else found


def _gate(record: Any) -> type:
    """Return a class that makes such records, to be thrown away: a pickle may set attributes of what it has named."""

    class Gate:
        def __new__(cls, *values: object) -> Any:
            return record(*values) if values else record.__new__(record)

    return Gate


@lru_cache
def _records() -> frozenset[str]:
    return frozenset(read_yaml(FACTS)["metadata"])


def _reader(path: Path, metadata: Metadata) -> Any:
    from torch.distributed.checkpoint.filesystem import FileSystemReader

    reader = FileSystemReader(path)
    reader.set_up_storage_reader(metadata, is_coordinator=True)
    return reader


def _planner(target: torch.Tensor) -> Any:
    """Return a planner that has all that is read put into one tensor."""
    from torch.distributed.checkpoint.default_planner import DefaultLoadPlanner

    class OneTensor(DefaultLoadPlanner):
        def lookup_tensor(self, index: object) -> torch.Tensor:
            return target

    return OneTensor()
