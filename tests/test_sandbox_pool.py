"""How many programs are run: order, laziness, equal programs, faults, the end of a run."""

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from humanevalpack import run_programs
from humanevalpack.programs import Program
from humanevalpack.sandbox import Verdict, namespaces
from humanevalpack.sandbox.journal import Journal
from humanevalpack.sandbox.schedule import Schedule
from humanevalpack.sandbox.supervisor.job import LARGEST
from processes import descendants, still_there

pytestmark = [pytest.mark.namespaces, pytest.mark.toolchain("python")]

RIGHT, WRONG, ENDLESS = "assert True", "assert False", "while True: pass"


def program(text: str, language: str = "python") -> Program:
    return Program(text=text, language=language, problem=None, profile="reference")


def statuses(*texts: str) -> list[str]:
    return [verdict.status for verdict in run_programs([program(text) for text in texts], sandbox="local")]


def test_verdicts_come_in_the_order_given() -> None:
    slow = "import time; time.sleep(1); assert False"
    assert statuses(slow, RIGHT, WRONG, RIGHT) == ["failed", "passed", "failed", "passed"]


def test_a_verdict_says_what_the_run_cost() -> None:
    (verdict,) = run_programs([program("x = bytearray(10**8)\nprint('hello')")], sandbox="local")
    assert verdict.run is not None
    assert verdict.run.wall > 0
    assert verdict.peak_memory is not None
    assert verdict.peak_memory > 10**8
    assert verdict.output == "hello\n"
    assert verdict.exit_code == 0
    assert Verdict.from_dict(verdict.to_dict()) == verdict


def test_programs_are_taken_as_workers_become_free() -> None:
    taken = []

    def source() -> Iterator[Program]:
        for number in range(1000):
            taken.append(number)
            yield program(f"assert True # {number}")

    verdicts = run_programs(source(), sandbox="local", workers=2)
    assert not taken
    next(verdicts)
    assert len(taken) < 20
    verdicts.close()


def test_an_endless_program_does_not_stop_the_others() -> None:
    order: list[int] = []
    programs = [program(ENDLESS), *(program(f"assert True # {number}") for number in range(20))]
    verdicts = list(
        run_programs(
            programs, sandbox="local", workers=2, time_limit=2, on_verdict=lambda index, verdict: order.append(index)
        )
    )
    assert [verdict.status for verdict in verdicts] == ["timeout"] + ["passed"] * 20
    assert order[-1] == 0


def test_equal_programs_run_once(tmp_path: Path) -> None:
    text = "import os, time\nprint(time.time_ns(), os.getpid())"
    first, second, other = run_programs([program(text), program(text), program(text + " ")], sandbox="local")
    assert first.output == second.output
    assert first.output != other.output


def test_no_candidate_is_a_failure_and_does_not_run() -> None:
    (verdict,) = run_programs([program("")], sandbox="local")
    assert verdict.status == "failed"
    assert verdict.run is None
    assert "no program" in verdict.reason


def test_a_huge_program_is_refused_with_its_size() -> None:
    (verdict,) = run_programs([program("#" * (LARGEST + 1))], sandbox="local")
    assert verdict.status == "compile_error"
    assert str(LARGEST) in verdict.reason


def test_a_large_program_runs() -> None:
    assert statuses("x = '" + "y" * 5_000_000 + "'") == ["passed"]


def test_a_sleeping_program_times_out_only_after_a_second_run_alone() -> None:
    schedule = Schedule([program("sleep"), program("other")], None, Journal(None), lambda language: "")
    sleeper, other = schedule.next_task(0), schedule.next_task(1)
    assert sleeper is not None
    assert other is not None
    sleeper.alone = True
    schedule.settle(sleeper, None)
    assert schedule.next_task(1) is None, "not while another program runs"
    schedule.settle(other, Verdict("passed", ""))
    assert schedule.next_task(0) is sleeper
    assert schedule.next_task(1) is None, "nothing beside it"
    schedule.settle(sleeper, Verdict("timeout", ""))
    assert [verdict.status for verdict in schedule.due()] == ["timeout", "passed"]


def test_sleeping_ends_at_the_wall_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("humanevalpack.sandbox.workshop.PATIENCE", 0.05)
    monkeypatch.setattr("humanevalpack.sandbox.workshop.PATIENCE_ALONE", 0.1)
    (verdict,) = run_programs([program("import time; time.sleep(1000)")], sandbox="local", time_limit=0.5)
    assert verdict.status == "timeout"
    assert "wall time" in verdict.reason


def test_nothing_is_left_after_the_iterator_is_closed() -> None:
    before = descendants(os.getpid())
    verdicts = run_programs([program(RIGHT), program(ENDLESS)], sandbox="local", workers=2)
    assert next(verdicts).passed
    started = descendants(os.getpid()) - before
    assert len(started) >= 4
    verdicts.close()
    assert not still_there(started)


def test_a_worker_outlives_the_thread_that_started_it() -> None:
    started = []
    thread = threading.Thread(target=lambda: started.append(namespaces.start({}, None)))
    thread.start()
    thread.join()
    time.sleep(0.5)
    assert started[0].worker.take() is None  # it says nothing; one that ended is a WorkerFault
    started[0].worker.close()


def test_nothing_is_left_after_an_interrupt() -> None:
    code = (
        "from humanevalpack import run_programs\nfrom humanevalpack.programs import Program\n"
        "p = [Program(text=t, language='python', problem=None, profile='reference')"
        " for t in ('x = 1', 'import os\\nos.fork()\\nwhile True: pass # left-over-4711')]\n"
        "for v in run_programs(p, sandbox='local', time_limit=100): print(v.status, flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "passed\n"
        started = descendants(run.pid)
        run.send_signal(signal.SIGINT)
        _, errors = run.communicate(timeout=120)
    assert "KeyboardInterrupt" in errors
    assert started
    assert not still_there(started)


@pytest.mark.parametrize("sandbox", ["local", "process"])
def test_nothing_is_left_after_the_pool_is_killed(sandbox: str) -> None:
    code = (
        "from humanevalpack import run_programs\nfrom humanevalpack.programs import Program\n"
        "p = [Program(text=t, language='python', problem=None, profile='reference')"
        " for t in ('x = 1', 'import os, sys\\nos.setsid\\nif os.fork() == 0: os.setsid()\\nwhile True: pass')]\n"
        f"for v in run_programs(p, sandbox={sandbox!r}, confirm_unsafe=True, time_limit=100):\n"
        "    print(v.status, flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "passed\n"
        time.sleep(0.5)
        started = descendants(run.pid)
        run.kill()
    assert started
    assert not still_there(started)


def test_a_broken_worker_is_replaced_and_the_program_runs_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert statuses(RIGHT) == ["passed"], "its example has been seen to pass"
    started = []
    original = namespaces.start

    def start(*arguments: object, **options: object) -> object:
        worker = original(*arguments, **options)  # type: ignore[arg-type]
        started.append(worker)
        if len(started) == 1:
            worker.worker.kill()
        return worker

    monkeypatch.setitem(workshop_starts(), "local", start)
    assert [verdict.status for verdict in run_programs([program(RIGHT)], sandbox="local", workers=1)] == ["passed"]
    assert len(started) == 2


def test_a_worker_that_dies_while_idle_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    original = namespaces.start

    def start(*arguments: object, **options: object) -> object:
        started.append(original(*arguments, **options))  # type: ignore[arg-type]
        return started[-1]

    monkeypatch.setitem(workshop_starts(), "local", start)
    verdicts = run_programs([program(RIGHT), program(WRONG)], sandbox="local", workers=1)
    first = next(verdicts)
    started[-1].worker.kill()
    gone = select.poll()
    gone.register(started[-1].worker.inp, 0)
    assert gone.poll(10_000), "the other end of its pipe is closed"
    assert [first.status, *(verdict.status for verdict in verdicts)] == ["passed", "failed"]
    assert len(started) >= 2


def test_a_program_on_which_every_worker_breaks_is_a_sandbox_error(monkeypatch: pytest.MonkeyPatch) -> None:
    assert statuses(RIGHT) == ["passed"], "its example has been seen to pass"
    original = namespaces.start

    def start(*arguments: object, **options: object) -> object:
        worker = original(*arguments, **options)  # type: ignore[arg-type]
        worker.worker.kill()
        return worker

    monkeypatch.setitem(workshop_starts(), "local", start)
    (verdict,) = run_programs([program(RIGHT)], sandbox="local", workers=1)
    assert verdict.status == "sandbox_error"
    assert "3 fresh workers broke" in verdict.reason


def test_a_stuck_worker_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("humanevalpack.sandbox.workshop._GRACE", -1e6)
    (verdict,) = run_programs([program("import time; time.sleep(60)")], sandbox="local", workers=1)
    assert verdict.status == "sandbox_error"
    assert "stuck" in verdict.reason


def workshop_starts() -> dict[str, object]:
    from humanevalpack.sandbox import workshop

    return workshop._STARTS  # type: ignore[return-value]
