"""The selection in BigQuery: what it would cost first, then one job a statement, each with a cap on its bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import Field

from humanevalpack.errors import EnvironmentFault, InputError, UsageError
from octopack_data.settings import Settings, written_settings
from octopack_data.statements import (
    LICENSES,
    METADATA,
    SOURCE_CATALOGUE,
    SOURCE_SCHEMA,
    SelectSettings,
    Statement,
    chained,
    parameters,
    parameters_of,
    statements_of,
)

if TYPE_CHECKING:
    import pyarrow as pa
    from google.cloud.bigquery import Client

_LABELS = {"tool": "octopack-data", "stage": "select"}
TIB = 2**40
Answer = TypeVar("Answer")


class BigQuerySettings(Settings):
    """Where a selection runs in BigQuery, and what it may cost."""

    project: str = ""
    """Google Cloud project that pays."""
    dataset: str = "octopack"
    """Data set of that project for the tables; made if it is not there."""
    location: str = "US"
    """Where the public data set is: jobs and tables must be there as well."""
    max_bytes: int = 4 * TIB
    """Most bytes that all jobs together may bill; nothing runs that needs more."""
    price_per_tib: float = 6.25
    """US dollars for a TiB of on-demand queries, for the estimate."""
    expire_days: int = Field(default=14, ge=1)
    """Days after which the tables vanish."""


@dataclass(frozen=True)
class Estimate:
    """What the statements read of the public data set. What later steps read of earlier ones' tables comes on top."""

    bytes: int
    dollars: float


@dataclass(frozen=True)
class Job:
    """One finished job, as it stands in the manifest."""

    table: str
    job_id: str
    location: str
    rows: int
    bytes_billed: int


def connect(settings: BigQuerySettings) -> Client:
    """Return a client with the machine's own credentials; raises EnvironmentFault with the command that mends it."""
    if not settings.project:
        raise UsageError("name the Google Cloud project that pays: --project PROJECT")
    try:
        from google.auth.exceptions import DefaultCredentialsError
        from google.cloud import bigquery
    except ImportError as error:
        raise EnvironmentFault('BigQuery needs google-cloud-bigquery: pip install "humanevalpack[bigquery]"') from error
    try:
        return bigquery.Client(project=settings.project, location=settings.location)
    except DefaultCredentialsError as error:
        raise EnvironmentFault(
            "no credentials for BigQuery on this machine: gcloud auth application-default login"
        ) from error


def estimate(client: Client, selection: SelectSettings, settings: BigQuerySettings) -> Estimate:
    """Let BigQuery check all statements as one and say what they read; free of charge, makes no table."""
    *steps, licenses = statements_of(selection)
    whole = Statement(LICENSES, chained([*steps, licenses]))
    read = _dry_run(client, whole, selection, settings)
    return Estimate(read, read / TIB * settings.price_per_tib)


def run(
    client: Client, selection: SelectSettings, settings: BigQuerySettings, paid: Sequence[Job] = ()
) -> Iterator[Job]:
    """Run the statements and yield each job when it is done.

    ``paid``: jobs of a run that asked for the same and was stopped. Those whose tables are still there are not run
    again; what all of them billed counts as well.
    Nothing runs if what all read of the public data set exceeds ``max_bytes`` (UsageError). Each is estimated again
    when the tables that it reads exist, and refused if it and those before it exceed that. Tables of an earlier run are
    replaced.
    """
    from google.cloud import bigquery

    _check_cap("the selection", estimate(client, selection, settings).bytes, settings.max_bytes, settings)
    dataset = bigquery.Dataset(f"{settings.project}.{settings.dataset}")
    dataset.location = settings.location
    _asked(lambda: client.create_dataset(dataset, exists_ok=True), settings.dataset)
    left = settings.max_bytes - sum(job.bytes_billed for job in paid)
    steps = statements_of(selection)
    done = [job for step, job in zip(steps, paid, strict=False) if job.table == step.table]
    there = [*takewhile(lambda job: _rows(client, job.table, settings) == job.rows, done)]
    yield from there
    for step in steps[len(there) :]:
        _check_cap(step.table, _dry_run(client, step, selection, settings), left, settings)
        job = _run_step(client, step, selection, settings, left)
        left -= job.bytes_billed
        yield job


def _rows(client: Client, table: str, settings: BigQuerySettings) -> int | None:
    """Return the rows of a table; None: there is no such table."""
    from google.api_core.exceptions import NotFound

    def ask() -> int | None:
        try:
            return int(client.get_table(f"{settings.project}.{settings.dataset}.{table}").num_rows or 0)
        except NotFound:
            return None

    return _asked(ask, table)


def _check_cap(what: str, needed: int, left: int, settings: BigQuerySettings) -> None:
    if needed > left:
        raise UsageError(
            f"{what} would read {needed / TIB:.3f} TiB, and {left / TIB:.3f} TiB are left of --max-bytes "
            f"{settings.max_bytes}: raise it, or take --plan fast"
        )


def _run_step(client: Client, step: Statement, selection: SelectSettings, settings: BigQuerySettings, left: int) -> Job:
    from google.cloud import bigquery

    table = f"{settings.project}.{settings.dataset}.{step.table}"
    config = _config(step, selection, settings)
    config.destination = bigquery.TableReference.from_string(table)
    config.write_disposition = bigquery.WriteDisposition.WRITE_TRUNCATE
    config.maximum_bytes_billed = left
    prefix = f"octopack-{step.table}-"

    def run_job() -> Job:
        job = client.query(step.sql, job_config=config, job_id_prefix=prefix)
        job.result()
        made = client.get_table(table)
        made.expires = datetime.now(UTC) + timedelta(days=settings.expire_days)
        client.update_table(made, ["expires"])
        billed = int(job.total_bytes_billed or 0)
        return Job(step.table, str(job.job_id), str(job.location), int(made.num_rows or 0), billed)

    return _asked(run_job, step.table)


def _dry_run(client: Client, step: Statement, selection: SelectSettings, settings: BigQuerySettings) -> int:
    config = _config(step, selection, settings)
    config.dry_run = True
    config.use_query_cache = False
    return _asked(lambda: int(client.query(step.sql, job_config=config).total_bytes_processed or 0), step.table)


def _config(step: Statement, selection: SelectSettings, settings: BigQuerySettings) -> Any:
    from google.cloud import bigquery

    values = parameters_of(step, parameters(selection))
    return bigquery.QueryJobConfig(
        default_dataset=f"{settings.project}.{settings.dataset}",
        labels={**_LABELS, "mode": selection.mode, "table": step.table},
        query_parameters=[_parameter(name, value) for name, value in values.items()],
    )


def _parameter(name: str, value: list[str] | str) -> Any:
    from google.cloud import bigquery

    if isinstance(value, str):
        return bigquery.ScalarQueryParameter(name, "STRING", value)
    return bigquery.ArrayQueryParameter(name, "STRING", value)


def _asked(ask: Callable[[], Answer], what: str) -> Answer:
    """Call BigQuery; its refusals become our errors, with its own words."""
    from google.api_core.exceptions import BadRequest, Forbidden, GoogleAPICallError, NotFound
    from google.auth.exceptions import GoogleAuthError

    try:
        return ask()
    except BadRequest as error:
        raise InputError(f"{what}: BigQuery refused it: {_one_line(error)}") from error
    except Forbidden as error:
        raise EnvironmentFault(
            f"{what}: not allowed ({_one_line(error)}). The account needs the roles BigQuery Job User and Data Editor"
        ) from error
    except NotFound as error:
        raise InputError(
            f"{what}: not found ({_one_line(error)}): check --project, --dataset and --location"
        ) from error
    except (GoogleAPICallError, GoogleAuthError) as error:
        raise EnvironmentFault(f"{what}: BigQuery cannot be reached ({_one_line(error)})") from error


def _one_line(error: Exception) -> str:
    """The client puts lines about the job below the service's words."""
    return " ".join(str(getattr(error, "message", error)).split())


def job_facts(jobs: Sequence[Job], settings: BigQuerySettings) -> Mapping[str, Any]:
    """Return what a manifest says of a selection in BigQuery."""
    return {
        "engine": "bigquery",
        "bigquery": written_settings(settings),
        "source": f"{SOURCE_CATALOGUE}.{SOURCE_SCHEMA}",
        "jobs": [asdict(job) for job in jobs],
    }


def check_tables(client: Client, settings: BigQuerySettings, tables: Mapping[str, int]) -> None:
    """Raise InputError if the products have vanished, or other numbers of rows than the selection's jobs gave them."""
    for table in (METADATA, LICENSES):
        rows = _rows(client, table, settings)
        if rows != tables[table]:
            now = "is gone" if rows is None else f"has {rows:,} rows, and its job made {tables[table]:,}"
            raise InputError(
                f"{settings.project}.{settings.dataset}.{table} {now}: tables vanish --expire-days after their "
                "selection, and another selection in the same --dataset replaces them; select again (--overwrite)"
            )


def extract(client: Client, settings: BigQuerySettings, folder_uri: str) -> list[str]:
    """Export both products to a bucket (``gs://bucket/folder``) as zstd Parquet and JSON lines; return the job ids.

    BigQuery chooses the number of shards; raises UsageError, InputError, EnvironmentFault.
    """
    from google.cloud import bigquery

    if not folder_uri.startswith("gs://"):
        raise UsageError(f"{folder_uri}: an export of BigQuery goes to gs://BUCKET/FOLDER")
    made: Any = bigquery.ExtractJobConfig
    parquet = made(destination_format="PARQUET", compression="ZSTD", labels=_LABELS)
    lines = made(destination_format="NEWLINE_DELIMITED_JSON", labels=_LABELS)
    ids = []
    for table, name, config in ((METADATA, "metadata-*.parquet", parquet), (LICENSES, "licenses-*.jsonl", lines)):
        source = f"{settings.project}.{settings.dataset}.{table}"
        uri = f"{folder_uri.rstrip('/')}/{name}"

        def export(source: str = source, uri: str = uri, config: Any = config) -> str:
            job = client.extract_table(source, uri, job_config=config, location=settings.location)
            job.result()
            return str(job.job_id)

        ids.append(_asked(export, table))
    return ids


def download(client: Client, settings: BigQuerySettings, table: str) -> Iterator[pa.RecordBatch]:
    """Yield the rows of one of the tables; raises InputError, EnvironmentFault."""
    rows = _asked(lambda: client.list_rows(f"{settings.project}.{settings.dataset}.{table}"), table)
    batches = iter(rows.to_arrow_iterable())
    while (batch := _asked(lambda: next(batches, None), table)) is not None:
        yield batch
