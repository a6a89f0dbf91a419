"""The stage ``xp3x``: a weighted subset of many files of prompts and answers, drawn with one seed and shuffled.

One generator draws from the files in the order of the table, without replacement, and shuffles everything at the end,
as the release did: the same files and seed give the release's 5,000 rows in its order.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from humanevalpack.errors import InputError
from octopack_data.manifests import sha256_of
from octopack_data.parts import PartResult, Stage
from octopack_data.progress import stretch
from octopack_data.records import Mode
from octopack_data.rows import RowFormat, RowWriter, read_rows, schema_of, stem, text_rows
from octopack_data.settings import Settings, written_settings
from octopack_data.sources import Part
from octopack_data.xp3x_table import SHIPPED, Table, read_table, reworder

NAME = "xp3x"
"""Of the one file that is written."""
_COLUMNS = ("inputs", "targets")
_SOURCE = "source"
_NAMED = 5


class Xp3xSettings(Settings):
    """What is drawn, and how."""

    mode: Mode = "fixed"
    """published: the release's rows, the rewording that never applied included; fixed: it applies, and a column source
    names the file of each row."""
    table: Path | None = None
    """YAML table (families: name: files: file: rows); none: the 5,000 rows of the release."""
    seed: int = 42
    """Seed of the draws and of the shuffle."""
    short: Literal["error", "take-all"] = "error"
    """What to do where a file has fewer rows than the table asks for."""
    format: RowFormat = "jsonl"
    """Format of the rows that are written."""


def xp3x_stage(parts: Sequence[Part], output: Path, settings: Xp3xSettings) -> Stage:
    """Return the stage: all files of the table as one part, other files passed over.

    Raises UsageError and InputError for a table that cannot work, and for files that are missing or there twice.
    """
    path = settings.table or SHIPPED
    digest = sha256_of(path)
    table = read_table(path)
    files = find_files(parts, table)
    said = written_settings(settings) | {"table_sha256": digest}
    whole = Part(NAME, files[0], tuple(files[1:]))
    own = {settings.table: digest} if settings.table else {}
    return Stage(NAME, Xp3xWork(settings, table), (whole,), output, said, own)


def find_files(parts: Sequence[Part], table: Table) -> list[Path]:
    """Return the files of the table in its order, found by their names in any folder and format."""
    found: dict[str, list[Path]] = {}
    for part in parts:
        found.setdefault(stem(part.path), []).append(part.path)
    wanted = [stem(Path(name)) for name in table.drawn()]
    missing = [name for name in wanted if name not in found]
    if missing:
        more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
        raise InputError(f"{len(missing)} of {len(wanted)} files are missing: {', '.join(missing[:_NAMED])}{more}")
    for name in wanted:
        if len(found[name]) > 1:
            raise InputError(f"{name} is there more than once: {' and '.join(map(str, found[name]))}; keep one")
    return [found[name][0] for name in wanted]


@dataclass(frozen=True)
class Xp3xWork:
    """The work of the stage on all files."""

    settings: Xp3xSettings
    table: Table

    def __call__(self, part: Part, output: Path) -> PartResult:
        """Draw, reword and shuffle; counts ``family.<name>``, too. Memory: the rows that are drawn."""
        settings, families = self.settings, self.table.family_of()
        generator = random.Random(settings.seed)
        counts: Counter[str] = Counter(rows=0, kept=0)
        drawn: list[dict[str, Any]] = []
        begun, total = 0, max(1, part.bytes)
        for path, (file, number) in zip(part.paths, self.table.drawn().items(), strict=True):
            size = path.stat().st_size
            with stretch(begun / total, (begun + size) / total, [path]):
                rows, mine = self._of_file(path, file, number, generator)
            begun += size
            counts.update({"rows": rows, "kept": len(mine), f"family.{families[file]}": len(mine)})
            counts["dropped_not_drawn"] += rows - len(mine)
            counts["short"] += number - len(mine)
            drawn += mine
        generator.shuffle(drawn)
        name = f"data/{NAME}.{settings.format}"
        with RowWriter(output / name, lambda: self._schema(part.path)) as writer:
            for row in drawn:
                writer.write(row)
        return PartResult(((name, writer.rows),), counts)

    def _of_file(
        self, path: Path, file: str, number: int, generator: random.Random
    ) -> tuple[int, list[dict[str, Any]]]:
        """Return how many rows a file has, and the drawn ones: it is read twice."""
        with stretch(0, 0.5):
            rows = sum(1 for _ in read_rows(path))
        places = draw_places(generator, rows, self._take(path, rows, number))
        with stretch(0.5, 1):
            return rows, list(self._drawn(path, file, places))

    def _take(self, path: Path, rows: int, number: int) -> int:
        if rows < number and self.settings.short == "error":
            raise InputError(
                f"{path}: has {rows} rows, the table asks for {number}: is the file whole? --short take-all takes what "
                "there is"
            )
        return min(rows, number)

    def _drawn(self, path: Path, file: str, places: Sequence[int]) -> Iterator[dict[str, Any]]:
        """Yield the rows at some places of a file, in the order of the places."""
        wanted = set(places)
        rows = {n: row for n, row in enumerate(text_rows(path, _COLUMNS, every=True)) if n in wanted}
        reword = reworder(self.table, file, self.settings.mode)
        for place in places:
            yield self._written(rows[place], file, path) | {"inputs": reword(rows[place]["inputs"])}

    def _written(self, row: Mapping[str, Any], file: str, path: Path) -> dict[str, Any]:
        if self.settings.mode == "published":
            return dict(row)
        if _SOURCE in row:
            raise InputError(f"{path}: has a column {_SOURCE!r} already; rename it, or give --mode published")
        return {**row, _SOURCE: file}

    def _schema(self, path: Path) -> Any:
        import pyarrow as pa

        schema = schema_of(path)
        return schema if self.settings.mode == "published" else schema.append(pa.field(_SOURCE, pa.string()))


def draw_places(generator: random.Random, rows: int, number: int) -> list[int]:
    """Return which rows are drawn, in the order of the draw: what ``generator.sample`` takes of the rows themselves."""
    return generator.sample(range(rows), number)
