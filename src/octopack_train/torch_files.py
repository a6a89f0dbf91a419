"""Torch files, mapped into memory and without running code: tensors, plain values, and inert objects for the rest.

Python's pickles call what they name. Here only torch's own rebuilding of tensors is called; a name that the list in
``data/megatron/arguments.yaml`` has gives an object that holds what was saved, any other name is refused.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from humanevalpack.errors import InputError
from octopack_data.settings import read_yaml

if TYPE_CHECKING:
    import torch

FACTS = Path(__file__).parent / "data" / "megatron" / "arguments.yaml"
REMAP_AFTER = 128 * 2**20
"""Bytes of a mapped file that are looked at before its pages are given back."""


class Held:
    """What stands in a pickle for an object of a class that is not imported; it does nothing."""

    name = ""

    def __init__(self, *values: object) -> None:
        self.values = values
        self.state: object = None

    def __setstate__(self, state: object) -> None:
        self.state = state

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.values))})"


def load_values(path: Path) -> dict[str, Any]:
    """Return a torch file's mapping, its tensors mapped from the file; raises InputError (damaged, code in it)."""
    import torch

    try:
        unknown = torch.serialization.get_unsafe_globals_in_checkpoint(path)
        refused = sorted(name for name in unknown if not _is_held(name) and name != "argparse.Namespace")
        if refused:
            raise InputError(
                f"{path}: not a torch file that is read without running code: it names {', '.join(refused)} "
                "(mend it: save its state dict alone, as safetensors)"
            )
        safe: list[Any] = [argparse.Namespace, *((_held(name), name) for name in unknown if _is_held(name))]
        with torch.serialization.safe_globals(safe):
            values = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except InputError:
        raise
    except Exception as error:  # a pickle may raise anything
        said = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise InputError(
            f"{path}: not a torch file that is read in pieces and without running code: {said} "
            "(mend it: save its state dict with today's torch.save, or as safetensors)"
        ) from error
    if not isinstance(values, Mapping):
        raise InputError(f"{path}: must hold a mapping of names and tensors, not {type(values).__name__}")
    return dict(values)


def flat_tensors(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, torch.Tensor]]:
    """Yield the tensors of nested mappings by dotted name."""
    import torch

    for name, value in values.items():
        if isinstance(value, torch.Tensor):
            yield f"{prefix}{name}", value
        elif isinstance(value, Mapping):
            yield from flat_tensors(value, f"{prefix}{name}.")


class MappedTensors:
    """The tensors of one torch file by dotted name; memory stays constant however large the file is."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._tensors = dict(flat_tensors(load_values(path)))
        self._seen = 0

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all tensors, in the file's order."""
        return tuple(self._tensors)

    def tensor(self, name: str) -> torch.Tensor:
        """Return one tensor, mapped; raises KeyError."""
        if self._seen > REMAP_AFTER:  # pages that were looked at stay in memory for as long as their mapping does
            self._tensors = dict(flat_tensors(load_values(self.path)))
            self._seen = 0
        found = self._tensors[name]
        self._seen += found.nbytes
        return found


def _is_held(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in _held_patterns())


@lru_cache
def _held_patterns() -> tuple[str, ...]:
    return tuple(read_yaml(FACTS)["held"])


@lru_cache
def _held(name: str) -> type[Held]:
    return type("Held", (Held,), {"name": name})
