"""Packed pairs as a dataset for training with megatron-core: what its GPTDataset gives, under the same names.

A sample depends on the data, the settings and its number alone: a run that has read n samples goes on with sample n.
"""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from humanevalpack.errors import InputError, UsageError
from octopack_train.config.sequence import Loss
from octopack_train.megatron.indexed import IndexedDataset, dataset_prefix, read_indexed
from octopack_train.megatron.target_loss import Weighting, counted, hidden, loss_weights, positions
from octopack_train.megatron.target_rows import pack_row, row_bounds
from octopack_train.megatron.tokenizing import INPUTS, TARGETS

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Pairs:
    """A range of the pairs of two indexed datasets, which are read where they lie."""

    inputs: IndexedDataset
    targets: IndexedDataset
    first: int
    end: int
    """One behind the last."""


def open_pairs(prefix: Path, start: float = 0.0, end: float = 1.0) -> Pairs:
    """Open ``<prefix>_inputs_document`` and ``<prefix>_targets_document``, from one fraction of the pairs to another.

    Fractions are rounded to the next pair, as Megatron-LM rounds those of path files. Raises InputError, UsageError.
    """
    if not 0 <= start < end <= 1:
        raise UsageError(f"{start:g}:{end:g} of {prefix}: must be fractions, 0 <= start < end <= 1")
    inputs, targets = (read_indexed(dataset_prefix(prefix, key)) for key in (INPUTS, TARGETS))
    for one in (inputs, targets):
        if len(one) != one.documents:
            raise InputError(
                f"{one.prefix}: {len(one):,} sequences in {one.documents:,} documents; must be one in each"
            )
    if len(inputs) != len(targets):
        raise InputError(f"{prefix}: {len(inputs):,} inputs, but {len(targets):,} targets; tokenize both keys together")
    return Pairs(inputs, targets, round(start * len(inputs)), round(end * len(inputs)))


@dataclass(frozen=True)
class Packing:
    """What decides about the samples, beside the pairs."""

    length: int
    """Tokens that the model reads of a row."""
    seed: int
    """Of the order of the pairs, which is another one in each epoch."""
    loss: Loss = "targets"
    padding: int = 0
    """Token behind the last pair of a row; it is neither seen nor counted, so it may be any."""

    def __post_init__(self) -> None:
        if self.length < 1 or not 0 <= self.seed < 2**32:
            raise UsageError(f"length {self.length}, seed {self.seed}: must be at least 1; and 0 to 2**32 - 1")


@dataclass(frozen=True)
class PackingCounts:
    """What became of the pairs in the first epoch."""

    pairs: int
    too_long: int
    """Pairs left out because they are longer than a row."""
    without_target: int
    """Pairs left out because they have no token of a target."""
    rows: int
    tokens: int
    """Of the pairs in the rows."""
    padding: int
    """Tokens with which rows are filled up."""


class TargetLossDataset:
    """Samples by number; an epoch has all pairs once, in an order of its own, and ends with a row that is filled up.

    A sample has tensors: tokens, labels, position_ids (int64 [length]), loss_mask (1 where a label counts, float32
    [length]), attention_mask (bool [1, length, length], true where nothing is seen: megatron-core's sign).
    """

    def __init__(self, pairs: Pairs, packing: Packing, samples: int | None = None) -> None:
        """``samples``: how many there are, over as many epochs as that takes; None: one epoch. Raises InputError."""
        import numpy as np

        self.packing, self._inputs, self._targets = packing, pairs.inputs, pairs.targets
        chosen = slice(pairs.first, pairs.end)
        targets = pairs.targets.lengths[chosen].astype(np.int64)
        self._lengths = pairs.inputs.lengths[chosen] + targets
        self._first = pairs.first
        fits = self._lengths <= packing.length + 1
        self._kept = np.flatnonzero(fits & (targets > 0))
        name = str(pairs.inputs.prefix).removesuffix(f"_{INPUTS}_document")
        if not len(self._kept):
            raise InputError(
                f"{name}: none of {len(fits):,} pairs has a target and at most {packing.length + 1:,} tokens"
            )
        self._turn_to(0)
        self._ends = [len(self._bounds) - 1]
        """Samples until the end of each epoch that was at hand."""
        self.counts = self._counted(fits)
        self._samples = self.counts.rows if samples is None else samples
        if left_out := self.counts.too_long + self.counts.without_target:
            logging.getLogger(__name__).warning(
                f"{name}: {left_out:,} of {self.counts.pairs:,} pairs are left out: {self.counts.too_long:,} are "
                f"longer than {packing.length + 1:,} tokens, {self.counts.without_target:,} have no target"
            )

    def __len__(self) -> int:
        return self._samples

    def __getitem__(self, number: int) -> dict[str, torch.Tensor]:
        import torch

        if not 0 <= number < self._samples:
            raise IndexError(f"sample {number} of {self._samples}")
        begin, end = self._place(number)
        places = (self._first + int(self._kept[place]) for place in self._order[begin:end])
        row = pack_row(
            [(self._inputs[place], self._targets[place]) for place in places],
            self.packing.length + 1,
            self.packing.padding,
        )
        seen = row.segments[:-1]
        return {
            "tokens": torch.from_numpy(row.tokens[:-1]),
            "labels": torch.from_numpy(row.tokens[1:].copy()),  # who changes tokens must not change labels
            "loss_mask": torch.from_numpy(counted(row, self.packing.loss)).float(),
            "position_ids": torch.from_numpy(positions(seen)),
            "attention_mask": torch.from_numpy(hidden(seen)),
        }

    def __iter__(self) -> Iterator[dict[str, torch.Tensor]]:
        return (self[number] for number in range(len(self)))

    def _place(self, number: int) -> tuple[int, int]:
        """Return where a sample's pairs stand in the order of its epoch, which is then the one at hand."""
        while self._ends[-1] <= number:
            self._turn_to(len(self._ends))
            self._ends.append(self._ends[-1] + len(self._bounds) - 1)
        epoch = bisect_right(self._ends, number)
        if epoch != self._epoch:
            self._turn_to(epoch)
        row = number - (self._ends[epoch - 1] if epoch else 0)
        return int(self._bounds[row]), int(self._bounds[row + 1])

    def _turn_to(self, epoch: int) -> None:
        import numpy as np

        # numpy never changes what a RandomState draws; its newer generators may.
        order = np.random.RandomState([self.packing.seed, epoch]).permutation(len(self._kept))
        self._epoch, self._order = epoch, order
        self._bounds = row_bounds(self._lengths[self._kept[order]], self.packing.length + 1)

    def _counted(self, fits: NDArray[np.bool_]) -> PackingCounts:
        rows, tokens = len(self._bounds) - 1, int(self._lengths[self._kept].sum())
        too_long = int((~fits).sum())
        return PackingCounts(
            pairs=len(fits),
            too_long=too_long,
            without_target=len(fits) - len(self._kept) - too_long,
            rows=rows,
            tokens=tokens,
            padding=rows * (self.packing.length + 1) - tokens,
        )


def micro_batch(samples: Sequence[dict[str, torch.Tensor]], weighting: Weighting = "normalized") -> dict[str, Any]:
    """Stack the samples of one micro-batch, with ``loss_mask`` as the weight of each label: a loader's collate_fn.

    The weights hold for this micro-batch as it is: a loader's batch must be one micro-batch.
    """
    import torch

    batch = {name: torch.stack([sample[name] for sample in samples]) for name in samples[0]}
    batch["loss_mask"] = torch.from_numpy(loss_weights(batch["loss_mask"].numpy() > 0, weighting))
    return batch
