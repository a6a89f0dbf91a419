"""Running a list of rules on one commit: the first rule that it fails is the reason why it is dropped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from octopack_data.records import Commit
from octopack_data.rules.kinds import SubjectRule, Tidy, with_subject
from octopack_data.rules.registry import Step

KEPT = ""
"""The reason of a commit that is kept."""

_Takes = Literal["tidies", "subject", "commit"]


class Sieve:
    """A list of rules as a function of a commit; asked in their order, so that drop counts are the release's.

    Another order would be faster (the token rule last), but a commit that fails several rules would be counted under
    another one. The token rule itself is made cheap instead (``rules/tokens.py``).
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = tuple(steps)
        self._asked = tuple(map(_asked, steps))

    @property
    def reasons(self) -> tuple[str, ...]:
        """The names of the rules, in order."""
        return tuple(step.name for step in self.steps if not isinstance(step, Tidy))

    def __call__(self, commit: Commit) -> tuple[Commit, str]:
        """Return the tidied commit and KEPT, or the commit and the reason why it is dropped."""
        subject = commit.subject
        for takes, name, ask in self._asked:
            if takes == "subject":
                if not ask(subject):
                    return commit, name
            elif takes == "tidies":
                subject = ask(subject)
            elif not ask(commit := with_subject(commit, subject)):
                return commit, name
        return with_subject(commit, subject), KEPT


def _asked(step: Step) -> tuple[_Takes, str, Callable[[Any], Any]]:
    """What a step takes, its name and its function: found out once, not once a commit."""
    if isinstance(step, Tidy):
        return "tidies", step.name, step.change
    return "subject" if isinstance(step, SubjectRule) else "commit", step.name, step.keep
