"""The long-lived process: reads frames, serves each in a fork of its own, never holds a program's text itself.

Started as ``python3 -I`` on this folder's parent, with the setting as JSON in the first argument. It says ``ready``,
then answers every frame by one frame: ``verdict``, ``prepared``, or ``fault`` with the reason. At the end of its
input it ends; what it was doing then is killed.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import sys
from typing import Any

from .cage import Cage
from .frames import HEADER, pack, parse_header, read_exactly, write_all
from .job import Setting, in_cage, judge, prepare
from .languages import LANGUAGES
from .limits import Job
from .speed import slowness

_PREPARE = "prepare"


def main() -> None:
    """Serve until the input ends."""
    setting = Setting(**json.loads(sys.argv[1]))
    write_all(1, pack("ready", {"python": sys.version.split()[0], "slowness": slowness()}))
    while header := read_exactly(0, HEADER):
        kind, length = parse_header(header)
        if kind in LANGUAGES:
            for name in LANGUAGES[kind].modules:
                importlib.import_module(name)
        server = os.fork()
        if server == 0:
            _serve(kind, length, setting)
        if not _wait(server):
            return


def _wait(server: int) -> bool:
    """Wait for the fork that serves a frame; False if it failed in the middle or the pool is gone."""
    handle = os.pidfd_open(server)
    poller = select.poll()
    poller.register(handle, select.POLLIN)
    poller.register(0, 0)  # only the hang-up of the pool's end
    gone = ended = False
    while not ended:
        for ready, what in poller.poll():
            ended = ended or ready == handle
            if ready == 0 and what & (select.POLLHUP | select.POLLERR):
                gone = True
                poller.unregister(0)
                os.kill(server, signal.SIGTERM)
    os.close(handle)
    _, status = os.waitpid(server, 0)
    return status == 0 and not gone


def _serve(kind: str, length: int, setting: Setting) -> None:
    """Answer one frame; never returns."""
    code = 1
    try:
        body = json.loads(read_exactly(0, length))
        write_all(1, _answer(kind, body, setting))
        code = 0
    except BaseException as error:
        sys.stderr.write(f"supervisor: {type(error).__name__}: {error}\n")
        sys.stderr.flush()
    finally:
        os._exit(code)


def _answer(kind: str, body: dict[str, Any], setting: Setting) -> bytes:
    try:
        if kind == _PREPARE:
            return in_cage(setting, lambda cage: _prepare(body["language"], body["warm"], setting, cage), _prepared)
        job = Job.from_body(kind, body)
        return in_cage(setting, lambda cage: judge(job, setting, cage), lambda verdict: pack("verdict", verdict))
    except (OSError, KeyError) as error:
        return pack("fault", {"reason": f"{type(error).__name__}: {error}"})


def _prepare(language: str, warm: str, setting: Setting, cage: Cage) -> str:
    return prepare(LANGUAGES[language], setting.places(language, warm), cage)


def _prepared(trouble: str) -> bytes:
    return pack("fault", {"reason": trouble}) if trouble else pack("prepared", {})
