"""octopack_data.fetch: names and paths that are never sent, the order of repositories, contents as text, filters."""

from pathlib import Path

import pytest

from git_histories import git, long_history, make_repository
from humanevalpack.errors import InputError
from octopack_data.fetch.changes import read_changes
from octopack_data.fetch.contents import Policy, blob_id, row_status, text_of
from octopack_data.fetch.git import Git
from octopack_data.fetch.prefilters import dropped_because
from octopack_data.fetch.statuses import OF_THE_CONTENT, Status, returncode, stderr
from octopack_data.fetch.trees import locate
from octopack_data.fetch.wants import Side, Want, repository_order, what_is_wrong
from octopack_data.records import Change, Mode
from octopack_data.rows import write_rows

COMMIT = "a" * 40
PUBLISHED = Policy("drop_invalid", 100 * 2**20, text_only=False)
FIXED = Policy("skip", 1000, text_only=True)
GUESSING = Policy("charset", 1000, text_only=True)


@pytest.mark.parametrize(
    "repo",
    [
        "--upload-pack=touch x/y", "-o/x", "a", "a/b/c", "../b", "a/..", "a/.", "a b/c", "a/b\n", "a/b;id", "a/$(id)",
        "ext::sh -c id/x", "http://evil/x", "a/b?x", "a/b#x", "a/%2e%2e", "a@b/c", "", "/", "a/", "a/ü", "file:/x",
    ],
)  # fmt: skip
def test_a_repository_that_is_no_owner_and_name_is_asked_by_nobody(repo: str) -> None:
    assert "is not owner/name" in what_is_wrong(repo, Want(0, COMMIT, "a.py", "a.py"))


@pytest.mark.parametrize(
    "path",
    ["../a.py", "a/../../b", "/etc/passwd", "a//b", "./a", ".git/config", "a/.git/hooks/x", "a\0b", "", "\ud800"],
)
def test_a_path_that_git_has_not_is_asked_by_nobody(path: str) -> None:
    assert "is not a path" in what_is_wrong("a/b", Want(0, COMMIT, "a.py", path))
    assert "is not a path" in what_is_wrong("a/b", Want(0, COMMIT, path, "a.py"))


@pytest.mark.parametrize("commit", ["", "HEAD", "--all", "A" * 40, "a" * 39, "a" * 40 + "\n"])
def test_a_commit_that_is_no_object_id_is_asked_by_nobody(commit: str) -> None:
    assert "is not an object id" in what_is_wrong("a/b", Want(0, commit, "a.py", "a.py"))


@pytest.mark.parametrize("repo", ["a/b", "a-b/c.d", "A1/.github", "a/-", "a/b_c.git"])
def test_strange_names_that_hosts_have_are_fine(repo: str) -> None:
    assert what_is_wrong(repo, Want(0, COMMIT, "-a b/'\"\n$(x).py", "--help", parent="b" * 40)) == ""


def test_repositories_are_tried_in_one_order_without_repeats() -> None:
    repos = "mirror/x,mirror/y,zoe/x,Anna/x,zoe/x,mirror/z, ,bob/x,Bob/y"
    assert repository_order(repos, 11) == ["Anna/x", "zoe/x", "Bob/y", "bob/x", "mirror/x", "mirror/y", "mirror/z"]
    assert repository_order(",".join(f"o{n:02}/x" for n in range(30)), 11) == [f"o{n:02}/x" for n in range(11)]


@pytest.mark.parametrize(
    ("content", "published", "fixed", "guessed"),
    [
        (b"a = 1\r\n", "a = 1\r\n", "a = 1\r\n", "a = 1\r\n"),
        ("\ufeffü".encode(), "\ufeffü", "\ufeffü", "\ufeffü"),
        (b"a\0b", "a\0b", Status.BINARY, Status.BINARY),
        (b"a" * 8000 + b"\0", "a" * 8000 + "\0", Status.TOO_LARGE, Status.TOO_LARGE),
        (b"x\xffy", "xy", Status.NOT_UTF8, "xÿy"),
        (b"version https://git-lfs.github.com/spec/v1\noid 0\n", "version", Status.LFS_POINTER, Status.LFS_POINTER),
        (b"a" * 1001, "a" * 1001, Status.TOO_LARGE, Status.TOO_LARGE),
        (b"", "", "", ""),
    ],
)  # fmt: skip
def test_bytes_become_text_by_the_policy(
    content: bytes, published: str, fixed: str | Status, guessed: str | Status
) -> None:
    assert str(text_of(content, PUBLISHED)).startswith(published)
    assert text_of(content, FIXED) == fixed
    if content != b"x\xffy":  # too short for a guess
        assert text_of(content, GUESSING) == guessed


def test_an_encoding_is_guessed_from_a_longer_text() -> None:
    text = "# Größe und Länge der schönen Straße, für die Übung geändert\n" * 5
    assert text_of(text.encode("cp1252"), GUESSING) == text


def ok(content: bytes) -> Side:
    return Side(Status.OK, content)


@pytest.mark.parametrize(
    ("new", "old", "status"),
    [
        (ok(b"b"), ok(b"a"), Status.OK),
        (ok(b"b"), Side(Status.GONE), Status.ADDED),
        (ok(b"b"), Side(Status.NO_PARENT), Status.NO_PARENT),
        (ok(b"b"), Side(Status.TIMEOUT), Status.TIMEOUT),
        (ok(b"b"), Side(Status.SYMLINK), Status.SYMLINK),
        (ok(b"b"), ok(b"\0"), Status.BINARY),
        (ok(b"\xff"), Side(Status.GONE), Status.NOT_UTF8),
        (Side(Status.GONE), ok(b"a"), Status.GONE),
        (Side(Status.SUBMODULE), Side(Status.GONE), Status.SUBMODULE),
    ],
)
def test_a_row_has_the_status_of_its_worse_side(new: Side, old: Side, status: Status) -> None:
    assert row_status(new, old, FIXED)[0] == status


def test_the_release_columns_follow_from_the_status() -> None:
    assert {status: returncode(status) for status in Status if returncode(status) == 0} == {
        Status.OK: 0, Status.ADDED: 0, Status.NO_PARENT: 0,
    }  # fmt: skip
    assert stderr(Status.ADDED, "x") == ""
    assert stderr(Status.GONE, "HTTP 404") == "fatal: gone: HTTP 404"
    assert returncode(Status.TIMEOUT) == 124
    assert all(stderr(status, "").startswith("fatal") for status in Status if returncode(status))


def test_what_the_content_is_no_fork_can_change() -> None:
    assert {*Status} - OF_THE_CONTENT == {
        Status.GONE, Status.TIMEOUT, Status.RATE_LIMITED, Status.TRUNCATED, Status.ERROR,
    }  # fmt: skip


def test_blob_ids_are_git_s() -> None:
    assert blob_id(b"") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
    assert blob_id(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"
    assert blob_id(b"", like="0" * 64) == "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813"


@pytest.mark.parametrize(
    ("path", "message", "published", "fixed"),
    [
        ("a.py", "Mend it\n", "", ""),
        ("a.unheard", "Mend it\n", "unknown_extension", "unknown_extension"),
        ("GNUMakefile", "Mend it\n", "", "unknown_extension"),
        ("a.py", "Update a.py", "update_noise", "update_noise"),
        ("a.py", "Update a.py\n", "", "update_noise"),
        ("a.py", "update a.py", "", ""),
        ("a.py", "initial commit", "misc_noise", "misc_noise"),
        ("a.py", "Initial commit\n", "", "misc_noise"),
        ("a.py", "please\n", "misc_noise", "misc_noise"),
        ("a.py", "lalala", "misc_noise", "misc_noise"),
        ("a.unheard", "please", "unknown_extension", "unknown_extension"),
    ],
)
@pytest.mark.parametrize("mode", ["published", "fixed"])
def test_rows_are_dropped_before_any_request(path: str, message: str, published: str, fixed: str, mode: Mode) -> None:
    change = Change(COMMIT, message.strip(), message, "a/b", path, path)
    assert dropped_because(change, mode) == (published if mode == "published" else fixed)


def test_where_a_shallow_clone_ends_another_repository_is_to_be_asked(tmp_path: Path) -> None:
    make_repository(tmp_path / "long.git", long_history(4, 1))
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{tmp_path / 'long.git'}", "short")
    last = git(tmp_path / "short", "rev-parse", "HEAD").decode().strip()
    path = git(tmp_path / "short", "ls-files").decode().split()[0]
    (located,) = locate(Git("tests", 60, 10**9, "none"), tmp_path / "short", [Want(0, last, path, path, "1" * 40)])
    assert isinstance(located.new, Side)
    assert (located.new.status, located.new.detail[:15]) == (Status.GONE, "a shallow clone")


def test_metadata_of_other_types_is_named(tmp_path: Path) -> None:
    row = {"commit": "a" * 40, "subject": "s", "message": "m", "repos": "a/b", "old_file": "x", "new_file": "x"}
    write_rows(tmp_path / "meta.jsonl", [row | {"parent": ["b" * 40]}])
    with pytest.raises(InputError, match=r"meta.jsonl, line 1: parent must be text, not \['bbb"):
        list(read_changes(tmp_path / "meta.jsonl"))
