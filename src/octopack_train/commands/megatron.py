"""``octopack-train megatron``: what Megatron-LM reads."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from octopack_train.commands import megatron_checkpoints as checkpoints
from octopack_train.commands import megatron_launch

app = typer.Typer(
    help="What Megatron-LM reads: data, path files, arguments, checkpoints; and its start.",
    rich_markup_mode=None,
    no_args_is_help=True,
)
app.command("to-hf", epilog=checkpoints.TO_HF_EPILOG)(checkpoints.to_hf)
app.command("from-hf", epilog=checkpoints.FROM_HF_EPILOG)(checkpoints.from_hf)


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


@app.command(
    "paths",
    epilog="EXAMPLES: (1) octopack-train megatron paths data/train -o data --valid-prefix data/valid  "
    "(2) octopack-train megatron paths data/commits -o data --valid 0.05",
)
def paths(
    prefixes: Annotated[list[str], typer.Argument(metavar="PREFIX…", help="Prefixes of preprocess, of equal weight.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of both files.", show_default=False)],
    valid: Annotated[
        float | None,
        typer.Option(
            "--valid", help="Share of documents for validation, the last. [default: 0.05]", show_default=False
        ),
    ] = None,
    valid_prefixes: Annotated[
        list[str] | None,
        typer.Option(
            "--valid-prefix", metavar="PREFIX", help="Dataset of validation, several times.", show_default=False
        ),
    ] = None,
) -> None:
    """Write train_paths.txt and valid_paths.txt: the path files that Megatron-LM of 2023 reads.

    --valid is the way of the release; but that Megatron-LM reads a share from the first document on, so the rows of
    validation are trained, too. --valid-prefix names datasets of their own. Other weights and shares: change the files,
    octopack-train megatron launch checks them.
    """
    from humanevalpack.errors import UsageError
    from octopack_train.megatron.indexed import dataset_prefix, read_indexed
    from octopack_train.megatron.paths import check_apart, misread_shares, split_groups, whole_groups, write_paths
    from octopack_train.megatron.tokenizing import INPUTS, TARGETS

    if valid is not None and valid_prefixes:
        raise UsageError(
            "--valid and --valid-prefix: validation is a share of each dataset, or has datasets of its own"
        )
    for prefix in [*prefixes, *(valid_prefixes or [])]:
        for key in (INPUTS, TARGETS):
            read_indexed(dataset_prefix(Path(prefix), key))
    share = 0.05 if valid is None else valid
    groups = whole_groups(prefixes, valid_prefixes) if valid_prefixes else split_groups(prefixes, share)
    train, valid_files = output / "train_paths.txt", output / "valid_paths.txt"
    check_apart((str(train), groups[:1]), (str(valid_files), groups[1:]))
    for path, group in zip((train, valid_files), groups, strict=True):
        typer.echo(write_paths(path, [group]))
    for line in misread_shares(groups):
        typer.echo(f"warning: {line}", err=True)


@app.command(
    "release", epilog="EXAMPLE: octopack-train megatron release converted/iter_0000001 -o checkpoints/santacoder-mtf-ql"
)
def release(
    checkpoint: Annotated[Path, typer.Argument(help="Folder of one checkpoint, with mp_rank_00… in it.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the run.", show_default=False)],
) -> None:
    """Make a checkpoint the one with which a run begins: a link `release` to it, and a tracker file that names it."""
    from octopack_train.megatron.tracker import make_release

    typer.echo(make_release(checkpoint, output))


app.command("args", epilog=megatron_launch.ARGS_EPILOG)(megatron_launch.args)
app.command("launch", epilog=megatron_launch.LAUNCH_EPILOG)(megatron_launch.launch)
