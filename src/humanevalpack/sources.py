"""Where the rows of the data come from, before anything is known of their columns: the hub or a file."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from humanevalpack.errors import EnvironmentFault, InputError, UsageError
from humanevalpack.json_lines import read_json_lines

HUB_DATASET = "bigcode/humanevalpack"


def local_file(path: Path, language: str) -> Path:
    """Return the ``.jsonl`` file that a user's path means: itself, or ``<language>.jsonl`` in it; raises UsageError."""
    if path.is_dir():
        found = path / f"{language}.jsonl"
        if found.is_file():
            return found
        others = ", ".join(sorted(item.name for item in path.glob("*.jsonl"))) or "no .jsonl file at all"
        raise UsageError(f"{path} holds no {found.name}: a data folder has <language>.jsonl of each; this has {others}")
    if path.is_file():
        return path
    raise UsageError(f"dataset {str(path)!r} is not known: use hub, mini, a .jsonl file or a folder of them")


def file_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of a ``.jsonl`` file; raises InputError that names the line."""
    for number, row in read_json_lines(path):
        if not isinstance(row, dict):
            raise InputError(
                f"{path}, line {number}: expected a JSON object with the problem's columns, found {type(row).__name__}"
            )
        yield row


def hub_rows(language: str, revision: str | None) -> Iterable[Mapping[str, Any]]:
    """Return the rows of a language from the hub; raises UsageError (no such revision) or EnvironmentFault."""
    import datasets  # a second of import time: only when the hub is asked

    try:
        loaded = datasets.load_dataset(HUB_DATASET, language, split="test", revision=revision)
    except datasets.exceptions.DatasetNotFoundError as error:
        if revision is None:
            raise _unreachable(language, error) from error
        raise UsageError(
            f"dataset {HUB_DATASET} has no revision {revision!r} on the hub: {_first_line(error)}"
        ) from error
    except Exception as error:  # datasets raises OSError, ValueError, requests' and its own errors for one cause
        raise _unreachable(language, error) from error
    rows: Iterable[Mapping[str, Any]] = loaded
    return rows


def _unreachable(language: str, error: Exception) -> EnvironmentFault:
    return EnvironmentFault(
        f"cannot load {HUB_DATASET} ({language}) from the Hugging Face hub: {_first_line(error)}. "
        "Check the network and HF_HUB_OFFLINE, or use dataset=mini, or a path to a downloaded copy."
    )


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    return f"{type(error).__name__}: {text.splitlines()[0].rstrip('.') if text else 'no message'}"
