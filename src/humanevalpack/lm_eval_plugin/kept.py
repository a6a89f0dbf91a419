"""Generations in a file of ours: written so that nothing generated is ever lost, read to be scored or as descriptions.

JSON lines, one generation each: task, task_id, sample, prompt, generation, description (explainsynthesize only),
finish (why the model stopped, where its server says it).
"""

import json
import shlex
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError
from humanevalpack.json_lines import read_json_lines
from humanevalpack.lm_eval_plugin.options import Options
from humanevalpack.lm_eval_plugin.samples import GENERATED, SKIPPED, TOO_LONG, Generation
from humanevalpack.templates import PROMPT_AUTO, PromptTemplate

# A verdict is never among them: what is read here has still to be judged.
_STATUSES = (GENERATED, TOO_LONG, SKIPPED)


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
    finish: str | None = None

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
            finish=generation.finish,
        )

    @classmethod
    def read(cls, record: object, place: str) -> "KeptRow":
        """Check one record; raises InputError that names the place and the field."""
        if not isinstance(record, dict):
            raise InputError(f"{place}: expected a JSON object, found {type(record).__name__}")
        types = {"sample": int, "description": str | None, "finish": str | None}
        for field in fields(cls):
            value = record.get(field.name)
            allowed: Any = types.get(field.name, str)
            if not isinstance(value, allowed):
                kind = getattr(allowed, "__name__", "text or null")
                raise InputError(f"{place}: field {field.name!r} must be {kind}, found {value!r:.60}")
        if record["status"] not in _STATUSES:
            raise InputError(f"{place}: status is {record['status']!r}; allowed: {', '.join(_STATUSES)}")
        values: dict[str, Any] = {field.name: record.get(field.name) for field in fields(cls)}
        return cls(**values)

    def as_generation(self) -> Generation:
        """Return the generation that this row keeps."""
        return Generation(
            prompt=self.prompt,
            text=self.generation,
            status=self.status,
            description=self.description,
            finish=self.finish,
        )


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
        for number, record in read_json_lines(file):
            row = KeptRow.read(record, f"{file}, line {number}")
            if (row.task, row.task_id, row.sample) in rows:
                raise InputError(
                    f"{file}, line {number}: {row.task}, {row.task_id}, sample {row.sample} stands here a second time"
                )
            rows[row.task, row.task_id, row.sample] = row
    return rows


@cache
def _rows_of(path: str) -> dict[tuple[str, str, int], KeptRow]:
    return read_rows(Path(path).expanduser())


def kept_row(options: Options, task: str, task_id: str, sample: int) -> KeptRow:
    """Return one sample of the file that option ``generations`` names; raises InputError if it is not there."""
    row = _rows_of(str(options.generations)).get((task, task_id, sample))
    if row is None:
        raise InputError(
            f"generations {options.generations}: nothing for {task}, {task_id}, sample {sample}: "
            "use the tasks, --limit and n_samples that the generations were made with"
        )
    return row


def keep_everything(
    rows: Sequence[KeptRow], options: Options, template: PromptTemplate, *, samples: int, problems: int
) -> str:
    """Write all generations of a run whose scoring failed; return where they are and the command that scores them.

    ``samples`` is how many each problem has, ``problems`` how many a task has without ``--limit``.
    """
    folder = Path(options.keep_generations or f"humanevalpack-generations-{time.strftime('%Y%m%d-%H%M%S')}")
    path = write_rows(rows, folder / "generations.jsonl")
    # What only says how the generations were made or kept is done with; what the score depends on stays.
    spent = ("descriptions", "generations", "keep_generations", "preset")
    given = {name: value for name, value in options.recorded().items() if name in options.given and name not in spent}
    prompt = options.prompt if options.prompt != PROMPT_AUTO else template.name
    metadata = json.dumps({**given, "prompt": prompt, "n_samples": samples, "generations": str(folder)})
    tasks = ",".join(dict.fromkeys(row.task for row in rows))
    asked = len({row.task_id for row in rows if row.task == rows[0].task})
    flags = f" --limit {asked}" if asked < problems else ""
    if options.sandbox == "process" and not options.confirm_run_unsafe_code:
        flags += " --confirm_run_unsafe_code"
    return (
        f"All {len(rows)} generations are kept in {path}. Once the cause is mended, score them (lm_eval's dummy model "
        "stands in and is never asked):\n"
        f"lm_eval run --model dummy --tasks {tasks}{flags} --metadata {shlex.quote(metadata)}"
    )
