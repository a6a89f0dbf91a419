"""``octopack-data pairs``: commits to training examples."""

import json
from typing import TYPE_CHECKING

import typer

from octopack_data.commands.settings_options import with_settings
from octopack_data.commands.stage_options import (
    DryRunOption,
    OutputOption,
    OverwriteOption,
    RevisionOption,
    SourceArgument,
    WorkersOption,
    say_counts,
    say_plan,
)
from octopack_data.pairs import PairSettings, checked, make_pairs
from octopack_data.sources import find_parts

if TYPE_CHECKING:
    from octopack_data.sources import Part

EPILOG = (
    "EXAMPLES: (1) octopack-data pairs commitpackft/ -o pairs/ --dry-run shows an example in each format  "
    "(2) octopack-data pairs bigcode/commitpackft -o sft/ --form commit --languages python --valid 0.05  "
    "(3) octopack-data pairs commitpackft/ -o megatron/ --mode published --columns inputs-targets"
)


@with_settings(PairSettings)
def pairs(
    source: SourceArgument,
    output: OutputOption,
    revision: RevisionOption = None,
    workers: WorkersOption = 1,
    overwrite: OverwriteOption = False,
    dry_run: DryRunOption = False,
    *,
    settings: PairSettings,
) -> None:
    """Turn commits into training examples: for supervised fine-tuning, for Megatron, or as whole texts."""
    checked(settings)  # before the hub is asked
    parts = find_parts(source, revision=revision)
    if dry_run:
        say_plan("pairs", parts, output)
        _say_examples(parts, settings)
        return
    say_counts(make_pairs(parts, output, settings, workers=workers, overwrite=overwrite))


def _say_examples(parts: "list[Part]", settings: PairSettings) -> None:
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
