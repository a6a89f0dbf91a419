"""``octopack-train megatron``: what Megatron-LM reads."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from octopack_train.commands import megatron_checkpoints as checkpoints

app = typer.Typer(help="Data and checkpoints for Megatron-LM.", rich_markup_mode=None, no_args_is_help=True)
app.command("to-hf", epilog=checkpoints.TO_HF_EPILOG)(checkpoints.to_hf)
app.command("from-hf", epilog=checkpoints.FROM_HF_EPILOG)(checkpoints.from_hf)


@app.callback()
def _root() -> None:
    """Commands that make what Megatron-LM reads."""


@app.command(
    "tokenize",
    epilog="EXAMPLES: (1) octopack-train megatron tokenize pairs.jsonl -o data/commits --tokenizer tokenizer.json  "
    "(2) octopack-train megatron tokenize texts/ -o data/pack --tokenizer tokenizer.json --key content --workers 30",
)
def tokenize(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Folder, file or hub id with rows.")],
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
    revision: Annotated[str | None, typer.Option("--revision", help="Revision, if SOURCE is a hub id.")] = None,
    workers: Annotated[
        int, typer.Option("--workers", min=1, help="Processes; the files are the same for any number.")
    ] = 1,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")] = False,
) -> None:
    """Tokenize rows into indexed datasets, one a key: PREFIX_inputs_document.bin and .idx, PREFIX_targets_document….

    A column `outputs` is taken for `targets`. A text that ends with the end token already gets no second one.
    """
    from octopack_data.commands.stage_options import say_counts
    from octopack_data.sources import find_parts
    from octopack_train.megatron.tokenizing import INPUTS, TARGETS, Tokenizing
    from octopack_train.megatron.tokenizing import tokenize as tokenize_rows

    file = tokenizer / "tokenizer.json" if tokenizer.is_dir() else tokenizer
    settings = Tokenizing(tuple(keys or (INPUTS, TARGETS)), file, eod, eod_token)
    manifest = tokenize_rows(
        find_parts(source, revision=revision), output, settings, workers=workers, overwrite=overwrite
    )
    say_counts(manifest)
    for one in manifest["outputs"]:
        typer.echo(output.with_name(one["path"]))
