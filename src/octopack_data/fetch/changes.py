"""Metadata rows (CommitPackMeta, or the output of an earlier fetch) as records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError
from octopack_data.records import CHANGE_COLUMNS, SCRAPED_COLUMNS, Change, Scraped
from octopack_data.rows import numbered_rows, place

_NEEDED = CHANGE_COLUMNS[:6]
_READ = (*CHANGE_COLUMNS, "source")
_NUMBERS = ("returncode", "schema_version")


def read_changes(path: Path) -> Iterator[tuple[Change, str]]:
    """Yield the changes of a file and where their metadata is from ("" if it does not say).

    Raises InputError that names the row and the column.
    """
    for number, row in numbered_rows(path):
        # The last ones are no columns of the release's metadata.
        values: dict[str, Any] = {name: row.get(name) if name in _NEEDED else row.get(name) or "" for name in _READ}
        for name, value in values.items():
            if not isinstance(value, str):
                raise InputError(f"{place(path, number)}: {name} must be text, not {value!r}")
        source = values.pop("source")
        yield Change(**values), source


def read_scraped(path: Path) -> Iterator[Scraped]:
    """Yield the rows of an earlier fetch; raises InputError that names the row and the column."""
    for number, row in numbered_rows(path, SCRAPED_COLUMNS):
        for name in SCRAPED_COLUMNS:
            if not isinstance(row[name], int if name in _NUMBERS else str):
                raise InputError(f"{place(path, number)}: {name} is {row[name]!r}; is this an output of fetch?")
        yield Scraped(**row)


def change_of(row: Scraped) -> Change:
    """Return the metadata of a row."""
    values: dict[str, Any] = {name: getattr(row, name) for name in CHANGE_COLUMNS}
    return Change(**values)
