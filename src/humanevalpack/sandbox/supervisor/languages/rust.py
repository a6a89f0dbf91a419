"""Rust: rustc --test with the crates compiled beforehand; a trusted main wraps the test harness's."""

from __future__ import annotations

import os
import shutil
from functools import lru_cache
from secrets import token_hex

from ..launch import Command
from ..limits import Job
from ..watch import Outcome
from .base import Language, Need, Places, encoded, last_line_with
from .cpp import GXX, linker, wrapper
from .rust_shared import RustShared
from .rust_test import guarded

RUSTC = "/usr/bin/rustc"
_CRATES = ("rand", "regex", "md5")


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
    crash_marks = (b"internal compiler error", b"thread 'rustc'", b"LLVM ERROR", b"linking with")
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
    built = ("program",)
    prepared_from = ("rust.py", "guard.rs", "wrap.cpp", "cpp.py", RUSTC, GXX)

    def __init__(self) -> None:
        """Programs may share a build."""
        self.shared = RustShared(self)

    def prepare(self, folder: str, places: Places) -> list[Command]:
        """Compile the trusted main and what the test uses, under names that only this folder knows."""
        name = f"guard_{token_hex(8)}"
        tests = f"tests_{token_hex(8)}"
        shutil.copyfile(os.path.join(os.path.dirname(os.path.abspath(__file__)), "guard.rs"), f"{folder}/guard.rs")
        argv = (RUSTC, "--edition=2021", "--crate-type=rlib", f"--crate-name={name}", "-Copt-level=1")
        compiled = (*argv, "-Ccodegen-units=1", "--cap-lints=allow", "guard.rs")
        return [wrapper(folder, f"-DTESTS={tests}"), Command(compiled, {"TESTS": tests})]

    def sources(self, job: Job, places: Places) -> dict[str, bytes]:
        """One file; its test means what it says whatever stands before it (see rust_test)."""
        return {"program.rs": encoded(guarded(job.text, _guard(places)))}

    def build(self, job: Job, places: Places) -> list[Command]:
        """Compile as `cargo test` does by default (no optimisation, overflow checks), without debug information."""
        crates = [f"--extern={crate}={places.toolchain}/lib{crate}.rlib" for crate in _CRATES]
        crates.append(f"--extern={_guard(places)}={places.warm}/lib{_guard(places)}.rlib")
        link = (f"{places.warm}/wrap.o", "-Wl,--wrap=main", *linker())
        argv = [RUSTC, "--edition=2021", "--test", "--crate-name=program", "--cap-lints=allow", "-Cdebuginfo=0"]
        argv += ["-Cstrip=symbols", f"-Clinker={GXX}", f"-Ldependency={places.toolchain}", *crates]
        argv += [f"-Clink-arg={argument}" for argument in link]
        return [Command((*argv, "-o", "program", "program.rs"))]

    def run(self, job: Job, places: Places) -> Command:
        """Run the test harness."""
        return Command(("./program",), sealed=True)

    def failure(self, outcome: Outcome) -> tuple[str, str]:
        """Exit code 101 is the harness's word for a failed test: an assertion, or a panic of the code itself."""
        where = last_line_with(outcome.output, "panicked at")
        if outcome.exit_code == 101 and b"assertion" in outcome.output:
            return "failed", where or "a test failed"
        status, reason = super().failure(outcome)
        return status, where or reason


@lru_cache(maxsize=8)
def _guard(places: Places) -> str:
    """Return the name of the crate that ``prepare`` made from guard.rs."""
    (file,) = (name for name in os.listdir(places.warm) if name.startswith("libguard_"))
    return file[len("lib") : -len(".rlib")]
