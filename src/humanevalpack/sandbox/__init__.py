"""Running programs apart from this machine, and saying what became of them."""

from humanevalpack.sandbox.choice import choose_sandbox
from humanevalpack.sandbox.pool import Pool, run_programs
from humanevalpack.sandbox.stream import VerdictStream
from humanevalpack.sandbox.toolchains import Toolchain, check_toolchains
from humanevalpack.sandbox.verdicts import STATUSES, Phase, Verdict

__all__ = [
    "STATUSES",
    "Phase",
    "Pool",
    "Toolchain",
    "Verdict",
    "VerdictStream",
    "check_toolchains",
    "choose_sandbox",
    "run_programs",
]
