"""The process that holds a Python candidate: it executes the text, then does what the test's process asks for.

It knows neither the test nor the token: what the candidate finds in its frames, its memory or its descriptors is only
what it was asked. Its answers are values that it could have computed; whether they are right is decided elsewhere.
"""

from __future__ import annotations

import builtins
import io
import operator
import os
import random
import struct
import sys
from types import ModuleType
from typing import Any

from ..launch import PROOF_FD, TOKEN_FD
from .python_values import Decoder, Described, describe, encode

LENGTH = struct.Struct("<Q")

_OPERATIONS: dict[str, Any] = {
    "call": lambda function, *arguments, **named: function(*arguments, **named),
    "attribute": getattr,
    "iterator": iter,
    "next": next,
    "length": len,
    "item": operator.getitem,
    "contains": operator.contains,
    "truth": bool,
    "text": str,
    "representation": repr,
    "equal": operator.eq,
}


def enter(text: str) -> tuple[io.TextIOWrapper, io.TextIOWrapper]:
    """Make this process look to a program as a fresh interpreter does; return its output streams."""
    streams = open_streams()
    if not _kept:
        forget_ourselves()
    if "random" in text or "statistics" in text:  # it takes as long as many a program
        random.seed()
        sys.modules["numpy"].random.seed()
    return streams


def forget_ourselves() -> None:
    """Take our modules from the list of those that are loaded; nothing of ours can be imported from then on."""
    own_modules = [name for name in sys.modules if name.partition(".")[0] in ("supervisor", "__main__")]
    _kept.extend(sys.modules.pop(name) for name in own_modules)  # taking them apart would cost a millisecond
    sys.modules["__main__"] = ModuleType("__main__")  # doctest.testmod() and others look into it
    sys.argv[:] = [""]


_kept: list[ModuleType] = []


def open_streams() -> tuple[io.TextIOWrapper, io.TextIOWrapper]:
    """Open this process's standard streams; return those for output."""
    sys.stdin = io.TextIOWrapper(io.FileIO(0), encoding="utf-8")
    sys.stdout, sys.stderr = streams = _stream(1), _stream(2)
    return streams


def _stream(fd: int) -> io.TextIOWrapper:
    # the reference's stream takes every character, so that printing one must not raise
    return io.TextIOWrapper(io.FileIO(fd, "w"), encoding="utf-8", errors="backslashreplace", line_buffering=fd == 2)


def flush(streams: tuple[io.TextIOWrapper, ...]) -> None:
    """Write out what the program has printed."""
    for stream in streams:
        try:
            stream.flush()
        except (OSError, ValueError):
            pass  # the program closed it; the reference does not look at output either


def execute(text: str, names: dict[str, Any]) -> tuple[str, str] | None:
    """Execute a text; return None only if it ran to its end, else (status, reason)."""
    try:
        code = compile(text, "<program>", "exec")
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError) as error:
        return "compile_error", what(error)
    try:
        exec(code, names)
    except SystemExit as error:
        return "incomplete" if error.code in (None, 0) else "runtime_error", what(error)
    except AssertionError as error:
        return "failed", what(error)
    except BaseException as error:
        return "runtime_error", what(error)
    return None


def what(error: BaseException) -> str:
    """Return an exception's type and text."""
    # no module that the program could have changed
    try:
        text = f"{type(error).__name__}: {error}"[:300]
    except BaseException:  # an exception whose text raises
        text = type(error).__name__
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


class Candidate:
    """The candidate's names, and its objects that the test's process knows by number."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {}
        self._objects: list[Any] = []
        self._numbers: dict[int, int] = {}

    def serve(self, text: str, streams: tuple[io.TextIOWrapper, ...]) -> None:
        """Execute ``text``, say what came of it, then answer requests until told to end. Never returns."""
        leave, number, write, own = os._exit, os.getpid, os.write, os.getpid()
        answer: tuple[Any, ...] = ("executed", execute(text, self.names))
        while True:
            if number() != own:  # a fork of the program got here: it answers nothing
                leave(0)
            self._tell(answer)
            request = self._hear()
            if request[0] == "end":
                break
            answer = self._answer(*request)
        (reason,) = request[1]
        flush(streams)
        if reason:
            try:
                write(2, f"{reason}\n".encode("utf-8", "backslashreplace"))
            except OSError:
                pass  # the program closed it
        leave(1 if reason else 0)

    def _answer(self, operation: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        if operation == "name":
            return ("value", self.names[arguments[0]], None) if arguments[0] in self.names else ("missing",)
        given = arguments[1:]
        before = self._content(given)
        try:
            result = _OPERATIONS[operation](*arguments, **named)
        except BaseException as error:
            return _raised(error)
        # the test may look at what became of a list that it has passed
        return "value", result, None if self._content(given) == before else given

    def _content(self, values: tuple[Any, ...]) -> bytes | None:
        if all(isinstance(value, (int, float, str)) for value in values):
            return None
        return encode(values, self._stand_in)

    def _stand_in(self, value: Any) -> Described:
        return describe(value) or ("yours", self._number(value))

    def _number(self, value: Any) -> int:
        number = self._numbers.setdefault(id(value), len(self._objects))
        if number == len(self._objects):
            self._objects.append(value)  # kept, so that nothing else gets its id
        return number

    def _tell(self, answer: tuple[Any, ...]) -> None:
        try:
            data = encode(answer, self._stand_in)
        except BaseException:  # too deep, or a class whose own methods raise
            data = encode(("object", self._number(answer[1])), self._stand_in)
        view = memoryview(LENGTH.pack(len(data)) + data)
        while view:
            view = view[os.write(PROOF_FD, view) :]

    def _hear(self) -> tuple[Any, ...]:
        (size,) = LENGTH.unpack(_read(LENGTH.size))
        request: tuple[Any, ...] = Decoder(_read(size), lambda found: self._objects[found[1]]).load()
        return request


def _read(size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = os.read(TOKEN_FD, size - len(data))
        if not part:
            os._exit(0)  # the test is over
        data += part
    return data


def _raised(error: BaseException) -> tuple[Any, ...]:
    """Say which exception it was: its name, the nearest built-in one, its text, and the code of an exit."""
    kinds = [kind.__name__ for kind in type(error).__mro__ if vars(builtins).get(kind.__name__) is kind]
    code = error.code if isinstance(error, SystemExit) and isinstance(error.code, (int, type(None))) else 1
    return "raised", type(error).__name__, kinds[0], what(error).partition(": ")[2], code
