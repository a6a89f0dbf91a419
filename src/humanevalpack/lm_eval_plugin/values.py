"""Checks of option values, which come as text (environment), as Python or YAML values, or as JSON.

A check returns the typed value or raises ValueError that says what works.
"""

import math
import os
from collections.abc import Callable
from pathlib import Path


def text(value: object) -> str:
    """Accept text that is not empty; whole numbers (such as a revision of digits) are read as text."""
    if isinstance(value, bool) or not isinstance(value, str | int | Path) or not str(value).strip():
        raise ValueError("it must be text")
    return str(value)


def existing_path(value: object) -> str:
    """Accept a path to something that exists; ``{language}`` in it stands for the language's name."""
    path = text(value)
    if "{language}" not in path and not Path(path).expanduser().exists():
        raise ValueError("there is no such file or folder")
    return path


def writable_folder(value: object) -> str:
    """Accept a folder that files can be written to, or that can be made: nothing is made yet."""
    path = Path(text(value)).expanduser()
    existing = next(place for place in (path, *path.absolute().parents) if place.exists())
    if not existing.is_dir():
        raise ValueError(f"{existing} is a file; it must be a folder, or the path of a new one")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise ValueError(f"nothing can be written in {existing}")
    return str(path)


def yes_or_no(value: object) -> bool:
    """Accept true or false."""
    if isinstance(value, bool):
        return value
    known = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if str(value).lower() not in known:
        raise ValueError("it must be true or false")
    return known[str(value).lower()]


def one_of(*allowed: str) -> Callable[[object], str]:
    """Accept one of some names."""

    def check(value: object) -> str:
        if value not in allowed:
            raise ValueError(f"it must be one of {', '.join(allowed)}")
        return str(value)

    return check


def whole_number(*, least: int) -> Callable[[object], int]:
    """Accept a whole number that is not below ``least``."""

    def check(value: object) -> int:
        try:
            number = int(value) if isinstance(value, str) else value
        except ValueError:
            number = value
        if isinstance(number, bool) or not isinstance(number, int) or number < least:
            raise ValueError(f"it must be a whole number of at least {least}")
        return number

    return check


def worker_count(value: object) -> int | str:
    """Accept a whole number of at least 1, or ``ray``."""
    if value == "ray":
        return "ray"
    try:
        return whole_number(least=1)(value)
    except ValueError:
        raise ValueError("it must be a whole number of at least 1, or ray") from None


def whole_numbers(*, least: int) -> Callable[[object], tuple[int, ...]]:
    """Accept one whole number or several (a list, or text with commas), sorted and without repetitions."""
    check_one = whole_number(least=least)

    def check(value: object) -> tuple[int, ...]:
        if isinstance(value, str):
            value = [part.strip() for part in value.strip("[]() ").split(",")]
        numbers = value if isinstance(value, list | tuple) else [value]
        try:
            checked = tuple(sorted({check_one(number) for number in numbers}))
        except ValueError as error:
            raise ValueError(f"it must be a list such as 1,10; of each number: {error}") from None
        if not checked:
            raise ValueError("it must hold at least one number")
        return checked

    return check


def number(*, least: float = -math.inf, above: float = -math.inf, most: float = math.inf) -> Callable[[object], float]:
    """Accept a finite number with ``least`` <= number <= ``most`` and number > ``above``."""
    limits = [f"at least {least:g}"] * (least > -math.inf) + [f"above {above:g}"] * (above > -math.inf)
    limits += [f"at most {most:g}"] * (most < math.inf)
    wanted = f"it must be a number, {' and '.join(limits)}" if limits else "it must be a number"

    def check(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError(wanted)
        try:
            found = float(value)
        except ValueError:
            raise ValueError(wanted) from None
        if not math.isfinite(found) or not least <= found <= most or found <= above:
            raise ValueError(wanted)
        return found

    return check
