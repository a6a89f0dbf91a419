"""The stages ``select`` and ``export`` of a chain that begins in BigQuery: jobs there, then files here."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from humanevalpack.errors import UsageError
from octopack_data import bigquery
from octopack_data.bigquery import BigQuerySettings, Job
from octopack_data.exporting import export_selection
from octopack_data.exports import SHARD_BYTES
from octopack_data.manifests import MANIFEST, new_manifest, read_manifest, write_json, write_manifest
from octopack_data.parts import OtherRun
from octopack_data.selection_folder import PAID, writing
from octopack_data.settings import narrowed, written_settings
from octopack_data.statements import METADATA, SelectSettings, statements_of

BIGQUERY = "bigquery"
"""In place of a source's path."""
_WHERE = ("project", "dataset", "location")
"""Settings of BigQuery that say where the tables are."""


class RemoteSelection(SelectSettings, BigQuerySettings):
    """Which commits, and where and for how much they are selected."""


def split_settings(settings: RemoteSelection) -> tuple[SelectSettings, BigQuerySettings]:
    """Return the two halves; raises UsageError for a sample, which BigQuery does not take."""
    if settings.sample:
        raise UsageError(
            "the selection in BigQuery takes no sample: give it to the stage behind it (--sample there, or sample "
            "beside the stages in the settings of commitpack run)"
        )
    return narrowed(SelectSettings, settings), narrowed(BigQuerySettings, settings)


def price(settings: RemoteSelection) -> str:
    """Return what a selection reads and costs, in words; free of charge. Raises UsageError, EnvironmentFault."""
    selection, remote = split_settings(settings)
    expected = bigquery.estimate(bigquery.connect(remote), selection, remote)
    return f"reads {expected.bytes / bigquery.TIB:.3f} TiB of the public data set: {expected.dollars:.2f} USD"


def select_remote(
    output: Path, settings: RemoteSelection, *, overwrite: bool = False, progress: bool = True
) -> dict[str, Any]:
    """Run the jobs, within the cap on their bytes, and return the manifest with their ids; the tables stay there.

    A run that was stopped goes on behind its last finished job, and the cap counts both; not with ``overwrite``.
    """
    from tqdm import tqdm

    selection, remote = split_settings(settings)
    with writing(output, overwrite=overwrite):
        total, hidden = len(statements_of(selection)), None if progress else True
        asked = written_settings(selection) | {name: written_settings(remote)[name] for name in _WHERE}
        paid = [] if overwrite else _paid(output / PAID, asked)
        running = bigquery.run(bigquery.connect(remote), selection, remote, paid)
        jobs: list[Job] = []
        for job in tqdm(running, total=total, unit="job", desc="select", disable=hidden):
            jobs.append(job)
            write_json(output / PAID, {"asked": asked, "jobs": [asdict(one) for one in jobs]})
        tables = {job.table: job.rows for job in jobs}
        facts = bigquery.job_facts(jobs, remote)
        counts = {"kept": tables[METADATA]}  # of the commits that were read BigQuery says bytes alone
        manifest = new_manifest("select", written_settings(selection), [], [], counts, tables=tables, **facts)
        write_manifest(output, manifest)
        (output / PAID).unlink()
    return manifest


def _paid(path: Path, asked: dict[str, Any]) -> list[Job]:
    """Return the finished jobs of a run that was stopped and asked for the same."""
    noted = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return [Job(**job) for job in noted["jobs"]] if noted.get("asked") == asked else []


def selected(
    output: Path, settings: RemoteSelection, *, overwrite: bool, progress: bool, workers: int
) -> dict[str, Any]:
    """Return the manifest of a selection, made now or by an earlier run that asked for the same and put it there.

    What it might cost, and when its tables vanish, has no part in that: such a change runs no job again.
    """
    selection, remote = split_settings(settings)
    if (output / MANIFEST).is_file() and not overwrite:
        manifest = read_manifest(output)
        there, wanted = manifest.get("bigquery", {}), written_settings(remote)
        same = all(there.get(name) == wanted[name] for name in _WHERE)
        if manifest["settings"] == written_settings(selection) and same:
            return manifest
        raise _other(output, "a selection with other settings or from other sources")
    return select_remote(output, settings, overwrite=overwrite, progress=progress)


def exported(selection: Path, output: Path, *, overwrite: bool, progress: bool, workers: int) -> dict[str, Any]:
    """Return the manifest of a selection's download, made now or by an earlier run."""
    if (output / MANIFEST).is_file() and not overwrite:
        manifest = read_manifest(output)
        if manifest.get("jobs") == read_manifest(selection)["jobs"]:
            return manifest
        raise _other(output, "an export of other jobs")
    for _ in export_selection(selection, str(output), shard_bytes=SHARD_BYTES, overwrite=overwrite):
        pass
    return read_manifest(output)


def _other(output: Path, what: str) -> OtherRun:
    return OtherRun(f"{output} holds {what}: name another output, or start anew with --overwrite")
