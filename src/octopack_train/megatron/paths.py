"""Path files: which share of which indexed dataset a split reads, on one line, as Megatron-LM of 2023 wants it.

Grammar: groups in double quotes with one blank between them, a newline at the end. A group is ``name: share, share …``;
a share is ``weight start:end prefix``, start and end fractions of the dataset's documents. Its reader (bigcode's branch
mtf, ``megatron/arguments.py``) takes the quotes off the ends of the line and cuts it at ``" "``: nothing else may stand
between groups.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from humanevalpack.errors import EnvironmentFault, InputError, UsageError

_NAME = re.compile(r"[\w.-]+")
_SHARE = re.compile(r"(\S+) ([^\s:]+):([^\s:]+) (\S+)")
_FORM = 'weight start:end prefix, as in "train: 1.0 0:0.95 data/P"'


@dataclass(frozen=True)
class Share:
    """A part of one dataset."""

    weight: float
    """Relative to the other shares of its group."""
    start: float
    """Fraction of the documents at which it begins."""
    end: float
    prefix: str
    """Of the dataset: its path without .bin and .idx."""


@dataclass(frozen=True)
class Group:
    """What one split reads."""

    name: str
    shares: tuple[Share, ...]


def parse_paths(text: str, where: str) -> tuple[Group, ...]:
    """Read a path file's text; raises InputError that names file, column (from 1) and what is wrong there."""
    if not text.endswith("\n"):
        raise InputError(f"{where}, column {len(text) + 1}: no newline at the end, which Megatron's reader needs")
    line = text.removesuffix("\n")
    if (place := line.find("\n")) >= 0:
        raise InputError(f"{where}, column {place + 1}: a second line; all groups stand on one")
    groups: list[Group] = []
    column = 0
    while column < len(line):
        if groups:
            if line[column] != " ":
                raise InputError(f"{where}, column {column + 1}: {line[column]!r}; one blank stands between groups")
            column += 1
        if line[column : column + 1] != '"':
            raise InputError(f'{where}, column {column + 1}: {line[column : column + 1]!r}; a group begins with "')
        end = line.find('"', column + 1)
        if end < 0:
            raise InputError(f'{where}, column {column + 1}: this " has no second one')
        groups.append(_group(line[column + 1 : end], where, column + 2))
        column = end + 1
    if not groups:
        raise InputError(f"{where}, column 1: no group; {_FORM}")
    fault = _fault(groups)
    if fault:
        raise InputError(f"{where}: {fault}")
    return tuple(groups)


def read_paths(path: Path) -> tuple[Group, ...]:
    """Read a path file; raises InputError."""
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    return parse_paths(text, str(path))


def written_paths(groups: Sequence[Group]) -> str:
    """Return groups as the text of a path file; raises UsageError for what the grammar cannot say."""
    for group in groups:
        if not _NAME.fullmatch(group.name):
            raise UsageError(f"group {group.name!r}: a name has letters, digits, and . _ -")
        for share in group.shares:
            if not re.fullmatch(r'[^\s,"]+', share.prefix):
                raise UsageError(f'{share.prefix!r}: a prefix cannot have blanks, commas or "; move the dataset')
    fault = "no group" if not groups else _fault(groups)
    if fault:
        raise UsageError(f"path file: {fault}")
    return " ".join(f'"{group.name}: {", ".join(map(_share_text, group.shares))}"' for group in groups) + "\n"


def write_paths(path: Path, groups: Sequence[Group]) -> Path:
    """Write a path file; raises UsageError for what the grammar cannot say, EnvironmentFault."""
    text = written_paths(groups)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        raise EnvironmentFault(f"{path} cannot be written: {error}") from error
    return path


def split_groups(prefixes: Sequence[str], valid_share: float) -> tuple[Group, Group]:
    """Return training and validation on datasets of equal weight, the last ``valid_share`` of each being validation."""
    if not 0 < valid_share < 1:
        raise UsageError(f"the share of validation is {valid_share:g}, must be between 0 and 1")
    cut = round(1 - valid_share, 12)
    train, valid = (
        tuple(Share(1.0, start, end, prefix) for prefix in prefixes) for start, end in ((0.0, cut), (cut, 1.0))
    )
    return Group("train", train), Group("validation", valid)


def check_apart(files: Sequence[tuple[str, Sequence[Group]]]) -> None:
    """Raise InputError if two groups, in the same file or another, read the same documents, whatever their names."""
    fault = _overlap([(f"{where}, {group.name}", group) for where, groups in files for group in groups])
    if fault:
        raise InputError(fault)


def _share_text(share: Share) -> str:
    return f"{share.weight!r} {share.start!r}:{share.end!r} {share.prefix}"


def _group(text: str, where: str, column: int) -> Group:
    name, colon, rest = text.partition(":")
    if not colon or not _NAME.fullmatch(name):
        raise InputError(f"{where}, column {column}: a group begins with its name and a colon, not {text[:30]!r}")
    shares, column = [], column + len(name) + 1
    for part in rest.split(","):
        shares.append(_share(part, where, column + len(part) - len(part.lstrip())))
        column += len(part) + 1
    return Group(name, tuple(shares))


def _share(text: str, where: str, column: int) -> Share:
    found = _SHARE.fullmatch(text.strip())
    if found is None:
        raise InputError(f"{where}, column {column}: {text.strip()!r} is no share: {_FORM}")
    numbers = []
    for place in (1, 2, 3):
        try:
            numbers.append(float(found[place]))
        except ValueError as error:
            raise InputError(f"{where}, column {column + found.start(place)}: {found[place]!r} is no number") from error
    share = Share(numbers[0], numbers[1], numbers[2], found[4])
    fault = _share_fault(share)
    if fault:
        raise InputError(f"{where}, column {column}: {fault}")
    return share


def _share_fault(share: Share) -> str:
    if not 0 < share.weight < float("inf"):
        return f"weight {share.weight:g} of {share.prefix}: must be more than 0"
    if not 0 <= share.start < share.end <= 1:
        return f"{share.start:g}:{share.end:g} of {share.prefix}: must be fractions, 0 <= start < end <= 1"
    return ""


def _fault(groups: Sequence[Group]) -> str:
    for group in groups:
        if not group.shares:
            return f"group {group.name} has no share"
        for share in group.shares:
            if fault := _share_fault(share):
                return fault
    names = [group.name for group in groups]
    double = next((name for name in names if names.count(name) > 1), None)
    return f"two groups {double!r}" if double is not None else _overlap([(group.name, group) for group in groups])


def _overlap(named: Sequence[tuple[str, Group]]) -> str:
    for place, (here, first) in enumerate(named):
        for there, second in named[place + 1 :]:
            for one in first.shares:
                for other in second.shares:
                    begin, end = max(one.start, other.start), min(one.end, other.end)
                    # A path has several spellings: ./data and data, a link.
                    same = Path(one.prefix).resolve() == Path(other.prefix).resolve()
                    if same and begin < end:
                        return f"{here} and {there} share the documents {begin:g}:{end:g} of {one.prefix}"
    return ""
