"""``octopack-train adapter``: fold one into its base, check one, push one."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from octopack_train.commands.recipes import JsonOption

app = typer.Typer(help="Adapters: merge, check, push.", rich_markup_mode=None, no_args_is_help=True)

AdapterArgument = Annotated[Path, typer.Argument(metavar="ADAPTER", help="Folder with adapter_config.json.")]
RevisionOption = Annotated[str | None, typer.Option("--revision", help="Revision of the base, if it is a hub id.")]


@app.command(
    "merge",
    epilog="EXAMPLES: (1) octopack-train adapter merge auto run/adapter -o merged  "
    "(2) octopack-train adapter merge bigcode/starcoder run/adapter -o octocoder --dtype bf16. "
    "EXIT CODES: 0 written; 1 a check failed, nothing is written; 2 wrong input.",
)
def merge(
    base: Annotated[str, typer.Argument(metavar="BASE", help="Folder or hub id; auto: the one that ADAPTER names.")],
    adapter: AdapterArgument,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write.", show_default=False)],
    dtype: Annotated[
        Literal["fp32", "bf16", "fp16"] | None,
        typer.Option("--dtype", help="Type of the weights that are written [default: the base's].", show_default=False),
    ] = None,
    shard_size: Annotated[str, typer.Option("--shard-size", help="Largest file of weights.")] = "5GB",
    revision: RevisionOption = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a merged model that is in the output folder.")
    ] = False,
) -> None:
    """Fold an adapter into its base in fp32, cast, check, and write the model with tokenizer and provenance.

    Needs 4 bytes of memory a parameter: 62 GB for StarCoder.
    """
    from octopack_train.adapters.merging import merge as merge_adapter
    from octopack_train.adapters.provenance import PROVENANCE
    from octopack_train.adapters.reading import find_base, read_adapter

    read = read_adapter(adapter)
    done = merge_adapter(
        find_base(base, read, revision), read, output, dtype=dtype, shard_size=shard_size, overwrite=overwrite
    )
    typer.echo(f"the adapter changes logits by {done.effect.max_abs:.2e}, relative {done.effect.relative:.2e}")
    if not done.effect.max_abs:
        typer.echo("Warning: that is nothing; was it trained?", err=True)
    for one in done.checks:
        typer.echo(one.said())
    if done.tokenizer == "nowhere":
        typer.echo("Warning: neither base nor adapter has a tokenizer; none is written", err=True)
    typer.echo(f"{output}: {done.bytes:,} bytes of {done.dtype} weights; {PROVENANCE} says where they are from")


@app.command(
    "check",
    epilog="EXAMPLES: (1) octopack-train adapter check run/adapter  "
    "(2) octopack-train adapter check run/adapter --base bigcode/starcoder --merged octocoder. "
    "EXIT CODES: 0 all equal; 1 a check failed; 2 wrong input.",
)
def check(
    adapter: AdapterArgument,
    base: Annotated[str, typer.Option("--base", help="Folder or hub id; auto: the one that ADAPTER names.")] = "auto",
    merged: Annotated[
        Path | None, typer.Option("--merged", metavar="FOLDER", help="Also this merged model.", show_default=False)
    ] = None,
    revision: RevisionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check that an adapter fits its base and says the same read again, folded in, and in a merged model."""
    from octopack_train.adapters.checking import check_adapter
    from octopack_train.adapters.reading import find_base, read_adapter

    read = read_adapter(adapter)
    found = check_adapter(find_base(base, read, revision), read, merged)
    passed = all(one.passed for one in found.checks)
    if as_json:
        values = {
            "passed": passed,
            "effect": found.effect.max_abs,
            "checks": [one.plain() for one in found.checks],
        }
        typer.echo(json.dumps(values, indent=2))
    else:
        typer.echo(f"the adapter changes logits by {found.effect.max_abs:.2e}, relative {found.effect.relative:.2e}")
        for one in found.checks:
            typer.echo(one.said())
    if not passed:
        raise typer.Exit(1)


@app.command(
    "push",
    epilog="EXAMPLES: (1) octopack-train adapter push merged/ me/octocoder  "
    "(2) octopack-train adapter push merged/ me/octocoder --yes",
)
def push(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="An adapter or a merged model, with its card.")],
    repository: Annotated[str, typer.Argument(metavar="HUB_ID", help="Model on the hub: NAME/MODEL.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Push; without it the command only says what it would do.")
    ] = False,
    public: Annotated[bool, typer.Option("--public", help="A new repository is public; without it, private.")] = False,
) -> None:
    """Push an adapter or a merged model to the hub; nothing is pushed without --yes."""
    from octopack_train.pushing import plan_push
    from octopack_train.pushing import push as push_files

    plan = plan_push(folder)
    said = f"{len(plan.files)} files, {plan.bytes:,} bytes of {folder} to {repository}"
    if not yes:
        kind = "public" if public else "private"
        typer.echo(f"Would push {said} ({kind} if it is new); nothing is pushed without --yes.")
        for name in plan.files:
            typer.echo(f"  {name}")
        return
    push_files(plan, repository, private=not public)
    typer.echo(f"Pushed {said}: https://huggingface.co/{repository}")
