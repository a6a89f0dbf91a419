"""The long-lived process: reads frames, serves each in a fork of its own, never holds a program's text itself.

Started as ``python3 -I`` on this folder's parent, with the setting as JSON in the first argument. It says ``ready``,
then answers every frame by one frame: ``verdict``, ``prepared``, or ``fault`` with the reason; ``load`` has no answer.
At the end of its input it ends; what it was doing then is killed.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import sys
from functools import partial

from .frames import HEADER, pack, parse_header, read_exactly, write_all
from .job import Setting
from .keeper import Keepers
from .languages import LANGUAGES
from .speed import slowness
from .stem import LOAD, Stem, StemFailed


def main() -> None:
    """Serve with the setting of the first argument."""
    serve(Setting(**json.loads(sys.argv[1])))


def serve(setting: Setting) -> None:
    """Serve until the input ends."""
    os.umask(0o022)  # programs have users of their own and must be able to read what is prepared for them
    keepers = Keepers(setting)
    write_all(1, pack("ready", {"python": sys.version.split()[0], "slowness": slowness()}))
    stems: dict[str, Stem] = {}
    while header := read_exactly(0, HEADER):
        kind, length = parse_header(header)
        if kind == LOAD:
            _load(json.loads(read_exactly(0, length)), stems, setting)
        elif not (stems[kind].serve(header) if kind in stems else _serve(header, keepers)):
            return


def _load(body: dict[str, str], stems: dict[str, Stem], setting: Setting) -> None:
    """Start the stem of a language; where that fails its programs are run in the plain way."""
    name = body["language"]
    if name in stems:
        return
    try:
        places = setting.places(name, body["warm"])
        stems[name] = Stem(LANGUAGES[name], places, lambda: partial(_serve, keepers=Keepers(setting)))
    except StemFailed as error:
        sys.stderr.write(f"supervisor: {name} programs are run in the plain way: {error}\n")
        sys.stderr.flush()


def _serve(header: bytes, keepers: Keepers) -> bool:
    """Serve the frame of ``header`` to its end; False if that failed in the middle or the pool is gone."""
    kind, length = parse_header(header)
    if kind in LANGUAGES and not all(name in sys.modules for name in LANGUAGES[kind].modules):
        for name in LANGUAGES[kind].modules:
            importlib.import_module(name)
        gc.collect()
        gc.freeze()  # a program's collections leave these objects alone, and their pages stay shared
    return _wait(keepers.fork(kind, length), keepers)


def _wait(keeper: int, keepers: Keepers) -> bool:
    """Wait for the keeper of a frame; False if it failed in the middle or the pool is gone."""
    handle = os.pidfd_open(keeper)
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
                keepers.stop(keeper)
    os.close(handle)
    _, status = os.waitpid(keeper, 0)
    keepers.clean(keeper, status)
    return status == 0 and not gone
