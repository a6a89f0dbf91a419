"""Prompts, completions and programs: the rules, one behaviour a test, on the mini set."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import humanevalpack as hep
from humanevalpack.completions import cut_at_stop_words, is_complete
from humanevalpack.errors import UsageError
from humanevalpack.languages import LANGUAGES, PROFILES, Profile, get_language
from humanevalpack.programs import program_text
from humanevalpack.scenarios import FIX_SCENARIOS, SCENARIOS, answer_base, scenario_base
from humanevalpack.templates import load_template, template_names

MINI = {language: hep.load_problems(language, "mini") for language in LANGUAGES}


def test_fixtests_shows_the_tests_and_fixdocs_the_docs() -> None:
    problem = MINI["python"][0]
    with_tests = hep.render_prompt(problem, "fixtests", prompt="octocoder")
    with_docs = hep.render_prompt(problem, "fixdocs", prompt="octocoder")
    assert problem.test.strip() in with_tests
    assert problem.docstring not in with_tests
    assert problem.docstring.split("\n")[0] in with_docs
    assert "check(" not in with_docs


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_prompt_ends_with_the_base_that_the_answer_continues(language: str, scenario: str) -> None:
    problem = MINI[language][1]
    description = "It counts." if scenario == "explainsynthesize" else None
    prompt = hep.render_prompt(problem, scenario, prompt="octocoder", description=description)
    assert prompt.endswith(("Answer:\n" + answer_base(problem, scenario)).strip())
    assert prompt == prompt.strip()


def test_instruct_shows_the_context_first_and_octocoder_the_instruction() -> None:
    problem = MINI["go"][0]
    instruct = hep.render_prompt(problem, "fixdocs", prompt="instruct")
    octocoder = hep.render_prompt(problem, "fixdocs", prompt="octocoder")
    ask = f"Fix bugs in {problem.entry_point}."
    assert instruct.index(problem.buggy_solution) < instruct.index(ask)
    assert octocoder.index(ask) < octocoder.index(problem.buggy_solution)


def test_explainsynthesize_needs_a_description_and_nothing_else_takes_one() -> None:
    problem = MINI["python"][0]
    with pytest.raises(UsageError, match="needs description"):
        hep.render_prompt(problem, "explainsynthesize")
    with pytest.raises(UsageError, match="takes no description"):
        hep.render_prompt(problem, "synthesize", description="text")


@pytest.mark.parametrize("wrong", ["fix", "", "Synthesize"])
def test_an_unknown_scenario_lists_the_scenarios(wrong: str) -> None:
    problem = MINI["python"][0]
    for call in (
        lambda: hep.render_prompt(problem, wrong),
        lambda: hep.extract_candidate(problem, wrong, ""),
        lambda: hep.build_program(problem, "", wrong),
    ):
        with pytest.raises(UsageError, match="fixtests, fixdocs, explaindescribe"):
            call()


@pytest.mark.parametrize("call", ["stop_words", "extract_candidate", "build_program", "render_prompt"])
def test_an_unknown_profile_lists_the_profiles(call: str) -> None:
    problem = MINI["python"][0]
    arguments = {
        "stop_words": ("python",),
        "extract_candidate": (problem, "fixtests", ""),
        "build_program": (problem, "", "fixtests"),
        "render_prompt": (problem, "fixtests"),
    }[call]
    with pytest.raises(UsageError, match="'paper' is not known; use one of reference, fixed"):
        getattr(hep, call)(*arguments, profile="paper")


def test_stop_words_do_not_leak_from_one_prompt_to_the_next() -> None:
    before = hep.stop_words("python", prompt="octocoder")
    hep.stop_words("python", prompt="starchat").append("changed")
    hep.stop_words("python", prompt="diff")
    assert hep.stop_words("python", prompt="octocoder") == before


def test_a_prompt_adds_to_the_stop_words_or_replaces_them() -> None:
    assert hep.stop_words("go", prompt="starchat") == [
        "\n//",
        "\nfunc main(",
        "struct",
        "\nfunc",
        "<|end|>",
        "<|endoftext|>",
    ]
    assert hep.stop_words("go", prompt="diff") == ["<commit_before>", "<commit_msg>", "<commit_after>", "<|endoftext|>"]
    assert hep.stop_words("go", profile="fixed") == ["\n//", "\nfunc main(", "<|endoftext|>"]


CUTS = [
    ("python", "    return 1\nprint(2)\n", "    return 1"),
    ("python", "return 1", ""),
    ("python", "    return 1\n\n\n    # more\nx = 1", "    return 1\n\n\n    # more"),
    ("js", "  return 1;\n}\nmore()", "  return 1;\n}"),
    ("js", "  if (x) { return 1; }\n}\n}", "  if (x) { return 1; }\n}"),
    ("js", "  if (x) { return 1; }\n  return", "  if (x) { return 1; }"),
    ("js", "  return 1", "  return 1"),
    ("java", "        return 1;\n    }\n}\nmore", "        return 1;\n    }\n}"),
    ("java", "        return 1;\n    }\n    public static void main(String[] a) {", "        return 1;\n    }\n    }"),
    ("java", "        if (x) { return 1;", "        if (x) { return 1;\n}"),
    ("go", "    return 1\n}\nfunc helper() {\n}", "    return 1\n}"),
    ("rust", "    1\n}\nfn helper() {\n}", "    1\n}"),
]


@pytest.mark.parametrize(("language", "answer", "kept"), CUTS)
def test_an_answer_is_cut_where_the_function_ends(language: str, answer: str, kept: str) -> None:
    problem = MINI[language][0]
    candidate = hep.extract_candidate(problem, "synthesize", answer)
    assert candidate == problem.prompt.rstrip() + kept


@pytest.mark.parametrize(
    ("language", "answer", "kept"),
    [
        (
            "go",
            "    return one()\n}\n\nfunc one() int {\n    return 1\n}\n\nThat is {it}.",
            "one()\n}\n\nfunc one() int {\n    return 1\n}",
        ),
        (
            "rust",
            "    one()\n}\n\n#[derive(Debug)]\npub fn one() -> i32 {\n    1\n}\n#[test]",
            "pub fn one() -> i32 {\n    1\n}",
        ),
        ("rust", "    1\n}\nfn a() {\n}\nfn a() {\n}", "fn a() {\n}"),
    ],
)
def test_the_fixed_profile_keeps_helpers_that_follow_at_once(language: str, answer: str, kept: str) -> None:
    problem = MINI[language][0]
    assert hep.extract_candidate(problem, "synthesize", answer, profile="fixed").endswith(kept)
    assert not hep.extract_candidate(problem, "synthesize", answer).endswith(kept)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("index", range(len(MINI["python"])))
def test_canonical_solutions_come_through_unharmed(language: str, index: int) -> None:
    problem = MINI[language][index]
    for scenario in ("fixtests", "fixdocs", "explainsynthesize", "synthesize"):
        for profile in ("reference", "fixed"):
            candidate = hep.extract_candidate(problem, scenario, problem.canonical_solution, profile=profile)
            base = scenario_base(problem, scenario) if scenario in FIX_SCENARIOS else problem.prompt
            assert candidate == base.rstrip() + problem.canonical_solution.rstrip()


def test_a_description_is_cut_to_the_docstrings_length_and_loses_the_solutions_lines() -> None:
    problem = MINI["python"][0]
    leak = next(line.strip() for line in problem.canonical_solution.split("\n") if len(line.strip()) > 20)
    described = hep.extract_candidate(problem, "explaindescribe", f"  It runs {leak} often" + "!" * 5000)
    assert leak not in described
    assert described.startswith("It runs  often!")
    assert len(described) == len(problem.docstring) - len(leak)


def test_a_description_has_no_program() -> None:
    with pytest.raises(UsageError, match="explainsynthesize"):
        hep.build_program(MINI["python"][0], "text", "explaindescribe")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_program_ends_with_the_tests(language: str) -> None:
    problem = MINI[language][0]
    program = hep.build_program(problem, problem.prompt + problem.canonical_solution, "synthesize")
    assert program.text.endswith("\n\n" + problem.test)
    assert (program.language, program.profile, program.problem) == (language, "reference", problem)


def test_go_imports_what_is_used_and_not_imported() -> None:
    problem = MINI["go"][0]
    code = 'package main\nimport "fmt"\nfunc f() { fmt.Sprint(sort.Ints, rand.Int()) } // time.\n// bytes.Buffer\n'
    reference, fixed = (program_text(problem, code, profile=profile) for profile in ("reference", "fixed"))
    assert reference.count("package main") == 1
    assert '"sort"' in reference
    assert '"rand"' in reference
    assert '"math/rand"' in fixed
    assert '"bytes"' not in reference
    assert reference.count('"fmt"') == 1


def test_go_drops_unused_imports_in_the_fixed_profile_only() -> None:
    problem = MINI["go"][0]
    code = 'import (\n    "strings"\n    "math"\n)\nfunc f() float64 { return math.Abs(1) }\n'
    assert '"strings"' in program_text(problem, code)
    fixed = program_text(problem, code, profile="fixed")
    assert '"strings"' not in fixed
    assert fixed.count('"math"') == 1


def test_rust_gets_one_main_and_the_declarations_lines_back() -> None:
    problem = MINI["rust"][0]
    text = program_text(problem, "fn main() {}\nfn other() {}\nfn main() {}\n")
    assert text.count("fn main()") == 1
    for line in problem.declaration.strip().split("\n"):
        assert line.strip() in text


def test_cpp_loses_a_main_of_its_own() -> None:
    problem = MINI["cpp"][0]
    assert program_text(problem, "int f() { return 1; }\nint main() { exit(0); }").count("int main") == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_generation_may_stop_when_the_answer_is_whole(language: str) -> None:
    problem = MINI[language][0]
    whole = problem.canonical_solution.rstrip() + ("\nx" if language == "python" else "")
    words = hep.stop_words(language)
    assert is_complete(whole, language, words)
    assert not is_complete(whole[: len(whole) // 2], language, words)


@pytest.mark.parametrize(
    ("language", "answer", "complete"),
    [
        ("python", "    x = 1\n\f", False),  # the reference stops here, but the body may go on behind a form feed
        ("python", "    x = 1\n\fy", True),
        ("python", "    x = 1\nde", False),  # \ndef cuts one character before the line does
        ("python", "    x = 1\ndef", True),
        ("python", "    x = 1\n<", False),  # <|endoftext|> cuts one character behind
        ("js", "  return 1;\n}}", True),  # the reference goes on: two are closed, it counts to one
        ("js", "  }{", True),
        ("js", "  {}", False),
        ("java", "  return 1;\n}", False),
        ("java", "  return 1;\n}\n}", True),
        ("go", "  var x stru", False),
        ("go", "  var x struct", True),
    ],
)
def test_an_answer_is_complete_where_its_cut_is_certain(language: str, answer: str, complete: bool) -> None:
    assert is_complete(answer, language, hep.stop_words(language)) is complete


def test_the_fixed_profile_waits_for_helpers() -> None:
    assert is_complete("  1\n}", "rust", [])
    assert not is_complete("  1\n}", "rust", [], profile="fixed")


PIECES = ["{", "}", "}}", "\n", " ", "\t", "\f", "\u3000", "x", "d", "ef", "\n}", "fn f() {", "func f() {"]
PROGRAM_TEMPLATES = sorted(name for name in template_names() if load_template(name).answer == "code")


@settings(max_examples=500)
@given(st.data(), st.sampled_from(LANGUAGES), st.sampled_from(PROGRAM_TEMPLATES), st.sampled_from(PROFILES))
def test_once_complete_no_continuation_changes_the_candidate(
    data: st.DataObject, language: str, prompt: str, profile: Profile
) -> None:
    # Words of a user's own too, that overlap each other and the template's and hold brackets: lm_eval cuts there first.
    odd = ["}\n", "\n\n", "x}", "}x", "ab", "bc", "abc", "b", "f \n"]
    own = data.draw(st.lists(st.sampled_from(odd), max_size=3))
    theirs = hep.stop_words(language, prompt=prompt, profile=profile)
    pieces = st.sampled_from([*PIECES, *theirs, *own, "a", "b", "c", "main", "public static void main"])
    text = "".join(data.draw(st.lists(pieces | st.text(max_size=2), max_size=25)))
    problem = MINI[language][0]
    scenario = next(name for name in load_template(prompt).scenarios if name != "explaindescribe")

    def candidate(answer: str) -> str:
        generation = cut_at_stop_words(answer, own)
        return hep.extract_candidate(problem, scenario, generation, prompt=prompt, profile=profile)

    words = [*own, *theirs]
    ends = [end for end in range(len(text) + 1) if is_complete(text[:end], language, words, profile=profile)]
    # From the first end on, at every length: the rest of the text is revealed character by character.
    kept = {candidate(text[:end]) for end in range(min(ends, default=len(text)), len(text) + 1)}
    assert len(kept) == 1


@given(st.text(max_size=300), st.sampled_from(LANGUAGES), st.sampled_from(sorted(template_names())))
def test_no_generation_breaks_the_way_to_a_program(generation: str, language: str, prompt: str) -> None:
    problem = MINI[language][0]
    for scenario in load_template(prompt).scenarios:
        candidate = hep.extract_candidate(problem, scenario, generation, prompt=prompt)
        if scenario != "explaindescribe":
            program = hep.build_program(problem, candidate, scenario, prompt=prompt)
            assert program.text.endswith(problem.test)


@given(st.text("ab{}\n ", max_size=60), st.sampled_from([name for name in LANGUAGES if name != "python"]))
def test_a_cut_answer_is_the_start_of_the_answer_and_cutting_again_changes_nothing(text: str, language: str) -> None:
    cut = get_language(language).cut
    kept = cut(text, "reference")
    if language != "java":  # java mends answers that stop too early
        assert text.startswith(kept)
    assert cut(kept, "reference") == kept
