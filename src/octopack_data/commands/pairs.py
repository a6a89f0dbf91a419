"""``octopack-data pairs``: commits to training examples."""

import json
from pathlib import Path
from typing import Any

import typer

from octopack_data.commands.stage_options import (
    OverwriteOption,
    WaitingExecutorOption,
    WorkersOption,
    passes_command,
)
from octopack_data.pairs import PairSettings, checked, make_pairs
from octopack_data.sources import Part

EPILOG = (
    "EXAMPLES: (1) octopack-data pairs commitpackft/ -o pairs/ --dry-run shows an example in each format  "
    "(2) octopack-data pairs bigcode/commitpackft -o sft/ --form commit --languages python --valid 0.05  "
    "(3) octopack-data pairs commitpackft/ -o megatron/ --mode published --columns inputs-targets"
)


def _say_examples(parts: list[Part], settings: PairSettings) -> None:
    """Print the first row in every format that can be made of its columns; the chosen one is marked."""
    from humanevalpack.errors import UsageError
    from octopack_data.examples import columns_of, make_example
    from octopack_data.formats import FORMATS
    from octopack_data.rows import read_rows

    row = next((row for part in parts for row in read_rows(part.path)), None)
    if row is None:
        typer.echo("there are no rows")
        return
    for name in FORMATS:
        mark = "*" if name == settings.form else " "
        try:
            options = settings.model_copy(update={"form": name}).options(settings.mode, settings.seed)
        except UsageError as error:
            typer.echo(f"{mark} {name}: {error}")
            continue
        missing = [column for column in columns_of(name, options) if not isinstance(row.get(column), str)]
        if missing:
            typer.echo(f"{mark} {name}: the row has no {', '.join(missing)}")
            continue
        example = make_example(name, row, options)
        typer.echo(f"{mark} {name}\n    input  {_shown(example.input)}\n    target {_shown(example.target)}")


def _shown(text: str, most: int = 400) -> str:
    said = json.dumps(text, ensure_ascii=False)
    return said if len(said) <= most else f"{said[: most // 2]} … {said[-most // 2 :]}"


@passes_command(PairSettings, plan=_say_examples, check=checked)
def pairs(
    parts: list[Part],
    output: Path,
    settings: PairSettings,
    *,
    workers: WorkersOption = 1,
    executor: WaitingExecutorOption = "processes",
    overwrite: OverwriteOption = False,
) -> dict[str, Any]:
    """Turn commits into training examples: for supervised fine-tuning, for Megatron, or as whole texts."""
    return make_pairs(parts, output, settings, workers=workers, executor=executor, overwrite=overwrite)
