"""Running programs from a notebook, an RL loop or a script: in order or not, with or without an event loop."""

import asyncio
import multiprocessing
import threading
from collections.abc import Iterator

import pytest

import humanevalpack as hep
from humanevalpack.errors import UsageError
from humanevalpack.sandbox import namespaces, workshop

pytestmark = [pytest.mark.namespaces, pytest.mark.toolchain("python")]

SLOW = "import time\ntime.sleep(3)"
ENDLESS = "while True: pass"


def programs(*texts: str) -> list[hep.Program]:
    return [hep.Program(text=text, language="python", problem=None, profile="reference") for text in texts]


@pytest.fixture(scope="module")
def pool() -> Iterator[hep.Pool]:
    with hep.Pool(sandbox="local", workers=2) as pool:
        list(pool.run(programs(SLOW, SLOW + " # too")))  # both workers are up from here on
        yield pool


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every worker that is started."""
    workers: list[object] = []
    original = namespaces.start

    def start(*arguments: object, **options: object) -> object:
        workers.append(original(*arguments, **options))  # type: ignore[arg-type]
        return workers[-1]

    monkeypatch.setitem(workshop._STARTS, "local", start)
    return workers


def test_verdicts_come_as_they_are_known_with_the_index_of_their_program(pool: hep.Pool) -> None:
    answers = list(pool.run(programs(SLOW, "assert True", "assert False")).as_completed())
    assert [(index, verdict.status) for index, verdict in answers] == [(1, "passed"), (2, "failed"), (0, "passed")]


def test_equal_programs_answer_for_every_index(pool: hep.Pool) -> None:
    answers = pool.run(programs("assert True", "assert True", "")).as_completed()
    assert sorted((index, verdict.status) for index, verdict in answers) == [
        (0, "passed"),
        (1, "passed"),
        (2, "failed"),
    ]


def test_an_event_loop_goes_on_while_programs_run(pool: hep.Pool) -> None:
    async def main() -> tuple[list[str], int]:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.01)
                ticks += 1

        ticking = asyncio.create_task(tick())
        statuses = [verdict.status async for verdict in pool.run(programs(SLOW, "assert False"))]
        ticking.cancel()
        return statuses, ticks

    statuses, ticks = asyncio.run(main())
    assert statuses == ["passed", "failed"]
    assert ticks > 5


def test_an_event_loop_gets_verdicts_as_they_are_known(pool: hep.Pool) -> None:
    async def main() -> list[int]:
        return [index async for index, _ in pool.run(programs(SLOW, "assert True")).as_completed()]

    assert asyncio.run(main()) == [1, 0]


def test_run_programs_works_with_async_for() -> None:
    async def main() -> list[bool]:
        stream = hep.run_programs(programs("assert True", "assert False"), sandbox="local")
        return [verdict.passed async for verdict in stream]

    assert asyncio.run(main()) == [True, False]


def test_a_cancelled_task_ends_its_programs_and_leaves_the_pool_working(pool: hep.Pool) -> None:
    async def main() -> list[str]:
        async def read() -> list[hep.Verdict]:
            return [verdict async for verdict in pool.run(programs(ENDLESS, ENDLESS + " # too"))]

        reading = asyncio.create_task(read())
        await asyncio.sleep(0.5)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        return [verdict.status async for verdict in pool.run(programs("assert True"))]

    assert asyncio.run(main()) == ["passed"]


def test_an_error_reaches_who_waits(pool: hep.Pool) -> None:
    def broken() -> Iterator[hep.Program]:
        yield from programs("assert True")
        raise KeyError("no more")

    async def main() -> None:
        async for _ in pool.run(broken()):
            pass

    with pytest.raises(KeyError, match="no more"):
        asyncio.run(main())
    with pytest.raises(KeyError, match="no more"):
        list(pool.run(broken()))


def test_a_pool_keeps_its_workers_between_runs(started: list[object]) -> None:
    with hep.Pool(sandbox="local", workers=2) as pool:
        for number in range(5):
            assert [verdict.passed for verdict in pool.run(programs(f"assert {number} >= 0", "assert 0"))] == [
                True,
                False,
            ]
    assert 1 <= len(started) <= 2
    assert all(worker.worker._channel._process.poll() is not None for worker in started)  # type: ignore[attr-defined]


def test_threads_share_the_workers_and_get_their_own_verdicts(started: list[object]) -> None:
    wrong: list[str] = []

    def loop(pool: hep.Pool, thread: int) -> None:
        for number in range(5):
            texts = [f"print({thread}, {number}, {place})" for place in range(3)]
            seen = [verdict.output.strip() for verdict in pool.run(programs(*texts))]
            wrong.extend(set(seen) ^ {f"{thread} {number} {place}" for place in range(3)})

    with hep.Pool(sandbox="local", workers=2) as pool:
        threads = [threading.Thread(target=loop, args=(pool, number)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []
    assert len(started) <= 2


def test_a_program_that_runs_again_alone_has_the_pool_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workshop, "PATIENCE", 0.03)  # a second of sleep is too long
    monkeypatch.setattr(workshop, "PATIENCE_ALONE", 0.5)
    times: list[tuple[float, float]] = []

    def busy(pool: hep.Pool) -> None:
        for number in range(8):
            text = f"import time\nprint(time.time())\ntime.sleep(0.2)\nprint(time.time() + {number} * 0)"
            (verdict,) = pool.run(programs(text))
            first, last = verdict.output.split()
            times.append((float(first), float(last)))

    sleeper = "import time\nprint(time.time())\ntime.sleep(2)\nprint(time.time())"
    with hep.Pool(sandbox="local", workers=2, time_limit=1) as pool:
        thread = threading.Thread(target=busy, args=(pool,))
        thread.start()
        (verdict,) = pool.run(programs(sleeper))
        thread.join()
    assert verdict.passed, verdict.reason
    first, last = map(float, verdict.output.split())
    assert not [pair for pair in times if pair[0] < last and pair[1] > first]


def test_two_runs_that_both_need_to_be_alone_do_not_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workshop, "PATIENCE", 0.03)
    monkeypatch.setattr(workshop, "PATIENCE_ALONE", 0.5)
    statuses: list[str] = []

    def run(pool: hep.Pool, number: int) -> None:
        texts = [f"import time\ntime.sleep(1.5 + {number} * 0.01)", f"assert {number} < 0"]
        statuses.extend(verdict.status for verdict in pool.run(programs(*texts)))

    with hep.Pool(sandbox="local", workers=2, time_limit=1) as pool:
        threads = [threading.Thread(target=run, args=(pool, number)) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
    assert sorted(statuses) == ["failed"] * 3 + ["passed"] * 3


def test_a_worker_that_died_between_two_runs_is_replaced(started: list[object]) -> None:
    with hep.Pool(sandbox="local", workers=1) as pool:
        assert next(pool.run(programs("assert True"))).passed
        started[-1].worker.kill()  # type: ignore[attr-defined]
        assert next(pool.run(programs("assert 1"))).passed


def test_a_run_that_is_not_read_on_gives_its_workers_back_when_it_is_closed(pool: hep.Pool) -> None:
    stream = pool.run(programs("assert True", ENDLESS, ENDLESS + " # too"))
    assert next(stream).passed
    stream.close()
    assert [verdict.status for verdict in pool.run(programs("assert 0"))] == ["failed"]


def test_a_closed_pool_runs_nothing() -> None:
    with hep.Pool(sandbox="local") as pool:
        stream = pool.run(programs("assert True"))
    with pytest.raises(UsageError, match="closed"):
        next(stream)


def test_a_forked_process_is_told_to_make_a_pool_of_its_own(pool: hep.Pool) -> None:
    def run(end: "multiprocessing.connection.Connection") -> None:
        try:
            pool.run([])
        except UsageError as error:
            end.send(str(error))

    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(target=run, args=(theirs,))
    child.start()
    child.join()
    assert "another process" in ours.recv()


def test_wrong_arguments_of_a_pool_are_those_of_run_programs() -> None:
    with pytest.raises(UsageError, match="at least 1"):
        hep.Pool(workers=0)
    with pytest.raises(UsageError, match="confirm_unsafe"):
        hep.Pool(sandbox="process")


def test_verdicts_are_a_data_frame_in_one_call(pool: hep.Pool) -> None:
    problem = hep.load_problems("python", source="mini")[0]
    candidate = hep.extract_candidate(problem, "fixtests", "\n" + problem.canonical_solution, prompt="octocoder")
    whole = hep.build_program(problem, candidate, "fixtests", prompt="octocoder")
    given = [whole, *programs("assert False", "")]
    frame = hep.verdicts_frame(pool.run(given), given)
    assert list(frame.status) == ["passed", "failed", "failed"]
    assert frame.passed.sum() == 1
    assert list(frame.language) == ["python"] * 3
    assert frame.task_id[0] == problem.task_id
    assert frame.run_cpu[0] > 0
    assert frame.run_cpu.isna().tolist() == [False, False, True]
    assert frame.exit_code.tolist()[:2] == [0, 1]
    assert list(hep.verdicts_frame([]).columns) == list(hep.verdicts_frame(pool.run(given)).columns)
