"""octopack_data.bigquery: what is asked of the service, with the real client and a session that sends nothing."""

import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bigquery_service import Service
from humanevalpack.errors import EnvironmentFault, InputError, UsageError
from octopack_data.bigquery import TIB, BigQuerySettings, connect, estimate, extract, job_facts, run
from octopack_data.statements import SelectSettings

SETTINGS = BigQuerySettings(project="payer", dataset="pack", max_bytes=10_000)
STEPS = SelectSettings()
TABLES = [
    "commits_table_base",
    "commits_table_dedup",
    "commits_table_dedup_difference",
    "commits_table_dedup_files",
    "commitpack_metadata",
    "commitpack_licenses",
]


def test_the_estimate_asks_for_all_statements_at_once_and_runs_none() -> None:
    service = Service(bytes_of=lambda query: TIB // 2)
    expected = estimate(service.client(), STEPS, SETTINGS)
    assert (expected.bytes, expected.dollars) == (TIB // 2, 3.125)
    assert service.configurations(dry=False) == []
    (asked,) = service.configurations(dry=True)
    assert all(f"{table} AS (" in asked["query"]["query"] for table in TABLES[:-1])
    assert asked["query"]["useQueryCache"] is False


def test_each_statement_is_estimated_before_it_runs_into_its_own_table() -> None:
    service = Service()
    jobs = list(run(service.client(), STEPS, SETTINGS))
    assert [job.table for job in jobs] == TABLES
    kinds = [body["configuration"].get("dryRun", False) for _, path, body in service.asked if path == "jobs"]
    assert kinds == [True, *[True, False] * 6]
    destinations = [asked["query"]["destinationTable"] for asked in service.configurations(dry=False)]
    assert destinations == [{"projectId": "payer", "datasetId": "pack", "tableId": table} for table in TABLES]
    for asked in service.configurations(dry=False):
        assert asked["query"]["defaultDataset"] == {"projectId": "payer", "datasetId": "pack"}
        assert asked["query"]["writeDisposition"] == "WRITE_TRUNCATE"
        assert asked["query"]["useLegacySql"] is False
        assert asked["labels"]["tool"] == "octopack-data"
        assert asked["labels"]["mode"] == "fixed"


def test_the_cap_is_what_earlier_jobs_have_left() -> None:
    service = Service(bytes_of=lambda query: 1_000)
    list(run(service.client(), STEPS, SETTINGS))
    caps = [int(asked["query"]["maximumBytesBilled"]) for asked in service.configurations(dry=False)]
    assert caps == [10_000, 9_000, 8_000, 7_000, 6_000, 5_000]


def test_what_would_exceed_the_cap_does_not_run() -> None:
    service = Service(bytes_of=lambda query: 6_000)
    with pytest.raises(UsageError, match=r"commits_table_dedup would read .* of --max-bytes 10000"):
        list(run(service.client(), STEPS, SETTINGS))
    assert len(service.configurations(dry=False)) == 1


def test_no_job_is_paid_where_all_together_would_exceed_the_cap() -> None:
    service = Service(bytes_of=lambda query: 12_000 if f"{TABLES[0]} AS (" in query else 2_000)
    with pytest.raises(UsageError, match=r"the selection would read .* of --max-bytes 10000"):
        list(run(service.client(), STEPS, SETTINGS))
    assert service.configurations(dry=False) == []


def test_lists_travel_as_parameters_and_only_where_they_are_named() -> None:
    service = Service()
    list(run(service.client(), SelectSettings(licences=("mit", "isc")), SETTINGS))
    first, second, *_, last = service.configurations(dry=False)

    def given(asked: dict[str, Any]) -> dict[str, Any]:
        return {p["name"]: p["parameterValue"] for p in asked["query"].get("queryParameters", [])}

    assert given(first)["licenses"] == {"arrayValues": [{"value": "mit"}, {"value": "isc"}]}
    assert given(second)["license_choice"] == {"value": "most_restrictive"}
    assert "noise_messages" in given(first)
    assert "noise_messages" not in given(second)
    assert given(last) == {}


def test_tables_vanish_after_the_days_that_are_set() -> None:
    service = Service()
    list(run(service.client(), STEPS, SETTINGS))
    patched = [(path, body) for method, path, body in service.asked if method == "PATCH"]
    assert [path for path, _ in patched] == [f"datasets/pack/tables/{table}" for table in TABLES]
    moment = datetime.fromtimestamp(int(patched[0][1]["expirationTime"]) / 1000, UTC)
    assert timedelta(days=13) < moment - datetime.now(UTC) <= timedelta(days=14)


def test_the_manifest_gets_job_ids_rows_and_bytes() -> None:
    service = Service(rows=7)
    jobs = list(run(service.client(), SelectSettings(plan="fast"), SETTINGS))
    facts = job_facts(jobs, SETTINGS)
    assert [job["table"] for job in facts["jobs"]] == ["commitpack_metadata", "commitpack_licenses"]
    for job in facts["jobs"]:
        assert job["job_id"] in service.jobs
        assert job["job_id"].startswith(f"octopack-{job['table']}-")
        assert (job["rows"], job["bytes_billed"], job["location"]) == (7, 1_000, "US")
    assert facts["bigquery"]["project"] == "payer"


def test_an_export_writes_zstd_parquet_and_json_lines_to_a_bucket() -> None:
    service = Service()
    assert len(extract(service.client(), SETTINGS, "gs://bucket/meta/")) == 2
    metadata, licences = (asked["extract"] for asked in service.configurations(dry=False))
    assert metadata["destinationUris"] == ["gs://bucket/meta/metadata-*.parquet"]
    assert (metadata["destinationFormat"], metadata["compression"]) == ("PARQUET", "ZSTD")
    assert licences["destinationUris"] == ["gs://bucket/meta/licenses-*.jsonl"]
    assert licences["sourceTable"]["tableId"] == "commitpack_licenses"
    with pytest.raises(UsageError, match=r"gs://BUCKET/FOLDER"):
        extract(service.client(), SETTINGS, "/tmp/meta")


@pytest.mark.parametrize(
    ("refusal", "error", "said"),
    [
        ((400, "Unrecognized name: x"), InputError, "BigQuery refused it: .*Unrecognized name: x"),
        ((403, "no billing"), EnvironmentFault, "not allowed .*no billing.*BigQuery Job User"),
        ((404, "no project"), InputError, "not found .*check --project, --dataset and --location"),
    ],
)
def test_refusals_name_the_mend(refusal: tuple[int, str], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        estimate(Service(refuse=refusal).client(), STEPS, SETTINGS)


def test_a_missing_extra_and_a_missing_project_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="--project PROJECT"):
        connect(BigQuerySettings())
    monkeypatch.setitem(sys.modules, "google.cloud.bigquery", None)
    monkeypatch.delattr("google.cloud.bigquery")
    with pytest.raises(EnvironmentFault, match=r'pip install "humanevalpack\[bigquery\]"'):
        connect(SETTINGS)
