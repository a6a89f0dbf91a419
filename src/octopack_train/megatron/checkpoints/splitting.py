"""Which part of which of GPTBigCode's tensors each rank of Megatron has, and under which name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from humanevalpack.errors import UsageError
from octopack_train.megatron.checkpoints.names import EMBEDDING, Entry, Names, Part, shift_layer

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Cut:
    """One tensor of a rank."""

    keys: tuple[str, ...]
    """In the nested mappings of the rank's file."""
    name: str
    """Of GPTBigCode's tensor."""
    rows: range
    """Of it; those beyond its end are zeros."""
    columns: range | None
    """None for a vector."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the rank's tensor."""
        return (len(self.rows),) if self.columns is None else (len(self.rows), len(self.columns))

    def fill(self, target: torch.Tensor, whole: torch.Tensor) -> None:
        """Put this part of a whole tensor into place."""
        part = whole[self.rows.start : self.rows.stop]
        if self.columns is not None:
            part = part[:, self.columns.start : self.columns.stop]
        target[: len(part)].copy_(part)
        target[len(part) :].zero_()


@dataclass(frozen=True)
class Split:
    """How a model is shared out over ranks."""

    names: Names
    config: Mapping[str, Any]
    """GPTBigCode's."""
    shapes: Mapping[str, tuple[int, ...]]
    tensor_parallel: int
    pipeline_parallel: int
    padded: int
    """Rows of the embedding on all ranks together."""

    def __post_init__(self) -> None:
        for what, number, ranks in (
            ("n_layer", self.config["n_layer"], self.pipeline_parallel),
            ("n_head", self.config["n_head"], self.tensor_parallel),
            ("n_inner", self.config["n_inner"], self.tensor_parallel),
            ("rows of c_attn", self.shapes["transformer.h.0.attn.c_attn.bias"][0], self._ranks_of_attention),
        ):
            if number % ranks:
                option = "--pipeline-parallel" if what == "n_layer" else "--tensor-parallel"
                raise UsageError(f"{option} {ranks} does not divide {what}, {number}")

    @property
    def _ranks_of_attention(self) -> int:
        """Ranks that share keys and values: the spelling of 2023 has a copy of them on each."""
        return 1 if self.names.spelling == "bigcode-2023" else self.tensor_parallel

    def cuts(self, rank: int, stage: int) -> list[Cut]:
        """Return what one rank of a stage has, in the model's order."""
        layers = self.config["n_layer"] // self.pipeline_parallel
        first, last = stage == 0, stage == self.pipeline_parallel - 1
        found: list[Cut] = []
        for entry in self.names.entries:
            if entry.layer is None:
                here = first if entry.stage == "first" else last
            else:
                here = entry.layer // layers == stage
            if here:
                found += self._cuts_of(entry, rank, -stage * layers)
        if last and not first:
            found.append(self._cut(EMBEDDING, self.names.tied, range(self.padded), rank, 0))
        return found

    def _cuts_of(self, entry: Entry, rank: int, shift: int) -> list[Cut]:
        rows = self.padded if entry.name == EMBEDDING else self.shapes[entry.name][0]
        if len(entry.parts) == 1:
            return [self._cut(entry.name, entry.parts[0], range(rows), rank, shift)]
        queries = self.config["n_embd"]  # keys and values come behind them
        both = zip(entry.parts, (range(queries), range(queries, rows)), strict=True)
        return [self._cut(entry.name, part, held, rank, shift) for part, held in both]

    def _cut(self, name: str, part: Part, rows: range, rank: int, shift: int) -> Cut:
        shape = self.shapes[name]
        columns = range(shape[1]) if len(shape) == 2 else None
        if part.share == "rows":
            rows = self._share(rows, rank)
        elif part.share == "columns" and columns is not None:
            columns = self._share(columns, rank)
        return Cut(tuple(shift_layer(key, shift) for key in part.path), name, rows, columns)

    def _share(self, whole: range, rank: int) -> range:
        size = len(whole) // self.tensor_parallel
        return whole[rank * size : (rank + 1) * size]
