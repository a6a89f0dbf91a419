"""Hashes of texts, and draws that depend on a seed and a key alone: not on rows' order, workers or the machine.

Each use has a purpose of its own, so that two draws for one commit have nothing to do with each other: a sample of
the commits holds a tenth of the version bumps, as the whole does.
"""

from hashlib import blake2b

RANGE = 2**64


def hash_of(*texts: str, size: int) -> bytes:
    """Return the BLAKE2b of texts and of where each ends, in ``size`` bytes: the same in every file, order and run.

    Of 16 bytes: among 1e9 different rows, two have the same with a probability of 1e-21.
    """
    digest = blake2b(digest_size=size)
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.digest()


def draw(purpose: str, key: str, seed: int = 0) -> int:
    """Return a number below RANGE (the first 8 bytes of BLAKE2b), drawn evenly for each purpose, seed and key."""
    return int.from_bytes(blake2b(f"{purpose}:{seed}:{key}".encode(), digest_size=8).digest(), "big")


def is_drawn(purpose: str, key: str, share: float, seed: int = 0) -> bool:
    """Return whether a key belongs to a share; what a smaller share of the same seed holds, a larger one holds too."""
    return draw(purpose, key, seed) < share * RANGE
