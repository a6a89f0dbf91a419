"""Rules on a commit's subject, and what tidies it (both passes and the legacy list)."""

import re
from collections.abc import Collection

from octopack_data.draws import is_drawn
from octopack_data.rules.kinds import Keep, KeepSubject
from octopack_data.rules.presets import Verbs

_VERSION = re.compile(r"v?\d+\.\d+\.\d+(?=$|\S)")
_HEX_GROUPS = re.compile(r"[a-f0-9]+(?:-[a-f0-9]+)*$")
_SHA = re.compile(r"[a-f0-9]{40}")
_ISSUE = re.compile(r"(?:issue|bug|feature)\s*\d", re.IGNORECASE)
_FOR = re.compile(r"\bfor\b", re.IGNORECASE)
_WIP = re.compile(r"\bwip\b")
_BUMPS = ("Bump", "Set version", "Update version")


def no_hash_sign(subject: str) -> bool:
    """No "#", which refers to an issue."""
    return "#" not in subject


def has_length(subject: str) -> bool:
    """11 to 999 code points and 5 to 999 words."""
    # Fewer than 1000 words is said by the length already, and five are found without splitting the rest.
    return 10 < len(subject) < 1000 and len(subject.split(None, 4)) > 4


def tidy(subject: str) -> str:
    """Drop "[skip ci]", a first word in brackets, then a first word with a colon, then a last word in brackets."""
    if "[" not in subject and ":" not in subject:
        return " ".join(subject.split())
    words = subject.replace("[skip ci]", "").split()
    if words and _in_brackets(words[0]):
        words = words[1:]
    if words and words[0].endswith(":"):
        words = words[1:]
    if words and _in_brackets(words[-1]):
        words = words[:-1]
    return " ".join(words)


def _in_brackets(word: str) -> bool:
    return word.startswith("[") and word.endswith("]")


def begins_with_capital(subject: str) -> bool:
    """The first character is upper case; a script without case never is."""
    return subject[:1].isupper()


def begins_with_verb(verbs: Verbs) -> KeepSubject:
    """The lower-cased subject begins with a verb and a space (or ends as the user's file says)."""

    def keep(subject: str) -> bool:
        lower = subject.lower()
        first, space, _ = lower.partition(" ")
        # A look-up of the first word, because 257 comparisons cost more than all other rules together.
        return (first in verbs.words and space == " ") or lower.startswith(verbs.starts) or lower.endswith(verbs.ends)

    return keep


def is_none_of(subjects: Collection[str]) -> KeepSubject:
    """The lower-cased subject is none of these."""
    unwanted = frozenset(subjects)
    return lambda subject: subject.lower() not in unwanted


def holds_none_of(*parts: str) -> KeepSubject:
    """The lower-cased subject holds none of these."""

    def keep(subject: str) -> bool:
        lower = subject.lower()
        return not any(part in lower for part in parts)

    return keep


def no_version(subject: str) -> bool:
    """The subject does not begin with a version number of three parts."""
    return _VERSION.match(subject.lower()) is None


def no_hex_groups(subject: str) -> bool:
    """The subject is not only hexadecimal groups joined by hyphens."""
    return _HEX_GROUPS.match(subject.lower()) is None


def no_cherry_pick(subject: str) -> bool:
    """Not the line that `git cherry-pick -x` adds."""
    return "cherry picked from commit" not in subject


def no_sha(subject: str) -> bool:
    """No 40 lower-case hexadecimal characters in a row."""
    return _SHA.search(subject) is None


def without_ci_skip(subject: str) -> str:
    """Release: drop "[ci skip]"; where it stood inside, two spaces stay."""
    return subject.replace("[ci skip]", "").strip()


def without_ci_skip_and_double_spaces(subject: str) -> str:
    """Fixed: drop "[ci skip]" and join the words with single spaces."""
    return " ".join(subject.replace("[ci skip]", "").split())


def one_bump_in_ten(seed: int) -> Keep:
    """A tenth of the version bumps, drawn by the commit's id and the seed.

    The release tossed an unseeded coin in each worker, which nobody can toss again; in both modes the draw is this one,
    with the release's share, so that a repeated run, other shards or more workers keep the same rows.
    """
    return lambda commit: not commit.subject.startswith(_BUMPS) or is_drawn("version bump", commit.commit, 0.1, seed)


def no_thanks(subject: str) -> bool:
    """Release: not "thanks to" together with "for", which any "format" or "before" holds."""
    return "thanks to" not in subject.lower() or "for" not in subject


def no_thanks_for(subject: str) -> bool:
    """Fixed: not "thanks to" together with the word "for"."""
    return "thanks to" not in subject.lower() or _FOR.search(subject) is None


def no_issue(subject: str) -> bool:
    """No "issue", "bug" or "feature" with a number."""
    return _ISSUE.search(subject.lower()) is None


def not_in_progress(subject: str) -> bool:
    """Fixed: neither "work in progress" nor the word "wip" ("wipe" and "swipe" pass)."""
    lower = subject.lower()
    return "work in progress" not in lower and _WIP.search(lower) is None


def has_four_words(subject: str) -> bool:
    """At least four words, although a comment in the release says five."""
    return len(subject.split()) >= 4


def legacy_length(subject: str) -> bool:
    """Legacy: at least 3 code points, and not one alphabetic word (a Chinese sentence is one: it drops, too)."""
    return len(subject) >= 3 and not (len(subject.split()) == 1 and subject.isalpha())


def legacy_tidy(subject: str) -> str:
    """Legacy, release: the first word as in `tidy`; three empty words stood at the end, so no last word dropped."""
    words = [*subject.split(), "", "", ""]
    if _in_brackets(words[0]):
        words = words[1:]
    if words[0].endswith(":"):
        words = words[1:]
    return " ".join(words).strip()


def legacy_tidy_both_ends(subject: str) -> str:
    """Legacy, fixed: a last word in brackets or with "#" drops as it was meant to."""
    words = legacy_tidy(subject).split()
    if words and _in_brackets(words[-1]):
        words = words[:-1]
    if words and "#" in words[-1]:
        words = words[:-1]
    return " ".join(words)
