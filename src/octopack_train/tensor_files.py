"""Tensors in files, one at a time: safetensors and torch files, alone or as the shards of a folder."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from humanevalpack.errors import InputError
from octopack_train.torch_files import MappedTensors

if TYPE_CHECKING:
    import torch

TORCH_ENDINGS = (".bin", ".pt", ".pth")
_WHOLE = ("model", "pytorch_model", "adapter_model")
"""Names of a model's weights in a folder; with .index.json behind the ending they are shared out over several files."""


@dataclass(frozen=True)
class TensorFiles:
    """Where each tensor of a model lies."""

    path: Path
    """As it was named: a folder or a file."""
    places: Mapping[str, Path]
    """File of each tensor, in the natural order of names: layer 2 before layer 10."""

    @property
    def files(self) -> tuple[Path, ...]:
        """The files, each once."""
        return tuple(sorted(set(self.places.values())))

    def tensor(self, name: str) -> torch.Tensor:
        """Return one tensor, mapped from its file: pages that are not looked at are not read."""
        path = self.places[name]
        try:
            if path.suffix in TORCH_ENDINGS:
                return _mapped(path, _version(path)).tensor(name)
            with _safetensors(path) as stream:
                found: torch.Tensor = stream.get_tensor(name)
                return found
        except KeyError as error:
            raise InputError(f"{path}: no tensor {name!r}, though the index beside it says so") from error


def open_tensors(path: Path) -> TensorFiles:
    """Find the tensors of a file or of a model's folder; raises InputError (none, a shard that is not there)."""
    if path.is_file():
        files = [path]
    elif path.is_dir():
        files = _files_of(path)
    else:
        raise InputError(f"{path}: no such file or folder")
    places: dict[str, Path] = {}
    for file in files:
        for name in _names(file):
            if name in places:
                raise InputError(f"{path}: tensor {name!r} is in {places[name].name} and in {file.name}")
            places[name] = file
    return TensorFiles(path, dict(sorted(places.items(), key=lambda place: natural(place[0]))))


def natural(name: str) -> tuple[tuple[int, str], ...]:
    """Return a key for sorting names with their numbers as numbers."""
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name))


def _files_of(folder: Path) -> list[Path]:
    for stem in _WHOLE:
        for ending in (".safetensors", *TORCH_ENDINGS):
            index = folder / f"{stem}{ending}.index.json"
            if index.is_file():
                return _shards(index)
            if (whole := folder / f"{stem}{ending}").is_file():
                return [whole]
    raise InputError(
        f"{folder}: no weights there ({', '.join(f'{stem}.safetensors' for stem in _WHOLE)}, the same with "
        f"{', '.join(TORCH_ENDINGS)}, or shards with an index); name a file"
    )


def _shards(index: Path) -> list[Path]:
    try:
        weight_map = json.loads(index.read_text("utf-8"))["weight_map"]
        files = sorted({index.parent / name for name in weight_map.values()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{index}: not an index of shards: no 'weight_map' of tensors and files ({error})") from error
    for file in files:
        if not file.is_file():
            raise InputError(f"{index}: names {file.name}, which is not there")
    held = {name: file.name for file in files for name in _names(file)}
    for name in sorted({*held, *weight_map}, key=natural):
        if held.get(name) != weight_map.get(name):
            there, said = held.get(name, "no file"), weight_map.get(name, "no file")
            raise InputError(f"{index}: tensor {name!r} is in {there}, the index says {said}")
    return files


def _names(path: Path) -> list[str]:
    if path.suffix in TORCH_ENDINGS:
        return list(_mapped(path, _version(path)).names)
    if path.suffix != ".safetensors":
        raise InputError(f"{path}: the name must end with .safetensors, {', '.join(TORCH_ENDINGS)}")
    with _safetensors(path) as stream:
        return list(stream.keys())


@contextmanager
def _safetensors(path: Path) -> Iterator[Any]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as stream:
            yield stream
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path}: not a safetensors file that can be read ({error})") from error


def _version(path: Path) -> tuple[int, int]:
    return path.stat().st_mtime_ns, path.stat().st_size


@lru_cache(maxsize=4)
def _mapped(path: Path, _version: tuple[int, int]) -> MappedTensors:
    return MappedTensors(path)
