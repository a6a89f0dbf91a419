"""Code in chat answers: every style around every solution gives a program that passes, in all six languages."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import humanevalpack as hep
from chat_styles import OWN_TESTS, STYLES, fenced
from humanevalpack.completions import EXTRACTIONS
from humanevalpack.languages import LANGUAGES, get_language
from humanevalpack.problems import Problem
from humanevalpack.scenarios import FIX_SCENARIOS, scenario_base

MINI = {language: hep.load_problems(language, "mini") for language in LANGUAGES}
# Problems of the real data with helpers, types or variables that a careless rule loses.
TRICKY = (10, 22, 32, 38, 50, 71, 106, 115, 116, 137)
STATUS = {
    "buggy code first": "several_blocks",
    "never closed": "unclosed_fence",
    "prefilled head": "no_fence",
    "prefilled, its first white space lost": "no_fence",
    "no fence": "no_fence",
    "nothing but code": "no_fence",
}


def lines(code: str) -> list[str]:
    """What two programs have in common if they differ in white space alone."""
    stripped = [line.strip() for line in code.split("\n")]
    return [line for line in stripped if line and line != "fn main(){}"]


def answered(problem: Problem, style: str, scenario: str = "fixtests") -> hep.Extraction:
    head = scenario_base(problem, scenario) if scenario in FIX_SCENARIOS else problem.prompt
    answer = STYLES[style](problem, head, problem.canonical_solution)
    return hep.extract_answer(problem, scenario, answer, prompt="chat")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("style", [style for style in STYLES if style != "own tests"])
def test_a_solution_comes_out_of_every_style_unharmed(language: str, style: str) -> None:
    for problem in MINI[language]:
        found = answered(problem, style)
        assert lines(found.candidate) == lines(problem.declaration + problem.canonical_solution), problem.task_id
        assert found.status == STATUS.get(style, "fenced")


@pytest.mark.real_data
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("style", [style for style in STYLES if style != "own tests"])
def test_so_do_the_tricky_ones_of_the_real_data(language: str, style: str, shared: object) -> None:
    for problem in hep.load_problems(language, f"{shared}/humanevalpack"):
        # The head of CPP/38 holds half of the function's body.
        if problem.index in TRICKY and problem.task_id != "CPP/38":
            found = lines(answered(problem, style).candidate)
            assert found == lines(problem.declaration + problem.canonical_solution), problem.task_id


@pytest.mark.parametrize("language", ["python", "js"])
def test_every_style_gives_a_program_that_passes(language: str, request: pytest.FixtureRequest) -> None:
    request.node.add_marker(pytest.mark.toolchain(language))
    programs = {
        hep.build_program(problem, answered(problem, style, scenario).candidate, scenario, prompt="chat")
        for problem in MINI[language]
        for style in STYLES
        for scenario in ("fixtests", "synthesize")
    }
    verdicts = hep.run_programs(list(programs), sandbox="process", confirm_unsafe=True)
    assert {verdict.status for verdict in verdicts} == {"passed"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_answer_s_own_tests_are_left_out_where_they_would_break_the_program(language: str) -> None:
    for problem in MINI[language]:
        candidate = answered(problem, "own tests").candidate
        assert set(lines(problem.canonical_solution)) <= set(lines(candidate))
        for word in (
            "doctest.testmod",
            "System.exit",
            "console.log(",
            "WriteString",
            "mod tests",
            "cout <<",
            "exit(3)",
        ):
            assert word not in candidate
        assert OWN_TESTS[language].strip().split("\n")[-1] != candidate.strip().split("\n")[-1] or language != "python"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_name_of_the_language_opens_a_block_of_it_and_another_language_s_does_not(language: str) -> None:
    problem = MINI[language][0]
    wanted = lines(problem.declaration + problem.canonical_solution)
    code = problem.declaration.rstrip() + "\n" + problem.canonical_solution.strip("\n")
    for name in get_language(language).fence_names:
        for written in (name, name.upper(), name.capitalize(), f"{{.{name}}}", f"{name}:main", f'{name} title="x"'):
            answer = f"```text\nnothing\n```\n```{written}\n{code}\n```"
            found = hep.extract_answer(problem, "fixtests", answer, prompt="chat")
            assert (lines(found.candidate), found.status) == (wanted, "fenced"), written
    body = problem.canonical_solution
    found = hep.extract_answer(problem, "fixtests", f"Run:\n```bash\n{body}\n```", prompt="chat")
    assert found == hep.Extraction("", "no_code")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_block_with_a_wrong_name_counts_if_it_defines_the_function_and_no_other_does(language: str) -> None:
    problem = MINI[language][0]
    wrong = fenced(problem, problem.declaration, problem.canonical_solution)
    wrong = wrong.replace("```" + get_language(language).fence_names[0], "```typescript")
    found = hep.extract_answer(problem, "fixtests", wrong, prompt="chat")
    assert lines(found.candidate) == lines(problem.declaration + problem.canonical_solution)


@pytest.mark.parametrize("language", LANGUAGES)
def test_descriptions_lose_their_thoughts_and_then_what_every_description_does(language: str) -> None:
    problem = MINI[language][0]
    text = "It counts minutes.\n# Here\nif it is late,\nfunc too."
    plain = hep.extract_candidate(problem, "explaindescribe", text, prompt="instruct")
    answer = f"<think>```\nx\n```</think>\n{text}"
    assert hep.extract_answer(problem, "explaindescribe", answer, prompt="chat") == hep.Extraction(plain, "")
    assert hep.extract_answer(problem, "explaindescribe", "<think>It", prompt="chat") == hep.Extraction(
        "", "length_cut"
    )
    assert hep.extract_answer(problem, "explaindescribe", " ", prompt="chat") == hep.Extraction("", "empty")


def test_a_file_of_ones_own_can_be_fenced(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\nscenarios: [fixtests]\ntemplate: '<u>{input}<a>'\nanswer: fenced\n")
    problem = MINI["python"][0]
    answer = fenced(problem, problem.declaration, problem.canonical_solution)
    assert hep.extract_answer(problem, "fixtests", f"Sure:\n{answer}", prompt=path).status == "fenced"
    # Words such as "\ndef" would cut an answer before its code.
    assert hep.stop_words("python", prompt=path) == ["<|endoftext|>"]


PIECES = ["```", "```python\n", "~~~", "\n", "<think>", "</think>", "<|channel|>final<|message|>", "def f(", "{", "}"]
PIECES += [
    "    return 1",
    "fn main() {",
    "class Solution {",
    "import (",
    '"',
    "'",
    "/*",
    "//",
    "`",
    "use a::{b, c};",
    "@",
]


@settings(max_examples=300, deadline=None)
@given(st.data(), st.sampled_from(LANGUAGES), st.sampled_from(["fixtests", "synthesize", "explaindescribe"]))
def test_no_answer_breaks_the_way_to_a_program(data: st.DataObject, language: str, scenario: str) -> None:
    problem = MINI[language][0]
    own = [problem.declaration, problem.canonical_solution, problem.entry_point, problem.test]
    text = "".join(data.draw(st.lists(st.sampled_from(PIECES + own) | st.text(max_size=3), max_size=20)))
    found = hep.extract_answer(problem, scenario, text, prompt="chat")
    assert found.status in ({*EXTRACTIONS} if scenario != "explaindescribe" else {"", "empty", "refusal", "length_cut"})
    if scenario != "explaindescribe":
        program = hep.build_program(problem, found.candidate, scenario, prompt="chat")
        assert program.text.endswith(problem.test)
        assert (found.candidate == "") == (found.status in ("no_code", "refusal", "empty", "length_cut"))
