"""The selection on this machine: DuckDB over Parquet files of the warehouse's nested tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from humanevalpack.errors import EnvironmentFault, InputError
from octopack_data.exports import GROUP_ROWS, SHARD_BYTES, write_shards
from octopack_data.manifests import DROPPED, file_facts, input_facts, new_manifest, version_of, write_manifest
from octopack_data.records import CHANGE_COLUMNS, text_schema
from octopack_data.rows import write_rows
from octopack_data.sampling import Sample, make_sample, sample_of_number, share_of
from octopack_data.selection_folder import DATA, LICENCES_FILE, writing
from octopack_data.settings import written_settings
from octopack_data.sources import Part
from octopack_data.statements import (
    LICENSES,
    METADATA,
    SOURCE_CATALOGUE,
    SOURCE_SCHEMA,
    SelectSettings,
    in_duckdb,
    parameters,
    parameters_of,
    statements_of,
)

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

METADATA_COLUMNS = (*CHANGE_COLUMNS, "license", "licenses")
"""Columns of the metadata: a Change, the licence that counts, and all licences, comma-joined."""
_COLUMNS = {
    "commits": ("commit", "parent", "subject", "message", "difference", "difference_truncated", "repo_name"),
    "languages": ("repo_name", "language"),
    "licenses": ("repo_name", "license"),
}
"""Tables, and the columns that the statements name; records.py has all."""
_LEAVE: Mapping[str, Mapping[str, str]] = {
    "steps": {
        "repository_or_message": "commits_table_dedup",
        "no_file_in_place": "commits_table_dedup_files",
        "several_files_or_licences": METADATA,
    },
    "fast": {"not_selected": METADATA},
}
"""Why commits leave before a table is made."""


@dataclass(frozen=True)
class Machine:
    """What DuckDB may use here; None leaves it to DuckDB (80 % of the memory, all cores, disk beside the output)."""

    memory_limit: str | None = None
    temp_directory: Path | None = None
    threads: int | None = None


def find_tables(folder: Path) -> dict[str, list[Part]]:
    """Return the files of ``commits``, ``languages`` and ``licenses``: ``<name>.parquet`` or ``<name>/**/*.parquet``.

    Raises InputError that names the table that is missing.
    """
    tables = {}
    for name in _COLUMNS:
        single = folder / f"{name}.parquet"
        files = [single] if single.is_file() else sorted((folder / name).rglob("*.parquet"))
        if not files:
            raise InputError(f"{folder}: no table {name}: neither {name}.parquet nor Parquet files below {name}/")
        tables[name] = [Part(file.relative_to(folder).as_posix(), file) for file in files]
    return tables


def is_tables(folder: Path) -> bool:
    """Return whether a folder looks as if it held the tables (and not clones)."""
    return (folder / "commits.parquet").is_file() or any((folder / "commits").glob("**/*.parquet"))


def open_warehouse(tables: Mapping[str, list[Part]], database: Path, machine: Machine) -> duckdb.DuckDBPyConnection:
    """Return a connection in which the public data set's names are views of the files; raises InputError."""
    import duckdb

    database.parent.mkdir(parents=True, exist_ok=True)
    database.unlink(missing_ok=True)
    spill = machine.temp_directory or database.parent / "spill"
    config: dict[str, str | int] = {"temp_directory": str(spill), "preserve_insertion_order": "false"}
    if machine.memory_limit is not None:
        config["memory_limit"] = machine.memory_limit
    if machine.threads is not None:
        config["threads"] = machine.threads
    try:
        connection = duckdb.connect(str(database), config=config)  # type: ignore[arg-type]
    except (duckdb.Error, OSError) as error:
        raise EnvironmentFault(f"DuckDB cannot start with {config}: {error}") from error
    connection.execute(f"ATTACH ':memory:' AS \"{SOURCE_CATALOGUE}\"")
    connection.execute(f'CREATE SCHEMA "{SOURCE_CATALOGUE}".{SOURCE_SCHEMA}')
    connection.execute(f'USE "{SOURCE_CATALOGUE}".{SOURCE_SCHEMA}')
    for name, parts in tables.items():
        try:
            relation = connection.read_parquet([str(part.path) for part in parts])
        except duckdb.Error as error:
            raise InputError(f"{parts[0].path}: table {name} cannot be read ({error})") from error
        missing = [column for column in _COLUMNS[name] if column not in relation.columns]
        if missing:
            raise InputError(f"{parts[0].path}: table {name} has no column {missing[0]}")
        relation.create_view(name)
    connection.execute(f'USE "{database.stem}".main')
    return connection


def select(
    tables: Mapping[str, list[Part]],
    output: Path,
    settings: SelectSettings,
    *,
    machine: Machine | None = None,
    shard_bytes: int = SHARD_BYTES,
    facts: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    progress: bool = True,
) -> dict[str, Any]:
    """Run the selection and return its manifest: metadata shards, the licence map, commits by what became of them.

    ``facts`` stand in the manifest, too.
    ``tables`` there tells the rows of the tables of the steps, which are on disk while it runs and removed at its end.
    Raises UsageError, InputError, EnvironmentFault.
    """
    share_of(settings.sample)  # a wrong one is said before anything is done
    with writing(output, overwrite=overwrite) as work:
        return select_beside(
            work, tables, settings, machine=machine, shard_bytes=shard_bytes, facts=facts, progress=progress
        )


def select_beside(
    work: Path,
    tables: Mapping[str, list[Part]],
    settings: SelectSettings,
    *,
    machine: Machine | None = None,
    shard_bytes: int = SHARD_BYTES,
    facts: Mapping[str, Any] | None = None,
    progress: bool = True,
) -> dict[str, Any]:
    """Do the same beside the folder that :func:`writing` has given."""
    output = work.parent
    paths = [path for parts in tables.values() for part in parts for path in part.paths]
    versions = [version_of(path) for path in paths]
    with open_warehouse(tables, work / "selection.duckdb", machine or Machine()) as connection:
        made = run_statements(connection, settings, progress=progress)
        shards = _write_metadata(connection, _sample(connection, settings), output, shard_bytes)
        counts = _commits(connection, settings, sum(rows for _, rows in shards))
        licenses = write_rows(output / LICENCES_FILE, _license_rows(connection))
    outputs = [file_facts(output / name, name, rows) for name, rows in [*shards, (LICENCES_FILE, licenses)]]
    inputs = [input_facts(path) for path in paths]
    for path, version in zip(paths, versions, strict=True):
        if version_of(path) != version:
            raise InputError(f"{path} has changed while it was read: select again")
    said = {"engine": "duckdb", "tables": made, **(facts or {})}
    manifest = new_manifest("select", written_settings(settings), inputs, outputs, counts, **said)
    write_manifest(output, manifest)
    return manifest


def run_statements(
    connection: duckdb.DuckDBPyConnection, settings: SelectSettings, *, progress: bool = True
) -> dict[str, int]:
    """Run the statements, each into its table, and return the rows of each table."""
    import duckdb
    from tqdm import tqdm

    values = parameters(settings)
    counts = {}
    steps = statements_of(settings)
    with tqdm(steps, unit="step", disable=None if progress else True) as bar:
        for step in bar:
            bar.set_description(step.table)
            try:
                connection.execute(f"CREATE TABLE {step.table} AS {in_duckdb(step)}", parameters_of(step, values))
            except duckdb.OutOfMemoryException as error:
                raise EnvironmentFault(
                    f"{step.table}: not enough memory or room for temporary files ({error}). "
                    "Name a larger disk with --temp-directory, give more with --memory-limit, or take --plan fast"
                ) from error
            except duckdb.Error as error:
                raise InputError(f"{step.table}: DuckDB refused the statement: {error}") from error
            counts[step.table] = len(connection.table(step.table))
    return counts


def _commits(connection: duckdb.DuckDBPyConnection, settings: SelectSettings, kept: int) -> dict[str, int]:
    """Return how many commits there were, and at which step how many left: steps have several rows for one commit."""

    def commits(table: str, which: str = "DISTINCT commit") -> int:
        [(number,)] = connection.execute(f"SELECT count({which}) FROM {table}").fetchall()
        return int(number)

    source = f'"{SOURCE_CATALOGUE}".{SOURCE_SCHEMA}.commits'
    read = left = commits(source, "*")
    counts = {"rows": read, "kept": kept}
    if settings.days():
        left = commits(f"{source} AS commits WHERE {settings.days()}", "*")
        counts[f"{DROPPED}date"] = read - left
    for reason, table in _LEAVE[settings.plan].items():
        before, left = left, commits(table)
        counts[f"{DROPPED}{reason}"] = before - left
    if settings.sample:
        counts[f"{DROPPED}sample"] = left - kept
    return counts


def _sample(connection: duckdb.DuckDBPyConnection, settings: SelectSettings) -> Sample:
    number = share_of(settings.sample)
    if not isinstance(number, int):
        return make_sample(settings.sample)
    reader = connection.table(METADATA).select("commit").to_arrow_reader(GROUP_ROWS)
    return sample_of_number(number, (commit for batch in reader for commit in batch["commit"].to_pylist()))


def _write_metadata(
    connection: duckdb.DuckDBPyConnection, sample: Sample, output: Path, shard_bytes: int
) -> list[tuple[str, int]]:
    # Commits of one repository stand together: a clone serves them all. The order also makes runs repeatable.
    rows = connection.table(METADATA).select(*METADATA_COLUMNS).order("repos, commit, new_file")
    reader = rows.to_arrow_reader(GROUP_ROWS)
    shards = write_shards(_plain(reader, sample), text_schema(METADATA_COLUMNS), output / DATA, "metadata", shard_bytes)
    return [(f"{DATA}/{name}", rows) for name, rows in shards]


def _plain(batches: Iterator[pa.RecordBatch], sample: Sample) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    schema = text_schema(METADATA_COLUMNS)
    for batch in batches:
        rows = batch.cast(schema)
        if sample.limit is not None:
            rows = rows.filter(pa.array(map(sample.holds, rows["commit"].to_pylist()), pa.bool_()))
        yield rows


def _license_rows(connection: duckdb.DuckDBPyConnection) -> Iterator[dict[str, str]]:
    for batch in connection.table(LICENSES).order("repos, license").to_arrow_reader(GROUP_ROWS):
        yield from batch.to_pylist()
