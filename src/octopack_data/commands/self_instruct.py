"""``octopack-data self-instruct …``: new instructions by a model, files of instructions as pairs."""

from pathlib import Path
from typing import Annotated

import typer

from octopack_data.commands.chat_options import say_cost, say_end
from octopack_data.commands.settings_options import with_settings
from octopack_data.commands.stage_options import (
    DryRunOption,
    OutputOption,
    OverwriteOption,
    RevisionOption,
    SourceArgument,
    run,
    say_counts,
)
from octopack_data.self_instruct.settings import GenerateSettings, LoadSettings

app = typer.Typer(
    help="Self-Instruct: instructions and answers made by a model, and files of them.",
    rich_markup_mode=None,
    no_args_is_help=True,
)


@app.command(
    "generate",
    epilog="EXAMPLES: (1) octopack-data self-instruct generate seeds.jsonl -o made/ --model starcoder --dry-run  "
    "(2) octopack-data self-instruct generate seeds.jsonl -o made/ --model starcoder --endpoint completions "
    "--base-url http://gpu7:8000/v1 --count 5000 --keywords no-go.txt",
)
@with_settings(GenerateSettings)
def generate(
    seeds: Annotated[Path, typer.Argument(metavar="SEEDS", help="Rows with an instruction: the seed tasks.")],
    output: OutputOption,
    overwrite: OverwriteOption = False,
    dry_run: DryRunOption = False,
    *,
    settings: GenerateSettings,
) -> None:
    """Make new instructions and answers from seed tasks; a run that was broken off goes on and asks nothing twice."""
    from octopack_data.chats.settings import checked_key
    from octopack_data.self_instruct.generate import estimate, generate
    from octopack_data.sources import Part, find_parts

    parts = find_parts(seeds)
    part = Part("seeds", parts[0].path, tuple(one.path for one in parts[1:]))
    if dry_run:
        checked_key(settings)
        say_cost(estimate(part, settings), least=True)
        return
    say_end(generate(part, output, settings, overwrite=overwrite))


@app.command("load", epilog="EXAMPLE: octopack-data self-instruct load instructions.jsonl -o self-instruct/")
@with_settings(LoadSettings)
def load(
    source: SourceArgument,
    output: OutputOption,
    revision: RevisionOption = None,
    overwrite: OverwriteOption = False,
    dry_run: DryRunOption = False,
    *,
    settings: LoadSettings,
) -> None:
    """Write {instruction, input, output} as {prompt, completion}, without exact and near duplicates."""
    from octopack_data.self_instruct.loading import load_stage
    from octopack_data.sources import find_parts

    stage = load_stage(find_parts(source, revision=revision), output, settings)
    manifest = run(stage, workers=1, overwrite=overwrite, dry_run=dry_run)
    if manifest is not None:
        say_counts(manifest)
        if manifest["counts"].get("dropped_no_output") and not manifest["counts"]["kept"]:
            typer.echo("No row has an output. To keep them with empty completions: --prompts-only", err=True)
