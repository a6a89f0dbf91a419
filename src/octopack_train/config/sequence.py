"""From tokenized examples to the rows of a batch."""

from typing import Literal

from pydantic import Field

from octopack_data.settings import Settings

Packing = Literal["none", "constant_length", "greedy", "wrapped", "bfd", "bfd_split"]
Loss = Literal["all", "targets"]
"""all: every token but the first is trained; targets: those of the target and the end marker."""


class SequenceSettings(Settings):
    """Length and packing."""

    length: int = Field(default=2048, gt=1)
    """Tokens of a row, at most."""
    packing: Packing = "bfd"
    """none: one example a row; constant_length: the stream published for OctoCoder, cut every length tokens; greedy:
    the rows published for SantaCoder, whole examples one behind the other; wrapped: TRL's stream; bfd, bfd_split:
    TRL's best fit, in which no example sees another (bfd_split cuts long ones into pieces)."""
    overlong: Literal["truncate", "drop", "error"] = "truncate"
    """What happens to an example that is longer than a row; always counted and reported."""
    tail: Literal["keep", "drop"] = "keep"
    """constant_length: what happens to the short row at the end of each buffer."""
    buffer_rows: int = Field(default=1000, gt=0)
    """constant_length: rows of a buffer; they are shuffled inside it."""
    end_marker: Literal["eos", "none"] = "eos"
    """Token behind each example; it is trained."""
