"""Values on their way between the process that holds a Python test and the one that holds the candidate.

The test's process trusts nothing that arrives: it rebuilds values of the built-in types and of a list of types of the
standard library and numpy from their plain content, and executes nothing for it (its unpickler knows no global name).
Everything else stays where it is and is stood for by a number: an object of a class of the candidate's own, a function,
a generator. An object that only *says* to be equal to something never gets into the test's process.
"""

from __future__ import annotations

import array
import collections
import datetime
import decimal
import fractions
import io
import pickle
import sys
from collections.abc import Callable
from typing import Any

_EXACT = frozenset((type(None), bool, int, float, str, bytes, tuple, list, dict, set, frozenset))
"""What a pickle holds by itself."""
_FACTORIES: dict[Any, str] = {kind: kind.__name__ for kind in (int, float, str, list, dict, set, tuple, bool)}
_NUMERIC = "biufc"
"""numpy's kinds of numbers and truth values."""

Described = tuple[Any, ...]


def _numpy() -> Any:
    return sys.modules["numpy"]  # loaded long before, see Python.modules


def _fields(value: datetime.datetime) -> tuple[int, ...]:
    return (*value.timetuple()[:6], value.microsecond)


_DESCRIBE: dict[type, Callable[[Any], Described]] = {
    complex: lambda value: ("complex", value.real, value.imag),
    bytearray: lambda value: ("bytearray", bytes(value)),
    range: lambda value: ("range", value.start, value.stop, value.step),
    collections.deque: lambda value: ("deque", list(value), value.maxlen),
    collections.OrderedDict: lambda value: ("ordered", list(value.items())),
    collections.Counter: lambda value: ("counter", dict(value)),
    collections.defaultdict: lambda value: ("default", _FACTORIES.get(value.default_factory, ""), dict(value)),
    type({}.keys()): lambda value: ("keys", list(value)),
    type({}.values()): lambda value: ("values", list(value)),
    type({}.items()): lambda value: ("items", list(value)),
    fractions.Fraction: lambda value: ("fraction", value.numerator, value.denominator),
    decimal.Decimal: lambda value: ("decimal", str(value)),
    datetime.date: lambda value: ("date", value.year, value.month, value.day),
    datetime.timedelta: lambda value: ("duration", value.days, value.seconds, value.microseconds),
    array.array: lambda value: ("array", value.typecode, list(value)),
    collections.UserList: lambda value: ("user list", list(value.data)),
    collections.UserDict: lambda value: ("user dict", dict(value.data)),
    collections.UserString: lambda value: ("user string", str(value.data)),
    type(Ellipsis): lambda value: ("ellipsis",),
    type(NotImplemented): lambda value: ("not implemented",),
}

_BASES: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (int, int.__pos__),
    (float, float.__pos__),
    (complex, complex.__pos__),
    (str, str.__str__),
    (bytes, lambda value: bytes.__getitem__(value, slice(None))),
    (tuple, lambda value: tuple.__getitem__(value, slice(None))),
    (list, lambda value: list.__getitem__(value, slice(None))),
    (dict, dict.copy),
    (set, lambda value: set().union(value)),
    (frozenset, lambda value: frozenset().union(value)),
)
"""What a subclass that compares as its base does (a named tuple, an IntEnum) is to the test: its content."""


def describe(value: Any) -> Described | None:
    """Return the plain content of a value that a pickle does not hold by itself, or None if it has none."""
    kind = type(value)
    known = _DESCRIBE.get(kind)
    if known is not None:
        return known(value)
    if kind is datetime.datetime:
        return ("moment", *_fields(value)) if value.tzinfo is None else None
    numpy = _numpy()
    if isinstance(value, numpy.generic):
        if value.dtype.kind in _NUMERIC:
            return "number", value.dtype.str, value.tobytes()
        return ("text", str(value)) if kind is numpy.str_ else None
    if kind is numpy.ndarray:
        if value.dtype.kind in _NUMERIC:
            return "numbers", value.dtype.str, value.shape, value.tobytes()
        return ("objects", value.dtype.str, value.tolist()) if value.dtype.kind in "USO" else None
    for base, content in _BASES:
        if isinstance(value, base) and kind.__eq__ is base.__eq__:
            return "content", content(value)
    return None


def _counter(content: dict[Any, Any]) -> collections.Counter[Any]:
    counter: collections.Counter[Any] = collections.Counter()
    dict.update(counter, content)
    return counter


def _default(factory: str, content: dict[Any, Any]) -> collections.defaultdict[Any, Any]:
    kinds = {name: kind for kind, name in _FACTORIES.items()}
    return collections.defaultdict(kinds.get(factory), content)


_REBUILD: dict[str, Callable[..., Any]] = {
    "complex": complex,
    "bytearray": bytearray,
    "range": range,
    "deque": collections.deque,
    "ordered": collections.OrderedDict,
    "counter": _counter,
    "default": _default,
    "keys": lambda keys: dict.fromkeys(keys).keys(),
    "values": lambda values: dict(enumerate(values)).values(),
    "items": lambda items: dict(items).items(),
    "fraction": fractions.Fraction,
    "decimal": decimal.Decimal,
    "date": datetime.date,
    "moment": datetime.datetime,
    "duration": datetime.timedelta,
    "array": array.array,
    "user list": collections.UserList,
    "user dict": collections.UserDict,
    "user string": collections.UserString,
    "ellipsis": lambda: Ellipsis,
    "not implemented": lambda: NotImplemented,
    "number": lambda kind, data: _numbers(kind, data)[0],
    "text": lambda text: _numpy().str_(text),
    "numbers": lambda kind, shape, data: _numbers(kind, data).reshape(shape),
    "objects": lambda kind, items: _numpy().array(items, dtype=kind),
    "content": lambda content: content,
}


def _numbers(kind: str, data: bytes) -> Any:
    numpy = _numpy()
    of = numpy.dtype(str(kind))
    if of.kind not in _NUMERIC:
        raise ValueError(f"numbers of the kind {kind!r}")
    return numpy.frombuffer(bytes(data), of).copy()


def rebuild(description: Any) -> Any:
    """Return the value that ``describe`` described; raises whatever a wrong description makes of it."""
    return _REBUILD[description[0]](*description[1:])


class Encoder(pickle.Pickler):
    """Turns values into bytes; ``stand_in`` returns what stands for a value, or None if it is its own content."""

    def __init__(self, file: io.BytesIO, stand_in: Callable[[Any], Described | None]) -> None:
        super().__init__(file, 5)
        self._stand_in = stand_in

    def persistent_id(self, obj: Any) -> Described | None:  # noqa: D102
        return None if type(obj) in _EXACT else self._stand_in(obj)


def encode(value: Any, stand_in: Callable[[Any], Described | None]) -> bytes:
    """Return ``value`` as bytes; see Encoder."""
    file = io.BytesIO()
    Encoder(file, stand_in).dump(value)
    return file.getvalue()


class Decoder(pickle.Unpickler):
    """Turns bytes into values; ``found`` returns the value that something stands for."""

    def __init__(self, data: bytes, found: Callable[[Any], Any]) -> None:
        super().__init__(io.BytesIO(data))
        self._found = found

    def persistent_load(self, pid: Any) -> Any:  # noqa: D102
        return self._found(pid)


class PlainDecoder(Decoder):
    """The same for bytes from a process that is not trusted: no name of any module is known to it."""

    def find_class(self, module: str, name: str) -> Any:  # noqa: D102
        raise pickle.UnpicklingError(f"{module}.{name} is not a value")
