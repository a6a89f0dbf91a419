"""octopack_data.fetch.work: the stage over metadata files, from a host on loopback to rows with contents."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fetch_cases import changes_of, metadata, settings_for
from fetch_servers import Fault, Host, answer, host_of, serve_objects
from git_histories import long_history, make_repository, special_history
from humanevalpack.errors import EnvironmentFault, InputError, UsageError
from octopack_data.commands import app
from octopack_data.fetch.plan import plan_fetch, plan_said
from octopack_data.fetch.settings import FetchSettings
from octopack_data.fetch.work import fetch
from octopack_data.records import SCRAPED_COLUMNS, Change
from octopack_data.rows import read_rows, write_rows
from octopack_data.settings import make_settings
from octopack_data.sources import find_parts

LONG = "own/long"


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hosts")
    for repo, history in {LONG: long_history(30, 5), "own/special": special_history()}.items():
        make_repository(folder / f"{repo}.git", history)
        serve_objects(folder / f"{repo}.git")
    return folder


@pytest.fixture
def host(repositories: Path) -> Iterator[Host]:
    with host_of(repositories) as serving:
        yield serving


@cache
def changes_in(repositories: Path, repo: str = LONG, repos: str = "") -> list[Change]:
    return changes_of(repositories / f"{repo}.git", repos or repo)


def run(source: Path, output: Path, settings: FetchSettings, **values: Any) -> list[dict[str, Any]]:
    manifest = fetch(find_parts(source), output, settings, progress=False, **values)
    assert not (output / ".fetch").exists()
    rows = [row for file in manifest["outputs"] for row in read_rows(output / file["path"])]
    assert manifest["counts"].get("rows", 0) == len(rows)
    return rows


def statuses(rows: list[dict[str, Any]]) -> dict[str, str]:
    return {row["new_file"]: row["status"] for row in rows}


def test_rows_get_both_contents_in_their_order(host: Host, repositories: Path, tmp_path: Path) -> None:
    changes = changes_in(repositories)
    rows = run(metadata(tmp_path / "meta.jsonl", changes), tmp_path / "out", settings_for(host))
    assert [row["commit"] for row in rows] == [change.commit for change in changes]
    assert tuple(rows[0]) == SCRAPED_COLUMNS
    for row in rows:
        assert row["new_contents"] != row["old_contents"]
        assert row["new_contents"].startswith("def value_0()")
    assert {(row["status"], row["returncode"], row["stderr"]) for row in rows} == {("ok", 0, "")}
    assert {row["fetched_via"] for row in rows} == {"git-partial:own/long"}


@pytest.mark.parametrize("form", ["jsonl", "jsonl.zst", "parquet"])
def test_every_format_holds_the_same(form: str, host: Host, repositories: Path, tmp_path: Path) -> None:
    source = metadata(tmp_path / "meta.parquet.jsonl", changes_in(repositories)[:4])
    rows = run(source, tmp_path / "out", settings_for(host, format=form))
    assert [row["status"] for row in rows] == ["ok"] * 4
    assert rows[0]["schema_version"] == 1


def test_the_release_metadata_has_no_ids_and_needs_none(host: Host, repositories: Path, tmp_path: Path) -> None:
    source = metadata(tmp_path / "meta.jsonl", changes_in(repositories)[:2], ids=False)
    rows = run(source, tmp_path / "out", settings_for(host))
    assert {(row["status"], row["fetched_via"]) for row in rows} == {("ok", "git-partial:own/long")}


def test_few_commits_of_a_repository_come_over_raw_http(host: Host, repositories: Path, tmp_path: Path) -> None:
    rows = run(metadata(tmp_path / "meta.jsonl", changes_in(repositories)[:2]), tmp_path / "out", settings_for(host))
    assert {(row["status"], row["fetched_via"]) for row in rows} == {("ok", "raw-http:own/long")}
    assert host.asked("/git/") == []


SPECIAL = {
    "published": {"picture.png": "ok", "umlaut.py": "ok", "data.json": "ok", "big.bin": "ok", "link": "symlink"},
    "fixed": {
        "picture.png": "binary", "umlaut.py": "not_utf8", "data.json": "too_large", "big.bin": "lfs_pointer",
        "link": "symlink",
    },
}  # fmt: skip


@pytest.mark.parametrize("mode", SPECIAL)
def test_the_modes_differ_in_what_counts_as_text(
    mode: str, host: Host, repositories: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("octopack_data.fetch.work.dropped_because", lambda *_: "")
    changes = [one for one in changes_in(repositories, "own/special") if one.new_file in SPECIAL[mode]]
    rows = run(metadata(tmp_path / "meta.jsonl", changes), tmp_path / "out", settings_for(host, mode=mode))
    assert statuses(rows) == SPECIAL[mode]
    texts = {row["new_file"]: row["new_contents"] for row in rows}
    assert texts["umlaut.py"] == ("# schne gre\n" if mode == "published" else "")
    assert {row["status"] for row in rows if row["new_contents"]} <= {"ok"}
    assert {row["returncode"] for row in rows if row["status"] != "ok"} == {128}


def test_another_repository_is_asked_when_one_fails(host: Host, repositories: Path, tmp_path: Path) -> None:
    changes = changes_in(repositories, repos="own/long,aaa/gone,bad name/x,bbb/none,own/long")
    rows = run(metadata(tmp_path / "meta.jsonl", changes), tmp_path / "out", settings_for(host))
    assert {(row["status"], row["fetched_via"]) for row in rows} == {("ok", "git-partial:own/long")}
    assert [path.split("/")[2] for path in host.asked("info/refs")] == ["aaa", "bbb", "own"]


FAILING: dict[str, tuple[list[Fault], str, str]] = {
    "all gone": ([answer(404), answer(404)], "gone", "HTTP 404"),
    "one may come back": ([answer(404), answer(429)], "rate_limited", "HTTP 429"),
    "the other way round": ([answer(500), answer(404)], "error", "HTTP 500"),
}


@pytest.mark.parametrize("case", FAILING)
def test_a_row_that_no_repository_gives_tells_the_most_hopeful_reason(
    case: str, host: Host, repositories: Path, tmp_path: Path
) -> None:
    faults, status, detail = FAILING[case]
    change = changes_in(repositories, repos="own/long,zzz/long")[0]
    host.faults["/raw/"] = list(faults)
    settings = settings_for(host, backend="raw-http")
    (row,) = run(metadata(tmp_path / "meta.jsonl", [change]), tmp_path / "out", settings)
    assert (row["status"], row["stderr"]) == (status, f"fatal: {status}: {detail}")
    assert (row["old_contents"], row["new_contents"], row["fetched_via"]) == ("", "", "")


def test_hostile_rows_are_errors_and_harm_no_other(host: Host, repositories: Path, tmp_path: Path) -> None:
    good = changes_in(repositories)[:3]
    bad = [
        replace(good[0], repos="--upload-pack=touch x/y"),
        replace(good[0], repos=""),
        replace(good[0], new_file="../../etc/passwd.py"),
        replace(good[0], commit="--output=x"),
        replace(good[0], parent="HEAD"),
    ]
    rows = run(metadata(tmp_path / "meta.jsonl", [*bad, *good]), tmp_path / "out", settings_for(host))
    assert [row["status"] for row in rows] == ["error"] * 5 + ["ok"] * 3
    assert all(row["stderr"].startswith("fatal: error: ") for row in rows[:5])


def test_filters_are_counted_and_no_request_is_made_for_what_they_drop(host: Host, tmp_path: Path) -> None:
    change = Change("a" * 40, "s", "please\n", "own/long", "a.py", "a.py")
    source = metadata(tmp_path / "meta.jsonl", [change, replace(change, new_file="a.unheard"), change])
    manifest = fetch(find_parts(source), tmp_path / "out", settings_for(host), progress=False)
    assert manifest["counts"] == {"rows": 3, "kept": 0, "dropped_misc_noise": 2, "dropped_unknown_extension": 1}
    assert host.requests == []


def test_a_repair_redoes_some_rows_and_keeps_all_others(host: Host, repositories: Path, tmp_path: Path) -> None:
    changes = changes_in(repositories)[:12:2]  # none is the parent of another: a fault is of one row
    assert not {change.commit for change in changes} & {change.parent for change in changes}
    host.faults[changes[1].commit] = [answer(429)]
    host.faults[changes[2].commit] = [answer(404)]
    host.faults[changes[3].commit] = [answer(500)]
    settings = settings_for(host, backend="raw-http")
    before = run(metadata(tmp_path / "meta.jsonl", changes), tmp_path / "out", settings)
    assert [row["status"] for row in before] == ["ok", "rate_limited", "gone", "error", "ok", "ok"]
    host.requests.clear()
    after = run(
        tmp_path / "out", tmp_path / "mended", settings.model_copy(update={"retry_status": "rate_limited,timeout"})
    )
    assert [row["status"] for row in after] == ["ok", "ok", "gone", "error", "ok", "ok"]
    assert [new for new, old in zip(after, before, strict=True) if new != old] == [after[1]]
    assert len(host.requests) == 2


def test_a_repair_needs_an_output_of_fetch(host: Host, repositories: Path, tmp_path: Path) -> None:
    source = metadata(tmp_path / "meta.jsonl", changes_in(repositories)[:1])
    with pytest.raises(InputError, match=r"no column 'old_contents'"):
        run(source, tmp_path / "out", settings_for(host, retry_status="timeout"))


def test_a_row_without_text_in_a_column_is_named(host: Host, tmp_path: Path) -> None:
    write_rows(tmp_path / "meta.jsonl", [{"commit": "a" * 40, "subject": None}])
    with pytest.raises(InputError, match=r"meta.jsonl, line 1: subject must be text, not None"):
        run(tmp_path / "meta.jsonl", tmp_path / "out", settings_for(host))


@pytest.mark.parametrize("workers", [1, 3])
def test_any_number_of_workers_gives_the_same(workers: int, host: Host, repositories: Path, tmp_path: Path) -> None:
    for number in range(4):
        metadata(tmp_path / f"meta/p{number}.jsonl", changes_in(repositories)[number::4])
    rows = run(tmp_path / "meta", tmp_path / "out", settings_for(host), workers=workers)
    assert [row["status"] for row in rows] == ["ok"] * 29
    assert sorted(row["new_file"] for row in rows) == sorted(one.new_file for one in changes_in(repositories))


def test_blocks_change_no_row_but_a_run_keeps_its_own(host: Host, repositories: Path, tmp_path: Path) -> None:
    source = metadata(tmp_path / "meta.jsonl", changes_in(repositories))
    blocks = [run(source, tmp_path / f"out{size}", settings_for(host, block_rows=size)) for size in (10, 100)]
    assert blocks[0] == blocks[1]
    with pytest.raises(InputError, match=r"block_rows is 10 there and 100 now"):
        run(source, tmp_path / "out10", settings_for(host, block_rows=100))


def test_manners_may_change_between_a_kill_and_the_rest(host: Host, repositories: Path, tmp_path: Path) -> None:
    source = metadata(tmp_path / "meta.jsonl", changes_in(repositories)[:2])
    first = run(source, tmp_path / "out", settings_for(host))
    slower = settings_for(host, requests_per_second=1.0, clones_at_a_time=1, contact="other", timeout=5.0, tries=2)
    assert run(source, tmp_path / "out", slower) == first


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no contact": ({"contact": ""}, r"--contact you@example.org"),
    "contact of two lines": ({"contact": "a\r\nX-Evil: 1"}, r"must be one line"),
    "window": ({"window": "8/8"}, r"must be i/n"),
    "status": ({"retry_status": "timeout,slow"}, r"'slow' is no status; there are ok, added"),
    "no clones": ({"backend": "git-local"}, r"--clones FOLDER belong together"),
    "address without a field": (
        {"raw_url": "https://x.example/{repo}"},
        r"and hold \{commit\}, \{path\}|hold \{repo\}",
    ),
    "address of a program": ({"git_url": "ext::sh -c id {repo}"}, r"must begin with https:// or"),
}


@pytest.mark.parametrize("case", WRONG)
def test_settings_that_cannot_work_are_refused_first(case: str, repositories: Path, tmp_path: Path) -> None:
    values, message = WRONG[case]
    source = metadata(tmp_path / "meta.jsonl", changes_in(repositories)[:1])
    with pytest.raises(UsageError, match=message):
        run(source, tmp_path / "out", make_settings(FetchSettings, {"contact": "me"} | values))


def test_a_lost_cache_is_told_of(host: Host, repositories: Path, tmp_path: Path) -> None:
    source = metadata(tmp_path / "meta.jsonl", changes_in(repositories)[:6])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("octopack_data.fetch.work._scraped", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run(source, tmp_path / "out", settings_for(host))
    for blob in (tmp_path / "out/.fetch").rglob("contents/blobs/*/*"):
        blob.write_bytes(b"")
    with pytest.raises(EnvironmentFault, match=r"is gone or damaged; remove the folder .fetch"):
        run(source, tmp_path / "out", settings_for(host))


def test_the_plan_counts_without_a_request(host: Host, repositories: Path, tmp_path: Path) -> None:
    few = [replace(one, repos="few/x") for one in changes_in(repositories)[:2]]
    noise = [replace(few[0], message="please")]
    rows = [*changes_in(repositories), *few, *noise]
    plan = plan_fetch(find_parts(metadata(tmp_path / "meta.jsonl", rows)), settings_for(host))
    assert (plan.rows, plan.dropped, plan.repos) == (31, {"misc_noise": 1}, 2)
    asked = {name: (one.rows, one.clones, one.requests) for name, one in plan.backends.items()}
    assert asked == {"git-partial": (29, 1, 2), "raw-http": (2, 0, 4)}
    no_ids = [replace(one, new_sha1="") for one in rows]
    plan = plan_fetch(find_parts(metadata(tmp_path / "no-ids.jsonl", no_ids)), settings_for(host))
    asked = {name: (one.rows, one.clones, one.requests) for name, one in plan.backends.items()}
    assert asked == {"git-partial": (29, 1, 5), "raw-http": (2, 0, 4)}
    assert all(0 < one.hours < 0.01 for one in plan.backends.values())
    said = list(plan_said(plan))
    assert "requests, about                9 (5 by git-partial, 4 by raw-http)" in said
    assert said[-1].startswith("hours, at best                 0.00 (0.00 by git-partial, 0.00 by raw-http)")
    assert host.requests == []


def test_the_command_fetches_and_says_what_became_of_the_rows(host: Host, repositories: Path, tmp_path: Path) -> None:
    source = metadata(tmp_path / "meta.jsonl", changes_in(repositories))
    (tmp_path / "fetch.yaml").write_text(
        json.dumps({"git_url": host.git_url, "raw_url": host.raw_url, "contact": "me"})
    )
    command = [
        "commitpack",
        "fetch",
        str(source),
        "-o",
        str(tmp_path / "out"),
        "--config",
        str(tmp_path / "fetch.yaml"),
    ]
    dry = CliRunner().invoke(app, [*command, "--dry-run"])
    assert (dry.exit_code, not (tmp_path / "out").exists(), host.requests) == (0, True, [])
    assert "rows by git-partial" in dry.output
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert [line.split() for line in done.stdout.splitlines() ] == [
        ["29", "rows"], ["29", "kept"], ["29", "status_ok"],
    ]  # fmt: skip


def test_a_login_in_an_address_stands_in_no_manifest() -> None:
    values = {"contact": "me", "git_url": "https://me:hush@git.example.org/{repo}.git"}
    settings = make_settings(FetchSettings, values)
    assert settings.deciding()["git_url"] == "https://git.example.org/{repo}.git"
    assert settings.git_url == values["git_url"]
