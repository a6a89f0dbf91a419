"""Target loss: what of a packed row the model sees, and which tokens count how much in the loss.

The semantics of the multitask fine-tuning script of BigCode's Megatron-LM (finetune_mtf.py of its branch mtf, commit
9192641), in plain numpy: what any other implementation must equal. Only padding is told otherwise: by the segment. The
script asks whether a label is the padding token, and so would leave out an end of a target that is the same token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from octopack_train.config.sequence import Loss
from octopack_train.megatron.target_rows import PADDING, PairRow

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Weighting = Literal["normalized", "plain"]
"""normalized: each run of counted tokens weighs 1; plain: each counted token weighs 1."""


def positions(segments: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return positions that begin again at 0 where a segment begins; [..., length] to [..., length]."""
    import numpy as np

    places = np.arange(segments.shape[-1])
    begins = np.ones(segments.shape, np.bool_)
    begins[..., 1:] = segments[..., 1:] != segments[..., :-1]
    found: NDArray[np.int64] = places - np.maximum.accumulate(np.where(begins, places, 0), axis=-1)
    return found


def hidden(segments: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which tokens (last axis) a token (last but one) does not see: later ones, and those of other segments.

    [..., length] to [..., 1, length, length]. Padding sees padding: no row of a softmax is empty.
    """
    import numpy as np

    length = segments.shape[-1]
    seen: NDArray[np.bool_] = segments[..., None, :, None] == segments[..., None, None, :]
    return ~(seen & np.tril(np.ones((length, length), np.bool_)))


def counted(row: PairRow, loss: Loss) -> NDArray[np.bool_]:
    """Return which labels count; [..., width] to [..., width - 1].

    ``all`` counts the first token of a pair, too, though the token before it belongs to another pair.
    """
    mask: NDArray[np.bool_] = row.segments[..., 1:] != PADDING
    return mask & row.targets[..., 1:] if loss == "targets" else mask


def loss_weights(mask: NDArray[np.bool_], weighting: Weighting) -> NDArray[np.float32]:
    """Return the weight of each label of a whole micro-batch, in the shape of ``mask``.

    Runs are those of the flattened micro-batch: one that reaches a row's end goes on in the next row.
    """
    import numpy as np

    weights = mask.astype(np.float32)
    if weighting == "normalized":
        flat = weights.reshape(-1)
        edges = np.flatnonzero(np.diff(mask.reshape(-1).astype(np.int8), prepend=0, append=0))
        lengths = edges[1::2] - edges[::2]
        flat[flat > 0] = np.repeat(1 / lengths, lengths)
    return weights


def mean_loss(losses: Any, weights: Any) -> Any:
    """Return a micro-batch's loss from that of each label: arrays or tensors of one shape; 0 where nothing counts."""
    whole = weights.sum()
    return (losses * weights).sum() / (whole + (whole == 0))  # no branch: a GPU would have to be asked
