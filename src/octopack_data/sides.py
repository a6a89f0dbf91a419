"""Training and validation examples: which side one is on, and the file of each side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

from octopack_data.draws import is_drawn
from octopack_data.records import text_schema
from octopack_data.rows import RowFormat, RowWriter

SIDE_FOLDERS = ("data", "train", "valid")
"""Where the files of examples lie below an output."""


def side_of(texts: Sequence[str], valid: float, seed: int) -> str:
    """Return train or valid, drawn by the texts of an example: equal ones are on one side."""
    return "valid" if is_drawn("validation", "\0".join(texts), valid, seed) else "train"


class SideFiles(AbstractContextManager["SideFiles"]):
    """``data/<name>.<form>`` below the output, or with ``valid`` one for train and one for valid, written whole.

    All ``columns`` hold text. When the block has ended, ``rows`` tells the rows by side (``""`` for a single one) and
    ``files`` the files with their rows.
    """

    def __init__(self, output: Path, name: str, form: RowFormat, columns: Sequence[str], *, valid: bool) -> None:
        self.rows: dict[str, int] = {}
        self.files: tuple[tuple[str, int], ...] = ()
        self._names = {
            side: f"{side}/data/{name}.{form}".lstrip("/") for side in (("train", "valid") if valid else ("",))
        }
        self._stack, self._writers = ExitStack(), {}
        for side, path in self._names.items():
            writer = RowWriter(output / path, lambda: text_schema(tuple(columns)))
            self._writers[side] = self._stack.enter_context(writer)

    def write(self, side: str, row: Mapping[str, Any]) -> None:
        """Write a row to its side."""
        self._writers[side].write(row)

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)
        self.rows = {side: writer.rows for side, writer in self._writers.items()}
        self.files = tuple((self._names[side], rows) for side, rows in self.rows.items())
