"""Programs that attack those that share their build, beside honest ones: no verdict is another than alone."""

import os
import time
from pathlib import Path

import pytest

from humanevalpack import run_programs
from humanevalpack.sandbox.process import base_directory
from processes import descendants, still_there
from sandbox_cases import go, rust
from test_batch_sharing import may_share, program
from test_sandbox_batches import BATCHED, LOOP, RIGHT, WRONG

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
    assert all(may_share(text, language) for _, text, _ in rows)
    verdicts = list(run_programs(programs, sandbox="local", workers=1, time_limit=1))
    for (name, _, expected), verdict in zip(rows, verdicts, strict=True):
        if expected == "not passed":
            assert verdict.status not in ("passed", "compile_error"), f"{name}: {verdict.reason}"
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


@pytest.mark.namespaces
@pytest.mark.parametrize("language", BATCHED)
@pytest.mark.parametrize("sandbox", ["local", "process"])
@pytest.mark.filterwarnings("ignore:sandbox 'process'")
def test_nothing_is_left_of_a_batch_that_is_given_up(language: str, sandbox: str) -> None:
    texts = [RIGHT[language], LOOP[language], *(f"{LOOP[language]}\n// {number}\n" for number in range(3))]
    programs = [program(text, language) for text in texts]
    before = descendants(os.getpid())
    verdicts = run_programs(programs, sandbox=sandbox, workers=1, confirm_unsafe=True)
    assert next(verdicts).passed
    time.sleep(0.5)
    started = descendants(os.getpid()) - before
    assert len(started) >= 4
    verdicts.close()
    assert not still_there(started)
    assert not [number for number in started if list(Path(base_directory()).glob(f"humanevalpack-{number}-*"))]
