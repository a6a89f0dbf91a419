"""Path files: which share of which indexed dataset a split reads, on one line, as Megatron-LM of 2023 wants it.

Grammar: groups in double quotes with one blank between them, a newline at the end. A group is ``name: share, share …``;
a share is ``weight start:end prefix``, start and end fractions of the dataset's documents. Its reader (bigcode's branch
mtf, ``megatron/arguments.py``) takes the quotes off the ends of the line and cuts it at ``" "``: nothing else may stand
between groups. Groups of one file may share documents: validation is done on each by itself.

What that Megatron-LM does not hold to is a share's start (``DecoderPackedMTFDataset``, commit 9192641): of 0.95:1 it
takes as many documents as that is, but the dataset's first ones. Only a dataset of its own is held out.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
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
    return _group_of("train", prefixes, 0.0, cut), _group_of("validation", prefixes, cut, 1.0)


def whole_groups(train: Sequence[str], valid: Sequence[str]) -> tuple[Group, Group]:
    """Return training on some datasets and validation on others, all whole and of equal weight."""
    return _group_of("train", train, 0.0, 1.0), _group_of("validation", valid, 0.0, 1.0)


def check_apart(train: tuple[str, Sequence[Group]], valid: tuple[str, Sequence[Group]]) -> None:
    """Raise InputError if a group of training and one of validation read the same documents, whatever their names.

    Each is a file's name and its groups.
    """
    for (here, first), (there, second) in product(
        *([(where, one) for one in groups] for where, groups in (train, valid))
    ):
        for one, other in product(first.shares, second.shares):
            begin, end = max(one.start, other.start), min(one.end, other.end)
            if begin < end and Path(one.prefix).resolve() == Path(other.prefix).resolve():  # ./data, data, a link
                both = f"{here}, {first.name} and {there}, {second.name}"
                raise InputError(f"{both} share the documents {begin:g}:{end:g} of {one.prefix}")


def misread_shares(groups: Sequence[Group]) -> list[str]:
    """Return, for each share that does not begin with its dataset, what Megatron-LM of 2023 makes of it."""
    return [
        f"{group.name}: Megatron-LM of 2023 reads a share from its dataset's first document on, so {share.start:g}:"
        f"{share.end:g} of {share.prefix} is 0:{share.end - share.start:g} there. A dataset of its own is held out: "
        "octopack-train megatron paths TRAIN --valid-prefix VALID"
        for group in groups
        for share in group.shares
        if share.start
    ]


def _group_of(name: str, prefixes: Sequence[str], start: float, end: float) -> Group:
    return Group(name, tuple(Share(1.0, start, end, prefix) for prefix in prefixes))


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
    return f"two groups {double!r}" if double is not None else ""
