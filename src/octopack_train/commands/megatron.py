"""``octopack-train megatron``: what Megatron-LM reads."""

import json
import shlex
from pathlib import Path
from typing import Annotated, Literal

import typer

from octopack_train.commands.recipes import JsonOption, RecipeArgument, SetOption

app = typer.Typer(
    help="What Megatron-LM reads: data, path files, arguments, checkpoints; and its start.",
    rich_markup_mode=None,
    no_args_is_help=True,
)


@app.callback()
def _root() -> None:
    """Commands that make what Megatron-LM reads."""


@app.command(
    "preprocess",
    epilog="EXAMPLES: (1) octopack-train megatron preprocess pairs/ -o data/commits --tokenizer tokenizer.json  "
    "(2) octopack-train megatron preprocess python/ go/ -o data/pack --tokenizer tokenizer.json --key text",
)
def preprocess(
    sources: Annotated[
        list[str], typer.Argument(metavar="SOURCE…", help="Folders, files or hub ids with rows, in this order.")
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="PREFIX", help="Begins the names of files.", show_default=False),
    ],
    tokenizer: Annotated[
        Path, typer.Option("--tokenizer", metavar="FILE", help="tokenizer.json, or its folder.", show_default=False)
    ],
    keys: Annotated[
        list[str] | None,
        typer.Option(
            "--key", help="Column with text; several times [default: inputs and targets].", show_default=False
        ),
    ] = None,
    eod: Annotated[
        Literal["last", "all", "none"],
        typer.Option("--eod", help="Append an end token to texts of the last key, of all, of none."),
    ] = "last",
    eod_token: Annotated[str, typer.Option("--eod-token", help="The end token.")] = "<|endoftext|>",
    revision: Annotated[str | None, typer.Option("--revision", help="Revision of sources that are hub ids.")] = None,
    workers: Annotated[
        int, typer.Option("--workers", min=1, help="Processes; the files are the same for any number.")
    ] = 1,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Start anew instead of going on, and replace files that are there.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be read, and show the first row's tokens.")
    ] = False,
) -> None:
    """Tokenize rows into indexed datasets, one a key: PREFIX_inputs_document.bin and .idx, PREFIX_targets_document….

    A column `outputs` is taken for `targets`. A text that ends with the end token already gets no second one. A run
    that was stopped goes on where it was when its command is given again.
    """
    from octopack_data.commands.stage_options import say_counts, say_plan
    from octopack_data.sources import find_parts
    from octopack_train.megatron.preprocessing import preprocess as preprocess_rows
    from octopack_train.megatron.tokenizing import INPUTS, TARGETS, Tokenizing, first_row

    file = tokenizer / "tokenizer.json" if tokenizer.is_dir() else tokenizer
    settings = Tokenizing(tuple(keys or (INPUTS, TARGETS)), file, eod, eod_token)
    parts = [part for source in sources for part in find_parts(source, revision=revision)]
    if dry_run:
        say_plan("megatron preprocess", parts, output)
        for line in first_row([path for part in parts for path in part.paths], settings):
            typer.echo(line)
        return
    manifest = preprocess_rows(parts, output, settings, workers=workers, overwrite=overwrite)
    say_counts(manifest)
    for one in manifest["outputs"]:
        typer.echo(output.with_name(one["path"]))


DialectOption = Annotated[
    Literal["bigcode-2023", "core-0.16"], typer.Option("--dialect", help="Whose arguments: which Megatron-LM is there.")
]
BeginOption = Annotated[
    Literal["auto", "scratch", "first", "resume"],
    typer.Option("--begin", help="How the run begins; auto: as the tracker file in the checkpoints' folder says."),
]


@app.command(
    "args",
    epilog="EXAMPLES: (1) octopack-train megatron args santacoderpack --dialect core-0.16  "
    "(2) octopack-train megatron args santacoder-mtf-ql --dialect bigcode-2023 --begin first",
)
def args(
    recipe: RecipeArgument,
    dialect: DialectOption,
    begin: BeginOption = "auto",
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the arguments of a recipe, one flag a line, as the pretraining script of a Megatron-LM reads them."""
    from octopack_train.megatron.arguments import megatron_arguments
    from octopack_train.megatron.dialects import read_dialect
    from octopack_train.megatron.tracker import begin_of
    from octopack_train.recipes.reading import read_recipe

    whole = read_recipe(recipe, settings or ())
    own = whole.megatron
    how = begin_of(Path(own.checkpoints), own.model.base) if begin == "auto" else begin
    found = megatron_arguments(whole, read_dialect(dialect), how)
    if as_json:
        typer.echo(json.dumps([word for flag in found for word in flag], indent=2))
        return
    for flag in found:
        typer.echo(shlex.join(flag))
