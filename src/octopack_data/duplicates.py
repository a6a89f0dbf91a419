"""Duplicates: rows that say the same again, or nearly; of each group the first in the order of the parts is kept.

Two passes over the rows with one decision between them. The first writes a hash of the chosen columns (and MinHash
signatures) of each row; the decision is made on those files, slice by slice, so that memory does not grow with the
data; the second writes the rows that stay. Every pass goes on after a kill.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from octopack_data.draws import hash_of
from octopack_data.duplicate_groups import PLACES, Groups, keys_schema, read_dropped, write_table
from octopack_data.exclusions import Excluded, ExclusionSettings, write_kept
from octopack_data.executors import WaitingExecutor, finish_on, run_waiting
from octopack_data.manifests import write_json
from octopack_data.near_duplicates import MinHash, find_clusters, read_clusters, write_signatures
from octopack_data.parts import PartResult, Stage
from octopack_data.progress import stretch
from octopack_data.rows import read_rows, text_rows
from octopack_data.sampling import WHOLE, Sample, make_sample
from octopack_data.settings import written_settings
from octopack_data.sources import Part, find_parts

Near = Literal["off", "new", "old", "both", "either"]
_TEXTS: Mapping[Near, tuple[tuple[str, ...], ...]] = {
    "off": (),
    "new": (("new_contents",),),
    "old": (("old_contents",),),
    "both": (("old_contents", "new_contents"),),
    "either": (("old_contents",), ("new_contents",)),
}
"""The texts of one row that are compared, each made of these columns."""
_WORK = ".duplicates"
_KEYS_SHARE = 0.05
"""Of the time of a first pass with signatures: what the keys take of it."""


class DuplicateSettings(ExclusionSettings):
    """Settings of ``commitpack deduplicate``."""

    exact: tuple[str, ...] = ("old_contents", "new_contents")
    """A row is dropped if these columns are equal to an earlier row's (the option may be given several times)."""
    near: Near = "off"
    """Drop near duplicates (MinHash on code), too: by new contents, old contents, both as one text, or either of them
    (a row is dropped if its old or new contents are near the old or new ones of an earlier row)."""
    ngram: int = Field(default=5, ge=1)
    """Near: tokens in a shingle."""
    buckets: int = Field(default=14, ge=1)
    """Near: buckets of hashes; more find less similar texts."""
    hashes: int = Field(default=8, ge=1)
    """Near: hashes in a bucket; more find only more similar texts."""
    against: str = ""
    """Another source (a validation set, say): rows that are in it already are dropped; it is left as it is."""
    within: bool = True
    """Also drop duplicates within the source; without it, only what --against holds is dropped."""
    memory: str = Field(default="2GB", pattern=r"\d+(\.\d+)? ?[kMGT]i?B")
    """What the grouping may hold in memory before it goes to disk."""

    def minhash(self) -> MinHash:
        """Return the numbers of the near-duplicate search."""
        return MinHash(self.ngram, self.buckets, self.hashes)


@dataclass(frozen=True)
class _Sign:
    """First pass: keys and signatures of one part."""

    ranks: Mapping[str, int]
    first: int
    """Rank of the first part that is not of the set compared with, which is never sampled."""
    settings: DuplicateSettings
    sample: Sample

    def __call__(self, part: Part, output: Path) -> PartResult:
        rank, texts = self.ranks[part.name], _TEXTS[self.settings.near]
        with stretch(0, _KEYS_SHARE if texts else 1):
            rows = write_table(output / "keys" / f"{rank:06d}.parquet", self._keys(part, rank), keys_schema())
        if texts:
            compared = ("\n".join(row[name] for name in names) for row in self._rows(part) for names in texts)
            with stretch(_KEYS_SHARE, 1):
                write_signatures(compared, output / "signatures", rank, self.settings.minhash())
        return PartResult((), {"rows": rows})

    def _rows(self, part: Part) -> Iterator[dict[str, str]]:
        columns = {"commit", *self.settings.exact, *(name for names in _TEXTS[self.settings.near] for name in names)}
        sample = self.sample if self.ranks[part.name] >= self.first else WHOLE
        return sample.rows(text_rows(part.path, sorted(columns)), Counter())

    def _keys(self, part: Part, rank: int) -> Iterator[dict[str, Any]]:
        for number, row in enumerate(self._rows(part)):
            key = int.from_bytes(hash_of(*(row[name] for name in self.settings.exact), size=16), "big")
            yield {"place": rank * PLACES + number, "commit": row["commit"], "high": key >> 64, "low": key % 2**64}


@dataclass(frozen=True)
class _Drop:
    """Second pass: the rows of one part that stay."""

    names: tuple[str, ...]
    first: int
    """Rank of the first part that is not of the set compared with."""
    settings: DuplicateSettings
    sample: Sample

    def __call__(self, part: Part, output: Path) -> PartResult:
        rank = self.names.index(part.name, self.first)
        dropped = read_dropped(output / _WORK / "dropped.parquet", rank)
        numbers = iter(range(PLACES))

        def judge(row: dict[str, Any]) -> dict[str, Any] | Excluded:
            why = dropped.get(next(numbers))
            if why is None:
                return row
            reason, kept_rank, kept_number, commit = why
            kept = {"commit": commit, "part": self.names[kept_rank], "row": kept_number + 1}
            return Excluded(reason, {"kept": kept})

        counts: Counter[str] = Counter(rows=0, kept=0)
        rows = self.sample.rows(read_rows(part.path), counts)
        return write_kept(part, output, self.settings, rows, judge, counts)


def deduplicate(
    parts: Sequence[Part],
    output: Path,
    settings: DuplicateSettings,
    *,
    workers: int = 1,
    executor: WaitingExecutor = "processes",
    overwrite: bool = False,
    progress: bool = True,
) -> dict[str, Any]:
    """Write the rows of ``parts`` without duplicates below ``output``; return the manifest.

    ``duplicates.json`` there tells how many groups of which size there were and names the largest;
    ``excluded/`` names for each dropped row the one that is kept. Memory: under 1 GB + what ``settings.memory`` says
    for any number of rows without near duplicates; near ones 500 bytes a row that has one. Disk, until the end:
    80 bytes a row, 950 for near ones.
    """
    others = find_parts(settings.against) if settings.against else []
    sample = make_sample(settings.sample, parts)
    ranked = [*(Part(f"against/{part.name}", part.path) for part in others), *parts]
    names = tuple(part.name for part in ranked)
    work = _Drop(names, len(others), settings, sample)
    said = written_settings(settings) | {"against_bytes": {part.name: part.bytes for part in others}}
    stage = Stage("deduplicate", work, tuple(parts), output, said, scratch=(_WORK,))
    folder, run = output / _WORK, partial(run_waiting, executor, workers=workers, progress=progress)
    with stage.held(overwrite=overwrite):
        if not stage.finished and not (folder / "dropped.parquet").exists():
            _decide(ranked, len(others), folder, output, settings, sample, run)
        manifest = finish_on(executor, stage, workers=workers, progress=progress)
        shutil.rmtree(folder, ignore_errors=True)
    return manifest


def _decide(
    ranked: list[Part],
    first: int,
    folder: Path,
    output: Path,
    settings: DuplicateSettings,
    sample: Sample,
    run: Callable[[Stage], dict[str, Any]],
) -> None:
    """Do the first pass and write ``dropped.parquet``, the last file of it."""
    names = [part.name for part in ranked]
    sign = _Sign({name: rank for rank, name in enumerate(names)}, first, settings, sample)
    signed = Stage("deduplicate: sign", sign, tuple(ranked), folder / "signed", written_settings(settings))
    rows = run(signed)["counts"]["rows"]
    keys, near = folder / "signed" / "keys", settings.near
    with Groups(folder, keys, memory=settings.memory, kept_before=first * PLACES, within=settings.within) as groups:
        if settings.exact:
            groups.add_exact(rows)
        if near != "off":
            clusters = find_clusters(folder / "signed" / "signatures", folder, settings.minhash(), run)
            groups.add_near(read_clusters(clusters), len(_TEXTS[near]), folder)
        write_json(output / "duplicates.json", groups.report(names))
        groups.write(folder / "dropped.parquet.part")
    (folder / "dropped.parquet.part").replace(folder / "dropped.parquet")
