"""octopack_data.fetch.addresses: a secret in an address is used, and stands in no file and no message."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fetch_cases import changes_of, metadata, settings_for
from fetch_servers import Handler, Host, host_of
from git_histories import make_repository, special_history
from humanevalpack.errors import UsageError
from octopack_data.fetch.addresses import said_without_secrets, without_secrets
from octopack_data.fetch.backends import check_hosts
from octopack_data.fetch.settings import FetchSettings
from octopack_data.fetch.work import fetch_stage
from octopack_data.rows import read_rows
from octopack_data.settings import make_settings
from octopack_data.sources import find_parts

REPO = "own/special"
ADDRESSES = {
    "https://git.example.org/{repo}.git": "https://git.example.org/{repo}.git",
    "https://me:hush@git.example.org/{repo}.git": "https://git.example.org/{repo}.git",
    "https://hush@[::1]:8080/{repo}": "https://[::1]:8080/{repo}",
    "https://e.org/{repo}/{commit}/{path}?token=hush": "https://e.org/{repo}/{commit}/{path}?token=***",
    "https://e.org/{repo}?at={commit}&path={path}&key=hush": "https://e.org/{repo}?at={commit}&path={path}&key=***",
    "https://e.org/{repo}?hush": "https://e.org/{repo}?***",
    "https://e.org/{repo}?a=b=hush": "https://e.org/{repo}?a=***",
    "https://e.org/{repo}#hush": "https://e.org/{repo}",
    "https://[hush/{repo}": "***",
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_what_is_kept_of_an_address(address: str) -> None:
    assert without_secrets(address) == ADDRESSES[address]


def test_what_git_and_clients_say_keeps_its_words_and_loses_the_secrets() -> None:
    said = "fatal: unable to access 'https://me:hush@e.org/a/b.git?t=hush/': error 403, message='x', url='http://e.org/?k=hush'"
    kept = "fatal: unable to access 'https://e.org/a/b.git?t=***': error 403, message='x', url='http://e.org/?k=***'"
    assert said_without_secrets(said) == kept


def nonsense(handler: Handler, _: bytes) -> None:
    """An answer of which aiohttp tells the whole address."""
    handler.wfile.write(b"HTTP/1.1 none\r\n\r\n")
    handler.close_connection = True


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    make_repository(tmp_path / f"hosts/{REPO}.git", special_history())
    with host_of(tmp_path / "hosts") as serving:
        yield serving


def test_a_token_in_an_address_is_sent_and_stands_in_no_file(host: Host, tmp_path: Path) -> None:
    changes = changes_of(tmp_path / f"hosts/{REPO}.git", REPO)[:4]
    source = metadata(tmp_path / "meta.jsonl", changes)
    broken = changes[0].commit
    host.faults[broken] = [nonsense] * 20
    settings = settings_for(host, raw_url=f"{host.raw_url}?token=hush", backend="raw-http", format="jsonl")
    parts = find_parts(source)
    stage = fetch_stage(parts, tmp_path / "out", settings)
    with stage.held():
        stage.run_part(parts[0])
        stage.end()
    rows = {row["commit"]: row for row in read_rows(tmp_path / "out/data/meta.jsonl")}
    assert "token=***" in rows[broken]["stderr"]
    assert "ok" in {row["status"] for row in rows.values()}
    assert all(path.endswith("?token=hush") for path in host.asked())
    written = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert any("journal" in path.name for path in written)
    assert [path for path in written if b"hush" in path.read_bytes()] == []


def test_a_run_goes_on_with_another_token() -> None:
    one, two = (
        make_settings(FetchSettings, {"raw_url": f"https://e.org/{{repo}}/{{commit}}/{{path}}?token={token}"})
        for token in ("first", "second")
    )
    assert one.deciding() == two.deciding()
    assert one.raw_url != two.raw_url


@pytest.mark.parametrize(
    "address", ["ftp://me:hush@e.org/{repo}", "https://me:hush@e.org/?k=hush", "https://[hush/{repo}"]
)
def test_an_address_that_is_refused_is_named_without_its_secrets(address: str) -> None:
    settings = make_settings(FetchSettings, {"git_url": address, "contact": "me", "backend": "git-partial"})
    with pytest.raises(UsageError, match="address '") as error:
        check_hosts(settings)
    assert "hush" not in str(error.value)
