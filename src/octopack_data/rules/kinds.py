"""The kinds of steps: rules that keep or drop a commit, and a change of its subject."""

from collections.abc import Callable
from dataclasses import dataclass

from octopack_data.records import Commit

Keep = Callable[[Commit], bool]
KeepSubject = Callable[[str], bool]


@dataclass(frozen=True)
class Rule:
    """Keeps a commit or drops it for the reason ``name``.

    ``repair`` says what mode ``fixed`` does otherwise; "" where both modes do the same.
    """

    name: str
    keep: Keep
    repair: str = ""


@dataclass(frozen=True)
class SubjectRule:
    """A rule that looks at the subject alone: it can be asked before the contents are even decoded."""

    name: str
    keep: KeepSubject
    repair: str = ""


@dataclass(frozen=True)
class Tidy:
    """Changes a commit's subject before the rules that follow; ``repair`` as in Rule."""

    name: str
    change: Callable[[str], str]
    repair: str = ""


def with_subject(commit: Commit, subject: str) -> Commit:
    """Return a commit with another subject; itself if it has that one."""
    if subject == commit.subject:
        return commit
    # dataclasses.replace takes four times as long, and a third of all rows come here.
    return Commit(
        commit.commit,
        commit.old_file,
        commit.new_file,
        commit.old_contents,
        commit.new_contents,
        subject,
        commit.message,
        commit.lang,
        commit.license,
        commit.repos,
    )
