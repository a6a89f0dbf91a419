"""octopack_data.rules: one commit that each rule keeps and one that it drops, and what mode `fixed` mends."""

from dataclasses import replace
from functools import cache

import pytest

from commit_rows import good_commit
from octopack_data.records import Commit, Mode
from octopack_data.rules import Choice, Phrases, Sieve, Tidy, read_phrases, read_preset, read_verbs, rules_of

JOKE = "fix that thing in the thing"


@cache
def sieve(mode: Mode = "published", preset: str = "starcoder", seed: int = 0) -> Sieve:
    phrases = Phrases(**(read_phrases().model_dump() | {"jokes": (JOKE,)}))
    verbs = read_verbs(strip=mode == "fixed")
    return Sieve(rules_of(Choice(read_preset(preset), mode, verbs, phrases, seed)))


def reason(commit: Commit, mode: Mode = "published", preset: str = "starcoder") -> str:
    return sieve(mode, preset)(commit)[1]


# A rule, a commit that passes it (and all others), a commit that it is the first to drop; in both modes.
RULES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "old_too_long": ({"old_contents": "é" * 49_999}, {"old_contents": "x" * 50_000}),
    "new_empty": ({"old_contents": ""}, {"new_contents": ""}),
    "unchanged": ({"old_contents": "a = 2"}, {"old_contents": "a = 2\n"}),
    "hash_sign": ({"subject": "Fix issue no 12x of the lines"}, {"subject": "Fix #12 of the empty lines"}),
    "extension": ({"new_file": "a.tar/b.py"}, {"new_file": "src/parser.pyx"}),
    "stem_in_subject": ({"subject": "Fix the Parser of empty lines"}, {"subject": "Fix the parser of empty lines"}),
    "length": ({"subject": "Fix a b c d"}, {"subject": "Fix four words only"}),
    "length_tidy": ({"subject": "[core] Fix the reading of lines"}, {"subject": "[core] Fix all the lines"}),
    "not_capitalised": ({"subject": "core: Fix the reading of lines"}, {"subject": "fix the reading of empty lines"}),
    "verb": ({"subject": "DEAL WITH the empty lines here"}, {"subject": "Fixed the reading of empty lines"}),
    "bad_substring": ({"subject": "Merge both branches of the test"}, {"subject": "Merge branch of the other one"}),
    "cherry_pick": (
        {"subject": "Add what was Cherry picked from commit"},
        {"subject": "Add what was cherry picked from commit"},
    ),
    "sha": ({"subject": "Revert what was in " + "AB" * 20}, {"subject": "Revert what was in " + "ab" * 20}),
    "bump": (
        {"subject": "Bump the version of it", "commit": "c9"},
        {"subject": "Bump the version of it", "commit": "c1"},
    ),
    "first_person": ({"subject": "Fix what it reads in lines"}, {"subject": "Fix what I've read in lines"}),
    "thanks": ({"subject": "Fix lines thanks to a test"}, {"subject": "Fix lines thanks to Bob for it"}),
    "code_review": ({"subject": "Fix review of the code lines"}, {"subject": "Fix lines after Code Review now"}),
    "specific": ({"subject": "Fix that thing in the things"}, {"subject": "Fix that thing in the thing"}),
    "issue_ref": ({"subject": "Fix the bug in version 12 lines"}, {"subject": "Fix the lines of BUG 12 here"}),
    "cdpcp": ({"subject": "Fix the cdpc of empty lines"}, {"subject": "Fix the CDPCP of empty lines"}),
    "codereview_url": (
        {"subject": "Fix the codereview of the lines"},
        {"subject": "Fix lines of //codereview.x.org as said"},
    ),
    "wip": ({"subject": "Fix the work that progresses in lines"}, {"subject": "Fix empty lines (Work In Progress)"}),
    "url": ({"subject": "Fix the http links in lines"}, {"subject": "Fix the lines of https://a.b now"}),
    "leetcode": ({"subject": "Fix the LeetCode | empty lines"}, {"subject": "Add an answer to | LeetCode"}),
    "few_words": ({"subject": "Fix [ci skip] the two lines"}, {"subject": "Fix [ci skip] the lines"}),
}
# Rules that no commit reaches with the shipped verbs (a subject must begin with a verb and have five words).
DEAD = {"bad_subject", "version_like", "hash_like"}


def test_every_rule_has_an_example() -> None:
    assert set(RULES) | DEAD == set(sieve().reasons)


@pytest.mark.parametrize("mode", ["published", "fixed"])
@pytest.mark.parametrize("rule", RULES)
def test_a_rule_keeps_the_one_and_drops_the_other(rule: str, mode: Mode) -> None:
    kept, dropped = RULES[rule]
    assert reason(good_commit(**kept), mode) == ""
    assert reason(good_commit(**dropped), mode) == rule


UNREACHED = {
    "bad_subject": ("update the readme", "update readme.md"),
    "version_like": ("v1.2.3 of it", "v1.2.3-rc of it"),
    "hash_like": ("dead-beefs", "dead-beef"),
}


@pytest.mark.parametrize("rule", sorted(DEAD))
def test_a_rule_that_the_verbs_leave_nothing_to_works_by_itself(rule: str) -> None:
    alone = Sieve([step for step in sieve().steps if step.name == rule])
    kept, dropped = UNREACHED[rule]
    assert [alone(good_commit(subject=subject))[1] for subject in (kept, dropped)] == ["", rule]


# What differs: rule, commit, what the release does with it, what mode fixed does.
MENDED: list[tuple[str, dict[str, str], str, str]] = [
    ("extension", {"new_file": "Makefile", "lang": "Makefile"}, "extension", ""),
    ("extension", {"new_file": "a.d/LICENSE", "lang": "unknown"}, "", "extension"),
    ("stem_in_subject", {"new_file": ".gitignore", "lang": "Ignore List"}, "stem_in_subject", ""),
    ("stem_in_subject", {"new_file": "a.py"}, "stem_in_subject", ""),
    ("stem_in_subject", {"new_file": "lines.test.py"}, "", "stem_in_subject"),
    ("stem_in_subject", {"new_file": "x.empty.py"}, "stem_in_subject", ""),
    ("verb", {"subject": "Plug the hole in the reading"}, "verb", ""),
    ("thanks", {"subject": "Fix formats thanks to a test"}, "thanks", ""),
    ("thanks", {"subject": "Fix lines thanks to Bob, For all"}, "", "thanks"),
    ("wip", {"subject": "Wipe the empty lines before reading"}, "verb", "verb"),
    ("wip", {"subject": "Fix the swipe over empty lines"}, "wip", ""),
]


@pytest.mark.parametrize(("rule", "changes", "published", "fixed"), MENDED)
def test_what_mode_fixed_mends(rule: str, changes: dict[str, str], published: str, fixed: str) -> None:
    assert reason(good_commit(**changes), "published") == published
    assert reason(good_commit(**changes), "fixed") == fixed


def test_every_repair_has_an_example() -> None:
    said = {step.name for step in sieve().steps if step.repair}
    assert said == {rule for rule, _, published, fixed in MENDED if published != fixed} | {"tidy_ci_skip"}


def test_the_double_space_of_a_removed_ci_skip_is_mended() -> None:
    commit = good_commit(subject="Fix the reading [ci skip] of lines")
    assert sieve("published")(commit)[0].subject == "Fix the reading  of lines"
    assert sieve("fixed")(commit)[0].subject == "Fix the reading of lines"


TIDIED = {
    "  Fix  the reading\tof lines ": "Fix the reading of lines",
    "[core] parser: Fix the reading of lines [done]": "Fix the reading of lines",
    "[skip ci] Fix the [skip ci] reading of lines": "Fix the reading of lines",
    "[a] [b] Fix the reading of lines": "[b] Fix the reading of lines",
    "a: b: Fix the reading of lines": "b: Fix the reading of lines",
    "[skip ci]": "",
    "[a]": "",
}


@pytest.mark.parametrize("subject", TIDIED)
def test_a_subject_is_tidied_once(subject: str) -> None:
    tidy = next(step for step in sieve().steps if isinstance(step, Tidy))
    assert tidy.change(subject) == TIDIED[subject]


@pytest.mark.parametrize("mode", ["published", "fixed"])
def test_a_tenth_of_the_version_bumps_stays_and_the_same_one_each_time(mode: Mode) -> None:
    bumps = [good_commit(commit=f"{number:040x}", subject="Set version to the next one") for number in range(2000)]
    kept = [{bump.commit for bump in bumps if sieve(mode, seed=seed)(bump)[1] == ""} for seed in (0, 0, 1)]
    assert kept[0] == kept[1] != kept[2]
    assert all(150 < len(commits) < 250 for commits in kept)


LEGACY: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "old_too_long": ({"old_contents": "x" * 99_999}, {"old_contents": "x" * 100_000}),
    "new_empty": ({"old_contents": ""}, {"new_contents": ""}),
    "unchanged": ({"old_contents": "a = 2"}, {"old_contents": "a = 2\n"}),
    "length": ({"subject": "fix parser.py"}, {"subject": "fixes"}),
    "length_tidy": ({"subject": "parser: Fix it"}, {"subject": "[parser] fixes"}),
    "verb": ({"subject": "fix it"}, {"subject": "fixes it"}),
    "bad_subject": ({"subject": "Update the readme"}, {"subject": "Update README.md"}),
    "bad_substring": ({"subject": "merge two"}, {"subject": "merge branch x"}),
}


@pytest.mark.parametrize("rule", LEGACY)
def test_the_legacy_list(rule: str) -> None:
    kept, dropped = LEGACY[rule]
    assert reason(good_commit(**kept), preset="legacy-2023-05") == ""
    assert reason(good_commit(**dropped), preset="legacy-2023-05") == rule


def test_the_legacy_list_was_meant_to_drop_a_last_word_with_a_hash_sign() -> None:
    commit = good_commit(subject="Fix lines (#12)")
    assert sieve("published", "legacy-2023-05")(commit)[0].subject == "Fix lines (#12)"
    assert sieve("fixed", "legacy-2023-05")(commit)[0].subject == "Fix lines"


def test_contents_and_other_columns_are_never_changed() -> None:
    commit = good_commit(subject="[x] Fix the reading [ci skip] of lines")
    assert replace(sieve()(commit)[0], subject=commit.subject) == commit
