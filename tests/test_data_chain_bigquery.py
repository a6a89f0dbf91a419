"""octopack-data commitpack run from BigQuery: its price first, the jobs once, then the same files as from anywhere."""

from pathlib import Path
from typing import Any

import pytest

from bigquery_service import Service
from humanevalpack.errors import InputError
from octopack_data import bigquery
from octopack_data.exporting import export_selection
from octopack_data.manifests import read_manifest
from octopack_data.rows import read_rows
from octopack_data.sources import find_parts
from test_data_chain import clones, command, config, files, run

__all__ = ["clones"]  # a fixture
PAYER = {"project": "payer", "dataset": "pack"}


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory, clones: Path) -> Path:
    """A chain from clones, whose selection the service will have."""
    folder = tmp_path_factory.mktemp("local")
    run(config(folder, clones))
    return folder / "out"


@pytest.fixture
def service(local: Path, monkeypatch: pytest.MonkeyPatch) -> Service:
    metadata = [row for part in find_parts(local / "select") for row in read_rows(part.path)]
    tables = {
        "commitpack_metadata": [{name: str(value) for name, value in row.items()} for row in metadata],
        "commitpack_licenses": list(read_rows(local / "select/licences.jsonl")),
    }
    made = Service(bytes_of=lambda query: 2**39, tables=tables)
    monkeypatch.setattr(bigquery, "connect", lambda settings: made.client())
    return made


def remote(folder: Path, clones: Path, **values: Any) -> Path:
    fetch = {"backend": "git-local", "clones": [str(clones)]}
    return config(folder, clones, **{"sources": ["bigquery"], "bigquery": PAYER, "fetch": fetch, **values})


def test_the_chain_ends_as_one_from_clones_and_asks_once(
    tmp_path: Path, clones: Path, local: Path, service: Service
) -> None:
    settings = remote(tmp_path, clones)
    dry = run(settings, "--dry-run")
    assert "reads 0.500 TiB of the public data set: 3.12 USD" in dry
    assert service.configurations(dry=False) == []
    assert not (tmp_path / "out").exists()
    funnel = run(settings)
    assert "**select: kept**" in funnel
    assert "**export: kept**" in funnel
    for stage in ("commitpack", "commitpackft"):
        assert files(tmp_path / "out" / stage) == files(local / stage)
    assert len(read_manifest(tmp_path / "out/select")["jobs"]) == 6
    run(settings)
    assert len(service.configurations(dry=False)) == 6
    assert "to do" not in run(settings, "--dry-run")


def test_a_sample_is_left_to_the_stages_behind_the_selection(tmp_path: Path, clones: Path, service: Service) -> None:
    run(remote(tmp_path, clones, sample="5"))
    assert read_manifest(tmp_path / "out/fetch")["counts"]["kept"] <= 5
    assert read_manifest(tmp_path / "out/select")["settings"]["sample"] == ""


def test_a_sample_of_the_selection_is_refused_before_a_job_is_paid(
    tmp_path: Path, clones: Path, service: Service
) -> None:
    result = command(remote(tmp_path, clones, select={"sample": "5"}))
    assert "the selection in BigQuery takes no sample" in str(result.exception)
    assert service.configurations(dry=False) == []


def test_nothing_runs_beyond_the_cap(tmp_path: Path, clones: Path, service: Service) -> None:
    result = command(remote(tmp_path, clones, bigquery={**PAYER, "max_bytes": 2**38}))
    assert "would read 0.500 TiB" in str(result.exception)
    assert service.configurations(dry=False) == []


def test_other_settings_of_the_jobs_are_refused(tmp_path: Path, clones: Path, service: Service) -> None:
    run(remote(tmp_path, clones))
    result = command(remote(tmp_path, clones, select={"licences": ["mit"]}))
    assert "out/select holds a selection with other settings" in str(result.exception)
    assert len(service.configurations(dry=False)) == 6


def stopped(folder: Path, clones: Path, service: Service) -> None:
    """Stop a chain behind the third of six jobs: the fourth would exceed the cap."""
    third = "commits_table_dedup_difference"
    service.bytes_of = lambda query: 2**40 if third in query and f"{third} AS (" not in query else 2**30
    result = command(remote(folder, clones, bigquery={**PAYER, "max_bytes": 2**39}))
    assert "commits_table_dedup_files would read 1.000 TiB" in str(result.exception)
    assert len(service.configurations(dry=False)) == 3
    service.bytes_of = lambda query: 2**30


def test_a_stopped_selection_goes_on_behind_its_last_job_and_the_cap_counts_both(
    tmp_path: Path, clones: Path, service: Service
) -> None:
    stopped(tmp_path, clones, service)
    run(remote(tmp_path, clones, bigquery={**PAYER, "max_bytes": 2**41}))
    jobs = service.configurations(dry=False)
    assert len(jobs) == 6
    assert int(jobs[3]["query"]["maximumBytesBilled"]) == 2**41 - 3 * 2**30
    assert [job["table"] for job in read_manifest(tmp_path / "out/select")["jobs"]] == [
        job["query"]["destinationTable"]["tableId"] for job in jobs
    ]
    assert sorted(path.name for path in (tmp_path / "out/select").iterdir()) == ["manifest.json"]


def test_finished_jobs_are_not_taken_for_those_of_other_settings(
    tmp_path: Path, clones: Path, service: Service
) -> None:
    stopped(tmp_path, clones, service)
    run(remote(tmp_path, clones, select={"since": "2001-01-01"}))
    assert len(service.configurations(dry=False)) == 3 + 6


def test_a_finished_job_whose_table_is_another_one_now_runs_again(
    tmp_path: Path, clones: Path, service: Service
) -> None:
    stopped(tmp_path, clones, service)
    service.rows += 1
    run(remote(tmp_path, clones))
    assert len(service.configurations(dry=False)) == 3 + 6


def test_another_cap_runs_no_job_again(tmp_path: Path, clones: Path, service: Service) -> None:
    run(remote(tmp_path, clones))
    run(remote(tmp_path, clones, bigquery={**PAYER, "max_bytes": 2**45, "price_per_tib": 7, "expire_days": 3}))
    assert len(service.configurations(dry=False)) == 6
    result = command(remote(tmp_path, clones, bigquery={**PAYER, "dataset": "other"}))
    assert "out/select holds a selection with other settings" in str(result.exception)


def test_tables_that_another_selection_has_replaced_are_not_taken_for_its_own(
    tmp_path: Path, clones: Path, service: Service
) -> None:
    run(remote(tmp_path, clones))
    service.tables["commitpack_metadata"].pop()
    result = command(remote(tmp_path, clones), "--overwrite-from", "export")
    assert "commitpack_metadata has" in str(result.exception)
    assert "another selection in the same --dataset replaces them" in str(result.exception)
    with pytest.raises(InputError, match="commitpack_metadata has"):
        list(export_selection(tmp_path / "out/select", "gs://bucket/meta", shard_bytes=1))
    assert not any("extract" in one for one in service.configurations(dry=False))
    assert not (tmp_path / "out/export/manifest.json").exists()


def test_tables_that_have_vanished_are_told(tmp_path: Path, clones: Path, service: Service) -> None:
    run(remote(tmp_path, clones))
    service.gone.add("commitpack_licenses")
    result = command(remote(tmp_path, clones), "--overwrite-from", "export")
    assert "payer.pack.commitpack_licenses is gone: tables vanish --expire-days after" in str(result.exception)


def test_a_download_that_the_service_ends_says_why(tmp_path: Path, clones: Path, service: Service) -> None:
    service.cut = (503, "try later")
    result = command(remote(tmp_path, clones))
    assert "commitpack_metadata: BigQuery cannot be reached" in str(result.exception)
    service.cut = None
    run(remote(tmp_path, clones))
    assert len(service.configurations(dry=False)) == 6


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"bigquery": {}}, "bigquery.project is missing: the Google Cloud project that pays"),
        ({"bigquery": {**PAYER, "expire_days": 0}}, "bigquery.expire_days' is 0: "),
        ({"sources": ["bigquery", "more/"]}, "the source bigquery stands alone, with begin: select"),
        ({"begin": "fetch"}, "the source bigquery stands alone, with begin: select"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, values: dict[str, Any], said: str) -> None:
    assert said in str(command(remote(tmp_path, tmp_path, **values), "--dry-run").exception)
