"""A selection copied elsewhere: into shards of another size, from BigQuery's tables, or into a bucket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from humanevalpack.errors import InputError, UsageError
from octopack_data import bigquery
from octopack_data.exports import GROUP_ROWS, write_shards
from octopack_data.manifests import FileFacts, file_facts, input_facts, new_manifest, read_manifest, write_manifest
from octopack_data.records import text_schema
from octopack_data.rows import text_rows, write_rows
from octopack_data.selection_folder import DATA, LICENCES_FILE, writing
from octopack_data.settings import make_settings
from octopack_data.sources import find_parts
from octopack_data.statements import LICENSES, METADATA
from octopack_data.warehouse import METADATA_COLUMNS

if TYPE_CHECKING:
    import pyarrow as pa


def _selection(folder: Path) -> dict[str, Any]:
    manifest = read_manifest(folder)
    if manifest["stage"] not in ("select", "export"):
        raise InputError(f"{folder} holds {manifest['stage']}, no selection: octopack-data commitpack select makes one")
    return manifest


def said(folder: Path, to: str) -> str:
    """Return what an export would write, in words; raises InputError."""
    manifest = _selection(folder)
    tables, kept = manifest["tables"], manifest["counts"]["kept"]
    return f"{kept:,} rows of metadata and {tables[LICENSES]:,} of the licence map to {to}"


def export_selection(folder: Path, to: str, *, shard_bytes: int, overwrite: bool = False) -> Iterator[str]:
    """Export a selection and yield what was done, in words; raises UsageError, InputError, EnvironmentFault."""
    manifest = _selection(folder)
    remote = manifest.get("engine") == "bigquery"
    if to.startswith("gs://"):
        if not remote:
            raise UsageError(f"{folder} was made on this machine: export it to a folder, and copy that to {to}")
        settings = make_settings(bigquery.BigQuerySettings, manifest["bigquery"])
        client = bigquery.connect(settings)
        bigquery.check_tables(client, settings, manifest["tables"])
        for job in bigquery.extract(client, settings, to):
            yield f"job {job}"
        return
    output = Path(to)
    if output.resolve() == folder.resolve():
        raise UsageError(f"{to} is the selection itself: name another folder")
    with writing(output, overwrite=overwrite):
        metadata, licences = _downloaded(manifest) if remote else _copied(folder)
        shards = write_shards(metadata, text_schema(METADATA_COLUMNS), output / DATA, "metadata", shard_bytes)
        count = write_rows(output / LICENCES_FILE, licences)
        files = [*((f"{DATA}/{name}", rows) for name, rows in shards), (LICENCES_FILE, count)]
        outputs = [file_facts(output / name, name, rows) for name, rows in files]
        inputs = [] if remote else _inputs(folder, manifest)
        facts = {name: manifest[name] for name in ("bigquery", "jobs", "tables") if name in manifest}
        written = sum(rows for _, rows in shards)
        counts = {"rows": written, "kept": written}
        write_manifest(output, new_manifest("export", manifest["settings"], inputs, outputs, counts, **facts))
    for name, rows in files:
        yield f"{name}: {rows:,} rows"


def _copied(folder: Path) -> tuple[Iterator[pa.RecordBatch], Iterator[dict[str, str]]]:
    import pyarrow.parquet as pq

    def batches() -> Iterator[pa.RecordBatch]:
        for part in find_parts(folder):
            with pq.ParquetFile(part.path) as shard:
                yield from shard.iter_batches(GROUP_ROWS)

    return batches(), text_rows(folder / LICENCES_FILE, ("repos", "license"))


def _inputs(folder: Path, manifest: dict[str, Any]) -> list[FileFacts]:
    """Return the facts of what was copied; raises InputError if it is not, or not any more, what the manifest says."""
    paths = [folder / LICENCES_FILE, *(path for part in find_parts(folder) for path in part.paths)]
    facts = [input_facts(path) for path in paths]
    said = {str((folder / file["path"]).absolute()): file["sha256"] for file in manifest["outputs"]}
    if read_manifest(folder) != manifest or said != {file.path: file.sha256 for file in facts}:
        raise InputError(f"{folder} is not, or not any more, as its manifest says: select again, then export")
    return facts


def _downloaded(manifest: dict[str, Any]) -> tuple[Iterator[pa.RecordBatch], Iterator[dict[str, str]]]:
    settings = make_settings(bigquery.BigQuerySettings, manifest["bigquery"])
    client = bigquery.connect(settings)
    bigquery.check_tables(client, settings, manifest["tables"])

    def metadata() -> Iterator[pa.RecordBatch]:
        for batch in bigquery.download(client, settings, METADATA):
            yield batch.select(list(METADATA_COLUMNS)).cast(text_schema(METADATA_COLUMNS))

    def licences() -> Iterator[dict[str, str]]:
        for batch in bigquery.download(client, settings, LICENSES):
            yield from batch.to_pylist()

    return metadata(), licences()
