"""Faults that show when programs run: planted in problems, found by real runs in the local sandbox."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import humanevalpack as hep
from humanevalpack.errors import SandboxFault
from humanevalpack.languages import LANGUAGES
from humanevalpack.problems import Problem
from humanevalpack.programs import Program
from humanevalpack.sandbox import Verdict, run_programs
from octopack_data.humanevalpack.checking import check_problems
from octopack_data.humanevalpack.trials import wrong_trials
from octopack_data.humanevalpack.wrong_programs import return_type
from test_data_humanevalpack_making import octopack_data


def run(programs: Sequence[Program], *, time_limit: float | None) -> list[Verdict]:
    return list(run_programs(programs, sandbox="local", workers=2, time_limit=time_limit or 2))


def python_problem(**changes: Any) -> Problem:
    """A problem without any fault: is a number even?"""
    problem = replace(
        hep.load_problems("python", "mini")[0],
        prompt='def is_even(n: int) -> bool:\n    """ Say whether n is even.\n    """\n',
        declaration="def is_even(n: int) -> bool:\n",
        canonical_solution="    return n % 2 == 0\n",
        buggy_solution="    return n % 2 == 1\n",
        test="def check(is_even):\n    assert is_even(2) == True\n    assert is_even(3) == False\n\ncheck(is_even)",
        example_test="def check(is_even):\n    assert is_even(2) == True\ncheck(is_even)\n",
        entry_point="is_even",
        signature="is_even(n: int) -> bool",
        docstring="Say whether n is even.",
        instruction="Write a Python function `is_even(n: int) -> bool` to solve the following problem:\n"
        "Say whether n is even.",
    )
    return replace(problem, **changes)


HALF = python_problem(
    prompt='def is_even(n: int) -> float:\n    """ Say whether n is even.\n    """\n',
    canonical_solution="    return n / 2\n",
    buggy_solution="    return n / 3\n",
    signature="is_even(n: int) -> float",
    instruction="Write a Python function `is_even(n: int) -> float` to solve the following problem:\n"
    "Say whether n is even.",
    example_test="",
)
HELPED = python_problem(
    prompt="def rest(n):\n    return n % 2\n\n\n" + python_problem().prompt,
    canonical_solution="    return rest(n) == 0\n",
)


def a_test(*lines: str) -> str:
    return "def check(is_even):\n" + "".join(f"    {line}\n" for line in lines) + "\ncheck(is_even)"


@pytest.mark.namespaces
@pytest.mark.toolchain("python")
@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (python_problem(), []),
        (python_problem(canonical_solution="    return n == 0\n"), ["canonical_fails"]),
        (python_problem(example_test=a_test("assert is_even(2) == False")), ["example_fails"]),
        (HELPED, ["declaration_fails"]),
        (python_problem(canonical_solution="    n = n % 2\n# now the rest\n    return n == 0\n"), ["answer_is_cut"]),
        (python_problem(buggy_solution="    return n % 2 < 1\n"), ["bug_passes"]),
        (python_problem(buggy_solution="    while True:\n        n += 1\n"), ["symptom"]),
        (python_problem(test=a_test("assert len('is_even') == 7")), ["bug_passes", "never_called"]),
        (python_problem(test=a_test("assert is_even(2) == True")), ["constant_passes"]),
        (replace(HALF, test=a_test("assert abs(is_even(30) - 15) < 0.6")), ["wrong_value_passes"]),
        (replace(HALF, test=a_test("assert abs(is_even(30) - 15) < 0.1")), []),
    ],
)
def test_a_planted_fault_is_found_and_is_the_only_one(problem: Problem, expected: list[str]) -> None:
    assert [fault.kind for fault in check_problems([problem], run).faults] == expected


@pytest.mark.namespaces
@pytest.mark.toolchain("go")
def test_a_bug_that_the_compiler_refuses_is_no_bug_that_a_test_finds() -> None:
    problem = hep.load_problems("go", "mini")[0]
    faults = check_problems(
        [replace(problem, buggy_solution="    left := 1\n" + problem.canonical_solution)], run
    ).faults
    assert [fault.kind for fault in faults] == ["bug_does_not_build"]
    assert "left" in faults[0].what


@pytest.mark.namespaces
@pytest.mark.toolchain("cpp")
def test_a_test_that_calls_another_function_of_the_same_name_is_found() -> None:
    problem = replace(
        hep.load_problems("cpp", "mini")[0],
        prompt="/*\nHow long is it?\n*/\n#include<string>\nusing namespace std;\nint strlen(string text){\n",
        declaration="#include<string>\nusing namespace std;\nint strlen(string text){\n",
        canonical_solution="    return text.length();\n}\n",
        buggy_solution="    return text.length() - 1;\n}\n",
        test='#undef NDEBUG\n#include<assert.h>\nint main(){\n    assert (strlen("abc") == 3);\n}\n',
        example_test="",
        entry_point="strlen",
        signature="int strlen(string text)",
        docstring="How long is it?",
        instruction="Write a C++ function `int strlen(string text)` to solve the following problem:\nHow long is it?",
    )
    assert [fault.kind for fault in check_problems([problem], run).faults] == ["bug_passes", "never_called"]


def test_a_solution_that_passes_in_some_runs_only_is_chance() -> None:
    def third_fails(programs: Sequence[Program], *, time_limit: float | None) -> list[Verdict]:
        right = [time_limit is None and "n % 2 == 1" not in program.text for program in programs]
        failed = [not passes or "# run 3" in p.text for passes, p in zip(right, programs, strict=True)]
        return [Verdict("failed", "no luck") if bad else Verdict("passed", "") for bad in failed]

    (fault,) = check_problems([python_problem()], third_fails).faults
    assert (fault.kind, fault.what) == ("chance", "1 of 3 runs failed, with failed (no luck)")


def test_a_form_that_fails_once_and_then_passes_is_chance_too() -> None:
    def example_fails_once(programs: Sequence[Program], *, time_limit: float | None) -> list[Verdict]:
        shown = [p.text.endswith(python_problem().example_test) and "# run" not in p.text for p in programs]
        bad = [time_limit or "n % 2 == 1" in p.text or first for p, first in zip(programs, shown, strict=True)]
        return [Verdict("failed", "no luck") if failed else Verdict("passed", "") for failed in bad]

    (fault,) = check_problems([python_problem()], example_fails_once).faults
    assert (fault.kind, fault.what) == ("chance", "1 of 4 runs failed, with failed (no luck)")


def test_a_sandbox_that_fails_is_not_a_fault_of_the_data() -> None:
    def broken(programs: Sequence[Program], *, time_limit: float | None) -> list[Verdict]:
        return [Verdict("sandbox_error", "no disk")] * len(programs)

    with pytest.raises(SandboxFault, match="Python/0: the sandbox failed: no disk"):
        check_problems([python_problem()], broken)


@pytest.mark.parametrize(
    ("language", "signature", "expected"),
    [
        ("cpp", "vector<int> f(vector<int> a)", "vector<int>"),
        ("cpp", "bool f(int a) ", "bool"),
        ("java", "public List<Integer> f(int a)", "List<Integer>"),
        ("java", "public boolean f()", "boolean"),
        ("go", "func F(a []int) []int", "[]int"),
        ("go", "func F(a int) (int, bool)", "(int, bool)"),
        ("rust", "f(a: Vec<i32>) -> Option<i32>", "Option<i32>"),
        ("rust", "f(a: &str)", ""),
        ("python", "f(a: int) -> int", ""),
        ("js", "const f = (a)", ""),
    ],
)
def test_what_a_signature_says_is_returned(language: str, signature: str, expected: str) -> None:
    assert return_type(replace(hep.load_problems(language, "mini")[0], signature=signature)) == expected


@pytest.mark.namespaces
@pytest.mark.parametrize(
    "language", [pytest.param(name, marks=pytest.mark.toolchain(name)) for name in LANGUAGES if name != "python"]
)
def test_the_programs_that_are_wrong_on_purpose_do_build(language: str) -> None:
    trials = [trial for problem in hep.load_problems(language, "mini")[:4] for trial in wrong_trials(problem)]
    verdicts = run([trial.program for trial in trials], time_limit=5)
    assert {trial.kind for trial in trials} == {"never_called", "constant_passes", "wrong_value_passes"}
    ended = [(trial.what, verdict.status) for trial, verdict in zip(trials, verdicts, strict=True)]
    assert [(what, status) for what, status in ended if status not in ("failed", "runtime_error")] == []


@pytest.mark.namespaces
@pytest.mark.parametrize("problems", [3, pytest.param(14, marks=pytest.mark.full)])
@pytest.mark.parametrize("language", [pytest.param(name, marks=pytest.mark.toolchain(name)) for name in LANGUAGES])
def test_the_mini_set_has_no_fault(language: str, problems: int) -> None:
    words = ("--languages", language, "--limit", problems, "--sandbox", "local", "--json", "--repeat", 2)
    done = octopack_data("check", "mini", *words)
    report = json.loads(done.stdout)
    assert report["faults"] == []
    assert report["problems"] == {language: problems}
    assert report["wrong_programs"] > problems * 3
    assert report["not_built"] == 0
    assert done.exit_code == 0


def test_faults_end_the_command_with_1_and_are_counted(tmp_path: Path) -> None:
    row = python_problem(docstring="Something else.").row()
    (tmp_path / "mine.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    done = octopack_data("check", tmp_path / "mine.jsonl", "--no-run")
    assert done.exit_code == 1
    assert "Python/0 description: docstring: 'Something else.', where the prompt gives" in done.output
    assert "2 description: signature, docstring or instruction do not say what the prompt says" in done.output
    assert "2 faults in 1 of 1 problems" in done.output


def test_only_what_is_asked_for_is_looked_at() -> None:
    done = octopack_data("check", "mini", "--languages", "go,js", "--limit", 3, "--no-run", "--json")
    assert json.loads(done.stdout)["problems"] == {"go": 3, "js": 3}
    assert json.loads(done.stdout)["wrong_programs"] == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere",), "dataset 'nowhere' is not known: use hub, mini, a .jsonl file or a folder"),
        (("mini", "--languages", "perl"), "perl"),
        (("mini", "--sandbox", "cellar"), "cellar"),
        (("mini", "--workers", "0"), "--workers is '0'; it must be a whole number of at least 1, or ray"),
        (("mini", "--sandbox", "process"), "--confirm_run_unsafe_code on the command line"),
    ],
)
def test_wrong_values_are_named(words: tuple[str, ...], said: str) -> None:
    done = octopack_data("check", *words)
    assert done.exit_code != 0
    assert said in str(done.exception)


@pytest.mark.parametrize("words", [("--limit", "0"), ("--repeat", "0")])
def test_numbers_below_one_are_wrong_usage(words: tuple[str, str]) -> None:
    done = octopack_data("check", "mini", *words)
    assert done.exit_code == 2
    assert words[0] in done.output
