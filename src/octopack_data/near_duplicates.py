"""Near duplicates of code: datatrove's MinHash with shingles of code, from signatures to clusters.

datatrove's own signature step cuts text into words of a natural language; everything behind it is used as it is
(sorted signature files, merged bucket by bucket, pairs united into clusters). Two texts whose sets of shingles are
alike by s (Jaccard) are found with the probability 1 - (1 - s^hashes)^buckets: 0.92 for s = 0.8 and 0.05 for s = 0.5
with 14 buckets of 8. The tokens and the length of a shingle are those of the near-duplicate removal of The Stack
(arXiv 2211.15533, appendix; BigCode's ``near_deduplication``).
"""

from __future__ import annotations

import contextlib
import io
import re
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from octopack_data.parts import PartResult, Stage
from octopack_data.processes import open_many_files
from octopack_data.sources import Part

if TYPE_CHECKING:
    import numpy as np
    from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupSignature

_TOKEN = re.compile(r"\w+")
_BLOCK = 4096
"""Shingles that are permuted at once: 112 hashes of 8 bytes each, so that a file of 50 MB needs no gigabytes."""
_BUFFERED = 100
"""Signatures of one file that are read ahead while the files of a bucket are merged (7 kB)."""


@dataclass(frozen=True)
class MinHash:
    """The numbers that decide what counts as near."""

    ngram: int = 5
    """Tokens in a shingle."""
    buckets: int = 14
    hashes: int = 8
    """Hashes in a bucket; texts whose hashes of one whole bucket are equal are a pair."""

    def config(self) -> MinhashConfig:
        """Return datatrove's form of it."""
        from datatrove.pipeline.dedup.minhash import MinhashConfig

        return MinhashConfig(n_grams=self.ngram, num_buckets=self.buckets, hashes_per_bucket=self.hashes)


def code_signature(output: Path, minhash: MinHash) -> MinhashDedupSignature:
    """Return datatrove's first MinHash step, with shingles of code."""
    import numpy as np
    from datatrove.pipeline.base import PipelineStep
    from datatrove.pipeline.dedup.minhash import MinhashDedupSignature, create_hash_func, get_datafolder

    class CodeMinhashSignature(MinhashDedupSignature):  # type: ignore[misc]
        """datatrove's step without its tokenizer of a natural language."""

        def __init__(self) -> None:
            PipelineStep.__init__(self)  # the step's own loads spacy
            self.output_folder = get_datafolder(str(output))
            self.config = minhash.config()
            self.num_hashes = minhash.buckets * minhash.hashes
            self.skip_existing_sigs = False
            self._parameters = None
            self._hash = create_hash_func(self.config.hash_config)

        def get_shingles(self, text: str) -> np.ndarray[Any, Any]:
            """Return the different shingles as hashes, uint64 of shape (shingles, 1)."""
            tokens = _TOKEN.findall(text)
            known = {token: self._hash(token) for token in set(tokens)}
            hashes = np.fromiter(map(known.__getitem__, tokens), dtype=np.uint64, count=len(tokens))
            if len(hashes) < minhash.ngram:
                return np.empty((0, 1), dtype=np.uint64)
            # A polynomial over the tokens' hashes: the order within a shingle counts.
            shingles = np.zeros(len(hashes) - minhash.ngram + 1, dtype=np.uint64)
            for place in range(minhash.ngram):
                shingles = shingles * np.uint64(0x9E3779B97F4A7C15) + hashes[place : place + len(shingles)]
            return np.unique(shingles).reshape((-1, 1))

        def get_signature(self, shingles: np.ndarray[Any, Any]) -> list[list[int]]:
            """Return the smallest hashes, block by block."""
            blocks = (shingles[start : start + _BLOCK] for start in range(0, len(shingles), _BLOCK))
            smallest = [np.asarray(super(CodeMinhashSignature, self).get_signature(block)) for block in blocks]
            lowest: list[list[int]] = np.minimum.reduce(smallest).tolist()
            return lowest

    return CodeMinhashSignature()


def write_signatures(texts: Iterable[str], folder: Path, rank: int, minhash: MinHash) -> None:
    """Write the signatures of the texts of one part (``rank``) below a folder, sorted, one file a bucket.

    Memory: one bucket's signatures of the part (68 bytes a text).
    """
    from datatrove.data import Document

    _quiet()
    documents = (Document(text=text, id=str(number)) for number, text in enumerate(texts))
    code_signature(folder, minhash).run(documents, rank=rank)


@dataclass(frozen=True)
class _Bucket:
    """Work of one bucket: all parts' signatures merged, pairs of equal ones written."""

    signatures: Path
    minhash: MinHash

    def __call__(self, part: Part, output: Path) -> PartResult:
        from datatrove.pipeline.dedup.minhash import MinhashDedupBuckets

        _quiet()
        open_many_files()  # one a part
        step = MinhashDedupBuckets(
            str(self.signatures), str(output), config=self.minhash.config(), lines_to_buffer=_BUFFERED
        )
        step.run(None, rank=int(part.name), world_size=self.minhash.buckets)
        return PartResult((), {})


def find_clusters(signatures: Path, work: Path, minhash: MinHash, run: Callable[[Stage], object]) -> Path:
    """Unite near duplicates below ``signatures``; return the folder for ``read_clusters``. Goes on after a kill.

    ``run`` runs a pass whose parts are the buckets.

    Memory: constant while buckets are merged; then about 500 bytes for each text that has a near duplicate.
    """
    from datatrove.pipeline.dedup.minhash import MinhashDedupCluster

    buckets = tuple(
        Part(f"{number:03d}", next(iter(sorted((signatures / f"bucket_{number:03d}").glob("*.sig")))))
        for number in range(minhash.buckets)
    )
    pairs, clusters = work / "pairs", work / "clusters"
    run(Stage("deduplicate: pairs", _Bucket(signatures, minhash), buckets, pairs, {}))
    _quiet()
    step = MinhashDedupCluster(
        str(pairs), str(clusters), minhash.config(), save_cluster_id=True, lines_to_buffer=_BUFFERED
    )
    with contextlib.redirect_stderr(io.StringIO()):  # a bar that cannot be switched off
        step.run()
    return clusters


def read_clusters(folder: Path) -> Iterator[tuple[int, int, int]]:
    """Yield (rank of the part, number of the text in it, number of the cluster)."""
    for file in sorted(folder.glob("*.clusters")):
        with file.open("rb") as stream:
            while pair := stream.read(8):
                yield (int(file.name.split(".")[0]), *struct.unpack("<2I", pair))


def _quiet() -> None:
    from datatrove.utils.logging import logger

    logger.disable("datatrove")
