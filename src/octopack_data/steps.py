"""datatrove's pipelines: the rules and our stages as steps of them, and commits as its documents.

A commit is a document whose text is the commit's id and whose metadata are all columns. The text must be neither
contents nor subject: datatrove's readers leave out documents with an empty text, so that rules on empty contents would
never see one, and its writers leave out fields that are empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import chdir, nullcontext
from pathlib import Path
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.filters.base_filter import BaseFilter
from datatrove.pipeline.writers.disk_base import DiskWriter
from datatrove.pipeline.writers.jsonl import JsonlWriter

from octopack_data.filtering import FilterSettings, sieve_of
from octopack_data.languages import checked_folder
from octopack_data.manifests import MARKS
from octopack_data.parts import PartResult, Stage
from octopack_data.processes import end_with_parent, one_at_a_time, together
from octopack_data.records import COMMIT_COLUMNS, Commit
from octopack_data.rows import text_rows
from octopack_data.rules.sieve import KEPT
from octopack_data.sources import Part, find_parts
from octopack_data.workers import worker_killed


def document_of(row: Mapping[str, Any]) -> Document:
    """Return a row with at least the column ``commit`` as a document."""
    return Document(text=row["commit"], id=row["commit"], metadata=dict(row))


def row_of(document: Document) -> dict[str, str]:
    """Return a document's ten columns, empty ones included."""
    return {name: document.metadata[name] for name in COMMIT_COLUMNS}


def read_adapter(_reader: Any, data: dict[str, Any], _path: str, _place: int | str) -> dict[str, Any]:
    """Be the ``adapter`` of a datatrove reader (JsonlReader, ParquetReader) over rows of CommitPack."""
    return {"text": data["commit"], "id": data["commit"], "metadata": data}


def write_adapter(_writer: Any, document: Document) -> dict[str, str]:
    """Be the ``adapter`` of a datatrove writer of CommitPack or CommitPackFT."""
    return row_of(document)


class CommitReader(PipelineStep):  # type: ignore[misc]
    """Reads the parts of a source (see octopack_data.sources); each rank takes every world_size-th of them."""

    name = "Commits"
    type = "READER"

    def __init__(self, source: str | Path) -> None:
        super().__init__()
        self.source = str(source)

    def run(self, data: Iterable[Document] | None = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Yield what came before, then the documents of the rank's parts."""
        yield from data or ()
        for part in find_parts(self.source)[rank::world_size]:
            for path in part.paths:
                for row in text_rows(path, COMMIT_COLUMNS):
                    self.stat_update("documents")
                    yield document_of(row)


class RuleFilter(BaseFilter):  # type: ignore[misc]
    """Keeps and tidies the documents that pass the rules; counts ``dropped_<reason>``."""

    name = "Commit rules"

    def __init__(self, settings: FilterSettings, exclusion_writer: DiskWriter | None = None) -> None:
        super().__init__(exclusion_writer)
        self.settings = settings

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        """Say whether a document stays, or why not; a kept one gets the tidied subject."""
        commit, reason = sieve_of(self.settings)(Commit(**row_of(doc)))
        if reason != KEPT:
            return False, reason
        doc.metadata["subject"] = commit.subject
        return True


class CommitWriter(JsonlWriter):  # type: ignore[misc]
    """Writes the ten columns to ``data/<language>/<rank>.jsonl.zst``, or to another template of names.

    A template may use ``${language}``, ``${rank}`` and the columns; ``${filter_reason}`` in an exclusion writer.
    """

    def __init__(self, folder: str | Path, filename: str = "data/${language}/${rank}.jsonl.zst") -> None:
        super().__init__(str(folder), output_filename=filename, compression="zstd", adapter=write_adapter)

    def _get_output_filename(self, document: Document, rank: int | str = 0, **kwargs: Any) -> str:
        language = checked_folder(document.metadata["lang"], f"commit {document.id}")
        return str(super()._get_output_filename(document, rank, language=language, **kwargs))


class PartStep(PipelineStep):  # type: ignore[misc]
    """Does the unfinished parts of a stage: rank r of n takes every n-th. Its counts become statistics.

    ``held``: the process that started it holds the stage's folder. If not (Slurm), the tasks hold it together, and
    those of two submissions never do the same part at once.
    """

    type = "STAGE"

    def __init__(self, stage: Stage, *, held: bool) -> None:
        self.name = stage.name
        super().__init__()
        self.stage, self.held = stage, held
        self.folder = str(Path.cwd())  # relative paths of the stage and its settings are meant from here, on any node

    def run(self, data: Iterable[Document] | None = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Do the rank's parts; what came before goes through."""
        yield from data or ()
        marks = self.stage.output / MARKS
        with chdir(self.folder), nullcontext() if self.held else together(marks):
            if not self.held:
                self.stage.check()
            # Of all parts, not of those left: which part is a rank's must not change while others finish theirs.
            for part in self.stage.parts[rank::world_size]:
                with nullcontext() if self.held else one_at_a_time(marks / "at_work" / part.name):
                    result = _done_apart(self.stage, part)
                for name, count in result.counts.items():
                    self.stat_update(name, value=count)


def _done_apart(stage: Stage, part: Part) -> PartResult:
    """Do a part in a process of its own: datatrove's pools wait for ever for one that was killed (0.10.1)."""
    with ProcessPoolExecutor(1, initializer=end_with_parent) as pool:
        try:
            return pool.submit(stage.run_part, part).result()
        except BrokenProcessPool as error:
            raise worker_killed(stage) from error


class EndStep(PipelineStep):  # type: ignore[misc]
    """Writes the manifest of a stage whose parts are all done."""

    type = "STAGE"

    def __init__(self, stage: Stage) -> None:
        self.name = f"{stage.name}, manifest"
        super().__init__()
        self.stage = stage
        self.folder = str(Path.cwd())

    def run(self, data: Iterable[Document] | None = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Write it in the first rank; what came before goes through."""
        yield from data or ()
        if rank == 0:
            with chdir(self.folder), together(self.stage.output / MARKS):
                self.stage.check()
                self.stage.end()
