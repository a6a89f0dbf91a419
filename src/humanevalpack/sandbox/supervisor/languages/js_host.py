"""node as a library: started once in a process of its own and forked for each program (js_host.cpp, js_host.js).

Only where node is Debian's 18, whose /usr/bin/node is this very library with a main around it. What a program can see
of it is what it sees of `node`; one that mentions what is not the same here is run by `node`.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil

from ..launch import Command, environment

NODE = "/usr/bin/node"
_GXX = "/usr/bin/g++"
_HEADER = "/usr/include/node/node_version.h"
_SONAME = b"libnode.so.108"
_LIBRARY = "js_host.so"
_SOURCES = ("js_host.cpp", "js_memory.h", "js_platform.h", "js_host.js", "js_warm.js")
MADE_FROM = ("js_host.py", *_SOURCES, _HEADER, _GXX)

_OTHERWISE = re.compile(
    rb"worker_threads|async_hooks|AsyncLocalStorage|AsyncResource|trace_events|inspector|nodeTiming|SIGUSR1|[rR]eport|/proc|"
    rb"\bvm\b"
)
"""What is not the same here: threads lack the prelude, hooks see how node was started, a tracer and a debugger are not
there, some times are the long-lived process's, the process has another executable, arguments and memory, and the random
numbers of a second context would repeat those of the first."""


def prepare(folder: str) -> list[Command]:
    """Copy the sources into ``folder``; return the commands that compile the library there, none where it cannot be."""
    here = os.path.dirname(os.path.abspath(__file__))
    for name in _SOURCES:
        shutil.copyfile(os.path.join(here, name), os.path.join(folder, name))
    if not compiles():
        return []
    compile_it = (_GXX, "-std=c++17", "-O1", "-fPIC", "-shared", "-I/usr/include/node", "js_host.cpp", "-o", _LIBRARY)
    return [Command((*compile_it, "-lnode", "-luv", "-lcrypto"))]


def compiles() -> bool:
    """Return whether the library can be compiled here."""
    return os.path.exists(_HEADER) and os.path.exists(_GXX) and _node_is_the_library()


def is_compiled(folder: str) -> bool:
    """Return whether the library lies in ``folder``."""
    return os.path.exists(os.path.join(folder, _LIBRARY))


def _node_is_the_library() -> bool:
    with open(NODE, "rb") as file:
        return _SONAME in file.read(1 << 20)


_libraries: list[ctypes.PyDLL] = []
"""The library, in a process that has loaded it."""


def _library() -> ctypes.PyDLL:
    return _libraries[0]


def load(folder: str, prelude: str) -> None:
    """Start node in this process, with ``prelude`` to be required before each program; raises OSError."""
    path = os.path.join(folder, _LIBRARY)
    if not is_compiled(folder):
        raise OSError("node as a library (libnode-dev of Debian 12, with its nodejs, and g++) was not there to prepare")
    if not _node_is_the_library():
        raise OSError(f"{NODE} is not Debian's: it does not use {_SONAME.decode()}")
    os.environ.clear()
    os.environ.update(environment("/"))
    library = ctypes.PyDLL(path)
    library.prepare.restype = ctypes.c_char_p
    with open(os.path.join(folder, "js_host.js"), "rb") as file:
        trouble = library.prepare(prelude.encode(), file.read())
    if trouble is not None:
        raise OSError(trouble.decode("utf-8", "replace"))
    _libraries.append(library)


def suits(text: bytes) -> bool:
    """Return whether a program sees nothing here that it would not see in `node`."""
    return _OTHERWISE.search(text) is None


def command(env: dict[str, str]) -> Command:
    """Return what runs program.js of the working directory in the forked process, with the variables ``env``."""
    return Command(env=env, call=_run, before=_become, given=env)


def _become() -> None:
    if not _library().become():
        raise OSError("node does not survive its fork")


def _run() -> None:
    _library().run()
