"""Instructions in files: {instruction, input, output}; and lists of them in a model's words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from humanevalpack.errors import InputError
from octopack_data.rows import numbered_rows, place
from octopack_data.sources import Part

_NUMBER = re.compile(r"^[ \t]*(?:#+[ \t]*)?(?:Task[ \t]+)?(\d{1,4})[.):][ \t]*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Task:
    """One instruction; ``input`` is what it is about, where that stands apart. Both stripped, ``output`` as it is."""

    instruction: str
    input: str = ""
    output: str = ""

    @property
    def prompt(self) -> str:
        """The instruction, and its input after an empty line."""
        return f"{self.instruction}\n\n{self.input}" if self.input else self.instruction


def read_tasks(part: Part) -> Iterator[Task]:
    """Yield the tasks of a part's files; raises InputError that names the line for one without an instruction."""
    for path in part.paths:
        for number, row in numbered_rows(path):
            yield _task(row, place(path, number))


def _task(row: dict[str, Any], where: str) -> Task:
    values = [row.get(name) or "" for name in ("instruction", "input", "output")]
    if "instruction" not in row:
        raise InputError(f"{where}: no column 'instruction'; there are {', '.join(row)}")
    for name, value in zip(("instruction", "input", "output"), values, strict=True):
        if not isinstance(value, str):
            raise InputError(f"{where}: {name} must be text, not {value!r}")
    return Task(values[0].strip(), values[1].strip(), values[2])


def split_list(text: str, first: int) -> list[str]:
    """Return the items of a numbered list that goes on at ``first`` (said or not), or begins with another number.

    Only the next number begins an item: an instruction may hold a list of its own.
    """
    text = text.lstrip()
    at = list(_NUMBER.finditer(text))
    if at and at[0].start() == 0:
        first = int(at[0].group(1))
    elif not any(int(match.group(1)) == first for match in at):
        text = f"{first}. {text}"
        at = list(_NUMBER.finditer(text))
    starts: list[re.Match[str]] = []
    for match in at:
        if int(match.group(1)) == first + len(starts):
            starts.append(match)
    ends = [*(match.start() for match in starts[1:]), len(text)]
    items = [text[match.end() : end].strip() for match, end in zip(starts, ends, strict=True)]
    return [item for item in items if item]
