"""Running programs apart from this machine, and saying what became of them."""

from humanevalpack.sandbox.choice import choose_sandbox
from humanevalpack.sandbox.pool import run_programs
from humanevalpack.sandbox.toolchains import Toolchain, check_toolchains
from humanevalpack.sandbox.verdicts import STATUSES, Phase, Verdict

__all__ = ["STATUSES", "Phase", "Toolchain", "Verdict", "check_toolchains", "choose_sandbox", "run_programs"]
