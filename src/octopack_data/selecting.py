"""The stage ``select`` from files on this machine: the warehouse's tables, or clones that become these tables first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError
from octopack_data.commit_rows import HistorySettings
from octopack_data.sampling import share_of
from octopack_data.selection_folder import TABLES, writing
from octopack_data.statements import SelectSettings


def are_tables(sources: Sequence[Path]) -> bool:
    """Return whether the sources are one folder with the tables, not clones; raises InputError (no such folder)."""
    from octopack_data.warehouse import is_tables

    for folder in sources:
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder; a source is a folder with tables, clones, or bigquery")
    return len(sources) == 1 and is_tables(sources[0])


@dataclass(frozen=True)
class SourceSize:
    """What a selection would read: ``lines`` for a reader; ``commits`` (of clones: a shared one in each of them)."""

    lines: tuple[str, ...]
    commits: int


def size_of(sources: Sequence[Path], histories: HistorySettings) -> SourceSize:
    """Return what sources hold, without reading a commit; raises InputError and EnvironmentFault."""
    return _size_of_tables(sources[0]) if are_tables(sources) else _size_of_clones(sources, histories)


def _size_of_clones(sources: Sequence[Path], histories: HistorySettings) -> SourceSize:
    from octopack_data.clones import find_clones, history_size

    clones = find_clones(sources, names=histories.names, patience=histories.git_timeout)
    sizes = [history_size(clone, histories.git_timeout) for clone in clones]
    commits, size = (sum(numbers) for numbers in zip(*sizes, strict=True))
    head = f"{len(clones)} clones, {commits:,} commits, {size:,} bytes"
    return SourceSize(
        (
            head,
            *(
                f"  {clone.repo_name}  {clone.path}  {own:,} commits, {bytes_:,} bytes"
                for clone, (own, bytes_) in zip(clones, sizes, strict=True)
            ),
        ),
        commits,
    )


def _size_of_tables(folder: Path) -> SourceSize:
    from octopack_data.inputs import input_rows
    from octopack_data.warehouse import find_tables

    tables = find_tables(folder)
    rows = {name: input_rows(parts) or 0 for name, parts in tables.items()}
    return SourceSize(
        tuple(
            f"{name}: {rows[name]:,} rows in {len(parts)} files, {sum(part.bytes for part in parts) / 1e6:,.1f} MB"
            for name, parts in tables.items()
        ),
        rows["commits"],
    )


def select_commits(
    sources: Sequence[Path],
    output: Path,
    selection: SelectSettings,
    histories: HistorySettings,
    *,
    workers: int = 1,
    overwrite: bool = False,
    progress: bool = True,
    **options: Any,
) -> dict[str, Any]:
    """Select commits and return the manifest; ``options`` are those of ``warehouse.select`` (machine, shard_bytes).

    Clones become tables in ``output/tables``, once for all selections from them. Raises InputError, EnvironmentFault.
    """
    from octopack_data import warehouse

    share_of(selection.sample)  # a wrong one is said before anything is done
    with writing(output, overwrite=overwrite) as work:
        tables = sources[0] if are_tables(sources) else output / TABLES
        if tables not in sources:
            from octopack_data.clones import find_clones
            from octopack_data.histories import write_tables

            clones = find_clones(sources, names=histories.names, patience=histories.git_timeout)
            write_tables(clones, tables, histories, workers=workers, overwrite=overwrite, progress=progress)
        facts = source_facts(sources, histories)
        found = warehouse.find_tables(tables)
        return warehouse.select_beside(work, found, selection, facts=facts, progress=progress, **options)


def source_facts(sources: Sequence[Path], histories: HistorySettings) -> dict[str, Any]:
    """Return what a manifest keeps of a selection's sources: a later one from others, or read otherwise, is another."""
    read = {} if are_tables(sources) else {"histories": histories.deciding()}
    return {"sources": [str(folder.absolute()) for folder in sources], **read}
