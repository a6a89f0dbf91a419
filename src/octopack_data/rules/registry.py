"""The ordered lists of rules. The order is the release's: it decides which reason a dropped commit is counted under.

A tag of the release's defects (a quirk that shaped the data, or a bug) is mended in mode ``fixed`` only; the text of a
rule's ``repair`` says how, and a rule without one does the same in both modes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from octopack_data.records import Mode
from octopack_data.rules import contents, subjects
from octopack_data.rules.kinds import Rule, SubjectRule, Tidy
from octopack_data.rules.presets import Phrases, Preset, Verbs
from octopack_data.rules.tokens import TokenRule

Step = Rule | SubjectRule | Tidy | TokenRule
Some = TypeVar("Some")


@dataclass(frozen=True)
class Choice:
    """Everything that decides about the rules. ``tokens`` None leaves the token rule out."""

    preset: Preset
    mode: Mode
    verbs: Verbs
    phrases: Phrases
    seed: int = 0
    tokens: TokenRule | None = None

    def one_of(self, published: Some, fixed: Some) -> Some:
        """Return what belongs to the mode."""
        return published if self.mode == "published" else fixed


def rules_of(choice: Choice) -> tuple[Step, ...]:
    """Return the rules of a preset in the order in which they are counted."""
    lists = {"commitpackft": (_pass_one, _pass_two), "legacy": (_legacy,)}[choice.preset.rules]
    return tuple(step for number in choice.preset.passes for step in lists[number - 1](choice))


def _pass_one(choice: Choice) -> Sequence[Step]:
    return (
        Rule("old_too_long", contents.shorter_than(choice.preset.old_characters)),
        Rule("new_empty", contents.has_new_contents),
        Rule("unchanged", contents.is_changed),
        SubjectRule("hash_sign", subjects.no_hash_sign),
        Rule(
            "extension",
            choice.one_of(contents.has_extension, contents.has_extension_or_known_name),
            repair="a dot in a folder's name does not count; a name without a dot passes if its language is known",
        ),
        Rule(
            "stem_in_subject",
            choice.one_of(contents.subject_without_stem, contents.subject_without_name),
            repair="the name up to its first dot is looked for (x of x.test.js, gitignore of .gitignore); "
            "for one letter the whole name",
        ),
        SubjectRule("length", subjects.has_length),
        Tidy("tidy", subjects.tidy),
        SubjectRule("length_tidy", subjects.has_length),
        SubjectRule("not_capitalised", subjects.begins_with_capital),
        *_tokens(choice),
        *_verb_and_phrases(choice),
    )


def _tokens(choice: Choice) -> Sequence[Step]:
    return () if choice.tokens is None else (choice.tokens,)


def _verb_and_phrases(choice: Choice) -> Sequence[Step]:
    return (
        SubjectRule(
            "verb", subjects.begins_with_verb(choice.verbs), repair='"plug" needs one space behind it, not two'
        ),
        SubjectRule("bad_subject", subjects.is_none_of(choice.phrases.whole)),
        SubjectRule("bad_substring", subjects.holds_none_of(*choice.phrases.parts)),
        SubjectRule("version_like", subjects.no_version),
        SubjectRule("hash_like", subjects.no_hex_groups),
    )


def _pass_two(choice: Choice) -> Sequence[Step]:
    return (
        SubjectRule("cherry_pick", subjects.no_cherry_pick),
        SubjectRule("sha", subjects.no_sha),
        Tidy(
            "tidy_ci_skip",
            choice.one_of(subjects.without_ci_skip, subjects.without_ci_skip_and_double_spaces),
            repair="no double space stays where [ci skip] stood",
        ),
        Rule("bump", subjects.one_bump_in_ten(choice.seed)),
        SubjectRule("first_person", subjects.holds_none_of(" i ", "i've", "i'm")),
        SubjectRule(
            "thanks",
            choice.one_of(subjects.no_thanks, subjects.no_thanks_for),
            repair='"for" must be a word of its own, in any case ("format" does not count)',
        ),
        SubjectRule("code_review", subjects.holds_none_of("code review")),
        SubjectRule("specific", subjects.is_none_of(choice.phrases.jokes)),
        SubjectRule("issue_ref", subjects.no_issue),
        SubjectRule("cdpcp", subjects.holds_none_of("cdpcp")),
        SubjectRule("codereview_url", subjects.holds_none_of("//codereview")),
        SubjectRule(
            "wip",
            choice.one_of(subjects.holds_none_of("work in progress", "wip"), subjects.not_in_progress),
            repair='"wip" must be a word of its own ("wipe" and "swipe" pass)',
        ),
        SubjectRule("url", subjects.holds_none_of("https://", "http://")),
        SubjectRule("leetcode", subjects.holds_none_of("| leetcode")),
        SubjectRule("few_words", subjects.has_four_words),
    )


def _legacy(choice: Choice) -> Sequence[Step]:
    return (
        Rule("old_too_long", contents.shorter_than(choice.preset.old_characters)),
        Rule("new_empty", contents.has_new_contents),
        Rule("unchanged", contents.is_changed),
        SubjectRule("length", subjects.legacy_length),
        Tidy(
            "tidy",
            choice.one_of(subjects.legacy_tidy, subjects.legacy_tidy_both_ends),
            repair='a last word in brackets or with "#" is dropped, as the release meant to',
        ),
        SubjectRule("length_tidy", subjects.legacy_length),
        *_tokens(choice),
        *_verb_and_phrases(choice),
    )
