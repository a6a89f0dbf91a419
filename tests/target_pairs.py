"""Pairs of tokens as tests of the target loss have them: drawn, written as indexed datasets, packed in memory."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from octopack_train.megatron.indexed import dataset_prefix
from octopack_train.megatron.indexed_writing import IndexedWriter
from octopack_train.megatron.target_rows import PairRow, pack_row

Pair = tuple[list[int], list[int]]
EXAMPLE: list[Pair] = [([6, 7], [8]), ([3, 4], [5, 9])]
"""The pairs of the pages' picture."""


def pairs(most: int = 12, inputs: int = 0, targets: int = 0) -> st.SearchStrategy[list[Pair]]:
    """Up to 12 pairs with at least so many tokens each, of 1 to 99."""
    tokens = st.integers(1, 99)
    pair = st.tuples(st.lists(tokens, min_size=inputs, max_size=6), st.lists(tokens, min_size=targets, max_size=6))
    return st.lists(pair, min_size=1, max_size=most)


def packed(given: Sequence[Pair], width: int, padding: int = 0) -> PairRow:
    """Return one row."""
    return pack_row([(np.array(one, np.int64), np.array(other, np.int64)) for one, other in given], width, padding)


def stacked(rows: Sequence[PairRow]) -> PairRow:
    """Return rows of one width as one array each."""
    return PairRow(
        np.stack([row.tokens for row in rows]),
        np.stack([row.segments for row in rows]),
        np.stack([row.targets for row in rows]),
    )


def written_pairs(prefix: Path, given: Sequence[Pair]) -> Path:
    """Write pairs as the two datasets of a prefix."""
    for place, key in enumerate(("inputs", "targets")):
        write_documents(dataset_prefix(prefix, key), [[pair[place]] for pair in given])
    return prefix


def write_documents(prefix: Path, documents: Sequence[Sequence[Sequence[int]]]) -> None:
    """Write a dataset of documents with sequences, in place of one that may be there."""
    with IndexedWriter(prefix, "uint16", overwrite=True) as writer:
        for document in documents:
            for sequence in document:
                writer.add(sequence)
            writer.end_document()
