"""Several programs in one build: what may share, and that a verdict is the one that the program gets by itself."""

import re
import time
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import humanevalpack as hep
from humanevalpack import run_programs
from humanevalpack.programs import Program
from humanevalpack.sandbox import Verdict
from humanevalpack.sandbox.batches import Batches
from humanevalpack.sandbox.journal import Journal
from humanevalpack.sandbox.namespaces import start
from humanevalpack.sandbox.schedule import Schedule
from humanevalpack.sandbox.supervisor import frames
from humanevalpack.sandbox.supervisor.batch import BATCH, LATER, SINGLE
from humanevalpack.sandbox.supervisor.languages import LANGUAGES
from humanevalpack.sandbox.supervisor.workbench import loaded_size
from humanevalpack.sandbox.toolchains import toolchain_folders
from humanevalpack.sandbox.warm import prepared, warm_root
from humanevalpack.sandbox.workers import Worker
from humanevalpack.verification import checks
from test_sandbox_programs import CASES, go, rust

BATCHED = [pytest.param(name, marks=pytest.mark.toolchain(name)) for name in ("go", "rust")]


def program(text: str, language: str) -> Program:
    return Program(text=text, language=language, problem=None, profile="reference")


def may_share(text: str, language: str) -> bool:
    shared = LANGUAGES[language].shared
    assert shared is not None
    return shared.may_share(text)


# What may share.

RUST_SHARES = {
    "the usual imports": "use std::{slice::Iter, cmp::{max, self}, collections::{HashSet, HashMap}};\nuse rand::Rng;\n",
    "a type with traits": "#[derive(Debug, Clone, PartialEq)]\npub struct P { x: i32 }\nimpl std::ops::Add for P {}\n",
    "a generic type": "struct W<T>(T);\nimpl<T: Fn(i32) -> i32> Iterator for W<T> where T: Copy {}\n",
    "a trait of its own": "trait Size { fn size(&self); }\nimpl Size for str {}\nimpl<'a> Size for &'a [i32] {}\n",
    "modules": "mod inner { pub(crate) fn f() {} pub mod deep { use super::super::inner; } }\n",
    "literals with odd signs": "const A: &str = r#\"#![x] unsafe \"#; const B: char = '\"'; const C: u8 = b'\\'';\n",
    "words in comments": "// unsafe { extern crate x }\n/* macro_rules! /* nested */ #![feature(x)] */\n",
    "lifetimes": "fn longest<'a>(x: &'a str, y: &'a str) -> &'a str { if x > y { x } else { y } }\n",
    "a documented function": "/// Adds.\n#[inline]\n#[must_use]\nfn add(x: i32) -> i32 { x + 1 }\n",
    "types in other places": "fn f(x: impl Fn(i32)) -> impl Iterator<Item = i32> { 0..1 }\n",
}
RUST_ALONE = {
    "attribute of the crate": "#![allow(warnings)]\n",
    "symbol": "#[no_mangle]\npub fn malloc() {}\n",
    "symbol in unsafe": "#[unsafe(no_mangle)]\npub fn malloc() {}\n",
    "section": '#[link_section = ".init_array"]\nstatic A: fn() = f;\nfn f() {}\n',
    "exported name": '#[export_name = "free"]\nfn f() {}\n',
    "conditional attribute": "#[cfg_attr(test, no_mangle)]\nfn f() {}\n",
    "condition": "#[cfg(any())]\nstruct String;\n",
    "allocator": "#[global_allocator]\nstatic A: S = S;\n",
    "foreign functions": 'extern "C" { fn exit(code: i32); }\n',
    "another crate": "extern crate rand as std;\n",
    "unsafe": "fn f() { unsafe { std::hint::unreachable_unchecked() } }\n",
    "assembly": 'std::arch::asm!("nop");\n',
    "macro": "macro_rules! m { () => {} }\n",
    "the crate's root": "use crate::tests;\n",
    "above the program": "use super::*;\n",
    "above the program from a module": "mod m { use super::super::*; }\n",
    "above the program in a group": "mod m { use super::{super::x}; }\n",
    "above the program by visibility": "pub(super) fn f() {}\n",
    "another file": 'const A: &str = include_str!("/proc/self/environ");\n',
    "file by path": '#[path = "x.rs"]\nmod x;\n',
    "its own names": "fn f() -> &'static str { module_path!() }\n",
    "arguments": "fn f() -> usize { std::env::args().count() }\n",
    "files": "use std::fs;\n",
    "files in a group": "use std::{cmp, fs as other};\n",
    "all of std": "use std::*;\n",
    "std by another name": "use std as other;\n",
    "std as a name": "use std::{self, cmp};\n",
    "core": "use core::mem;\n",
    "data of every thread": "thread_local! { static A: [u8; 1 << 30] = const { [0; 1 << 30] } }\n",
    "foreign trait for a foreign type": "struct L;\nimpl std::ops::Add<L> for String {}\n",
    "foreign trait for a reference": "struct L;\nimpl std::ops::Add<L> for &str {}\n",
    "foreign trait by alias": "struct L;\ntype S = String;\nimpl std::ops::Add<L> for S {}\n",
    "foreign trait in a block": "struct L;\nfn f() { impl std::ops::Add<L> for String {} }\n",
    "foreign trait with a constant": "struct L<const N: i32>;\nimpl std::ops::Add<L<{ 1 }>> for String {}\n",
    "type that is declared elsewhere": "mod m { pub struct Vec; }\nimpl Add<L> for Vec {}\n",
    "type that is declared in a text": "const _: &str = stringify!(; struct Vec;);\nimpl Add<L> for Vec {}\n",
    "open brace": "fn f() {\n",
    "closed brace": "}\nfn f() {\n",
    "open comment": "/* /* */\n",
    "letters of other scripts": "fn größe() {}\n",
    "first line of a script": "#!/usr/bin/env rust\n",
}
GO_SHARES = {
    "usual imports": 'import "math"\nimport ("sort"; s "strings")\n',
    "words in texts": 'var a = "import \\"os\\"" + `import "unsafe"`\n',
    "runes": "var a = []rune{'\"', '\\'', '\\\\', '`', '\\x00', 'ä'}\n",
    "comments": '/* import "os" */ // import "os"\n',
}
GO_ALONE = {
    "os": 'import "os"\n',
    "unsafe": 'import "unsafe"\n',
    "reflect": 'import "reflect"\n',
    "runtime": 'import "runtime/debug"\n',
    "C": 'import "C"\n',
    "in a group": 'import ("math"; x "syscall")\n',
    "in two lines": 'import (\n  .\n  "os"\n)\n',
    "raw text": "import `os`\n",
    "escaped text": 'import "o\\x73"\n',
    "other space": 'import\u00a0"os"\n',
    "after a comment": '/**/import/**/"os"\n',
    "directive": "//go:linkname f runtime.f\n",
    "export": "//export f\n",
    "build": "// +build linux\n",
    "line": "//line /etc/passwd:1\n",
    "open text": "var a = `\n",
}


@pytest.mark.parametrize("name", RUST_SHARES)
def test_ordinary_rust_shares_a_build(name: str) -> None:
    assert may_share(rust(RUST_SHARES[name]), "rust")


@pytest.mark.parametrize("name", RUST_ALONE)
def test_rust_that_reaches_beyond_itself_is_built_alone(name: str) -> None:
    assert not may_share(rust(RUST_ALONE[name]), "rust")


@pytest.mark.parametrize("name", GO_SHARES)
def test_ordinary_go_shares_a_build(name: str) -> None:
    assert may_share(go("", GO_SHARES[name]), "go")


@pytest.mark.parametrize("name", GO_ALONE)
def test_go_that_reaches_beyond_itself_is_built_alone(name: str) -> None:
    assert not may_share(go("", GO_ALONE[name]), "go")


@pytest.mark.real_data
@pytest.mark.parametrize("language", ["go", "rust"])
def test_the_data_s_own_programs_share(language: str, shared: Path) -> None:
    made = checks({language: hep.load_problems(language, shared / "humanevalpack")})
    assert sum(may_share(check.program.text, language) for check in made) >= len(made) - 1  # one is no Go at all


# How programs are grouped.


def batches(programs: Sequence[Program], workers: int, *, share_builds: bool = True) -> Batches:
    schedule = Schedule(programs, None, Journal(None), lambda language: "")
    return Batches(schedule, workers, share_builds=share_builds)


def sizes(given: Batches) -> list[int]:
    return list(iter(lambda: len(given.next(1)), 0))


def rust_programs(count: int) -> list[Program]:
    return [program(rust(f"const N: i32 = {number};\n"), "rust") for number in range(count)]


def test_many_programs_fill_builds() -> None:
    most = 40
    found = sizes(batches(rust_programs(400), workers=2))
    assert sum(found) == 400
    assert found[:8] == [most] * 8


def test_few_programs_are_spread_over_the_workers() -> None:
    found = sizes(batches(rust_programs(40), workers=4))
    assert found[0] == 10
    assert sum(found) == 40


def test_what_may_not_share_comes_by_itself_and_does_not_hold_up_the_others() -> None:
    alone = program(rust("fn f() { unsafe {} }\n"), "rust")
    python = program("x = 1", "python")
    found = sizes(batches([*rust_programs(3), alone, python, *rust_programs(6)[3:]], workers=1))
    assert found == [1, 1, 6]


def test_sharing_can_be_switched_off() -> None:
    assert sizes(batches(rust_programs(5), workers=2, share_builds=False)) == [1] * 5


def test_a_slow_input_is_not_waited_for() -> None:
    def slow() -> Iterator[Program]:
        for one in rust_programs(20):
            time.sleep(0.1)
            yield one

    schedule = Schedule(slow(), None, Journal(None), lambda language: "")
    assert len(Batches(schedule, 2, share_builds=True).next(0)) < 10


# One batch and its supervisor.


def answers(language: str, texts: Sequence[str], **settings: Any) -> dict[str, Any]:
    """Send one batch past the scanner to a fresh worker; return the bodies of its frames by kind, verdicts by place."""
    root, _ = warm_root()
    warm = prepared(language, root, lambda preparing: start(toolchain_folders(), None, preparing))
    common = {"profile": "reference", "warm": warm, "cpu": 5.0, "slowness": 1.0, "patience": 1.0, **settings}
    worker = start(toolchain_folders(), root).worker
    found: dict[str, Any] = {"verdict": {}, SINGLE: [], LATER: []}
    try:
        jobs = [{"text": text, **common} for text in texts]
        worker.send(frames.pack(BATCH, {"language": language, "jobs": jobs}))
        while len(found["verdict"]) + len(found[SINGLE]) + len(found[LATER]) < len(texts):
            kind, body = worker.receive(time.monotonic() + 300)
            if kind == "verdict":
                found[kind][body.pop("place")] = body
            else:
                found[kind] += body
    finally:
        worker.close()
    return found


RIGHT = {"go": go("func Answer() int { return 42 }\n"), "rust": rust("fn answer() -> i32 { 42 }\n")}
WRONG = {"go": go("func Answer() int { return 41 }\n"), "rust": rust("fn answer() -> i32 { 41 }\n")}
LOOP = {"go": go("func Answer() int { for {} }\n"), "rust": rust("fn answer() -> i32 { loop {} }\n")}
BROKEN = {
    "go": [go("func Answer() int { return }\n"), go("x"), "", go('import "os"'), go("func TestX() {}\n")],
    "rust": [
        rust("fn answer() -> i32 { true }\n"),
        rust("fn answer() -> i32 { nothing() }\n"),
        rust("fn answer( -> i32 { 42 }\n"),
        rust("fn answer() -> i32 { let a = vec![1]; drop(a); a[0] }\n"),
        rust("fn answer() -> i32 { const A: usize = [1, 2][2]; 42 }\n"),
    ],
}


@pytest.mark.namespaces
@pytest.mark.parametrize("language", BATCHED)
def test_programs_that_do_not_build_go_back_and_the_others_run(language: str) -> None:
    texts = [WRONG[language], *BROKEN[language], RIGHT[language]]
    found = answers(language, texts)
    assert sorted(found[SINGLE]) == list(range(1, len(texts) - 1))
    assert {place: verdict["status"] for place, verdict in found["verdict"].items()} == {
        0: "failed",
        len(texts) - 1: "passed",
    }


@pytest.mark.namespaces
@pytest.mark.parametrize("language", BATCHED)
def test_a_slow_program_does_not_keep_the_others_waiting(language: str) -> None:
    found = answers(language, [LOOP[language], RIGHT[language], WRONG[language]], cpu=4.0)
    assert found[LATER] == [1, 2]
    assert found["verdict"][0]["status"] == "timeout"


@pytest.mark.namespaces
@pytest.mark.parametrize("language", BATCHED)
def test_a_verdict_tells_its_share_of_the_build(language: str) -> None:
    texts = [RIGHT[language], *(RIGHT[language] + f"\n// {number}\n" for number in range(9))]
    found = answers(language, texts)["verdict"]
    assert len({verdict["build"]["cpu"] for verdict in found.values()}) == 1
    (alone,) = run_programs([program(RIGHT[language], language)], sandbox="local", share_builds=False)
    assert alone.build is not None
    assert found[0]["build"]["cpu"] < alone.build.cpu


@pytest.mark.namespaces
@pytest.mark.toolchain("go")
def test_a_program_with_huge_variables_does_not_burden_the_others() -> None:
    huge = go("var Huge [1 << 26]*int\nfunc Answer() int { Huge[0] = nil; return 42 }\n")
    assert sorted(answers("go", [RIGHT["go"], huge])[SINGLE]) == [0, 1]


def test_what_a_program_asks_for_at_its_start_is_read_from_its_file() -> None:
    assert loaded_size(Path("/bin/true").read_bytes()) > 1000


@pytest.mark.namespaces
@pytest.mark.parametrize("language", BATCHED)
def test_a_worker_that_breaks_costs_no_verdict(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [RIGHT[language], *(WRONG[language] + f"\n// {number}\n" for number in range(9))]
    broken: list[int] = []

    def breaks(index: int, verdict: Verdict) -> None:
        if not broken:
            broken.append(index)
            monkeypatch.setattr(Worker, "take", dies)

    def dies(worker: Any) -> Any:
        monkeypatch.undo()
        raise worker.fault("killed by the test")

    verdicts = list(run_programs([program(t, language) for t in texts], sandbox="local", workers=1, on_verdict=breaks))
    assert broken
    assert [verdict.status for verdict in verdicts] == ["passed"] + ["failed"] * 9


# The same verdict.

_NOISE = re.compile(r" \(\d+\)(?= panicked)|\([\d.]+s\)|0x[0-9a-f]+|goroutine \d+")


def seen(verdict: Verdict) -> tuple[Any, ...]:
    """What does not differ between two runs of a program: not times, numbers of threads, addresses."""
    reason = _NOISE.sub("", verdict.reason)
    return verdict.status, reason, verdict.exit_code, verdict.signal, verdict.run is None


def both(programs: Sequence[Program], **settings: Any) -> list[tuple[Any, Any]]:
    shared = run_programs(programs, **settings)
    single = run_programs(programs, share_builds=False, **settings)
    return [(seen(one), seen(other)) for one, other in zip(shared, single, strict=True)]


@cache
def of_the_table(language: str, sandbox: str) -> dict[str, tuple[Any, Any]]:
    cases = CASES[language]
    if sandbox != "local":  # what a cage does with time and memory is no matter of how a program was built
        cases = {name: case for name, case in cases.items() if case[1] not in ("timeout", "memory_limit")}
    programs = [program(text, language) for text, _ in cases.values()]
    settings = {"sandbox": sandbox, "time_limit": 2, "confirm_unsafe": True}
    return dict(zip(cases, both(programs, **settings), strict=True))


@pytest.mark.namespaces
@pytest.mark.parametrize("language", BATCHED)
@pytest.mark.parametrize("sandbox", ["local", "process"])
@pytest.mark.filterwarnings("ignore:sandbox 'process'")
def test_every_program_of_the_table_gets_the_verdict_that_it_gets_by_itself(language: str, sandbox: str) -> None:
    for name, (shared, single) in of_the_table(language, sandbox).items():
        assert shared == single, name


@pytest.mark.namespaces
@pytest.mark.parametrize("language", BATCHED)
def test_the_mini_set_gets_the_verdicts_that_it_gets_by_itself(language: str) -> None:
    made = checks({language: hep.load_problems(language, "mini")})
    verdicts = both([check.program for check in made], sandbox="local", time_limit=2)
    for check, (shared, single) in zip(made, verdicts, strict=True):
        assert shared == single, check


@pytest.mark.full
@pytest.mark.real_data
@pytest.mark.namespaces
@pytest.mark.parametrize("language", BATCHED)
def test_all_programs_get_the_verdicts_that_they_get_by_themselves(language: str, shared: Path) -> None:
    made = checks({language: hep.load_problems(language, shared / "humanevalpack")})
    chance = {("rust", 32), ("go", 95)}
    made = [check for check in made if (language, check.problem.index) not in chance]
    for check, (one, other) in zip(made, both([check.program for check in made], sandbox="local"), strict=True):
        assert one == other, check


# Siblings.

GO_SIBLINGS = {
    "init that fails": "func init() { panic(1) }\n",
    "init that does not end": "func init() { for {} }\n",
    "init that prints": 'func init() { fmt.Println("--- FAIL"); fmt.Println("PASS") }\n',
    "variables that do not end": "var x = func() int { for {} }()\n",
    "goroutines": "func init() { for i := 0; i < 1000; i++ { go func() { for {} }() } }\n",
    "muted tests": "func init() { testing.Init() }\nfunc TestZ(t *testing.T) { t.SkipNow() }\n",
    "tests of the same name": "func TestA(t *testing.T) { panic(1) }\nfunc ExampleAnswer() {\n\t// Output: x\n}\n",
    "other random numbers": "func init() { rand.Seed(1) }\n",
    "memory": "var x = make([]byte, 1<<31)\nfunc init() { for i := range x { x[i] = 1 } }\n",
    "main": "func main() { for {} }\n",
    "TestMain": "func TestMain(m *testing.M) { panic(m) }\n",
    "the same names": "type T struct{ A int }\nfunc (T) String() string { panic(1) }\n",
}
RUST_SIBLINGS = {
    "exit in main": "fn main2() { panic!() }\n",
    "tests of the same name": "#[cfg(test)] mod other { #[test] fn test_answer() { panic!() } }\n",
    "a test that does not end": "#[cfg(test)] mod other { #[test] fn test_answer() { loop {} } }\n",
    "comparison of its own": "struct T;\nimpl PartialEq for T { fn eq(&self, _: &T) -> bool { panic!() } }\n",
    "panic hook": "#[test] fn hook() { std::panic::set_hook(Box::new(|_| loop {})); panic!() }\n",
    "static data": "static A: [u8; 1 << 20] = [1; 1 << 20];\n#[test] fn data() { assert_eq!(A[5], 0) }\n",
    "the same names": "pub fn helper() -> i32 { panic!() }\npub static S: i32 = 1;\n",
    "the standard names": "struct String;\nstruct Vec;\nfn drop() {}\nenum Option { None }\n",
    "a name of the harness": "mod test { pub fn test_main_static() { panic!() } }\n",
    "forged names": "#[cfg(test)] mod program { pub mod tests { #[test] fn test_answer() { panic!() } } }\n",
    "long constant": "const A: u64 = { let mut i = 0; while i < 1 << 20 { i += 1 } i };\n"
    "#[test] fn constant() { assert!(A > 0) }\n",
}


def beside(language: str) -> list[tuple[str, str, str]]:
    """(name, text, expected statuses) of the attackers with, before and after each, honest programs."""
    attacks = GO_SIBLINGS if language == "go" else RUST_SIBLINGS
    rows = []
    for number, (name, code) in enumerate(attacks.items()):
        imports = "".join(f'import "{path}"\n' for path in ("fmt", "math/rand") if path.split("/")[-1] + "." in code)
        wrong = (
            go(f"{code}func Answer() int {{ return 41 }}\n", imports)
            if language == "go"
            else rust(f"{code}fn answer() -> i32 {{ 41 }}\n")
        )
        rows += [
            (f"honest, before {name}", f"{RIGHT[language]}\n// {number}\n", "passed"),
            (name, wrong, "not passed"),
            (f"wrong, after {name}", f"{WRONG[language]}\n// {number}\n", "failed"),
        ]
    return rows


@pytest.mark.namespaces
@pytest.mark.parametrize("language", BATCHED)
def test_a_program_neither_gains_by_its_siblings_nor_harms_them(language: str) -> None:
    rows = beside(language)
    programs = [program(text, language) for _, text, _ in rows]
    verdicts = list(run_programs(programs, sandbox="local", workers=1, time_limit=1))
    for (name, _, expected), verdict in zip(rows, verdicts, strict=True):
        if expected == "not passed":
            assert verdict.status != "passed", name
        else:
            assert verdict.status == expected, f"{name}: {verdict.reason}\n{verdict.output}"


@pytest.mark.namespaces
@pytest.mark.toolchain("rust")
def test_a_type_of_a_sibling_does_not_make_a_program_compile() -> None:
    gives = rust(
        "struct L;\nimpl Default for L { fn default() -> L { L } }\nimpl std::ops::Add<L> for &str {\n"
        "type Output = i32; fn add(self, _: L) -> i32 { 42 } }\nfn answer() -> i32 { 42 }\n"
    )
    takes = rust('fn answer() -> i32 { "" + Default::default() }\n')
    assert not may_share(gives, "rust")
    verdicts = run_programs([program(gives, "rust"), program(takes, "rust")], sandbox="local", workers=1)
    assert [verdict.status for verdict in verdicts] == ["passed", "compile_error"]
