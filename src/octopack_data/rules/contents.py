"""Rules on a commit's two contents and its path (pass 1)."""

from collections.abc import Mapping

from octopack_data.records import Commit
from octopack_data.rules.kinds import Keep

EXTENSIONS: Mapping[str, frozenset[str]] = {
    "python": frozenset({"py"}),
    "java": frozenset({"java"}),
    "javascript": frozenset({"js"}),
    "rust": frozenset({"rs"}),
    "go": frozenset({"go"}),
    "c++": frozenset({"cpp"}),
    "c": frozenset({"c", "h"}),
    "html": frozenset({"html"}),
    "xml": frozenset({"xml"}),
    "shell": frozenset({"sh", "bash", "zsh", "csh", "slurm"}),
}
"""What follows the last dot of a path in these languages. The release's table had the dot in front for all but shell,
so that nothing of the nine passed; they were filtered by an earlier edit of the script, without the dots."""


def shorter_than(limit: int) -> Keep:
    """Old contents of fewer code points; empty ones pass."""
    return lambda commit: len(commit.old_contents) < limit


def has_new_contents(commit: Commit) -> bool:
    """New contents that are not empty."""
    return commit.new_contents != ""


def is_changed(commit: Commit) -> bool:
    """Contents that differ."""
    return commit.old_contents != commit.new_contents


def has_extension(commit: Commit) -> bool:
    """Release: one of the language's extensions, or for other languages a dot anywhere in the path."""
    *before, last = commit.new_file.split(".")
    listed = EXTENSIONS.get(commit.lang.lower())
    return bool(before) if listed is None else bool(before) and last in listed


def has_extension_or_known_name(commit: Commit) -> bool:
    """Fixed: a dot in the file's own name; a file without one passes where its name told the language."""
    listed = EXTENSIONS.get(commit.lang.lower())
    name = commit.new_file.rpartition("/")[2]
    if listed is not None:
        return "." in name and name.rpartition(".")[2] in listed
    return "." in name or commit.lang not in ("", "unknown")


def subject_without_stem(commit: Commit) -> bool:
    """Release: the name's second last part between dots is no substring of the subject.

    A file like ``.gitignore`` has an empty one, which every subject holds; ``a.py`` drops each subject with an "a".
    """
    parts = commit.new_file.rpartition("/")[2].split(".")
    return len(parts) < 2 or parts[-2] not in commit.subject


def subject_without_name(commit: Commit) -> bool:
    """Fixed: the name up to its first dot (a leading one left out) is no substring of the subject.

    A name of one letter would be found anywhere: for those it is the whole file name.
    """
    name = commit.new_file.rpartition("/")[2]
    first = name.lstrip(".").partition(".")[0]
    if "." not in name or not first:
        return True
    return (first if len(first) > 1 else name) not in commit.subject
