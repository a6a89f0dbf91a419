"""Generations in a file of ours: written so that nothing generated is ever lost, read to be scored or as descriptions.

JSON lines, one generation each: task, task_id, sample, prompt, generation, description (explainsynthesize only),
finish (why the model stopped, where its server says it).
"""

import json
import shlex
import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from humanevalpack.errors import InputError
from humanevalpack.json_lines import read_json_lines
from humanevalpack.lm_eval_plugin.options import Options
from humanevalpack.lm_eval_plugin.samples import Generation
from humanevalpack.results.folder import GENERATIONS
from humanevalpack.results.manifest import write_text
from humanevalpack.results.rows import COMPLETION, KeptRow
from humanevalpack.templates import PROMPT_AUTO, PromptTemplate


def row_of(task: str, task_id: str, sample: int, generation: Generation) -> KeptRow:
    """Make a row of a generation."""
    return KeptRow(
        task=task,
        task_id=task_id,
        sample=sample,
        prompt=generation.prompt,
        generation=generation.text,
        status=generation.status,
        description=generation.description,
        finish=generation.finish,
    )


def generation_of(row: KeptRow) -> Generation:
    """Return the generation that a row keeps."""
    return Generation(
        prompt=row.prompt, text=row.generation, status=row.status, description=row.description, finish=row.finish
    )


def read_rows(path: Path) -> dict[tuple[str, str, int], KeptRow]:
    """Read one file, or every ``.jsonl`` file of a folder: (task, task_id, sample) to row; raises InputError."""
    files = _files(path)
    if not files:
        raise InputError(f"{path}: no .jsonl file in this folder; run_folder=<folder> writes them")
    rows: dict[tuple[str, str, int], KeptRow] = {}
    for file in files:
        for number, record in read_json_lines(file, grows=file == path / GENERATIONS):
            row = KeptRow.read(record, f"{file}, line {number}")
            if (row.task, row.task_id, row.sample) in rows:
                raise InputError(
                    f"{file}, line {number}: {row.task}, {row.task_id}, sample {row.sample} stands here a second time"
                )
            rows[row.task, row.task_id, row.sample] = row
    return rows


def _files(path: Path) -> list[Path]:
    run = path / GENERATIONS
    return [run] if run.is_file() else sorted(path.glob("*.jsonl")) if path.is_dir() else [path]


def _rows_of(path: str) -> dict[tuple[str, str, int], KeptRow]:
    """Return what the files hold now: they may have been written anew since the last run of this process."""
    found = Path(path).expanduser()
    stats = [(file, file.stat()) for file in _files(found) if file.is_file()]
    return _rows_as_of(found, tuple((file, stat.st_mtime_ns, stat.st_size) for file, stat in stats))


@lru_cache(maxsize=8)
def _rows_as_of(path: Path, _state: tuple[tuple[Path, int, int], ...]) -> dict[tuple[str, str, int], KeptRow]:
    return read_rows(path)


def kept_row(options: Options, task: str, task_id: str, sample: int) -> KeptRow:
    """Return one sample of the file that option ``generations`` names; raises InputError if it is not there."""
    row = _rows_of(str(options.generations)).get((task, task_id, sample))
    if row is None:
        raise InputError(
            f"generations {options.generations}: nothing for {task}, {task_id}, sample {sample}: "
            "use the tasks, --limit and n_samples that the generations were made with"
        )
    if row.form != COMPLETION:
        raise InputError(
            f"generations {options.generations}: {task}, {task_id}, sample {sample} is post-processed (form "
            f"{row.form!r}), not what a model wrote: score it with humanevalpack evaluate"
        )
    return row


def keep_everything(
    everything: Sequence[tuple[str, KeptRow]],
    name: str,
    options: Options,
    template: PromptTemplate,
    *,
    samples: int,
    problems: int,
) -> str:
    """Write all generations of a run whose scoring failed; return where they are and the command that scores them.

    ``everything`` holds each with its task's name in lm_eval, ``name`` is that of the task that failed; ``samples`` is
    how many each problem has, ``problems`` how many a task has without ``--limit``.
    """
    folder = Path(f"humanevalpack-generations-{time.strftime('%Y%m%d-%H%M%S')}")
    rows, others = _parted(everything, name)
    path = write_text(folder / (name if others else "") / GENERATIONS, "".join(row.to_line() for row in rows))
    for other, its in others.items():
        write_text(folder / other / GENERATIONS, "".join(row.to_line() for row in its))
    # What only says how the generations were made or kept is done with; what the score depends on stays.
    spent = ("descriptions", "generations", "preset")
    given = {name: value for name, value in options.recorded().items() if name in options.given and name not in spent}
    prompt = options.prompt if options.prompt != PROMPT_AUTO else template.name
    metadata = json.dumps({**given, "prompt": prompt, "n_samples": samples, "generations": str(path.parent)})
    tasks = ",".join(dict.fromkeys(row.task for row in rows))
    asked = len({row.task_id for row in rows if row.task == rows[0].task})
    flags = f" --limit {asked}" if asked < problems else ""
    if options.sandbox == "process" and not options.confirm_run_unsafe_code:
        flags += " --confirm_run_unsafe_code"
    beside = f"; those of {', '.join(others)} lie beside it, to be scored with the options of their files" * bool(
        others
    )
    return (
        f"All {len(rows)} generations are kept in {path}{beside}. Once the cause is mended, score them "
        "(lm_eval's dummy model stands in and is never asked):\n"
        f"lm_eval run --model dummy --tasks {tasks}{flags} --metadata {shlex.quote(metadata)}"
    )


def _parted(everything: Sequence[tuple[str, KeptRow]], name: str) -> tuple[Sequence[KeptRow], dict[str, list[KeptRow]]]:
    """Return what goes into one file with task ``name``, and what needs one of its own, by its task's name.

    Tasks of users' files may be the same one of ours, with other options: a file holds a generation once.
    """
    named: dict[str, list[KeptRow]] = {}
    for other, row in everything:
        named.setdefault(other, []).append(row)
    if len({rows[0].task for rows in named.values()}) == len(named):
        return [row for _, row in everything], {}
    own = named.pop(name)
    return own, named
