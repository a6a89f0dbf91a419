"""The parts of a stage, one after the other or in several processes, with a word of how much is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import RawArray
from typing import TYPE_CHECKING, Any

from humanevalpack.errors import EnvironmentFault
from octopack_data.processes import end_with_parent
from octopack_data.progress import Place, told
from octopack_data.sources import Part

if TYPE_CHECKING:
    from octopack_data.parts import Stage

_LOOK = 0.2
"""Seconds between two looks at how far the workers are."""
_shares: Any = None
"""In a worker: the share of each part that is done. Each is written by one process alone, so that no lock is needed
(one that a killed worker held would stop the run for ever)."""


def work_on(stage: Stage, parts: Sequence[Part], workers: int, moved: Callable[[int], object]) -> None:
    """Do the parts; ``moved`` is told how many of their bytes are done, never fewer than before.

    Raises what the work raises, and EnvironmentFault for a worker that was killed.
    """
    if workers <= 1 or len(parts) <= 1:
        _one_by_one(stage, parts, moved)
    else:
        _side_by_side(stage, parts, workers, moved)


def _one_by_one(stage: Stage, parts: Sequence[Part], moved: Callable[[int], object]) -> None:
    done = 0
    for part in parts:
        size = part.bytes

        def say(share: float, done: int = done, size: int = size) -> None:
            moved(done + int(share * size))

        _run(stage, part, say)
        done += size
        moved(done)


def _side_by_side(stage: Stage, parts: Sequence[Part], workers: int, moved: Callable[[int], object]) -> None:
    # The largest first: the last ones to end are then small.
    order = sorted(parts, key=lambda part: -part.bytes)
    sizes = [part.bytes for part in order]
    shares = RawArray("d", len(order))
    done, begun = 0, iter(range(len(order)))
    with ProcessPoolExecutor(min(workers, len(order)), initializer=_begin, initargs=(shares,)) as pool:
        running: dict[Future[None], int] = {}

        def begin(how_many: int) -> None:
            for number in islice(begun, how_many):
                running[pool.submit(_run_shared, stage, order[number], number)] = number

        try:
            begin(2 * workers)  # one at work and one that waits: all of them at once would be looked at each time
            while running:
                ended, _ = wait(running, _LOOK, FIRST_COMPLETED)
                for future in ended:
                    future.result()
                    done += sizes[running.pop(future)]
                begin(len(ended))
                moved(done + sum(int(shares[number] * sizes[number]) for number in running.values()))
        except BrokenProcessPool as error:
            raise worker_killed(stage) from error
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _begin(shares: Any) -> None:
    global _shares  # how a pool gives its workers something shared
    _shares = shares
    end_with_parent()


def _run_shared(stage: Stage, part: Part, number: int) -> None:
    def say(share: float) -> None:
        _shares[number] = share

    _run(stage, part, say)


def _run(stage: Stage, part: Part, say: Callable[[float], None]) -> None:
    with told(Place(part.paths, say)):
        stage.run_part(part)


def worker_killed(stage: Stage) -> EnvironmentFault:
    """Return what is said of a process that ended in the middle of a part."""
    return EnvironmentFault(
        f"{stage.name}: a worker was killed, perhaps for memory; what is finished stays: run the same command again, "
        "with fewer --workers"
    )
