"""Which programs may share a build, and how they are grouped."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import humanevalpack as hep
from humanevalpack.programs import Program
from humanevalpack.sandbox.batches import Batches
from humanevalpack.sandbox.journal import Journal
from humanevalpack.sandbox.schedule import Schedule
from humanevalpack.sandbox.supervisor.languages import LANGUAGES
from humanevalpack.verification import checks
from sandbox_cases import go, rust


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
