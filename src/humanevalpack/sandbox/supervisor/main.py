"""The long-lived process: reads frames, serves each in a fork of its own, never holds a program's text itself.

Started as ``python3 -I`` on this folder's parent, with the setting as JSON in the first argument. It says ``ready``,
then answers every frame by one frame: ``verdict``, ``prepared``, or ``fault`` with the reason; a ``batch`` of programs
by several (see batch.py); ``load`` has no answer. At the end of its input it ends; what it was doing then is killed.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import sys
from collections.abc import Callable, Mapping

from .batch import BATCH, fork_batch
from .frames import HEADER, pack, parse_header, read_exactly, write_all
from .job import Setting
from .keeper import Keepers
from .languages import LANGUAGES
from .resident import Resident
from .server import Served
from .servers import Servers
from .speed import slowness
from .stem import LOAD, Stem, StemFailed


def main() -> None:
    """Serve with the setting of the first argument."""
    serve(Setting(**json.loads(sys.argv[1])))


def serve(setting: Setting) -> None:
    """Serve until the input ends."""
    os.umask(0o022)  # programs have users of their own and must be able to read what is prepared for them
    served = {name: language.served for name, language in LANGUAGES.items() if language.served is not None}
    plain = _Plain(setting, served)
    write_all(1, pack("ready", {"python": sys.version.split()[0], "slowness": slowness()}))
    stems: dict[str, Stem] = {}
    while header := read_exactly(0, HEADER):
        kind, length = parse_header(header)
        if kind == LOAD:
            _load(json.loads(read_exactly(0, length)), stems, setting, plain)
        elif not (stems[kind].serve(header) if kind in stems else plain.serve(header)):
            break
    plain.servers.close()


def _load(body: dict[str, str], stems: dict[str, Stem], setting: Setting, plain: _Plain) -> None:
    """Start the stem of a language; where that fails its programs are run in the plain way."""
    name = body["language"]
    if name in stems:
        return
    language, places = LANGUAGES[name], setting.places(name, body["warm"])

    def keepers() -> Callable[[bytes], bool]:
        language.load(places)
        language.loaded = True
        return _Plain(setting, {}).serve

    def resident() -> Callable[[bytes], bool]:
        return Resident(language, places, setting).serve

    try:
        stems[name] = Stem(language, keepers if setting.namespaces else resident, plain.keepers.clean)
    except StemFailed as error:
        sys.stderr.write(f"supervisor: {name} programs are run in the plain way: {error}\n")
        sys.stderr.flush()


class _Plain:
    """Serves frames by keepers that are forked from this process."""

    def __init__(self, setting: Setting, served: Mapping[str, Served]) -> None:
        self.servers = Servers(setting.namespaces, setting.warm, served)
        self._setting, self.keepers = setting, Keepers(setting)
        self._begun: set[str] = set()

    def serve(self, header: bytes) -> bool:
        """Serve the frame of ``header`` to its end; False if that failed in the middle or the pool is gone."""
        kind, length = parse_header(header)
        if kind in LANGUAGES and not all(name in sys.modules for name in LANGUAGES[kind].modules):
            for name in LANGUAGES[kind].modules:
                importlib.import_module(name)
            gc.collect()
            gc.freeze()  # a program's collections leave these objects alone, and their pages stay shared
        if kind in LANGUAGES and kind not in self._begun:
            LANGUAGES[kind].begin()
            self._begun.add(kind)
        if kind == BATCH:
            keeper = fork_batch(length, self._setting, self.keepers)
        else:
            keeper = self.keepers.fork(kind, length, self.servers.offer(kind))
        return _wait(keeper, self.keepers, self.servers)


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
