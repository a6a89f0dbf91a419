"""Draws that depend on a seed and a commit alone: not on the order of rows, the number of workers or the machine."""

from hashlib import blake2b

_RANGE = 2**64


def draw(seed: int, key: str) -> int:
    """Return a number of 64 bits, drawn evenly for each pair of a seed and a key (a commit id, say)."""
    return int.from_bytes(blake2b(f"{seed}:{key}".encode(), digest_size=8).digest(), "big")


def is_in_sample(seed: int, key: str, share: float) -> bool:
    """Return whether a key belongs to a sample; a smaller share of the same seed is a part of a larger one."""
    return draw(seed, key) < share * _RANGE
