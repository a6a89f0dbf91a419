"""Answers that are edits: hunks, patches, and what they are applied to."""

from difflib import unified_diff

import pytest
from diff_match_patch import diff_match_patch

import humanevalpack as hep
from humanevalpack.languages import LANGUAGES
from humanevalpack.patches import apply_hunks, apply_text_patch, find_hunk
from humanevalpack.programs import program_text
from humanevalpack.scenarios import scenario_base

MINI = {language: hep.load_problems(language, "mini") for language in LANGUAGES}


TEXT = "one\ntwo\nthree\nfour\n"


@pytest.mark.parametrize(
    ("diff", "result"),
    [
        ("@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n", "one\n2\nthree\nfour\n"),
        ("@@ -1 +1 @@\n-two\n+2\n@@ -4 +4 @@\n-four\n+4\n", "one\n2\nthree\n4\n"),
        ("@@ -4 +4 @@\n-four\n+4\n@@ -1 +1 @@\n-one\n+1\n", "one\ntwo\nthree\n4\n"),
        ("@@ -1 +1 @@\n-tw\n+2\n", TEXT),
        ("@@ -9 +9 @@\n-nine\n+9\n", TEXT),
        ("@@ -0,0 +1 @@\n+zero\n", "zero\n" + TEXT),
        ("@@ -1 +1 @@\n-two\n\\ No newline at end of file\n+2\n", "one\n2\nthree\nfour\n"),
        ("no hunk at all", TEXT),
        ("", TEXT),
    ],
)
def test_hunks_move_forward_and_skip_what_does_not_fit(diff: str, result: str) -> None:
    assert apply_hunks(TEXT, diff) == result


def test_a_hunk_needs_all_four_markers_and_ends_at_the_first_strange_line() -> None:
    head = "<NME> f.py\n<BEF> a\n<MSG> Fix\n<DFF>"
    assert find_hunk(head + " @@ -1 +1 @@\n-a\n+b\nrest") == "@@ -1 +1 @@\n-a\n+b"
    assert find_hunk(head + "@@ -1 +1 @@\n-a\n+b") == ""
    assert (
        find_hunk(head + " @@ -1 +1 @@\n-a\n0digits count as inside\n<NME> next")
        == "@@ -1 +1 @@\n-a\n0digits count as inside\n"
    )


def test_a_text_patch_is_applied_and_rubbish_is_none() -> None:
    assert apply_text_patch("abc\n", "\n@@ -1,4 +1,4 @@\n a\n-b\n+X\n c%0A\n") == "aXc\n"
    assert apply_text_patch("abc\n", "@@ nonsense @@") is None


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("prompt", ["diff", "diff-carper"])
def test_an_edit_answer_becomes_the_canonical_program_in_the_fixed_profile(language: str, prompt: str) -> None:
    for problem in MINI[language]:
        base = scenario_base(problem, "fixdocs")
        buggy, canonical = base + problem.buggy_solution, base + problem.canonical_solution
        if prompt == "diff":
            engine = diff_match_patch()
            answer = engine.patch_toText(engine.patch_make(buggy, canonical))
        else:
            lines = unified_diff(buggy.split("\n"), canonical.split("\n"), lineterm="")
            answer = " " + "\n".join(list(lines)[2:])
        candidate = hep.extract_candidate(problem, "fixdocs", answer, prompt=prompt, profile="fixed")
        program = hep.build_program(problem, candidate, "fixdocs", prompt=prompt, profile="fixed")
        assert program.text.split() == program_text(problem, canonical, profile="fixed").split()


def test_the_reference_profile_cuts_patches_like_code() -> None:
    patch = "@@ -1,4 +1,4 @@\n a\n-b\n+X\n c%0A\n"
    problem = MINI["python"][0]
    assert hep.extract_candidate(problem, "fixdocs", patch, prompt="diff") == ""
    assert hep.extract_candidate(problem, "fixdocs", patch, prompt="diff", profile="fixed") == patch.rstrip()
