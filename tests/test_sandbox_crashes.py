"""A compiler that is killed or crashes says nothing about the program: it is built again, alone."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from humanevalpack import run_programs
from humanevalpack.programs import Program

pytestmark = pytest.mark.namespaces

SLOW = {
    "cpp": (
        "template<int A, int B> struct S { enum { v = S<A - 1, B>::v + S<A, B - 1>::v & 7 }; };\n"
        "template<int A> struct S<A, 0> { enum { v = 1 }; };\ntemplate<int B> struct S<0, B> { enum { v = 1 }; };\n"
        "template<> struct S<0, 0> { enum { v = 1 }; };\nint main() { return S<200, 200>::v < 0; }\n"
    ),
    "go": 'package main\nimport "testing"\n'
    + "".join(f'func f{n}(a map[string][]int) int {{ return len(a) + len(a["{n}"]) }}\n' for n in range(4000))
    + "func TestIt(t *testing.T) { if f1(nil) != 0 { t.Fatal() } }\n",
    "rust": "fn main(){}\n"
    + "".join(f"fn f{n}(a: Vec<String>) -> usize {{ a.iter().map(|b| b.len() + {n}).sum() }}\n" for n in range(2000))
    + "#[cfg(test)]\nmod tests { use super::*;\n #[test] fn it() { assert_eq!(f1(vec![]), 0); } }\n",
}
COMPILERS = {"cpp": "cc1plus", "go": "compile", "rust": "rustc"}


def program(language: str, text: str) -> Program:
    return Program(text=text, language=language, problem=None, profile="reference")


def ancestors(number: int) -> list[int]:
    """The numbers of a process's parents; none where it has ended."""
    found = []
    while number > 1:
        try:
            number = int(Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return []
        found.append(number)
    return found


def kill_first(name: str, killed: list[int]) -> None:
    """Kill the first process of this name that descends from this one."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not killed:
        for folder in Path("/proc").iterdir():
            try:
                its = folder.name.isdigit() and (folder / "comm").read_text().strip()
            except OSError:
                continue
            if its == name and os.getpid() in ancestors(int(folder.name)):
                os.kill(int(folder.name), signal.SIGKILL)
                killed.append(int(folder.name))
                return
        time.sleep(0.01)


@pytest.mark.root
@pytest.mark.parametrize("language", [pytest.param(name, marks=pytest.mark.toolchain(name)) for name in COMPILERS])
def test_a_killed_compiler_is_started_again(language: str) -> None:
    list(run_programs([program(language, "?")], sandbox="local"))  # prepared, and its example seen to pass
    killed: list[int] = []
    killer = threading.Thread(target=kill_first, args=(COMPILERS[language], killed))
    killer.start()
    (verdict,) = run_programs([program(language, SLOW[language])], sandbox="local", workers=1)
    killer.join()
    assert killed, "the compiler was not seen"
    assert verdict.passed, f"{verdict.status}: {verdict.reason}\n{verdict.output}"
