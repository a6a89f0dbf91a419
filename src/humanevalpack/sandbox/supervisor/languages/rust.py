"""Rust: rustc --test with the crates compiled beforehand; a trusted main wraps the test harness's."""

from __future__ import annotations

import re

from ..launch import Command
from ..limits import Job
from ..watch import Outcome
from .base import Language, Need, Places, encoded, last_line_with
from .cpp import GXX, linker, wrapper

RUSTC = "/usr/bin/rustc"
_CRATES = ("rand", "regex", "md5")
_TESTS = re.compile(r"^[ \t]*#\[cfg\(test\)\]", re.MULTILINE)
_GUARD = "const _: () = (); " + "".join(
    f"macro_rules! {name} {{ ($($t:tt)*) => {{ ::std::{name}!($($t)*) }} }} "
    for name in ("assert", "assert_eq", "assert_ne")
)
"""Takes an attribute that hangs in the air (it could switch the tests off), and brings the real assertions back."""


class Rust(Language):
    """rustc of the system with the crates that our install script has compiled."""

    name = "rust"
    run_cpu = 20
    build_cpu = 120
    needs = (
        Need("rustc", RUSTC),
        Need("g++ (links the programs)", GXX),
        *(Need(f"the crate {crate}", f"toolchain:lib{crate}.rlib") for crate in _CRATES),
    )
    version = (RUSTC, "--version")
    example = """fn main(){}
use rand::Rng;
use regex::Regex;
use md5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn example() {
        assert_eq!(rand::thread_rng().gen_range(42, 43), 42);
        assert!(Regex::new("^d4").unwrap().is_match(&format!("{:x}", md5::compute(""))));
    }
}
"""
    prepared_from = ("rust.py", "cpp.py", RUSTC, GXX)

    def prepare(self, folder: str, places: Places) -> list[Command]:
        """Compile the trusted main."""
        return [wrapper(folder)]

    def sources(self, job: Job, places: Places) -> dict[str, bytes]:
        """One file; what the code before the test left open or replaced ends where the test begins."""
        starts = [found.start() for found in _TESTS.finditer(job.text)]
        at = starts[-1] if starts else 0
        return {"program.rs": encoded(job.text[:at] + (_GUARD if starts else "") + job.text[at:])}

    def build(self, job: Job, places: Places) -> list[Command]:
        """Compile as `cargo test` does by default (no optimisation, overflow checks), without debug information."""
        crates = [f"--extern={crate}={places.toolchain}/lib{crate}.rlib" for crate in _CRATES]
        link = (f"{places.warm}/wrap.o", "-Wl,--wrap=main", *linker())
        argv = [RUSTC, "--edition=2021", "--test", "--crate-name=program", "--cap-lints=allow", "-Cdebuginfo=0"]
        argv += ["-Cstrip=symbols", f"-Clinker={GXX}", f"-Ldependency={places.toolchain}", *crates]
        argv += [f"-Clink-arg={argument}" for argument in link]
        return [Command((*argv, "-o", "program", "program.rs"))]

    def run(self, job: Job, places: Places) -> Command:
        """Run the test harness."""
        return Command(("./program",))

    def judge(self, job: Job, outcome: Outcome) -> tuple[str, str]:
        """A harness that found no test has proved nothing."""
        status, reason = super().judge(job, outcome)
        if status == "passed" and outcome.output.lstrip().startswith(b"running 0 tests"):
            return "incomplete", "no test was run"
        return status, reason

    def failure(self, outcome: Outcome) -> tuple[str, str]:
        """Exit code 101 is the harness's word for a failed test: an assertion, or a panic of the code itself."""
        where = last_line_with(outcome.output, "panicked at")
        if outcome.exit_code == 101 and b"assertion" in outcome.output:
            return "failed", where or "a test failed"
        status, reason = super().failure(outcome)
        return status, where or reason
