"""The table of a weighted subset: how many rows of which file, and how their prompts are reworded (YAML)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from humanevalpack.errors import InputError
from octopack_data.records import Mode
from octopack_data.settings import Settings, read_settings

SHIPPED = Path(__file__).parent / "data" / "xp3x_code.yaml"


class Family(Settings):
    """Files of one source."""

    rows: int | None = None
    """Sum of the files' rows, checked."""
    switched_off: bool = False
    """List the files, but take nothing of them."""
    files: dict[str, int] = Field(min_length=1)
    """Name of a file -> rows to take."""


class Rewording(Settings):
    """What is replaced in the prompts of some files."""

    name_holds: dict[Mode, str]
    """Text that the name of a file must hold, by mode."""
    replace: dict[str, str] = Field(min_length=1)
    """Text in ``inputs`` -> what stands there instead."""


class Table(Settings):
    """A whole table."""

    total: int | None = None
    """Sum of all rows, checked."""
    families: dict[str, Family] = Field(min_length=1)
    """The files by their source, in the order in which their rows are drawn."""
    rewordings: tuple[Rewording, ...] = ()
    """Of those that fit a file the first is used."""

    def drawn(self) -> dict[str, int]:
        """Return the rows to take of each file that is not switched off, in order."""
        families = [family for family in self.families.values() if not family.switched_off]
        return {name: rows for family in families for name, rows in family.files.items()}

    def family_of(self) -> dict[str, str]:
        """Return the family of each file."""
        return {file: name for name, family in self.families.items() for file in family.files}


def read_table(path: Path = SHIPPED) -> Table:
    """Read and check a table; raises UsageError and InputError that name the file, the family and the sum."""
    table = read_settings(Table, path)
    seen: dict[str, str] = {}
    for name, family in table.families.items():
        for file, rows in family.files.items():
            if rows < 1:
                raise InputError(f"{path}: {name}: {file}: rows to take are {rows}; give 1 or more, or leave it out")
            if file in seen:
                raise InputError(f"{path}: {file} is in {seen[file]} and in {name}: name a file once")
            seen[file] = name
        found = sum(family.files.values())
        if family.rows not in (None, found):
            raise InputError(f"{path}: {name}: rows says {family.rows}, its files add up to {found}")
    total = sum(table.drawn().values())
    if table.total not in (None, total):
        raise InputError(f"{path}: total says {table.total}, the files that are not switched off add up to {total}")
    return table


@dataclass(frozen=True)
class Reworder:
    """Rewords the prompts of one file."""

    replace: Mapping[str, str]

    def __call__(self, text: str) -> str:
        """Return a prompt with everything replaced, in the order of the table."""
        for old, new in self.replace.items():
            text = text.replace(old, new)
        return text


def reworder(table: Table, file: str, mode: Mode) -> Reworder:
    """Return what a file's prompts go through: the first rewording whose text for the mode is in the file's name."""
    fitting = (one for one in table.rewordings if (text := one.name_holds.get(mode)) and text in file)
    first = next(fitting, None)
    return Reworder(first.replace if first is not None else {})
