"""Several programs in one build: a keeper builds them together, then each is run by a keeper of its own.

The long-lived process forks one plain process for a frame of this kind. That holds the built file and hands it to fresh
cages, one after the other; every verdict is answered as soon as it is known. A build only ever leads to programs that
are run: those that it does not hold are given back, to be built by themselves.
"""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from . import kernel
from .cage import Cage
from .frames import pack, unpack, write_all
from .job import Setting, put, ran
from .keeper import Keepers, taken, tell
from .languages import LANGUAGES
from .languages.base import Places
from .languages.sharing import BuildBroke, SharedBuild
from .limits import Job
from .workbench import Workbench, loaded_size

BATCH = "batch"
SINGLE, LATER = "single", "later"
"""Frames that give programs back by their places: to be built by themselves; to be built and run by whoever is free."""
_SLOW = 1.0
"""Seconds that one program may keep the others waiting, at least (else as long as their build took)."""


def fork_batch(length: int, setting: Setting, keepers: Keepers) -> int:
    """Fork the process that serves a batch whose header was read; return its process id."""
    number = os.fork()
    if number == 0:
        code = 1
        try:
            kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)  # and its keepers end with it
            if not setting.namespaces:
                kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
            _serve(length, setting, keepers)
            code = 0
        except BaseException as error:
            tell(error)
        finally:
            os._exit(code)
    return number


def _serve(length: int, setting: Setting, keepers: Keepers) -> None:
    out, body = taken(length)
    language = body["language"]
    jobs = {place: Job.from_body(language, job) for place, job in enumerate(body["jobs"])}
    shared = LANGUAGES[language].shared
    if shared is None:
        raise ValueError(f"{language} programs cannot share a build")
    places = setting.places(language, jobs[0].warm)
    answer = _ask(keepers, lambda cage: _build(shared, jobs, places, cage))
    kind, built, used = unpack(answer) or ("", {}, 0)
    if kind != "built":
        write_all(out, answer)
        return
    names = {int(place): name for place, name in built["names"].items()}
    if missing := [place for place in jobs if place not in names]:
        write_all(out, pack(SINGLE, missing))
    waiting = list(names)

    def give_back() -> None:
        if waiting:
            write_all(out, pack(LATER, waiting))
            waiting.clear()

    while waiting:
        place = waiting.pop(0)
        one = _Run(shared, places, jobs[place], place, names[place], answer[used:], built["share"])
        write_all(out, _ask(keepers, one.verdict, max(_SLOW, built["wall"]), give_back))


def _build(shared: SharedBuild, jobs: Mapping[int, Job], places: Places, cage: Cage) -> bytes:
    """Return a frame that names the programs that were built, and behind it the built file."""
    bench = Workbench(cage, shared.limits(jobs[0]))
    try:
        names = shared.build(jobs, places, bench)
        program = bench.read("program", shared.largest)
        if loaded_size(program) > shared.largest:
            raise BuildBroke("a program brings too much data")
    except BuildBroke:
        names, program = {}, b""
    share = {"wall": bench.wall / max(1, len(names)), "cpu": bench.cpu / max(1, len(names))}
    return pack("built", {"names": names, "wall": bench.wall, "share": share}) + program


@dataclass(frozen=True)
class _Run:
    """One program of a built file; ``share`` is what its part of the build cost."""

    shared: SharedBuild
    places: Places
    job: Job
    place: int
    name: str
    program: bytes
    share: dict[str, float]

    def verdict(self, cage: Cage) -> bytes:
        """Run it in ``cage``; return the frame with its verdict."""
        put(cage, {"program": self.program}, 0o755)
        language = LANGUAGES[self.job.language]
        commands = (*language.checks(self.job, self.places), language.run(self.job, self.places))
        chosen = [self.shared.run(self.name, command) for command in commands]
        verdict = ran(self.job, chosen, cage, [], self.share, partial(self.shared.seen_alone, self.name))
        return pack("verdict", {**verdict, "place": self.place})


def _ask(
    keepers: Keepers,
    answers: Callable[[Cage], bytes],
    patience: float | None = None,
    slow: Callable[[], None] = lambda: None,
) -> bytes:
    """Return what a fresh keeper answers; ``slow`` is called when it takes longer than ``patience`` seconds."""
    read, write = os.pipe()
    keeper = keepers.start(write, answers)
    os.close(write)
    poller = select.poll()
    poller.register(read, select.POLLIN)
    if patience is not None and not poller.poll(patience * 1000):
        slow()
    with open(read, "rb") as answer:
        data = answer.read()
    _, status = os.waitpid(keeper, 0)
    keepers.clean(os.getpid(), status)
    if status != 0:
        raise ChildProcessError(f"a keeper of the batch ended with status {status}")
    return data
