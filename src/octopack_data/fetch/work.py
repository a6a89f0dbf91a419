"""The stage ``fetch``: CommitPackMeta -> Scraped, a part at a time, with counts for each status."""

from __future__ import annotations

import shutil
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import count, islice
from pathlib import Path
from typing import Any

from humanevalpack.errors import EnvironmentFault
from octopack_data.fetch.backends import Backends, check_hosts, clones_of
from octopack_data.fetch.cache import BlobCache
from octopack_data.fetch.changes import change_of, read_changes, read_scraped
from octopack_data.fetch.contents import Policy, text_of
from octopack_data.fetch.journal import Journal, Outcome
from octopack_data.fetch.prefilters import dropped_because
from octopack_data.fetch.settings import FetchSettings
from octopack_data.fetch.settling import settle, want_of
from octopack_data.fetch.statuses import WITH_CONTENTS, returncode, stderr
from octopack_data.fetch.wants import Want, repository_order
from octopack_data.fetch.windows import window_ranges
from octopack_data.manifests import DROPPED, MARKS
from octopack_data.parts import PartResult, Stage, finish
from octopack_data.progress import Place, here, told
from octopack_data.records import CHANGE_COLUMNS, Change, Scraped, scraped_schema
from octopack_data.rows import RowWriter
from octopack_data.sampling import WHOLE, Sample, make_sample
from octopack_data.sources import Part

WORK = ".fetch"
"""Folder of the output with journals, contents and clones of the parts that are not finished."""


@dataclass(frozen=True)
class Row:
    """One row of a block: a change to be fetched, or a row of an earlier fetch that is kept as it is."""

    change: Change
    source: str = ""
    kept: Scraped | None = None


@dataclass(frozen=True)
class FetchWork:
    """Work of the stage.

    ``ranges``: rows of a part that are in the window; ``share``: workers that split the limits; ``run``: its own name.
    """

    settings: FetchSettings
    ranges: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    sample: Sample = WHOLE
    share: int = 1
    run: str = field(default_factory=lambda: uuid.uuid4().hex, compare=False)

    def __call__(self, part: Part, output: Path) -> PartResult:
        """Fetch a part; what an earlier try has got is taken from its journal and its contents."""
        remove_finished(output)
        work = _work_folder(output, part.name)
        shutil.rmtree(work / "clones", ignore_errors=True)
        cache = BlobCache(self.settings.cache or work / "contents")
        backends = Backends(self.settings, cache, work / "clones", {}, threading.Event(), self.share, self.run)
        counts: Counter[str] = Counter()
        name = f"data/{part.name}.{self.settings.format}"
        with RowWriter(output / name, scraped_schema) as writer:
            for number, (block, settled) in enumerate(self._blocks(part, counts)):
                with Journal(work / f"journal-{number:06d}.jsonl") as journal:
                    for scraped in self._fetched(block, backends, journal, settled):
                        writer.write(asdict(scraped))
                        counts[f"status_{scraped.status}"] += 1
        dropped = sum(count for name, count in counts.items() if name.startswith(DROPPED))
        counts.update(rows=writer.rows + dropped, kept=writer.rows)
        return PartResult(((name, writer.rows),), counts)

    def _blocks(self, part: Part, counts: Counter[str]) -> Iterator[tuple[list[Row], Callable[[], None]]]:
        """Yield each block with what is to be called for every row of it that is fetched: to read it takes no time."""
        place, reading, rows = here(), Place(part.paths), self._rows(part, counts)
        while True:
            begin = reading.share
            with told(reading):
                block = list(islice(rows, self.settings.block_rows))
            if not block:
                return
            yield block, _counted(place, begin, reading.share, sum(row.kept is None for row in block))

    def inside(self, parts: Sequence[Part]) -> list[Part]:
        """Return the parts of which rows are in the window."""
        return [part for part in parts if not self.settings.window or part.name in self.ranges]

    def groups(self, part: Part, counts: Counter[str]) -> Iterator[dict[str, list[Want]]]:
        """Yield the wants of each block by the first repository of their rows, for a plan; counts what is dropped."""
        rows = self._rows(part, counts)
        while block := list(islice(rows, self.settings.block_rows)):
            groups: dict[str, list[Want]] = {}
            for number, row in enumerate(block):
                if row.kept is None and (order := repository_order(row.change.repos, 1)):
                    groups.setdefault(order[0], []).append(want_of(number, row.change))
            yield groups

    def _rows(self, part: Part, counts: Counter[str]) -> Iterator[Row]:
        start, stop = self.ranges.get(part.name, (0, None))
        rows: Iterator[Row]
        if self.settings.retry_status:
            rows = islice((self._row_again(row) for row in read_scraped(part.path)), start, stop)
        elif self.settings.mode == "published":  # a window of the release is one of the rows that pass its filters
            rows = islice(self._passing(read_changes(part.path), counts), start, stop)
        else:
            rows = self._passing(islice(read_changes(part.path), start, stop), counts)
        for row in rows:
            if self.sample.holds(row.change.commit):
                yield row
            else:
                counts["dropped_sample"] += 1

    def _passing(self, changes: Iterator[tuple[Change, str]], counts: Counter[str]) -> Iterator[Row]:
        for change, source in changes:
            reason = dropped_because(change, self.settings.mode)
            if reason:
                counts[f"dropped_{reason}"] += 1
            else:
                yield Row(change, source)

    def _row_again(self, row: Scraped) -> Row:
        again = row.status in self.settings.retried()
        return Row(change_of(row), row.source, None if again else row)

    def _fetched(
        self, block: Sequence[Row], backends: Backends, journal: Journal, settled: Callable[[], None]
    ) -> Iterator[Scraped]:
        changes = {number: row.change for number, row in enumerate(block) if row.kept is None}
        outcomes = iter(settle(changes, backends, journal, settled))
        policy = self.settings.policy()
        for row in block:
            yield row.kept or _scraped(row, next(outcomes), backends.cache, policy)


def _counted(place: Place | None, begin: float, end: float, rows: int) -> Callable[[], None]:
    """Return what tells a place, each time it is called, that one more of the rows between two shares is done."""
    done = count(1)

    def settled() -> None:
        if place is not None:
            place.done(begin + (end - begin) * next(done) / rows)

    return settled


def _scraped(row: Row, outcome: Outcome, cache: BlobCache, policy: Policy) -> Scraped:
    there = outcome.status in WITH_CONTENTS
    return Scraped(
        **{name: getattr(row.change, name) for name in CHANGE_COLUMNS},
        old_contents=_text(outcome.old, cache, policy),
        new_contents=_text(outcome.new, cache, policy),
        status=outcome.status.value,
        returncode=returncode(outcome.status),
        stderr=stderr(outcome.status, outcome.detail),
        fetched_via=f"{outcome.via}:{outcome.repo}" if there else "",
        source=row.source,
    )


def _text(blob: str, cache: BlobCache, policy: Policy) -> str:
    if not blob:
        return ""
    content = cache.get(blob)
    said = text_of(content, policy) if content is not None else None
    if not isinstance(said, str) or content is None:
        raise EnvironmentFault(
            f"{cache.folder}: the content {blob} is gone or damaged; remove the folder {WORK} of the output (its "
            "contents are then fetched again) and keep the cache until the run has ended"
        )
    return said


def _work_folder(output: Path, part: str) -> Path:
    return output / WORK / f"{part}.part"


def remove_finished(output: Path) -> None:
    """Remove journals and contents of the parts that are finished: on disk they take as much as the output."""
    for mark in (output / MARKS / "done").rglob("*.json"):
        name = mark.relative_to(output / MARKS / "done").with_suffix("")
        with suppress(FileNotFoundError):
            shutil.rmtree(_work_folder(output, str(name)))


def fetch_stage(parts: Sequence[Part], output: Path, settings: FetchSettings, *, workers: int = 1) -> Stage:
    """Return the stage over parts; raises UsageError and InputError."""
    check_hosts(settings)
    work = fetch_work(parts, settings, workers=workers)
    if settings.clones:
        clones_of(settings, work.run)
    return Stage("fetch", work, tuple(work.inside(parts)), output, settings.deciding(), scratch=(WORK,))


def fetch_work(parts: Sequence[Part], settings: FetchSettings, *, workers: int = 1) -> FetchWork:
    """Return the work on the window and the sample that the settings name; raises UsageError and InputError."""
    ranges = window_ranges(parts, settings.window, settings.mode) if settings.window else {}
    sample = make_sample(settings.sample, parts)
    return FetchWork(settings, ranges, sample, workers)


def fetch(
    parts: Sequence[Part],
    output: Path,
    settings: FetchSettings,
    *,
    workers: int = 1,
    overwrite: bool = False,
    progress: bool = True,
) -> dict[str, Any]:
    """Fetch the contents of all parts; return the manifest.

    Raises EnvironmentFault when a host refuses everything: the same call goes on later where it was.
    """
    stage = fetch_stage(parts, output, settings, workers=workers)
    with stage.held(overwrite=overwrite):
        manifest = finish(stage, workers=workers, progress=progress)
        shutil.rmtree(output / WORK, ignore_errors=True)
    return manifest
