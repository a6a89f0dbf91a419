"""The long-lived process: reads frames, serves each in a fork of its own, never holds a program's text itself.

Started as ``python3 -I`` on this folder's parent, with the setting as JSON in the first argument. It says ``ready``,
then answers every frame by one frame: ``verdict``, ``prepared``, or ``fault`` with the reason; a ``batch`` of programs
by several (see batch.py). At the end of its input it ends; what it was doing then is killed.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import sys

from .batch import BATCH, fork_batch
from .frames import HEADER, pack, parse_header, read_exactly, write_all
from .job import Setting
from .keeper import Keepers
from .languages import LANGUAGES
from .servers import Servers
from .speed import slowness


def main() -> None:
    """Serve with the setting of the first argument."""
    serve(Setting(**json.loads(sys.argv[1])))


def serve(setting: Setting) -> None:
    """Serve until the input ends."""
    os.umask(0o022)  # programs have users of their own and must be able to read what is prepared for them
    keepers = Keepers(setting)
    served = {name: language.served for name, language in LANGUAGES.items() if language.served is not None}
    servers = Servers(setting.namespaces, setting.warm, served)
    write_all(1, pack("ready", {"python": sys.version.split()[0], "slowness": slowness()}))
    while header := read_exactly(0, HEADER):
        kind, length = parse_header(header)
        if kind in LANGUAGES and not all(name in sys.modules for name in LANGUAGES[kind].modules):
            for name in LANGUAGES[kind].modules:
                importlib.import_module(name)
            gc.collect()
            gc.freeze()  # a program's collections leave these objects alone, and their pages stay shared
        if kind == BATCH:
            keeper = fork_batch(length, setting, keepers)
        else:
            keeper = keepers.fork(kind, length, servers.offer(kind))
        if not _wait(keeper, keepers, servers):
            break
    servers.close()


def _wait(keeper: int, keepers: Keepers, servers: Servers) -> bool:
    """Wait for the keeper of a frame; False if it failed in the middle or the pool is gone."""
    handle = os.pidfd_open(keeper)
    poller = select.poll()
    poller.register(handle, select.POLLIN)
    poller.register(0, 0)  # only the hang-up of the pool's end
    poller.register(servers.notes, select.POLLIN)
    gone = ended = False
    while not ended:
        for ready, what in poller.poll():
            ended = ended or ready == handle
            if ready == servers.notes:
                servers.heed()
            if ready == 0 and what & (select.POLLHUP | select.POLLERR):
                gone = True
                poller.unregister(0)
                keepers.stop(keeper)
    os.close(handle)
    _, status = os.waitpid(keeper, 0)
    keepers.clean(keeper, status)
    servers.settle()
    return status == 0 and not gone
