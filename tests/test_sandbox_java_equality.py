"""The Java test's calls of equals are replaced; an honest answer is equal to what it was equal to before."""

from functools import cache

import pytest

from humanevalpack import run_programs
from humanevalpack.programs import Program
from humanevalpack.sandbox import Verdict

pytestmark = [pytest.mark.namespaces, pytest.mark.toolchain("java")]

# members of Solution, a condition of the test, verdict
CASES: dict[str, tuple[str, str, str]] = {
    "list": ("Object f() { return List.of(1, 2); }", "s.f().equals(Arrays.asList(1, 2))", "passed"),
    "other list": ("Object f() { return List.of(1, 3); }", "s.f().equals(Arrays.asList(1, 2))", "failed"),
    "other order": ("Object f() { return List.of(2, 1); }", "s.f().equals(Arrays.asList(1, 2))", "failed"),
    "long is no int": ("Object f() { return List.of(1L); }", "s.f().equals(List.of(1))", "failed"),
    "double is no int": ("Object f() { return 1.0; }", "s.f().equals(1)", "failed"),
    "text": ('String f() { return new String("a"); }', 's.f().equals("a")', "passed"),
    "builder is no text": ('Object f() { return new StringBuilder("a"); }', 's.f().equals("a")', "failed"),
    "set": ("Object f() { return new TreeSet<>(List.of(2, 1)); }", "s.f().equals(Set.of(1, 2))", "passed"),
    "set is no list": ("Object f() { return Set.of(1); }", "s.f().equals(List.of(1))", "failed"),
    "queue is no list": ("Object f() { return new ArrayDeque<>(List.of(1)); }", "s.f().equals(List.of(1))", "failed"),
    "array is no list": ("Object f() { return new Integer[] {1}; }", "s.f().equals(List.of(1))", "failed"),
    "same array": ("int[] a = {1}; int[] f() { return a; }", "s.f().equals(s.a)", "passed"),
    "map": ("Object f() { return new TreeMap<>(Map.of(1, 2)); }", "Objects.equals(s.f(), Map.of(1, 2))", "passed"),
    "optional": ("Object f() { return Optional.of(List.of(1)); }", "Optional.of(List.of(1)).equals(s.f())", "passed"),
    "empty optional": ("Object f() { return Optional.empty(); }", "s.f().equals(Optional.empty())", "passed"),
    "nothing": ("Object f() { return null; }", "Objects.equals(s.f(), null)", "passed"),
    "nothing asked": ("Object f() { return null; }", "s.f().equals(1)", "runtime_error"),
    "nothing inside": (
        "Object f() { return Arrays.asList(1, null); }",
        "Arrays.asList(1, null).equals(s.f())",
        "passed",
    ),
    "wrapped": (
        "Object f() { return Collections.unmodifiableList(List.of(1)); }",
        "s.f().equals(List.of(1))",
        "passed",
    ),
    "part of a list": ("Object f() { return List.of(0, 1).subList(1, 2); }", "s.f().equals(List.of(1))", "passed"),
    "list of its own": (
        "Object f() { return new AbstractList<Integer>() { public Integer get(int i) { return i; } "
        "public int size() { return 2; } }; }",
        "s.f().equals(List.of(0, 1))",
        "passed",
    ),
    "filled by an initialiser": (
        "Object f() { return new ArrayList<>() {{ add(1); }}; }",
        "s.f().equals(List.of(1))",
        "passed",
    ),
    "pair of its own": (
        "record P(int a) {} Object f() { return List.of(new P(1)); }",
        "s.f().equals(List.of(1))",
        "failed",
    ),
    "pairs of its own": (
        "record P(int a) {} Object f() { return new P(1); }",
        "s.f().equals(new Solution.P(1))",
        "passed",
    ),
    "pair inside": (
        "record P(int a) {} int f() { return new HashSet<>(List.of(new P(1), new P(2))).size(); }",
        "s.f() == 2",
        "passed",
    ),
    "contains": ("Object f() { return 1; }", "List.of(1).contains(s.f())", "passed"),
    "text contains": ('String f() { return "abc"; }', 's.f().contains("b")', "passed"),
    "stack of its own": (
        "static class Stack { int top = 1; } int f() { return new Stack().top; }",
        "s.f() == 1",
        "passed",
    ),
    "switch on texts": (
        'String f() { return "b"; }',
        'switch (s.f()) { case "a", "c" -> false; case "b" -> true; default -> false; }',
        "passed",
    ),
    "lambda in the test": (
        "Integer f() { return 1; }",
        "List.of(2, 1).stream().anyMatch(x -> x.equals(s.f()))",
        "passed",
    ),
}


@cache
def verdicts() -> dict[str, Verdict]:
    texts = [
        f"import java.util.*;\nclass Solution {{ {members} }}\n\n\npublic class Main {{\n"
        "    public static void main(String[] args) {\n        Solution s = new Solution();\n"
        f"        if (!({condition})) throw new AssertionError();\n    }}\n}}\n"
        for members, condition, _ in CASES.values()
    ]
    programs = [Program(text=text, language="java", problem=None, profile="reference") for text in texts]
    return dict(zip(CASES, run_programs(programs, sandbox="local"), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_the_verdict_is_that_of_the_plain_call(name: str) -> None:
    assert verdicts()[name].status == CASES[name][2], verdicts()[name].output
