"""Several programs in one build: a verdict is the one that the program gets by itself, whatever its siblings do."""

import re
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import humanevalpack as hep
from humanevalpack import run_programs
from humanevalpack.programs import Program
from humanevalpack.sandbox import Verdict
from humanevalpack.sandbox.namespaces import start
from humanevalpack.sandbox.supervisor import frames
from humanevalpack.sandbox.supervisor.batch import BATCH, LATER, SINGLE
from humanevalpack.sandbox.supervisor.workbench import loaded_size
from humanevalpack.sandbox.toolchains import toolchain_folders
from humanevalpack.sandbox.warm import prepared, warm_root
from humanevalpack.sandbox.workers import Worker
from humanevalpack.verification import checks
from sandbox_cases import CASES, go, rust
from test_batch_sharing import program

BATCHED = [pytest.param(name, marks=pytest.mark.toolchain(name)) for name in ("go", "rust")]


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


RUST_MAIN = rust("").partition("\n")[0]
ODD = {
    "rust": [
        rust("fn answer() -> i32 { 42 }\n").replace(RUST_MAIN, "fn main(x: i32) -> i32 { x }"),
        rust("fn answer() -> i32 { 42 }\n").replace(RUST_MAIN, ""),
        rust("fn answer() -> i32 { main + 41 }\n").replace(RUST_MAIN, "const main: i32 = 1;"),
        rust("fn main(){}\nfn answer() -> i32 { 42 }\n"),
        rust("mod std {}\nfn answer() -> i32 { 42 }\n"),
        rust("mod test {}\nfn answer() -> i32 { 42 }\n"),
        rust("mod rand {}\nfn answer() -> i32 { 42 }\n"),
        rust("fn answer() -> i32 { 42 }\n#[test] fn other() -> Result<(), i32> { Err(1) }\n"),
        rust("fn answer() -> i32 { 42 }\n#[test] #[should_panic] fn other() { panic!() }\n"),
        rust("fn answer() -> i32 { 42 }\n#[test] #[ignore] fn other() { panic!() }\n"),
        rust("impl i32 { fn x() {} }\nfn answer() -> i32 { 42 }\n"),
        rust(
            "fn deep(n: i32) -> i32 { let x = [n; 1000]; if n < 0 { 42 } else { deep(x[3] + 1) } }\n"
            "fn answer() -> i32 { deep(1) }\n"
        ),
        rust("fn answer() -> i32 { std::hint::black_box(i32::MAX) + 1 }\n"),
        rust("fn answer() -> i32 { 42 }\n//! inner documentation\n"),
        "//! inner documentation\n" + rust("fn answer() -> i32 { 42 }\n"),
        "\ufeff" + rust("fn answer() -> i32 { 42 }\n"),
        rust("fn answer() -> i32 { 42 }\n").replace("\n", "\r\n"),
        rust(
            "trait T { fn f(&self) -> i32; }\nimpl T for i32 { fn f(&self) -> i32 { *self } }\n"
            "impl<X> T for Vec<X> { fn f(&self) -> i32 { 1 } }\nfn answer() -> i32 { 41.f() + vec![1].f() }\n"
        ),
    ],
    "go": [
        go("var x = f()\nfunc f() int { return 42 }\nfunc init() { x++; x-- }\nfunc Answer() int { return x }\n"),
        go('func Answer() int { return len(fmt.Sprintf("%T", T{})) + 36 }\ntype T struct{ a int }\n', 'import "fmt"\n'),
        go(
            "func Answer() int { return 42 }\nfunc ExampleAnswer() {\n\tfmt.Println(1)\n\t// Output: 2\n}\n",
            'import "fmt"\n',
        ),
        go("func Answer() int { return 42 }\nfunc FuzzX(f *testing.F) { f.Fuzz(func(t *testing.T, x int) {}) }\n"),
        go("func Answer() int { return 42 }\nfunc TestOther(t *testing.T) { t.Parallel() }\n"),
        go("func Answer() int { return 42 }\nfunc TestBad(t int) {}\n"),
        go("func Answer() int { var m map[int]int; m[1] = 1; return 42 }\n"),
        go("func f(n int) int { return f(n + 1) + 1 }\nfunc Answer() int { return f(0) }\n"),
        go("func Answer() int { go func() { panic(1) }(); time.Sleep(time.Second); return 42 }\n", 'import "time"\n'),
        go("func Answer() int { log.Fatal(1); return 42 }\n", 'import "log"\n'),
        go("func Answer() int { return 42 }\n").replace("package main", "package other"),
        go(
            "func Max[T int | float64](a, b T) T { if a > b { return a }; return b }\n"
            "func Answer() int { return Max(42, 3) }\n"
        ),
    ],
}
"""Where a program that is a module or a package among others could mean something else than by itself."""


@pytest.mark.namespaces
@pytest.mark.parametrize("language", BATCHED)
def test_odd_programs_get_the_verdicts_that_they_get_by_themselves(language: str) -> None:
    programs = [program(text, language) for text in ODD[language]]
    for text, (shared, single) in zip(ODD[language], both(programs, sandbox="local"), strict=True):
        assert shared == single, text


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
    chance = {("rust", 32), ("go", 95), ("rust", 156)}  # the last may meet the limit of memory or that of time
    made = [check for check in made if (language, check.problem.index) not in chance]
    for check, (one, other) in zip(made, both([check.program for check in made], sandbox="local"), strict=True):
        assert one == other, check
