"""JSON lines: one value a line, read so that whatever is wrong is named with its file and line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError


def read_json_lines(path: Path, *, grows: bool = False) -> Iterator[tuple[int, Any]]:
    """Yield (line number, counted from 1; value) of every line that is not blank; raises InputError.

    In a file that ``grows`` the last line may be half written: it is left out then.
    """
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    continue
                try:
                    value = _value(line, f"{path}, line {number}")
                except InputError:
                    if grows and not line.endswith("\n"):
                        return
                    raise
                yield number, value
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text: save it as JSON lines in UTF-8") from error


def _value(line: str, place: str) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise InputError(f"{place}: not valid JSON ({error.msg} at character {error.pos}): {line[:60]!r}") from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits; brackets nested without end
        raise InputError(f"{place}: JSON that cannot be read ({error}): {line[:60]!r}") from error
