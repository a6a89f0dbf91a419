"""Files of instructions as prompts and completions: the stage ``self-instruct load``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from octopack_data.manifests import DROPPED, sha256_of
from octopack_data.parts import PartResult, Stage
from octopack_data.progress import stretch
from octopack_data.rows import RowWriter
from octopack_data.self_instruct.filters import InstructionSieve
from octopack_data.self_instruct.settings import LoadSettings
from octopack_data.self_instruct.tasks import read_tasks
from octopack_data.settings import written_settings
from octopack_data.sources import Part

STAGE = "self-instruct load"


@dataclass(frozen=True)
class _Load:
    """All files one after the other: a row is a duplicate of one in an earlier file, too."""

    settings: LoadSettings

    def __call__(self, part: Part, output: Path) -> PartResult:
        counts = Counter(rows=0, kept=0)
        sieve = InstructionSieve(self.settings, near=self.settings.near)
        kept, excluded = f"data/train.{self.settings.format}", "excluded/train.jsonl"
        with (
            stretch(0, 1, power=2 if self.settings.near else 1),
            RowWriter(output / kept, _schema) as writer,
            RowWriter(output / excluded) as dropped,
        ):
            for task in read_tasks(part):
                counts["rows"] += 1
                if not task.instruction:
                    reason, detail = "no_instruction", ""
                elif not task.output.strip() and not self.settings.prompts_only:
                    reason, detail = "no_output", ""
                else:
                    why = sieve.take(task.instruction, task.prompt)
                    reason, detail = ("", "") if why is None else (why.reason, why.detail)
                if reason:
                    counts[DROPPED + reason] += 1
                    dropped.write({"prompt": task.prompt, "reason": reason, "detail": detail})
                else:
                    counts["kept"] += 1
                    writer.write({"prompt": task.prompt, "completion": task.output})
        return PartResult(((kept, writer.rows), (excluded, dropped.rows)), counts)


def load_stage(parts: Sequence[Part], output: Path, settings: LoadSettings) -> Stage:
    """Return the stage: {instruction, input, output} -> {prompt, completion} in ``data/train.*``, without duplicates.

    Of rows that are alike the first in the order of the files stays; ``excluded/`` names the others with what they are
    like. Memory: all prompts. Time: the square of the rows if near ones are looked for (5,000 rows: seconds).
    """
    paths = [path for part in parts for path in part.paths]
    files = {path: sha256_of(path) for path in settings.keywords}
    said = written_settings(settings) | {"keywords_sha256": list(files.values())}
    part = Part("train", paths[0], tuple(paths[1:]))
    return Stage(STAGE, _Load(settings), (part,), output, said, files)


def _schema() -> Any:
    import pyarrow as pa

    return pa.schema([("prompt", pa.string()), ("completion", pa.string())])
