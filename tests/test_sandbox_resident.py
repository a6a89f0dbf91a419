"""Plain cages where one keeper serves one program after the other: what each may see, and what a lost process costs."""

import os
import signal
import threading

import pytest

from humanevalpack import load_problems, run_programs
from humanevalpack.programs import Program, program_text
from humanevalpack.sandbox import Verdict
from processes import named, parents
from sandbox_cases import LOOKS_FOR_OTHERS

pytestmark = [pytest.mark.toolchain("python"), pytest.mark.filterwarnings("ignore:sandbox 'process'")]

SAYS = '\nwhat = "another program\'s test"\n'


def program(text: str) -> Program:
    return Program(text=text, language="python", problem=None, profile="reference")


def run(*programs: Program, **options: float) -> list[Verdict]:
    return list(run_programs(programs, sandbox="process", confirm_unsafe=True, workers=1, **options))  # type: ignore[arg-type]


def test_no_program_finds_the_text_or_the_test_of_one_before_it() -> None:
    (problem,) = load_problems("python", "mini")[:1]
    code = problem.prompt + problem.canonical_solution
    apart = Program(text=program_text(problem, code + SAYS), language="python", problem=problem, profile="reference")
    seen = run(program(SAYS), apart, program(LOOKS_FOR_OTHERS), program("assert True" + SAYS))
    assert [verdict.status for verdict in seen] == ["passed"] * 4, seen[2].reason


@pytest.mark.parametrize("generations", [1, 2], ids=["the process that forks", "the keeper"])
def test_a_lost_process_costs_no_verdict(generations: int) -> None:
    mark = f"hep-{os.getpid()}"
    lost: list[int] = []

    def kill() -> None:
        number = named(mark)
        for _ in range(generations):
            number = parents()[number]
        os.kill(number, signal.SIGKILL)
        lost.append(number)

    killer = threading.Thread(target=kill)
    killer.start()
    text = f"open('/proc/self/comm', 'w').write({mark!r})\nimport time\ntime.sleep(2)"
    first, second, third = run(program("assert True"), program(text), program("assert False"))
    killer.join()
    assert lost
    assert [first.status, second.status, third.status] == ["passed", "passed", "failed"], second.reason


ORPHAN = """
import os, time
if os.fork() == 0:
    if os.fork() == 0:
        open("/proc/self/comm", "w").write({mark!r})
        while True:
            pass
    os._exit(0)
os.wait()
time.sleep({seconds})
"""


def test_what_an_orphan_uses_counts_and_it_ends_with_the_program() -> None:
    mark = f"hep-o-{os.getpid()}"
    late, early = run(*(program(ORPHAN.format(mark=mark, seconds=seconds)) for seconds in (60, 0.1)), time_limit=1)
    assert (late.status, early.status) == ("timeout", "passed")
    assert late.run is not None
    assert late.run.cpu > 1
    with pytest.raises(AssertionError, match=mark):
        named(mark, patience=1)


def test_numbers_of_chance_differ_between_programs() -> None:
    shows = "import random, numpy\nraise ValueError(f'{random.random()} {numpy.random.rand()}')\n# {}"
    reasons = [verdict.reason for verdict in run(*(program(shows.replace("{}", str(n))) for n in range(3)))]
    for place in (-1, -2):
        assert len({reason.split()[place] for reason in reasons}) == 3, reasons
