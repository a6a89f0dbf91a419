"""A torch file that is written tensor by tensor: memory stays constant however large the file is."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from humanevalpack.errors import EnvironmentFault
from octopack_train.torch_files import REMAP_AFTER, load_values

if TYPE_CHECKING:
    import torch


def write_torch_file(
    path: Path,
    values: Mapping[str, Any],
    tensors: Sequence[tuple[tuple[str, ...], Sequence[int]]],
    kind: torch.dtype,
    fill: Callable[[int, torch.Tensor], None],
) -> None:
    """Write plain ``values`` and tensors as torch.save would.

    ``tensors``: of each the keys in nested mappings, and the shape; ``fill`` is called with the number of each and its
    place in the file. Raises EnvironmentFault.
    """
    import torch

    layout: dict[str, Any] = dict(values)
    for keys, shape in tensors:
        _mapping(layout, keys)[keys[-1]] = torch.empty(*shape, dtype=kind)  # memory that nothing is written to
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with torch.serialization.skip_data():
            torch.save(layout, path)
        del layout
        for batch in _batches([torch.Size(shape).numel() * kind.itemsize for _, shape in tensors]):
            with torch.serialization.set_default_mmap_options(mmap.MAP_SHARED):
                places = load_values(path)
            for number in batch:
                keys = tensors[number][0]
                fill(number, _mapping(places, keys)[keys[-1]])
    except OSError as error:
        raise EnvironmentFault(f"{path} cannot be written: {error}") from error


def _mapping(values: dict[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    """Return the mapping that holds the last of some keys."""
    for key in keys[:-1]:
        values = values.setdefault(key, {})
    return values


def _batches(sizes: Sequence[int]) -> list[list[int]]:
    """Numbers of tensors that are filled between two mappings of the file: pages go back with their mapping."""
    batches: list[list[int]] = [[]]
    held = 0
    for number, size in enumerate(sizes):
        if held > REMAP_AFTER:
            batches.append([])
            held = 0
        batches[-1].append(number)
        held += size
    return batches
