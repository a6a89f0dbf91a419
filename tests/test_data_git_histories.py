"""The histories that other tests stand on: the same everywhere, and with the special commits in them."""

from pathlib import Path

from git_histories import git, long_history, make_repository, same_commits, special_history


def test_ids_are_the_same_on_every_machine(tmp_path: Path) -> None:
    ids = make_repository(tmp_path / "special", special_history())
    assert ids["root"] == "5596cf39b4af83ada96e324676002c0d1966ed7f"
    assert git(tmp_path / "special", "fsck", "--full", "--no-dangling") == b""


def test_special_commits_are_what_their_names_say(tmp_path: Path) -> None:
    folder = tmp_path / "special"
    ids = make_repository(folder, special_history())

    def changed(name: str) -> bytes:
        return git(folder, "show", "-z", "--no-renames", "--name-status", "--format=", ids[name])

    assert changed("path_with_quotes") == b'M\0it\'s "quoted"; $(id)\n.py\0'
    assert changed("path_not_utf8") == b"M\0lat\xedn.py\0"
    assert changed("empty") == b""
    assert changed("many_files").count(b"A\0") == 5000
    assert git(folder, "rev-list", "--parents", "-1", ids["merge"]).split()[1:] == [
        ids["main"].encode(),
        ids["side"].encode(),
    ]
    assert git(folder, "rev-list", "--max-parents=0", "--all").split() == [
        ids["second_root"].encode(),
        ids["root"].encode(),
    ]


def test_forks_share_their_commits(tmp_path: Path) -> None:
    forks = [tmp_path / "one", tmp_path / "two"]
    ids = same_commits(forks, long_history(commits=5, files=2), ["https://example.org/a/x", "https://example.org/b/x"])
    heads = {git(fork, "rev-parse", "main").decode().strip() for fork in forks}
    assert heads == {ids["4"]}


def test_a_repository_with_a_work_tree_has_its_files(tmp_path: Path) -> None:
    make_repository(tmp_path / "tree", long_history(commits=3, files=2), bare=False)
    assert (tmp_path / "tree" / "src" / "f1.py").read_bytes().count(b"# changed") == 1
