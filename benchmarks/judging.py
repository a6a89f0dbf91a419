"""How fast programs are judged, against the reference's way: make bench, or python benchmarks/judging.py --help.

Both ways run the same canonical programs in one run on this machine, each with its own workers (reference_way.py).
Rates are those of workers that have been started, as the reference's is without its imports; "from start" is the ratio
of a run that starts them and ends them. CPU is what the whole machine spent, per program: leave it alone meanwhile.
Verdicts are compared, too.
"""

import argparse
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import reference_way
from rich.console import Console
from rich.table import Table

from humanevalpack import LANGUAGES, Pool, load_problems, run_programs
from humanevalpack.programs import Program, program_text
from humanevalpack.sandbox import choose_sandbox
from humanevalpack.truth_table import truth_table

Measured = tuple[list[bool], float, float]
"""Whether each program passed, wall seconds, CPU seconds of the machine."""


def canonical(language: str, dataset: str, limit: int | None) -> list[Program]:
    """Return the programs of the canonical solutions, but those that do not pass, or only by chance (truth table)."""
    programs = []
    for problem in load_problems(language, dataset)[:limit]:
        expected = truth_table().expect(problem, "canonical", "reference", published=True)
        if expected.verdicts != ("passed",) or expected.also:
            continue
        text = program_text(problem, problem.prompt + problem.canonical_solution)
        programs.append(Program(text=text, language=language, problem=problem, profile="reference"))
    return programs


def from_start(programs: Sequence[Program], sandbox: str) -> list[bool]:
    """Judge programs as this package does, with its defaults."""
    return [verdict.passed for verdict in run_programs(programs, sandbox=sandbox)]


def warm(programs: Sequence[Program], sandbox: str) -> Measured:
    """Judge programs with workers that have judged some before."""
    some = 4 * len(os.sched_getaffinity(0))
    with Pool(sandbox=sandbox) as pool:
        for _ in pool.run(programs[:some]):
            pass
        return measured(lambda: [verdict.passed for verdict in pool.run(programs)])


def measured(judge: Callable[[], list[bool]]) -> Measured:
    """Run one way once."""
    cpu, wall = busy_seconds(), time.monotonic()
    passed = judge()
    return passed, time.monotonic() - wall, busy_seconds() - cpu


def busy_seconds() -> float:
    """Return the CPU seconds that this machine has spent since it started, all cores together."""
    user, nice, system, _idle, _wait, irq, soft = map(int, Path("/proc/stat").read_text().split()[1:8])
    return (user + nice + system + irq + soft) / 100


def main() -> None:
    """Print one row a language and one for all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="mini", help="mini, hub, or a folder of HumanEvalPack's .jsonl files")
    parser.add_argument("--languages", default=",".join(LANGUAGES))
    parser.add_argument("--sandbox", default="auto")
    parser.add_argument("--limit", type=int, help="programs a language; default: all")
    arguments = parser.parse_args()
    kind = choose_sandbox(arguments.sandbox)
    columns = (
        "language",
        "programs",
        "ours/s",
        "reference/s",
        "ratio",
        "from start",
        "CPU ms",
        "reference's",
        "differ",
    )
    table = Table(*columns, title=f"Judging canonical programs of {arguments.dataset}, sandbox {kind}")
    started_total = ours_total = reference_total = 0.0
    for language in arguments.languages.split(","):
        programs = canonical(language, arguments.dataset, arguments.limit)
        from_start(programs[:1], kind)  # what is made once per toolchain
        with reference_way.ready(language) as passes:
            passes([program.text for program in programs[:1]])
            theirs = measured(lambda: passes([program.text for program in programs]))  # noqa: B023
        started = measured(lambda: from_start(programs, kind))[1]  # noqa: B023
        own = warm(programs, kind)
        ours_total, reference_total, started_total = (
            ours_total + own[1],
            reference_total + theirs[1],
            started_total + started,
        )
        count = len(programs)
        cpu = [f"{1000 * way[2] / count:.0f}" for way in (own, theirs)]
        rates = [f"{count / way[1]:.1f}" for way in (own, theirs)]
        differ = [number for number, pair in enumerate(zip(own[0], theirs[0], strict=True)) if pair[0] != pair[1]]
        ratios = [f"{theirs[1] / seconds:.1f}" for seconds in (own[1], started)]
        table.add_row(language, str(count), *rates, *ratios, *cpu, " ".join(map(str, differ)) or "-")
    table.add_row("all", "", "", "", *(f"{reference_total / seconds:.1f}" for seconds in (ours_total, started_total)))
    console = Console(width=110)
    console.print(table)
    console.print(
        f"20 samples of each of these problems, at these rates: {ours_total / 3:.1f} min against "
        f"{reference_total / 3:.1f} min. Equal samples, which run once here, are not counted."
    )


if __name__ == "__main__":
    main()
