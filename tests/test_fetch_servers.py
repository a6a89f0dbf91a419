"""fetch_servers: the host on loopback takes what git sends."""

from pathlib import Path

from fetch_servers import host_of, serve_objects
from git_histories import git, long_history, make_repository
from octopack_data.fetch.git import Git


def test_a_large_request_comes_in_pieces(tmp_path: Path) -> None:
    """Of the bridge: git packs requests with gzip, and sends those larger than its buffer chunked."""
    make_repository(tmp_path / "hosts/own/long.git", long_history(700, 5))
    serve_objects(tmp_path / "hosts/own/long.git")
    objects = git(tmp_path / "hosts/own/long.git", "cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
    with host_of(tmp_path / "hosts") as host:
        url = host.git_url.replace("{repo}", "own/long")
        for buffer in ("65536", "1000000"):
            git(tmp_path, "init", "--quiet", "--bare", buffer)
            command = ["-c", f"http.postBuffer={buffer}", "fetch", "--quiet", "--stdin", url]
            Git("test", 60, 10**9).run(tmp_path / buffer, command, objects)
    assert host.bodies >= {"gzip", "chunked"}
