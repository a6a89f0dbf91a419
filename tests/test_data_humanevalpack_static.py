"""Faults that a problem's texts show: each is found where it is planted, and nowhere else."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import humanevalpack as hep
from humanevalpack.languages import LANGUAGES
from humanevalpack.problems import Problem
from octopack_data.humanevalpack.comma import lost_values
from octopack_data.humanevalpack.faults import KINDS
from octopack_data.humanevalpack.static_checks import static_faults


def mini(language: str, index: int = 0) -> Problem:
    return hep.load_problems(language, "mini")[index]


def test_the_page_says_what_each_kind_means(project: Path) -> None:
    page = (project / "docs" / "humanevalpack_creation.md").read_text("utf-8")
    for kind, meaning in KINDS.items():
        assert f"| `{kind}` | {meaning} |" in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_mini_set_has_none(language: str) -> None:
    assert list(static_faults(hep.load_problems(language, "mini"))) == []


def go_import(problem: Problem, path: str) -> dict[str, str]:
    return {"prompt": f'import (\n    "{path}"\n)\n' + problem.prompt.split(")\n", 1)[1]}


@pytest.mark.parametrize(
    ("language", "changes", "kind", "what"),
    [
        *((language, {"entry_point": "otherName"}, "entry_point", "'otherName' is no name in the code of declaration")
          for language in LANGUAGES if language not in ("python", "cpp")),
        *((language, {"docstring": "Something else."}, "description", "docstring: 'Something else.', where the prompt")
          for language in LANGUAGES),
        *((language, {"signature": "x"}, "description", "signature: 'x', where the prompt gives")
          for language in LANGUAGES),
        ("go", {"instruction": "Write it."}, "description", "instruction: 'Write it.', where the prompt gives"),
        ("python", {"prompt": "import heapq\n" + mini("python").prompt}, "unused_import", "heapq is imported"),
        ("go", go_import(mini("go"), "strings"), "unused_import", "strings is imported"),
        ("js", {"buggy_solution": mini("js").canonical_solution + "\n"}, "same_solution", "buggy_solution is"),
        ("python", {"buggy_solution": "\n" + mini("python").canonical_solution.replace("\n", " \n\n")},
         "same_solution", "buggy_solution is"),
        ("js", {"buggy_solution": "\n"}, "empty", "buggy_solution"),
        ("go", {"buggy_solution": mini("go").buggy_solution.replace("\n", "\r\n")},
         "carriage_return", "in buggy_solution"),
        ("python", {"test": mini("python").test + "\nimport random\nassert random.randint(0, 2) < 2\n"},
         "chance_in_test", "randint(…) without a seed"),
        ("js", {"test": mini("js").test + "\nMath.random()\n"}, "chance_in_test", "Math.random(…)"),
        ("rust", {"test": mini("rust").test + "\nfn f() { rand::thread_rng(); }\n"}, "chance_in_test", "thread_rng(…)"),
        ("java", {"test": mini("java").test + "\nnew Random()\n"}, "chance_in_test", "new Random()"),
        ("go", {"test": mini("go").test + "\n// \nrand.Intn(3)\n"}, "chance_in_test", "rand.Intn(…)"),
        ("cpp", {"test": mini("cpp").test + "\nsrand(time(0));\n"}, "chance_in_test", "srand(time…)"),
        ("python", {"test": "def check(f):\n    night_bus_minutes\n\ncheck(1)\n"}, "no_assertion", "test"),
        ("python", {"test": mini("python").test.rpartition("check(")[0]}, "no_assertion", "nothing calls check"),
        ("js", {"test": mini("js").test.rpartition("test")[0]}, "no_assertion", "nothing calls testNightBusMinutes"),
        ("java", {"example_test": mini("java").example_test.replace("throw", "")}, "no_assertion", "example_test"),
        ("js", {"canonical_solution": "  return (departure, arrival)\n}\n"}, "lost_comparison", "1 in canonical"),
    ],
)  # fmt: skip
def test_a_planted_fault_is_found_and_is_the_only_one(
    language: str, changes: dict[str, Any], kind: str, what: str
) -> None:
    faults = list(static_faults([replace(mini(language), **changes)]))
    kinds = [fault.kind for fault in faults]
    if "signature" in changes or "docstring" in changes:  # the instruction holds both
        assert kinds == [kind, kind]
    else:
        assert kinds == [kind]
    assert what in faults[0].what
    assert faults[0].task_id == mini(language).task_id


def test_an_indentation_is_no_change_but_in_python() -> None:
    inner, outer = "    for a in b:\n        c()\n        d()\n", "    for a in b:\n        c()\n    d()\n"
    python = replace(mini("python"), canonical_solution=inner, buggy_solution=outer)
    assert [fault.kind for fault in static_faults([python])] == []
    js = replace(mini("js"), canonical_solution=inner, buggy_solution=outer)
    assert [fault.kind for fault in static_faults([js])] == ["same_solution"]


def test_an_entry_point_in_a_comment_is_not_there() -> None:
    problem = replace(mini("js"), prompt=mini("js").prompt.replace("const nightBusMinutes", "const otherName"))
    assert "nightBusMinutes" in problem.prompt  # the examples in the comment
    assert "entry_point" in [fault.kind for fault in static_faults([problem])]


def test_texts_that_two_problems_share_are_named_with_the_other() -> None:
    first, second = hep.load_problems("go", "mini")[:2]
    faults = list(static_faults([first, replace(second, test=first.test + "\n")]))
    assert ("Go/1", "duplicate", "test is that of Go/0, too") in [(f.task_id, f.kind, f.what) for f in faults]


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("python", "rng = random.Random(42)\nassert rng.randint(0, 2) < 3"),
        ("java", "Random r = new Random(42);"),
        ("go", "r := rand.New(rand.NewSource(42))\nrand.Intn(3)"),
        ("cpp", "rand();"),
        ("js", "// Math.random() is not called"),
    ],
)
def test_numbers_that_are_the_same_in_every_run_are_no_chance(language: str, line: str) -> None:
    problem = replace(mini(language), test=mini(language).test + f"\n{line}\n")
    assert list(static_faults([problem])) == []


@pytest.mark.parametrize(
    ("code", "lost"),
    [
        ("return (a, b)", ["(a, b)"]),
        ("JSON.stringify((8, 13))", ["(8, 13)"]),
        ("x = [(i, j)]", ["(i, j)"]),
        ("console.assert(f(1)) === 2\n", ["console.assert(f(1)) === 2"]),
        ("console.assert(f(1) === 2)\n", []),
        ("f(a, b)", []),
        ("const f = (a, b) => {}", []),
        ("x.sort((a, b) => a - b)", []),
        ("return (a + f(b, c))", []),
        ("return '(a, b)'", []),
        ("if (a) { (b) }", []),
        ("for (let i = 0, j = 1; i < j; i++) {}", []),
        ("function (a, b) {}", []),
    ],
)
def test_javascript_that_loses_a_value(code: str, lost: list[str]) -> None:
    assert list(lost_values(code)) == lost


KNOWN = {
    "python": {"description": {142}, "unused_import": {9, 11, 19}, "chance_in_test": {38, 50, 53}},
    "cpp": {"entry_point": {121, 156}},
    "java": {"entry_point": {99, 101, 114}, "no_assertion": {151}},
    "js": {
        "entry_point": {114},
        "chance_in_test": {32, 38, 50, 53},
        "lost_comparison": {87, 107, 112, 136, 155},
    },
    "go": {"unused_import": {27}, "chance_in_test": {53}},
    "rust": {
        "entry_point": {61, 71, 85, 116, 120, 121, 142, 156, 161},
        "chance_in_test": {32, 38, 50, 53},
        "duplicate": {71, 116, 142},
    },
}
"""All that is found in the released rows; each was looked at, and each is one (docs/humanevalpack_creation.md)."""


@pytest.mark.real_data
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_found_in_the_released_rows(language: str, shared: Path) -> None:
    problems = hep.load_problems(language, shared / "humanevalpack")
    found: dict[str, set[int]] = {}
    for fault in static_faults(problems):
        found.setdefault(fault.kind, set()).add(int(fault.task_id.rpartition("/")[2]))
    assert found == KNOWN[language]


@pytest.mark.real_data
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_found_does_not_depend_on_what_the_rows_are_called(language: str, shared: Path) -> None:
    problems = hep.load_problems(language, shared / "humanevalpack")
    prefix = problems[0].task_id.rpartition("/")[0]
    renamed = [replace(problem, task_id=f"{prefix}/{1000 + 7 * problem.index}") for problem in problems]
    found: dict[str, set[int]] = {}
    for fault in static_faults(renamed):
        found.setdefault(fault.kind, set()).add((int(fault.task_id.rpartition("/")[2]) - 1000) // 7)
    assert found == KNOWN[language]
