"""Running a list of rules on one commit: cheap rules first, tokens last, and which reason a dropped commit gets."""

from __future__ import annotations

from collections.abc import Sequence

from octopack_data.records import Commit
from octopack_data.rules.kinds import Rule, SubjectRule, Tidy, with_subject
from octopack_data.rules.registry import Step
from octopack_data.rules.tokens import TokenRule

KEPT = ""
"""The reason of a commit that is kept."""


class Sieve:
    """A list of rules as a function of a commit. What is kept does not depend on the order in which they are asked.

    The rules on the subject are asked first: they drop nine rows of ten, and need nothing decoded but the subject. The
    token rule, twenty times as dear as all others together, is asked last, about the commit as it was at the rule's
    place in the list. A commit that fails several rules is counted under the first one asked; with ``exact_reasons``
    under the first one in the list, as the release counted, and more commits are tokenized for it.
    """

    def __init__(self, steps: Sequence[Step], *, exact_reasons: bool = False) -> None:
        self.steps = tuple(steps)
        self.exact_reasons = exact_reasons
        self._on_subjects = [step for step in steps if isinstance(step, SubjectRule | Tidy)]

    @property
    def reasons(self) -> tuple[str, ...]:
        """The names of the rules, in order."""
        return tuple(step.name for step in self.steps if not isinstance(step, Tidy))

    def subject_reason(self, subject: str) -> str:
        """Return the first rule on subjects that drops, or KEPT if the other rules are to decide."""
        for step in self._on_subjects:
            if isinstance(step, Tidy):
                subject = step.change(subject)
            elif not step.keep(subject):
                return step.name
        return KEPT

    def __call__(self, commit: Commit) -> tuple[Commit, str]:
        """Return the tidied commit and KEPT, or the commit and the reason why it is dropped."""
        if not self.exact_reasons and (reason := self.subject_reason(commit.subject)):
            return commit, reason
        counted: tuple[TokenRule, Commit] | None = None
        reason = KEPT
        for step in self.steps:
            if isinstance(step, Tidy):
                commit = with_subject(commit, step.change(commit.subject))
                continue
            if isinstance(step, SubjectRule):
                passes = step.keep(commit.subject)
            elif isinstance(step, Rule):
                passes = step.keep(commit)
            else:
                decided = step.decided(commit)
                counted = (step, commit) if decided is None else counted
                passes = decided is not False
            if not passes:
                reason = step.name
                break
        if counted is not None and (reason == KEPT or self.exact_reasons) and not counted[0].keep(counted[1]):
            reason = counted[0].name
        return commit, reason
