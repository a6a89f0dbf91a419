"""Programs are judged in a thread while the model writes the next answers, and each verdict is kept as it is known."""

import queue
import threading
from collections.abc import Callable, Mapping, Sequence

from humanevalpack.errors import EnvironmentFault, SandboxFault
from humanevalpack.evaluation.judging import Judging, judge
from humanevalpack.lm_eval_plugin.options import Options
from humanevalpack.lm_eval_plugin.scoring import workers_of
from humanevalpack.programs import Program
from humanevalpack.results import KeptRow, RunFolder
from humanevalpack.sandbox import Pool, Verdict
from humanevalpack.sandbox.stream import Stream


class _Stopped(Exception):
    """The run is at its end: nobody waits for verdicts any more."""


class Background:
    """Judges rows in the order in which they are put in."""

    def __init__(
        self, run: RunFolder, judging: Judging, kinds: Mapping[str, str], options: Options, *, ranks: int
    ) -> None:
        """``kinds`` are the kinds of sandbox by language; ``ranks`` processes share this machine's cores."""
        self._run = run
        self._judging = judging
        self._kinds = kinds
        self._options = options
        self._ranks = ranks
        self._pools: dict[str, Pool] = {}
        self._rows: queue.SimpleQueue[Sequence[KeptRow] | None] = queue.SimpleQueue()
        self._open: list[KeptRow] = []
        self._error: BaseException | None = None
        self._running: Stream[tuple[int, Verdict]] | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="humanevalpack-judging", daemon=True)

    def put(self, rows: Sequence[KeptRow]) -> None:
        """Have rows judged some time; what has a verdict in the folder is done. Raises what went wrong meanwhile."""
        if self._error is not None:
            raise self._error
        if self._thread.ident is None:
            self._thread.start()
        self._rows.put(rows)

    def finish(self) -> None:
        """Wait until everything has a verdict; raises SandboxFault for a fault of ours that lasts."""
        try:
            self._end_thread()
            if self._error is not None:
                raise self._error
            # What failed meanwhile is tried once more.
            rows, self._open = self._open, []
            while not self._rows.empty():
                rows += self._rows.get() or ()
            self._judge(rows)
        except BaseException:
            self.stop()
            raise
        self._close()

    def stop(self) -> None:
        """End what still runs."""
        self._stopped.set()
        if self._running is not None:
            self._running.give_up()
        self._end_thread()
        if self._running is not None:
            self._running.close()
        self._close()

    def _end_thread(self) -> None:
        if self._thread.is_alive():
            self._rows.put(None)
            self._thread.join()

    def _work(self) -> None:
        try:
            while (rows := self._rows.get()) is not None:
                self._judge(rows)
        except (EnvironmentFault, _Stopped):
            return  # generation goes on; finish() tries again, and tells
        except BaseException as error:
            self._error = error

    def _judge(self, rows: Sequence[KeptRow]) -> None:
        self._open += rows
        faults = judge(self._run, self._judging, rows, execute=self._execute, on_progress=lambda _done, _all: None)
        if faults:
            raise SandboxFault(f"the sandbox failed for {len(faults)} programs, first: {faults[0]}")
        self._open = self._open[: len(self._open) - len(rows)]

    def _execute(self, programs: list[Program], on_verdict: Callable[[int, Verdict], None]) -> None:
        for kind in dict.fromkeys(self._kinds.values()):
            places = [place for place, program in enumerate(programs) if self._kinds[program.language] == kind]
            if places:
                self._run_in(kind, [programs[place] for place in places], _at(places, on_verdict))

    def _run_in(self, kind: str, programs: Sequence[Program], on_verdict: Callable[[int, Verdict], None]) -> None:
        if kind not in self._pools:
            self._pools[kind] = Pool(
                sandbox=kind,
                workers=self._workers(),
                time_limit=self._options.time_limit,
                # lm_eval itself asks for --confirm_run_unsafe_code before it lets a task of the process sandbox start.
                confirm_unsafe=kind == "process",
            )
        self._running = self._pools[kind].run(programs, on_verdict=on_verdict).as_completed()
        if self._stopped.is_set():
            self._running.give_up()
        for _ in self._running:
            pass
        if self._stopped.is_set():
            raise _Stopped

    def _workers(self) -> int | str:
        count = workers_of(self._options, self._ranks)
        # One core is left to the model, unless the user has said how many programs run at once.
        return max(1, count - 1) if isinstance(count, int) and self._options.workers is None else count

    def _close(self) -> None:
        for pool in self._pools.values():
            pool.close()
        self._pools.clear()


def _at(places: Sequence[int], on_verdict: Callable[[int, Verdict], None]) -> Callable[[int, Verdict], None]:
    return lambda place, verdict: on_verdict(places[place], verdict)
