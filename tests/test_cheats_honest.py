"""Honest answers that use what cheats use (macros, operators, traits, own names) are judged by what they answer."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from humanevalpack import run_programs
from humanevalpack.problems import load_problems
from humanevalpack.programs import Program, build_program, program_text
from humanevalpack.sandbox import Verdict
from humanevalpack.sandbox.supervisor.languages.cpp import BLOCK
from humanevalpack.sandbox.supervisor.languages.cpp_strict import is_plain

pytestmark = pytest.mark.namespaces

BESIDE: dict[str, dict[str, str]] = {
    "cpp": {
        "macros of a contest": (
            "#define ll long long\n#define all(x) (x).begin(), (x).end()\n#define F first\n"
            "#define rep(i, n) for (int i = 0; i < (n); i++)\n#define debug(x) cerr << #x << x\n"
            "#define join(a, b) a##b\n"
        ),
        "pragmas": '#pragma once\n#pragma GCC optimize("O2")\n#pragma GCC diagnostic ignored "-Wall"\n',
        "wider numbers": "#define float double\n",
        "own abs and max": "#define abs(x) ((x) < 0 ? -(x) : (x))\n#define max(a, b) ((a) > (b) ? (a) : (b))\n",
        "own operators": (
            "struct Point { int x, y; bool operator<(const Point &o) const { return x < o.x; }\n"
            "bool operator==(const Point &o) const { return x == o.x; } operator bool() const { return x; } };\n"
            "template<class T> ostream &operator<<(ostream &out, const vector<T> &v) { return out << v.size(); }\n"
            "template<class T> vector<T> operator+(vector<T> a, const vector<T> &b) { return a; }\n"
        ),
        "a hash in namespace std": (
            "#include <unordered_map>\nnamespace std {\ntemplate<> struct hash<pair<int, int>> {\n"
            "    size_t operator()(const pair<int, int> &p) const { return p.first ^ p.second; }\n};\n}\n"
            "unordered_map<pair<int, int>, int> seen;\n"
        ),
        "own specialisations": (
            "template<int N> struct Power { enum { value = 2 * Power<N - 1>::value }; };\n"
            "template<> struct Power<0> { enum { value = 1 }; };\ntemplate<class T> string text(T);\n"
            "template<> std::string text<int>(int n) { return std::to_string(n); }\n"
        ),
        "own namespace": "namespace detail { int twice(int n) { return 2 * n; } }\nusing namespace detail;\n",
        "attributes": "__attribute__((unused)) static int spare;\n[[noreturn]] inline void stop() { exit(1); }\n",
        "own issame": "bool issame(vector<double> a, vector<double> b) { return a == b; }\n",
        "raw string and trigraph": 'const char *text = R"(#define int)", *what = "what??!";\n',
        "builtins": "int low(int n) { return __builtin_popcount(n) + __gcd(4, n); }\n__int128 large;\n",
    },
    "go": {
        "own min and max": "func min(a, b int) int { if a < b { return a }; return b }\ntype any = interface{}\n",
        "a word about assert": "// assert that it is right: assert.Equal(1, 1), math, testing\n",
        "types with methods": (
            "var kept stack\n\ntype stack []int\n\nfunc (s *stack) Push(n int) { *s = append(*s, n) }\n"
        ),
        "init": "var table map[int]int\n\nfunc init() { table = map[int]int{1: 2} }\n",
    },
    "rust": {
        "own macros": "macro_rules! larger { ($a:expr, $b:expr) => { if $a > $b { $a } else { $b } } }\n",
        "own order": (
            "#[derive(Debug, Clone, PartialEq, Eq)]\nstruct Item { cost: i32 }\n"
            "impl PartialOrd for Item {\n"
            "    fn partial_cmp(&self, o: &Self) -> Option<std::cmp::Ordering> { Some(self.cmp(o)) } }\n"
            "impl Ord for Item { fn cmp(&self, o: &Self) -> std::cmp::Ordering { o.cost.cmp(&self.cost) } }\n"
        ),
        "own arithmetic": (
            "#[derive(Clone, Copy)]\nstruct Pair(i32, i32);\nimpl std::ops::Add for Pair { type Output = Pair;\n"
            "    fn add(self, o: Pair) -> Pair { Pair(self.0 + o.0, self.1 + o.1) } }\n"
            "impl PartialEq<i32> for Pair { fn eq(&self, o: &i32) -> bool { self.0 == *o } }\n"
            "struct Steps(i32);\nimpl Iterator for Steps { type Item = i32;\n"
            "    fn next(&mut self) -> Option<i32> { None } }\n"
        ),
        "generic helpers and traits": (
            "trait Twice { fn twice(&self) -> i32; }\nimpl Twice for i32 { fn twice(&self) -> i32 { self * 2 } }\n"
            "fn largest<T: PartialOrd + Copy>(items: &[T]) -> Option<T> { items.first().copied() }\n"
        ),
        "an old crate line": "extern crate rand;\n",
        "own tests": "#[cfg(test)]\nmod more { #[test] fn two() { assert_eq!(1 + 1, 2); } }\n",
        "a doc comment that hangs": "/// What follows\n",
    },
}
"""language -> name -> what stands before (Go: after) a solution of the mini problems."""
CASES = ((0, "right"), (4, "right"), (5, "right"), (4, "wrong"))
"""(number of the mini problem, which of its solutions)."""


@cache
def verdicts(language: str) -> dict[tuple[str, int, str], Verdict]:
    programs = {(name, *case): program(language, name, *case) for name in BESIDE[language] for case in CASES}
    return dict(zip(programs, run_programs(programs.values(), sandbox="local"), strict=True))


def program(language: str, name: str, number: int, kind: str) -> Program:
    problem, beside = load_problems(language, "mini")[number], BESIDE[language][name]
    solution = problem.prompt + (problem.canonical_solution if kind == "right" else problem.buggy_solution)
    # Go's imports come first
    return build_program(problem, solution + beside if language == "go" else beside + solution, "synthesize")


def every_case() -> Iterator[object]:
    for language, names in BESIDE.items():
        for name in names:
            for number, kind in CASES:
                marks = [pytest.mark.toolchain(language), pytest.mark.xdist_group(f"honest-{language}")]
                yield pytest.param(language, name, number, kind, id=f"{language}: {name}: {number} {kind}", marks=marks)


@pytest.mark.parametrize(("language", "name", "number", "kind"), list(every_case()))
def test_an_honest_answer_is_judged_by_what_it_answers(language: str, name: str, number: int, kind: str) -> None:
    verdict = verdicts(language)[name, number, kind]
    assert verdict.status == ("passed" if kind == "right" else "failed"), f"{verdict.reason}\n{verdict.output}"


@pytest.mark.real_data
def test_almost_no_cpp_solution_needs_the_strict_form(shared: Path) -> None:
    problems = load_problems("cpp", shared / "humanevalpack")
    texts = [program_text(problem, problem.prompt + problem.canonical_solution) for problem in problems]
    assert sum(not is_plain(text, BLOCK) for text in texts) <= 2
