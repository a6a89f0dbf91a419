"""octopack_data.rules against a second filter, and what must hold for any rows in any order."""

from collections import Counter
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from commit_filter_oracle import first_reason
from commit_rows import made_rows
from octopack_data.records import Commit, Mode
from octopack_data.rules import Choice, Rule, Sieve, SubjectRule, Tidy, read_phrases, read_preset, read_verbs, rules_of

ROWS = 20_000


@cache
def sieve(mode: Mode = "published", *, seed: int = 0) -> Sieve:
    verbs = read_verbs(strip=mode == "fixed")
    choice = Choice(read_preset("starcoder"), mode, verbs, read_phrases(), seed)
    return Sieve(rules_of(choice))


@cache
def rows() -> tuple[dict[str, Any], ...]:
    return tuple(made_rows(ROWS))


def test_both_filters_give_every_row_the_same_reason_and_subject() -> None:
    differences, reasons = [], Counter[str]()
    for row in rows():
        commit, reason = sieve()(Commit(**row))
        theirs = dict(row)
        expected = first_reason(theirs)
        reasons[reason] += 1
        if (reason, commit.subject if reason == "" else "") != (expected, theirs["subject"] if expected == "" else ""):
            differences.append((row["subject"], reason, expected))
    assert differences == []
    # The rows are made so that every rule that can drop one does.
    missing = set(sieve().reasons) - set(reasons)
    assert missing == {"bad_subject", "version_like", "hash_like", "specific"}


def test_the_modes_differ_in_rules_with_a_repair_only() -> None:
    for published, fixed in zip(sieve("published").steps, sieve("fixed").steps, strict=True):
        assert (published.name, published.repair) == (fixed.name, fixed.repair)
        if published.repair:
            continue
        for row in rows()[:1000]:
            commit = Commit(**row)
            if isinstance(published, Tidy) and isinstance(fixed, Tidy):
                assert published.change(commit.subject) == fixed.change(commit.subject)
            elif isinstance(published, SubjectRule) and isinstance(fixed, SubjectRule):
                assert published.keep(commit.subject) == fixed.keep(commit.subject)
            elif isinstance(published, Rule) and isinstance(fixed, Rule):
                assert published.keep(commit) == fixed.keep(commit)


words = st.sampled_from(
    ["Add", "Fix", "plug", "Bump", "#1", "[a]", "x:", "wip", "thanks to", "for", "bug 1", "[ci skip]"]
)
subjects = st.one_of(st.text(max_size=80), st.lists(words, max_size=9).map(" ".join))
paths = st.one_of(st.text(max_size=20), st.sampled_from(["a.py", ".b", "x/y.test.js", "Makefile", "a.d/b"]))


@st.composite
def commits(draw: st.DrawFn) -> Commit:
    old, new = draw(st.text(max_size=30)), draw(st.text(max_size=30))
    path, subject = draw(paths), draw(subjects)
    language = draw(st.sampled_from(["Python", "C", "Makefile", "unknown", "Shell"]))
    return Commit(draw(st.uuids()).hex, path, path, old, new, subject, subject, language, "mit", "a/b")


@settings(max_examples=300, deadline=None)
@given(commits())
def test_any_commit_gets_the_second_filters_reason(commit: Commit) -> None:
    row = {name: getattr(commit, name) for name in Commit.__dataclass_fields__}
    assert sieve()(commit)[1] == first_reason(row)


@settings(max_examples=50, deadline=None)
@given(st.lists(commits(), max_size=20), st.randoms())
def test_the_order_of_commits_does_not_matter(found: list[Commit], chance: Any) -> None:
    shuffled = found.copy()
    chance.shuffle(shuffled)
    for mode in ("published", "fixed"):
        apart = {commit.commit: sieve(mode)(commit) for commit in found}
        assert {commit.commit: sieve(mode)(commit) for commit in shuffled} == apart
