"""A Megatron checkpoint as a source of tensors: which there are, and of each the pieces that ranks hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from humanevalpack.errors import InputError
from octopack_train.equivalence import bits
from octopack_train.megatron.checkpoints.names import Part

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Piece:
    """What one rank of tensor parallelism holds of a tensor."""

    rank: str
    """Name of the rank's folder."""
    values: torch.Tensor


class Source(Protocol):
    """Per-rank files, or a distributed checkpoint."""

    @property
    def path(self) -> Path:
        """Folder of one iteration."""

    @property
    def arguments(self) -> Mapping[str, Any]:
        """What Megatron saved of them; empty where there are none."""

    @property
    def tensor_parallel(self) -> int:
        """Ranks that share one layer."""

    @property
    def pipeline_parallel(self) -> int:
        """Stages that share the layers."""

    @property
    def names(self) -> Sequence[str]:
        """Dotted names of all tensors, layers counted over all stages."""

    @property
    def files(self) -> Sequence[Path]:
        """What is read."""

    def pieces(self, name: str) -> Sequence[Piece]:
        """Return the pieces of a tensor in the order of ranks, one at least."""


def merged(source: Source, part: Part) -> torch.Tensor:
    """Return a tensor whole; raises InputError where copies differ or pieces do not fit together."""
    import torch

    pieces = source.pieces(part.name)
    if part.share == "copy":
        check_equal(part.name, pieces, source.path)
    if part.share == "copy" or len(pieces) == 1:
        return pieces[0].values
    if len({piece.values.dtype for piece in pieces}) > 1:  # torch.cat would cast some of them
        types = ", ".join(f"{piece.rank} {piece.values.dtype}" for piece in pieces)
        raise InputError(f"{source.path}: {part.name} must be of one type on all ranks: {types}")
    dimension = 0 if part.share == "rows" else 1
    try:
        return torch.cat([piece.values for piece in pieces], dimension)
    except (RuntimeError, IndexError) as error:
        shapes = ", ".join(f"{piece.rank} {tuple(piece.values.shape)}" for piece in pieces)
        raise InputError(f"{source.path}: {part.name} cannot be put together by {part.share}: {shapes}") from error


def check_equal(name: str, pieces: Sequence[Piece], place: Path) -> None:
    """Raise InputError, which names tensor and ranks, if pieces that must be equal to the bit are not."""
    first = pieces[0]
    for other in pieces[1:]:
        difference = _difference(first.values, other.values)
        if difference:
            raise InputError(
                f"{place}: {name} must be equal on all ranks, {first.rank} and {other.rank} differ: {difference}"
            )


def _difference(one: torch.Tensor, other: torch.Tensor) -> str:
    if one.shape != other.shape or one.dtype != other.dtype:
        return f"{tuple(one.shape)} {one.dtype} and {tuple(other.shape)} {other.dtype}"
    unequal = bits(one.reshape(-1)) != bits(other.reshape(-1))
    count = int(unequal.sum())
    return f"{count:,} values, first at {int(unequal.nonzero()[0]):,}" if count else ""


def check_finite(found: torch.Tensor, before: torch.Tensor, name: str) -> None:
    """Raise InputError if a tensor that was cast to fp16 was too large for it."""
    import torch

    if found.dtype == torch.float16 != before.dtype and not torch.isfinite(found).all():
        raise InputError(f"{name} is not finite as fp16: choose bf16 or fp32")
