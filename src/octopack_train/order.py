"""The order of rows while training: a pure function of seed and place, so that a run goes on exactly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from octopack_data.draws import draw

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Order(Sequence[int]):
    """Places of rows for a whole run, pass after pass without a border between them: every step is a full one.

    With ``buffers`` (rows of each, in order) a pass shuffles inside the buffers only, as published for the
    constant-length stream; without, it shuffles all rows. Each pass has another order.
    """

    def __init__(self, rows: int, length: int, seed: int, buffers: Sequence[int] = ()) -> None:
        self.rows, self.length, self.seed, self.buffers = rows, length, seed, tuple(buffers) or (rows,)

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[int]:
        for begun in range(0, self.length, self.rows):
            yield from (int(place) for place in self.order_of(begun // self.rows)[: self.length - begun])

    def __getitem__(self, place: int) -> int:  # type: ignore[override]
        if not 0 <= place < self.length:
            raise IndexError(place)
        return int(self.order_of(place // self.rows)[place % self.rows])

    def order_of(self, number: int) -> NDArray[np.int64]:
        """Return the order of one pass, counted from 0."""
        import numpy as np

        generator = np.random.default_rng(draw("pass", str(number), self.seed))
        pieces, begun = [], 0
        for size in self.buffers:
            pieces.append(begun + generator.permutation(size))
            begun += size
        return np.concatenate(pieces)
