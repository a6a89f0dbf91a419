"""Rows written to one file a language, without 350 files being open at a time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from humanevalpack.errors import InputError
from octopack_data.languages import folder_of
from octopack_data.rows import RowWriter

if TYPE_CHECKING:
    import pyarrow as pa

_HELD_CHARACTERS = 32 * 2**20
"""Text of rows that wait for their language's file to be opened; an open file holds a few megabytes by itself."""


class LanguageFiles(AbstractContextManager["LanguageFiles"]):
    """``data/<language>/<part>.<format>``: rows by their column ``lang``, each file written whole or not at all.

    ``files`` names them below ``output``, with their rows, when the block has ended. A part that is named after its
    language (``python/data-0001``) keeps its name there. Rows wait in memory until too many do; then the language with
    the most gets its file, so that of many small languages one is open at a time.
    """

    def __init__(
        self, output: Path, part: str, form: str, schema: Callable[[], pa.Schema], held: int = _HELD_CHARACTERS
    ) -> None:
        self.files: list[tuple[str, int]] = []
        self._output, self._part, self._form, self._schema, self._limit = output, part, form, schema, held
        self._held: dict[str, list[dict[str, Any]]] = {}
        self._sizes: dict[str, int] = {}
        self._writers: dict[str, RowWriter] = {}
        self._stack = ExitStack()

    def write(self, row: dict[str, Any]) -> None:
        """Write a row to the file of its language."""
        folder = folder_of(row["lang"])
        if folder in self._writers:
            self._writers[folder].write(row)
            return
        if folder not in self._held and (not folder or folder.startswith(".") or "/" in folder or "\0" in folder):
            raise InputError(f"{self._part}, commit {row['commit']}: lang {row['lang']!r} is no name of a folder")
        self._held.setdefault(folder, []).append(row)
        self._sizes[folder] = self._sizes.get(folder, 0) + sum(map(len, row.values()))
        if sum(self._sizes.values()) > self._limit:
            most = max(self._sizes, key=lambda name: self._sizes[name])
            writer = self._writers[most] = self._stack.enter_context(self._open(most))
            self._flush(most, writer)

    def _name(self, folder: str) -> str:
        return f"data/{folder}/{self._part.removeprefix(folder + '/')}.{self._form}"

    def _open(self, folder: str) -> RowWriter:
        return RowWriter(self._output / self._name(folder), self._schema)

    def _flush(self, folder: str, writer: RowWriter) -> None:
        for row in self._held.pop(folder):
            writer.write(row)
        del self._sizes[folder]

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None:
            for folder in list(self._held):
                with self._open(folder) as writer:
                    self._flush(folder, writer)
                self.files.append((self._name(folder), writer.rows))
        self._stack.__exit__(kind, error, trace)  # type: ignore[arg-type]
        if kind is None:
            self.files += [(self._name(folder), writer.rows) for folder, writer in self._writers.items()]
            self.files.sort()
