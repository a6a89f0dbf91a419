"""The stage ``mix``: rows of several sources in one shuffled file, with weights, caps and where each row is from.

Each source is spilled in an order of its own, which the seed decides: its first rows are the ones that are taken. They
are spilled once more, under other keys, and read back as the mixture.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError
from octopack_data.examples import column_names, example_row, format_of
from octopack_data.executors import WaitingExecutor, run_waiting
from octopack_data.formats import question_answer, row_id
from octopack_data.manifests import DROPPED, read_manifest, write_json
from octopack_data.mixture_settings import AS_THEY_ARE, RECORDED, MixSettings, MixSource, quotas
from octopack_data.pair_columns import pairs_of
from octopack_data.pairs import examples
from octopack_data.parts import PartResult, Stage, finish
from octopack_data.progress import stretch
from octopack_data.settings import written_settings
from octopack_data.shuffling import Spill, in_order, key_of, ranges_for, spill_of
from octopack_data.sides import SIDE_FOLDERS, SideFiles, side_of
from octopack_data.sources import Part, find_parts

_WORK = ".mix"
REPORT = "mixture.json"
"""What was there and what was taken of each source."""


@dataclass(frozen=True)
class SourceReport:
    """One source of a finished mixture; bytes are of text, in UTF-8."""

    name: str
    rows_there: int
    rows: int
    bytes: int
    share_of_rows: float
    share_of_bytes: float
    wanted_share: float | None
    """Of rows, by the weights; None without any."""
    unverified: Mapping[str, Any]
    """Settings that nobody has checked, with their values."""


def source_examples(
    source: MixSource, paths: Sequence[Path], settings: MixSettings, counts: Counter[str]
) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
    """Yield each row of a source with the columns that it becomes; count ``rows`` and ``dropped_<reason>``."""
    own = (source.id_column,) if source.id_column else ()
    if source.form == AS_THEY_ARE:
        named = (source.prompt_column, source.completion_column) if source.prompt_column else None
        made = pairs_of(paths, named, settings.mode, counts, also=own)
    else:
        made = examples(paths, source, source.options(settings.mode, settings.seed), counts, columns=own)
    ends = source.form != AS_THEY_ARE and format_of(source.form).ends
    for row, example in made:
        if settings.text == "question-answer":
            example = question_answer(example.input, example.target)
        yield row, example_row(example, settings.columns, ends=ends)


@dataclass(frozen=True)
class _Make:
    """First pass over one part of one source."""

    source: MixSource
    settings: MixSettings
    ranges: int

    def __call__(self, part: Part, output: Path) -> PartResult:
        import orjson

        source, seed = self.source, self.settings.seed
        counts: Counter[str] = Counter(rows=0)
        with Spill(spill_of(output, part.name), self.ranges, every=not source.deduplicate) as spill:
            for row, texts in source_examples(source, part.paths, self.settings, counts):
                name = row[source.id_column] if source.id_column else row_id(row)
                own = () if source.deduplicate else (name,)
                language = row.get("lang") or row.get("language") or ""
                line = orjson.dumps(texts | {"source": source.name, "lang": language, "row_id": name})
                spill.add(key_of(f"mix {source.name}", seed, *texts.values(), *own), line)
        return PartResult((), counts | {"made": spill.lines})


@dataclass(frozen=True)
class _Mix:
    """Second pass, over everything."""

    settings: MixSettings
    ranges: Mapping[str, int]
    """Of the keys of each source's spills."""
    parts: Mapping[str, Sequence[str]]
    """Names of each source's parts."""

    def __call__(self, part: Part, output: Path) -> PartResult:
        settings, folder = self.settings, output / _WORK
        made = {name: Counter(read_manifest(folder / name)["counts"]) for name in self.ranges}
        for name, one in made.items():
            if one["rows"] and not one["made"]:
                dropped = ", ".join(
                    f"{rows:,} {what}" for what, rows in sorted(one.items()) if what.startswith(DROPPED)
                )
                raise InputError(f"source {name}: none of its {one['rows']:,} rows became an example: {dropped}")
        spills = [spill_of(folder / name, one) for name, names in self.parts.items() for one in names]
        with stretch(0, 1 / 3, spills):
            sizes = {source.name: self._size(source, folder) for source in settings.sources}
        there = {name: rows for name, (rows, _) in sizes.items()}
        asked = quotas(settings, there)
        again = max(-(-asked[name] // rows) for name, rows in there.items())
        ranges = min(2**16, sum(self.ranges.values()) * again)
        with stretch(1 / 3, 2 / 3, spills), Spill(folder / "chosen.spill", ranges) as spill:
            for source in settings.sources:
                for number, key, line in self._chosen(source, folder, there[source.name], asked[source.name]):
                    spill.add(key_of("mixed", settings.seed, source.name, key.decode(), str(number)), line)
        with stretch(2 / 3, 1, [folder / "chosen.spill"]):
            sides, written = self._write(output, in_order([folder / "chosen.spill"], ranges))
        reports = [_report(source, settings, there[source.name], written) for source in settings.sources]
        write_json(output / REPORT, {"sources": [asdict(report) for report in reports]})
        counts: Counter[str] = Counter(rows=0, kept=sum(rows for rows, _ in written.values()))
        for name, one in made.items():
            counts["rows"] += one["rows"]
            counts.update({what: count for what, count in one.items() if what.startswith(DROPPED)})
            unique, taken = sizes[name][1], min(asked[name], there[name])
            counts["dropped_exact_duplicate"] += one["made"] - unique
            counts["dropped_capped"] += unique - there[name]
            counts["dropped_not_taken"] += there[name] - taken
            counts["repeated"] += asked[name] - taken
        counts.update({side: rows for side, rows in sides.rows.items() if side})
        return PartResult(sides.files, {name: n for name, n in counts.items() if n or name in ("rows", "kept")})

    def _unique(self, source: MixSource, folder: Path) -> Iterator[tuple[bytes, bytes]]:
        spills = [spill_of(folder / source.name, part) for part in self.parts[source.name]]
        return in_order(spills, self.ranges[source.name], every=not source.deduplicate)

    def _size(self, source: MixSource, folder: Path) -> tuple[int, int]:
        """Return how many rows of a source are there within its caps, which cut the end of its order, and in all."""
        import orjson

        names, rows, size, unique = column_names(self.settings.columns), 0, 0, 0
        for _, line in self._unique(source, folder):
            row = orjson.loads(line)
            size += sum(len(row[name].encode()) for name in names)
            few = source.most_rows is None or unique < source.most_rows
            if few and (source.most_bytes is None or size <= source.most_bytes):
                rows += 1
            unique += 1
        return rows, unique

    def _chosen(self, source: MixSource, folder: Path, there: int, wanted: int) -> Iterator[tuple[int, bytes, bytes]]:
        """Yield number, key and line: the first rows, from the first one again if there are not enough."""
        for begun in range(0, wanted, there):
            lines = islice(self._unique(source, folder), min(there, wanted - begun))
            yield from ((number, key, line) for number, (key, line) in enumerate(lines, start=begun))

    def _write(
        self, output: Path, lines: Iterator[tuple[bytes, bytes]]
    ) -> tuple[SideFiles, dict[str, tuple[int, int]]]:
        """Write the rows; return the files, and rows and bytes of text by source."""
        import orjson

        settings, sizes = self.settings, {source.name: (0, 0) for source in self.settings.sources}
        texts = column_names(settings.columns)
        columns = (*texts, *RECORDED) if settings.provenance else texts
        with SideFiles(output, "mixture", settings.format, columns, valid=settings.valid > 0) as sides:
            for _, line in lines:
                row = orjson.loads(line)
                own = [row[name] for name in texts]
                rows, size = sizes[row["source"]]
                sizes[row["source"]] = rows + 1, size + sum(len(text.encode()) for text in own)
                side = side_of(own, settings.valid, settings.seed) if settings.valid else ""
                sides.write(side, {name: row[name] for name in columns})
        return sides, sizes


def _report(
    source: MixSource, settings: MixSettings, there: int, written: Mapping[str, tuple[int, int]]
) -> SourceReport:
    rows, size = written[source.name]
    return SourceReport(
        source.name,
        there,
        rows,
        size,
        rows / max(1, sum(rows for rows, _ in written.values())),
        size / max(1, sum(size for _, size in written.values())),
        source.weight / sum(one.weight or 0 for one in settings.sources) if source.weight else None,
        {name: getattr(source, name) for name in source.unverified},
    )


def mix(
    settings: MixSettings,
    output: Path,
    *,
    workers: int = 1,
    executor: WaitingExecutor = "processes",
    overwrite: bool = False,
    progress: bool = True,
) -> dict[str, Any]:
    """Write the mixture below ``output`` and return the manifest; ``mixture.json`` there has a SourceReport each.

    Goes on after a kill; does not depend on the number of workers, nor on the order of the sources' files. Memory: 100
    MB a worker, whatever the rows. Raises UsageError and InputError.
    """
    settings.check()
    parts = source_parts(settings)
    paths = [path for found in parts.values() for part in found for path in part.paths]
    ranges = {name: ranges_for([path for part in found for path in part.paths]) for name, found in parts.items()}
    sizes = {name: {part.name: part.bytes for part in found} for name, found in parts.items()}
    whole = Part("mix", paths[0], tuple(paths[1:]))
    said = written_settings(settings) | {"parts": sizes}
    work = _Mix(settings, ranges, {name: tuple(sizes[name]) for name in sizes})
    stage = Stage("mix", work, (whole,), output, said, folders=SIDE_FOLDERS, scratch=(_WORK,))
    with stage.held(overwrite=overwrite):
        if not stage.finished:
            for source in settings.sources:
                found, make = tuple(parts[source.name]), _Make(source, settings, ranges[source.name])
                first = Stage(f"mix: {source.name}", make, found, output / _WORK / source.name, said)
                run_waiting(executor, first, workers=workers, progress=progress)
        manifest = finish(stage, progress=progress)
        shutil.rmtree(output / _WORK, ignore_errors=True)
    return manifest


def source_parts(settings: MixSettings) -> dict[str, list[Part]]:
    """Return the files of each source; raises InputError that names the source."""
    found = {}
    for source in settings.sources:
        try:
            found[source.name] = find_parts(source.source, revision=source.revision)
        except InputError as error:
            raise InputError(f"source {source.name}: {error}") from error
    return found
