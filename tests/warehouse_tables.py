"""Small tables of the warehouse, made by hand."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from octopack_data.records import commits_schema, languages_schema, licenses_schema
from octopack_data.rows import write_rows

Difference = tuple[str | None, str | None]
"""Old and new path of one change; None where the file was not there."""


def commit_row(
    commit: str,
    message: str,
    repos: Sequence[str],
    changes: Sequence[Difference] = (("a.py", "a.py"),),
    *,
    truncated: bool = False,
) -> dict[str, Any]:
    """Return a row of ``commits``; everything that the selection does not look at is empty."""
    difference = [
        {
            "old_path": old,
            "new_path": new,
            "old_sha1": None if old is None else f"old {commit}",
            "new_sha1": None if new is None else f"new {commit}",
        }
        for old, new in changes
    ]
    return {
        "commit": commit,
        "parent": [f"parent of {commit}"],
        "subject": message.partition("\n")[0],
        "message": message,
        "difference": difference,
        "difference_truncated": truncated,
        "repo_name": list(repos),
    }


def write_warehouse(
    folder: Path,
    commits: Iterable[Mapping[str, Any]],
    languages: Mapping[str, Sequence[str]],
    licenses: Mapping[str, str],
) -> Path:
    """Write the three tables; ``languages`` and ``licenses`` are by repository."""
    spoken = [
        {"repo_name": repo, "language": [{"name": name, "bytes": 1} for name in names]}
        for repo, names in languages.items()
    ]
    write_rows(folder / "languages.parquet", spoken, languages_schema)
    write_rows(
        folder / "licenses.parquet", ({"repo_name": r, "license": key} for r, key in licenses.items()), licenses_schema
    )
    write_rows(folder / "commits.parquet", commits, commits_schema)
    return folder


GOLDEN_LANGUAGES = {
    "ann/tool": ["Python", "Shell", "Makefile"],
    "bob/tool": ["Python"],
    "cat/pearl": ["Perl 6"],
    "dan/free": ["Go"],
    "eve/free": ["Go"],
    "fay/lisp": ["Emacs Lisp"],
    "guy/gnu": ["C"],
}
GOLDEN_LICENSES = {
    "ann/tool": "mit",
    "bob/tool": "mit",
    "cat/pearl": "artistic-2.0",
    "dan/free": "mit",
    "eve/free": "apache-2.0",
    "fay/lisp": "mit",
    "guy/gnu": "gpl-3.0",
}
GOLDEN_COMMITS = {
    "two repositories": commit_row("01", "Fix the parser\n", ["ann/tool", "bob/tool"]),
    "noise and newline": commit_row("02", "Update README.md\n", ["ann/tool"], [("README.md", "README.md")]),
    "edit and rename": commit_row("03", "Move and mend\n", ["ann/tool"], [("a.py", "a.py"), ("b.py", "c.py")]),
    "Perl 6": commit_row("04", "Say hello to all\n", ["cat/pearl"], [("a.pl6", "a.pl6")]),
    "ten accented letters": commit_row("05", "äöüéèêñçåø", ["ann/tool"]),
    "noise": commit_row("06", "Update README.md", ["ann/tool"], [("README.md", "README.md")]),
    "merge": commit_row("07", "Merge branch 'dev'\n", ["ann/tool"]),
    "two files in place": commit_row("08", "Mend both\n", ["ann/tool"], [("a.py", "a.py"), ("b.py", "b.py")]),
    "addition": commit_row("09", "Add a file\n", ["ann/tool"], [(None, "new.py")]),
    "five characters": commit_row("10", "Typo\n", ["ann/tool"]),
    "other licence": commit_row("11", "Fix the compiler\n", ["guy/gnu"]),
    "other language": commit_row("12", "Fix the editor\n", ["fay/lisp"]),
    "wildcard": commit_row("13", "update xconfig.yaml", ["bob/tool"], [("xconfig.yaml", "xconfig.yaml")]),
    "time joke": commit_row("14", "Can't you see I'm updating the time?", ["ann/tool"]),
    "10000 characters": commit_row("15", "é" * 10_000, ["ann/tool"]),
    "two licences": commit_row("16", "Fix the race\n", ["eve/free", "dan/free"]),
}
"""The sixteen commits of the golden set by what is special in them."""


def write_golden(folder: Path) -> Path:
    """Write the golden tables."""
    return write_warehouse(folder, GOLDEN_COMMITS.values(), GOLDEN_LANGUAGES, GOLDEN_LICENSES)
