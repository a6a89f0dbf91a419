"""What is done to a compiled Java program before any of it runs: its test asks nothing of the program but values.

The class Main is the test. A class of the program's that hides one of java.lang or java.util from it, its own Arrays
say, is refused, and so is one that names the test's class: it could change its fields. And the test does not ask an
object whether it is equal to another: each of its calls of equals and contains becomes one of Equality.java, of the
same length and with the same effect on the stack (Java Virtual Machine Specification, chapter 4 and section 6.5).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping

from .base import Refused

SYSTEM = frozenset(
    "AbstractCollection AbstractList AbstractMap AbstractMethodError AbstractQueue AbstractSequentialList AbstractSet "
    "Appendable ArithmeticException ArrayDeque ArrayIndexOutOfBoundsException ArrayList ArrayStoreException Arrays "
    "AssertionError AutoCloseable Base64 BitSet Boolean BootstrapMethodError Byte Calendar CharSequence Character "
    "Class ClassCastException ClassCircularityError ClassFormatError ClassLoader ClassNotFoundException ClassValue "
    "CloneNotSupportedException Cloneable Collection Collections Comparable Comparator Compiler "
    "ConcurrentModificationException Currency Date Deprecated Deque Dictionary Double DoubleSummaryStatistics "
    "DuplicateFormatFlagsException EmptyStackException Enum EnumConstantNotPresentException EnumMap EnumSet "
    "Enumeration Error EventListener EventListenerProxy EventObject Exception ExceptionInInitializerError Float "
    "FormatFlagsConversionMismatchException Formattable FormattableFlags Formatter FormatterClosedException "
    "FunctionalInterface GregorianCalendar HashMap HashSet Hashtable HexFormat IdentityHashMap IllegalAccessError "
    "IllegalAccessException IllegalArgumentException IllegalCallerException IllegalFormatCodePointException "
    "IllegalFormatConversionException IllegalFormatException IllegalFormatFlagsException "
    "IllegalFormatPrecisionException IllegalFormatWidthException IllegalMonitorStateException IllegalStateException "
    "IllegalThreadStateException IllformedLocaleException IncompatibleClassChangeError IndexOutOfBoundsException "
    "InheritableThreadLocal InputMismatchException InstantiationError InstantiationException IntSummaryStatistics "
    "Integer InternalError InterruptedException InvalidPropertiesFormatException Iterable Iterator "
    "LayerInstantiationException LinkageError LinkedHashMap LinkedHashSet LinkedList List ListIterator "
    "ListResourceBundle Locale Long LongSummaryStatistics Map Math MissingFormatArgumentException "
    "MissingFormatWidthException MissingResourceException Module ModuleLayer NavigableMap NavigableSet "
    "NegativeArraySizeException NoClassDefFoundError NoSuchElementException NoSuchFieldError NoSuchFieldException "
    "NoSuchMethodError NoSuchMethodException NullPointerException Number NumberFormatException Object Objects "
    "Observable Observer Optional OptionalDouble OptionalInt OptionalLong OutOfMemoryError Override Package "
    "PrimitiveIterator PriorityQueue Process ProcessBuilder ProcessHandle Properties PropertyPermission "
    "PropertyResourceBundle Queue Random RandomAccess Readable Record ReflectiveOperationException ResourceBundle "
    "Runnable Runtime RuntimeException RuntimePermission SafeVarargs Scanner SecurityException SecurityManager "
    "ServiceConfigurationError ServiceLoader Set Short SimpleTimeZone SortedMap SortedSet Spliterator Spliterators "
    "SplittableRandom Stack StackOverflowError StackTraceElement StackWalker StrictMath String StringBuffer "
    "StringBuilder StringIndexOutOfBoundsException StringJoiner StringTokenizer SuppressWarnings System Thread "
    "ThreadDeath ThreadGroup ThreadLocal Throwable TimeZone Timer TimerTask TooManyListenersException TreeMap TreeSet "
    "TypeNotPresentException UUID UnknownError UnknownFormatConversionException UnknownFormatFlagsException "
    "UnsatisfiedLinkError UnsupportedClassVersionError UnsupportedOperationException Vector VerifyError "
    "VirtualMachineError Void WeakHashMap".split()
)
"""The public classes of java.lang and java.util (Java 17)."""
_MAIN = re.compile(r"Main(\$.*)?")
_UTF8, _LONG, _DOUBLE, _CLASS, _METHOD, _NAME_AND_TYPE = 1, 5, 6, 7, 10, 12
_SIZES = {3: 4, 4: 4, _LONG: 8, _DOUBLE: 8, _CLASS: 2, 8: 2, 9: 4, _METHOD: 4, 11: 4, _NAME_AND_TYPE: 4, 15: 3, 16: 2}
_SIZES |= {17: 4, 18: 4, 19: 2, 20: 2}
_VIRTUAL, _STATIC, _INTERFACE, _TABLE_SWITCH, _LOOKUP_SWITCH, _WIDE, _INCREMENT = (
    0xB6,
    0xB8,
    0xB9,
    0xAA,
    0xAB,
    0xC4,
    0x84,
)
_ASKED, _ASKING = b"(Ljava/lang/Object;)Z", b"(Ljava/lang/Object;Ljava/lang/Object;)Z"
_CALLS = (b"equals", b"contains", b"same")
"""The methods of Equality: for equals and contains of any object, and for Objects.equals."""


def _operands() -> bytes:
    """Return the bytes of operands of every instruction but the three of variable length."""
    sizes = bytearray(256)
    one = (0x10, 0x12, 0x15, 0x16, 0x17, 0x18, 0x19, 0x36, 0x37, 0x38, 0x39, 0x3A, 0xA9, 0xBC)
    two = (0x11, 0x13, 0x14, _INCREMENT, 0xBB, 0xBD, 0xC0, 0xC1, 0xC6, 0xC7, *range(0x99, 0xA9), *range(0xB2, 0xB9))
    for codes, size in ((one, 1), (two, 2), ((0xC5,), 3), ((_INTERFACE, 0xBA, 0xC8, 0xC9), 4)):
        for code in codes:
            sizes[code] = size
    return bytes(sizes)


_OPERANDS = _operands()


def judged_by_values(classes: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the test's classes as they are to be run; ``classes`` are a program's class files by the class's name.

    Raises Refused.
    """
    changed = {}
    for name, data in classes.items():
        file = _ClassFile(data)
        if _MAIN.fullmatch(name):
            hidden = sorted(file.classes() & SYSTEM & classes.keys())
            if hidden:
                raise Refused(f"the program has a class {hidden[0]} of its own where the test means the system's")
            changed[name] = file.asking_values()
        elif any(_MAIN.fullmatch(used) for used in file.classes()):
            raise Refused(f"the program's class {name} reaches into the test's class")
    return changed


class _ClassFile:
    def __init__(self, data: bytes) -> None:
        self._data = data
        (self._count,) = struct.unpack_from(">H", data, 8)
        self._places = [0] * self._count
        place, number = 10, 1
        while number < self._count:
            self._places[number] = place
            kind = data[place]
            place += 3 + int.from_bytes(data[place + 1 : place + 3], "big") if kind == _UTF8 else 1 + _SIZES[kind]
            number += 2 if kind in (_LONG, _DOUBLE) else 1
        self._after = place

    def _text(self, number: int) -> bytes:
        place = self._places[number]
        return self._data[place + 3 : place + 3 + self._short(place + 1)]

    def _short(self, place: int) -> int:
        return self._data[place] << 8 | self._data[place + 1]

    def _pair(self, number: int) -> tuple[int, int]:
        place = self._places[number]
        return self._short(place + 1), self._short(place + 3)

    def classes(self) -> set[str]:
        """Return the names of all classes in the constants: as such, or in the types of fields and methods."""
        names: set[str] = set()
        for place in self._places:
            kind = self._data[place] if place else 0
            if kind == _CLASS:
                name = self._text(self._short(place + 1)).decode("utf-8", "replace")
                names.update(re.findall("L([^;]+);", name) if name.startswith("[") else (name,))
            elif kind == _NAME_AND_TYPE:
                names.update(re.findall("L([^;]+);", self._text(self._short(place + 3)).decode("utf-8", "replace")))
        return names

    def asking_values(self) -> bytes:
        """Return the file with the calls replaced; what they need is put behind the constants."""
        new, texts = self._count, (b"humanevalpack/Equality", _ASKING, *_CALLS)
        constants = [struct.pack(">BH", _UTF8, len(text)) + text for text in texts]
        constants.append(struct.pack(">BH", _CLASS, new))
        constants += [struct.pack(">BHH", _NAME_AND_TYPE, new + name, new + 1) for name in (2, 3, 4)]
        constants += [struct.pack(">BHH", _METHOD, new + 5, new + name) for name in (6, 7, 8)]
        methods = {name: new + 9 + place for place, name in enumerate(_CALLS)}
        code = bytearray(self._data)
        for start, end in self._codes():
            self._replace(code, start, end, methods)
        code[8:10] = struct.pack(">H", new + len(constants))
        return bytes(code[: self._after]) + b"".join(constants) + bytes(code[self._after :])

    def _codes(self) -> Iterator[tuple[int, int]]:
        """Yield where the instructions of each method begin and end."""
        place = self._after + 6
        place += 2 + 2 * self._short(place)
        for _ in range(2):  # fields, then methods
            members = self._short(place)
            place += 2
            for _ in range(members):
                attributes = self._short(place + 6)
                place += 8
                for _ in range(attributes):
                    name, (size,) = self._text(self._short(place)), struct.unpack_from(">I", self._data, place + 2)
                    if name == b"Code":
                        (length,) = struct.unpack_from(">I", self._data, place + 10)
                        yield place + 14, place + 14 + length
                    place += 6 + size

    def _replace(self, code: bytearray, start: int, end: int, methods: Mapping[bytes, int]) -> None:
        place = start
        while place < end:
            instruction = code[place]
            if instruction in (_VIRTUAL, _STATIC, _INTERFACE):
                owner, name, kind = self._method(self._short(place + 1))
                if instruction != _STATIC and kind == _ASKED and name in (b"equals", b"contains"):
                    code[place : place + 3] = struct.pack(">BH", _STATIC, methods[name])
                    if instruction == _INTERFACE:
                        code[place + 3 : place + 5] = b"\0\0"  # twice: no operation
                elif instruction == _STATIC and owner == b"java/util/Objects" and name == b"equals":
                    code[place + 1 : place + 3] = struct.pack(">H", methods[b"same"])
            place += 1 + self._operands(instruction, place, start)

    def _method(self, number: int) -> tuple[bytes, bytes, bytes]:
        owner, described = self._pair(number)
        name, kind = self._pair(described)
        return self._text(self._short(self._places[owner] + 1)), self._text(name), self._text(kind)

    def _operands(self, instruction: int, place: int, start: int) -> int:
        aligned = start + (place - start + 4 & ~3)
        if instruction == _TABLE_SWITCH:
            low, high = struct.unpack_from(">ii", self._data, aligned + 4)
            return int(aligned + 12 + 4 * (high - low + 1) - place - 1)
        if instruction == _LOOKUP_SWITCH:
            return int(aligned + 8 + 8 * struct.unpack_from(">i", self._data, aligned + 4)[0] - place - 1)
        if instruction == _WIDE:
            return 5 if self._data[place + 1] == _INCREMENT else 3
        return _OPERANDS[instruction]
