"""The stage ``select`` from files on this machine: the warehouse's tables, or clones that become these tables first."""

from __future__ import annotations

from collections.abc import Sequence
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
