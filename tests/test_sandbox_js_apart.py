"""A JavaScript test in a world apart from the candidate gives an honest answer the verdict that it has in one world."""

from functools import cache

import pytest

from humanevalpack import run_programs
from humanevalpack.programs import Program
from humanevalpack.sandbox import Verdict
from humanevalpack.sandbox.supervisor.languages.js_test import test_place as place_of_the_test

pytestmark = [pytest.mark.namespaces, pytest.mark.toolchain("js")]

ONE_WORLD = "  typeof process\n"
"""In a test's body this keeps the test with the candidate."""

# candidate, the test's lines, verdict
CASES: dict[str, tuple[str, str, str]] = {
    "number": ("const f = () => 3", "console.assert(f() === 3)", "passed"),
    "function declaration": ("function f() { return 3 }", "console.assert(f() === 3)", "passed"),
    "class member": ("class C { static f() { return 3 } }\nconst f = C.f", "console.assert(f() === 3)", "passed"),
    "global variable": ("f = () => 3", "console.assert(f() === 3)", "passed"),
    "strict program": ("'use strict'\nconst f = () => 3", "console.assert(f() === 3)", "passed"),
    "name of the loop": ("const n = 4\nconst f = () => n", "console.assert(f() === 4)", "passed"),
    "list": ("const f = () => [1, [2]]", "console.assert(JSON.stringify(f()) === '[1,[2]]')", "passed"),
    "array with a hole": ("const f = () => [1, , 2]", "console.assert(JSON.stringify(f()) === '[1,null,2]')", "passed"),
    "order of keys": (
        "const f = () => ({b: 1, a: 2})",
        'console.assert(JSON.stringify(f()) === \'{"b":1,"a":2}\')',
        "passed",
    ),
    "undefined inside": ("const f = () => ({a: undefined})", "console.assert(JSON.stringify(f()) === '{}')", "passed"),
    "not a number": ("const f = () => NaN", "console.assert(f() === NaN)", "failed"),
    "negative zero": ("const f = () => [-0]", "console.assert(1 / f()[0] === -Infinity)", "passed"),
    "large number": ("const f = () => 10n ** 30n", "console.assert(f() === 10n ** 30n)", "passed"),
    "boxed number": ("const f = () => new Number(3)", "console.assert(f() === 3)", "failed"),
    "boxed number nearly": ("const f = () => new Number(3)", "console.assert(Math.abs(f() - 3) < 1)", "passed"),
    "date": ("const f = () => new Date(0)", "console.assert(JSON.stringify(f()).length === 26)", "passed"),
    "map": ("const f = () => new Map([[1, 2]])", "console.assert(f().get(1) === 2)", "passed"),
    "set": ("const f = () => new Set([1])", "console.assert(f().has(1) && f().size === 1)", "passed"),
    "typed array": (
        "const f = () => Uint8Array.of(1, 2)",
        "console.assert(f().length === 2 && f()[1] === 2)",
        "passed",
    ),
    "instance": (
        "class P { constructor() { this.x = 1 } }\nconst f = () => new P()",
        "console.assert(JSON.stringify(f()) === '{\"x\":1}')",
        "passed",
    ),
    "own array class": (
        "class A extends Array {}\nconst f = () => A.of(1)",
        "console.assert(JSON.stringify(f()) === '[1]')",
        "passed",
    ),
    "no prototype": ("const f = () => Object.create(null)", "console.assert(JSON.stringify(f()) === '{}')", "passed"),
    "function": ("const f = () => (x) => x + 1", "console.assert(f()(2) === 3)", "passed"),
    "itself inside": (
        "const f = () => { const a = []; a[0] = a; return a }",
        "console.assert(f().length === 1)",
        "passed",
    ),
    "sorts in place": (
        "const f = (a) => { a.sort() }",
        "const a = [3, 1]\n  f(a)\n  console.assert(a[0] === 1)",
        "passed",
    ),
    "changes inside": (
        "const f = (a) => { a[0].push(2); a.reverse() }",
        "const a = [[1], []]\n  const b = a[0]\n  f(a)\n  console.assert(b.length === 2 && a[1] === b)",
        "passed",
    ),
    "returns what it was given": ("const f = (a) => a", "const a = [1]\n  console.assert(f(a) === a)", "passed"),
    "an answer given back": (
        "const f = () => ({size: 1})\nconst g = (o) => { o.size += 1 }",
        "const o = f()\n  g(o)\n  console.assert(o.size === 2)",
        "passed",
    ),
    "is given an array": (
        "const f = (a) => a instanceof Array && a.constructor === Array",
        "console.assert(f([]))",
        "passed",
    ),
    "extends the prototypes": (
        "Array.prototype.total = function () { return this.reduce((a, b) => a + b, 0) }\nconst f = (a) => a.total()",
        "console.assert(f([1, 2]) === 3)",
        "passed",
    ),
    "keeps state": ("let n = 0\nconst f = () => ++n", "f()\n  console.assert(f() === 2)", "passed"),
    "helper": ("const f = () => 1\nconst g = (x) => x + 1", "console.assert(g(f()) === 2)", "passed"),
    "helper is missing": ("const f = () => 1", "console.assert(g(f()) === 2)", "runtime_error"),
    "error": ("const f = () => nothing.here", "console.assert(f() === 1)", "runtime_error"),
    "error in the test": ("const f = () => null", "console.assert(f().length === 1)", "runtime_error"),
    "endless recursion": ("const f = () => f()", "console.assert(f() === 1)", "runtime_error"),
    "recursion": ("const f = (n) => n && f(n - 1)", "console.assert(f(5000) === 0)", "passed"),
    "promise": ("const f = async () => 1", "console.assert(f() === 1)", "failed"),
    "later error": (
        "setTimeout(() => nothing.here, 9)\nconst f = () => 1",
        "console.assert(f() === 1)",
        "runtime_error",
    ),
    "assertion of its own": ("console.assert(false)\nconst f = () => 1", "console.assert(f() === 1)", "failed"),
    "prints": ("const f = () => { console.log(1); return 1 }", "console.assert(f() === 1)", "failed"),
    "open at the end": ("const f = () => 1\nif (true)", "console.assert(f() === 1)", "runtime_error"),
    "the test's own name": ("const testF = 1\nconst f = () => 1", "console.assert(f() === 1)", "runtime_error"),
    "structured clone": (
        "const v8 = require('v8')\nconst f = (a) => v8.deserialize(v8.serialize(a))",
        "console.assert(f([1])[0] === 1)",
        "passed",
    ),
    "thread": (
        "const { Worker } = require('worker_threads')\nnew Worker('1', {eval: true})\nconst f = () => 1",
        "console.assert(f() === 1)",
        "passed",
    ),
    "child process": (
        "const { execSync } = require('child_process')\nconst f = () => Number(execSync('echo 1'))",
        "console.assert(f() === 1)",
        "passed",
    ),
    "forked node": (
        "require('fs').writeFileSync('c.js', 'process.send(1)')\n"
        "require('child_process').fork('c.js')\nconst f = () => 1",
        "console.assert(f() === 1)",
        "passed",
    ),
    "many calls": ("const f = (x) => x", "for (let i = 0; i < 100000; i++) console.assert(f(i) === i)", "passed"),
}


def program(name: str, *, apart: bool) -> str:
    code, lines, _ = CASES[name]
    text = f"{code}\n\n\nconst testF = () => {{\n{'' if apart else ONE_WORLD}  {lines}\n}}\n\ntestF()\n"
    assert (place_of_the_test(text, None) is not None) == apart
    return text


@cache
def verdicts() -> dict[tuple[str, bool], Verdict]:
    keys = [(name, apart) for name in CASES for apart in (True, False)]
    programs = [
        Program(text=program(name, apart=apart), language="js", problem=None, profile="reference")
        for name, apart in keys
    ]
    return dict(zip(keys, run_programs(programs, sandbox="local", time_limit=5), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_the_verdict_is_that_of_one_world(name: str) -> None:
    for apart in (True, False):
        verdict = verdicts()[name, apart]
        assert verdict.status == CASES[name][2], f"apart={apart}: {verdict.reason}\n{verdict.output}"


@pytest.mark.parametrize("line", ["await f()", "f(process)", "f(new Promise(g))", "f().unusual()", "f(`${x}`)"])
def test_a_test_that_is_more_than_a_look_at_values_stays_with_the_candidate(line: str) -> None:
    test = f"const testF = () => {{\n  console.assert({line})\n}}\n\ntestF()\n"
    assert place_of_the_test(test, 0) is None
