"""Where sampling gets its random numbers: from the run's seed and from what is asked, never from what came before.

So a run that goes on after a kill draws what it would have drawn.
"""

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def derived(seed: int, *what: object) -> int:
    """Return a seed of 31 bits for one thing that is asked."""
    digest = hashlib.sha256(repr((seed, *what)).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:4], "big") >> 1


@contextmanager
def torch_seeded(seed: int, *what: object) -> Iterator[None]:
    """Let torch draw from a seed of its own for a while; afterwards it has the run's again."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(derived(seed, *what))
    try:
        yield
    finally:
        if torch is not None:
            torch.manual_seed(seed)
