"""The candidate as a Python test sees it: names to ask for, values of plain content, objects that stay away."""

from __future__ import annotations

import builtins
import collections
import os
import sys
import typing
from functools import lru_cache
from typing import Any, NoReturn

from .python_candidate import LENGTH
from .python_values import Described, PlainDecoder, encode, rebuild

_LARGEST = 1 << 26
"""Bytes of the largest answer."""
_STATUSES = ("failed", "runtime_error", "compile_error", "incomplete")


class Broken(BaseException):
    """There is nobody to ask any more."""


class Witness:
    """The candidate's process as the test sees it: it is asked, and its answers are only data."""

    def __init__(self, requests: int, answers: int) -> None:
        self.gone = self.talks_nonsense = False
        self._requests, self._answers = requests, answers
        self._remotes: dict[int, Remote] = {}

    def first(self) -> tuple[str, str] | None:
        """Wait until the candidate's text is executed; return (status, reason) if it did not run to its end."""
        answer = self._hear()
        if answer[0] != "executed":
            self._nonsense()
        if answer[1] is None:
            return None
        status, reason = answer[1]
        return (status if status in _STATUSES else "incomplete"), str(reason)

    def ask(self, operation: str, *arguments: Any, **named: Any) -> Any:
        """Return the answer to a request; raises the exception that the candidate's code raised."""
        self._tell((operation, arguments, named))
        answer = self._hear()
        if answer[0] == "value":
            if answer[2] is not None:
                _update(list(arguments[1:]), list(answer[2]))
            return answer[1]
        if answer[0] == "object":
            return self._found(("yours", answer[1]))
        if answer[0] == "missing":
            raise KeyError(arguments[0])
        if answer[0] == "raised":
            raise _exception(*answer[1:])
        return self._nonsense()

    def end(self, reason: str) -> None:
        """Let the process write out what it has printed, and end; ``reason`` is what failed, if anything did."""
        self._tell(("end", (reason,), {}))

    def _tell(self, request: tuple[Any, ...]) -> None:
        data = encode(request, _stand_in)
        view = memoryview(LENGTH.pack(len(data)) + data)
        try:
            while view:
                view = view[os.write(self._requests, view) :]
        except OSError:
            self._lost()

    def _hear(self) -> tuple[Any, ...]:
        (size,) = LENGTH.unpack(self._read(LENGTH.size))
        if size > _LARGEST:
            self._nonsense()
        data = self._read(size)
        try:
            answer = PlainDecoder(data, self._found).load()
        except Exception:
            self._nonsense()
        if type(answer) is not tuple or not answer:
            self._nonsense()
        return answer

    def _read(self, size: int) -> bytes:
        parts = []
        while size:
            part = os.read(self._answers, min(size, 1 << 20))
            if not part:
                self._lost()
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _lost(self) -> NoReturn:
        self.gone = True
        raise Broken

    def _nonsense(self) -> NoReturn:
        self.talks_nonsense = True
        raise Broken

    def _found(self, description: Any) -> Any:
        if description[0] != "yours":
            return rebuild(description)
        number = int(description[1])
        return self._remotes.setdefault(number, Remote(self, number))


class Remote:
    """An object that stays in the candidate's process. It is equal to nothing but such objects, if they say so."""

    __slots__ = ("_number", "_witness")

    def __init__(self, witness: Witness, number: int) -> None:
        self._witness, self._number = witness, number

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Ask for a call."""
        return self._witness.ask("call", self, *arguments, **named)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in ("__name__", "__qualname__", "__doc__"):
            raise AttributeError(name)
        return self._witness.ask("attribute", self, name)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Remote):
            return False
        return self is other or bool(self._witness.ask("equal", self, other))

    def __hash__(self) -> int:
        return self._number

    def __iter__(self) -> Any:
        return self._witness.ask("iterator", self)

    def __next__(self) -> Any:
        return self._witness.ask("next", self)

    def __len__(self) -> Any:
        return self._witness.ask("length", self)

    def __getitem__(self, key: Any) -> Any:
        return self._witness.ask("item", self, key)

    def __contains__(self, item: Any) -> Any:
        return self._witness.ask("contains", self, item)

    def __bool__(self) -> Any:
        return self._witness.ask("truth", self)

    def __str__(self) -> Any:
        return self._witness.ask("text", self)

    def __repr__(self) -> Any:
        return self._witness.ask("representation", self)


def _stand_in(value: Any) -> Described | None:
    return ("mine", value._number) if type(value) is Remote else None


class Names(dict[str, Any]):
    """The test's global names; what is not Python's own or the import block's is the candidate's."""

    def __init__(self, witness: Witness, entry: str) -> None:
        super().__init__()
        self._witness, self._entry = witness, entry
        self._block = _import_block()

    def __missing__(self, name: str) -> Any:
        if name != self._entry:
            if hasattr(builtins, name):
                raise KeyError(name)  # the interpreter looks there next
            if name in self._block:
                return self._block[name]
        return self._witness.ask("name", name)


@lru_cache(maxsize=1)
def _import_block() -> dict[str, Any]:
    names: dict[str, Any] = {"np": sys.modules.get("numpy")}
    for module in (typing, collections):
        names.update({name: getattr(module, name) for name in module.__all__})
    loaded = "math re sys copy datetime itertools collections heapq statistics functools hashlib numpy string".split()
    names.update({name: sys.modules[name] for name in loaded if name in sys.modules})
    return names


_CHANGEABLE = (list, dict, set, bytearray)


def _update(given: Any, changed: Any) -> None:
    """Do to a list, dictionary or set of the test what the candidate did to its own copy."""
    if type(given) is not type(changed):
        return
    if type(given) is list:
        if len(given) == len(changed):
            for place, new in enumerate(changed):
                if type(given[place]) in _CHANGEABLE and type(new) is type(given[place]):
                    _update(given[place], new)
                else:
                    given[place] = new
        else:
            given[:] = changed
    elif type(given) in (dict, set):
        given.clear()
        given.update(changed)
    elif type(given) is bytearray:
        given[:] = changed


def _exception(name: str, nearest: str, text: str, code: int | None) -> BaseException:
    """Return an exception like the one that was raised, of the nearest built-in type."""
    base = vars(builtins).get(str(nearest))
    if not (isinstance(base, type) and issubclass(base, BaseException)):
        base = Exception
    if base is SystemExit:
        return SystemExit(code if isinstance(code, int) else None)
    if issubclass(base, BaseExceptionGroup if sys.version_info >= (3, 11) else ()):
        base = Exception  # it cannot be made without its members
    kind = type(str(name), (base,), {"__str__": lambda self: self.args[0]})
    error: BaseException = base.__new__(kind)
    error.args = (str(text),)
    return error
