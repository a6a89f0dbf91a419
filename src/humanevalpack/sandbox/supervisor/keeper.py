"""The process that serves one frame: it makes the program's cage, keeps it, and answers.

It is forked from the long-lived process and reads the frame's body itself. With namespaces it is process 1 of a fresh
one, so that everything ends with it; without, its parent cleans up behind it.
"""

from __future__ import annotations

import glob
import json
import os
import signal
import sys
from collections.abc import Callable
from secrets import token_hex
from typing import Any, NoReturn

from . import kernel
from .cage import Cage, enter_namespaces, enter_plain, sweep
from .frames import pack, read_exactly, write_all
from .job import Setting, judge, prepare
from .languages import LANGUAGES
from .launch import LaunchFailed
from .limits import Job
from .server import Server
from .system_calls import program_filter

PREPARE = "prepare"


class Keepers:
    """Forks one keeper at a time."""

    def __init__(self, setting: Setting) -> None:
        """Make ready; raises OSError where the kernel refuses a program namespaces of its own or a filter."""
        self._setting = setting
        program_filter()
        if setting.namespaces:
            self._try()
        else:
            kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)

    def fork(self, kind: str, length: int, server: Server | None) -> int:
        """Fork the keeper for a frame whose header was read; return its process id."""
        keeper = self._fork()
        if keeper == 0:
            _keep(kind, length, self._setting, server)
        return keeper

    def start(self, out: int, answers: Callable[[Cage], bytes]) -> int:
        """Fork a keeper that answers to the descriptor ``out``; its box has the caller's number."""
        box = box_of(self._setting, os.getpid())
        keeper = self._fork()
        if keeper == 0:
            serve(out, self._setting, box, answers)
        return keeper

    def stop(self, keeper: int) -> None:
        """End a keeper and what it keeps."""
        os.kill(keeper, signal.SIGKILL if self._setting.namespaces else signal.SIGTERM)

    def clean(self, keeper: int, status: int) -> None:
        """After a keeper's end: nothing of its program is left in the box with this number."""
        if self._setting.namespaces:
            return
        if status == 0:
            return
        Cage("", None, namespaces=False, counts_own_processes=False).kill_all()
        for box in glob.glob(os.path.join(self._setting.base, f"humanevalpack-{keeper}-*")):
            sweeper = os.fork()
            if sweeper == 0:
                _sweep(box)
            os.waitpid(sweeper, 0)

    def _fork(self) -> int:
        return kernel.fork_apart() if self._setting.namespaces else kernel.fork_alone()

    def _try(self) -> None:
        keeper = self._fork()
        if keeper == 0:
            try:
                enter_namespaces()
                os._exit(0)
            except OSError as error:
                sys.stderr.write(f"no namespaces for a program: {error}\n")
            finally:
                os._exit(1)
        if os.waitpid(keeper, 0)[1] != 0:
            raise OSError("the kernel refuses a program namespaces of its own")


def box_of(setting: Setting, keeper: int) -> str:
    """Return a new name, not to be guessed, for a plain cage's directory that the process with this number keeps."""
    return os.path.join(setting.base, f"humanevalpack-{keeper}-{token_hex(8)}")


def _keep(kind: str, length: int, setting: Setting, server: Server | None) -> NoReturn:
    """Serve one frame; never returns."""
    try:
        out, body = taken(length)
    except BaseException as error:
        tell(error)
        os._exit(1)
    serve(out, setting, box_of(setting, os.getpid()), lambda cage: _answer(kind, body, setting, cage, server))


def taken(length: int) -> tuple[int, Any]:
    """Read a frame's body and close the pool's pipes to what comes after; return (where to answer, the body)."""
    out = os.dup(1)
    body = json.loads(read_exactly(0, length))
    if "apart" in body:
        body["apart"] = kernel.moved(0, body["apart"])
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    return out, body


def serve(out: int, setting: Setting, box: str, answers: Callable[[Cage], bytes]) -> NoReturn:
    """Make a cage, answer from inside it to ``out``, leave nothing of it; ends this process."""
    code, cage = 1, None
    try:
        try:
            cage = _cage(setting, box)
            answer = answers(cage)
        except (OSError, KeyError, TypeError, LaunchFailed) as error:
            answer = pack("fault", {"reason": f"{type(error).__name__}: {error}"})
        write_all(out, answer)
        code = 0
    except SystemExit:  # it was told to stop
        pass
    except BaseException as error:
        tell(error)
    finally:
        if cage is not None:
            cage.kill_all()
            if not cage.namespaces and code == 0:
                _sweep(cage.box)
        os._exit(code)


def _sweep(box: str) -> None:
    """Leave nothing of a program behind; never returns. The exit code says whether it succeeded."""
    code = 1
    try:
        sweep(box)
        code = 0
    except BaseException as error:
        sys.stderr.write(f"supervisor: {box} cannot be removed: {type(error).__name__}: {error}\n")
        sys.stderr.flush()
    finally:
        os._exit(code)


def tell(error: BaseException) -> None:
    """Write on stderr, which the pool shows, what ended this process."""
    sys.stderr.write(f"supervisor: {type(error).__name__}: {error}\n")
    sys.stderr.flush()


def _cage(setting: Setting, box: str) -> Cage:
    if setting.namespaces:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
        # process 1 is spared every signal that it has no handler for, and Python has one for this
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        return enter_namespaces()
    signal.signal(signal.SIGTERM, stop)
    return enter_plain(box)


def stop(number: int, frame: object) -> None:
    """Handle the signal that ends a keeper of plain cages: it cleans up."""
    raise SystemExit(1)


def _answer(kind: str, body: dict[str, str], setting: Setting, cage: Cage, server: Server | None) -> bytes:
    if kind != PREPARE:
        return pack("verdict", judge(Job.from_body(kind, body), setting, cage, server))
    places = setting.places(body["language"], body["warm"])
    trouble = prepare(LANGUAGES[body["language"]], places, cage)
    return pack("fault", {"reason": trouble}) if trouble else pack("prepared", {})
