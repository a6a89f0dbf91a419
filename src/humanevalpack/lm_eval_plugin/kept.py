"""Generations in a file of ours: written so that nothing generated is ever lost, read to be scored or as descriptions.

JSON lines, one generation each: task, task_id, sample, prompt, generation, description (explainsynthesize only).
"""

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError
from humanevalpack.lm_eval_plugin.samples import Generation


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRow:
    """One line of such a file."""

    task: str
    task_id: str
    sample: int
    prompt: str
    generation: str
    status: str
    description: str | None = None

    @classmethod
    def of(cls, task: str, task_id: str, sample: int, generation: Generation) -> "KeptRow":
        """Make a row of a generation."""
        return cls(
            task=task,
            task_id=task_id,
            sample=sample,
            prompt=generation.prompt,
            generation=generation.text,
            status=generation.status,
            description=generation.description,
        )

    @classmethod
    def read(cls, record: object, place: str) -> "KeptRow":
        """Check one record; raises InputError that names the place and the field."""
        if not isinstance(record, dict):
            raise InputError(f"{place}: expected a JSON object, found {type(record).__name__}")
        types = {"sample": int, "description": str | None}
        for field in fields(cls):
            value = record.get(field.name)
            allowed: Any = types.get(field.name, str)
            if not isinstance(value, allowed):
                kind = getattr(allowed, "__name__", "text or null")
                raise InputError(f"{place}: field {field.name!r} must be {kind}, found {value!r:.60}")
        return cls(**{field.name: record.get(field.name) for field in fields(cls)})

    def as_generation(self) -> Generation:
        """Return the generation that this row keeps."""
        return Generation(prompt=self.prompt, text=self.generation, status=self.status, description=self.description)


def write_rows(rows: Iterable[KeptRow], path: Path) -> Path:
    """Write rows as JSON lines (whole or not at all: into a file beside it, then renamed)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text("".join(json.dumps(asdict(row)) + "\n" for row in rows), "utf-8")
    return part.replace(path)


def read_rows(path: Path) -> dict[tuple[str, str, int], KeptRow]:
    """Read one file, or every ``.jsonl`` file of a folder: (task, task_id, sample) to row; raises InputError."""
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    if not files:
        raise InputError(f"{path}: no .jsonl file in this folder; keep_generations=<folder> writes them")
    rows: dict[tuple[str, str, int], KeptRow] = {}
    for file in files:
        for number, record in json_lines(file):
            row = KeptRow.read(record, f"{file}, line {number}")
            rows[row.task, row.task_id, row.sample] = row
    return rows


def json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Yield (line number, value) of every line that is not empty; raises InputError."""
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield number, json.loads(line)
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text (byte {error.start})") from error
    except json.JSONDecodeError as error:
        raise InputError(f"{path}, line {number}: not valid JSON ({error.msg} at character {error.pos})") from error


def scoring_command(tasks: Sequence[str], folder: Path, options: Mapping[str, Any]) -> str:
    """Return the command that scores kept generations; lm_eval's ``dummy`` model stands in, and is never asked."""
    metadata = json.dumps({**options, "generations": str(folder)})
    return f"lm_eval run --model dummy --tasks {','.join(tasks)} --metadata {shlex.quote(metadata)}"
