"""``octopack-data commitpack run``: all stages from one file of settings; ``config show``: that file, whole."""

from pathlib import Path
from typing import Annotated

import typer

EPILOG = (
    "EXAMPLES: (1) octopack-data commitpack run commitpack.yaml --dry-run  "
    "(2) octopack-data commitpack run commitpack.yaml  "
    "(3) octopack-data config show > commitpack.yaml writes a file to begin with"
)
_BEGINNING = {"sources": ["clones/"], "output": "commitpack-run", "filter": {"token_rule": False}}
"""What a new file names: no tokenizer comes with the package."""

ConfigArgument = Annotated[Path, typer.Argument(metavar="CONFIG.yaml", help="Settings: octopack-data config show.")]

config_app = typer.Typer(help="Files of settings.", rich_markup_mode=None, no_args_is_help=True)


def run(
    config: ConfigArgument,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Instead of the file's.")] = None,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Instead of the file's.")] = None,
    sample: Annotated[
        str | None, typer.Option("--sample", help="Rows by commit hash, a share or a number, instead of the file's.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Begin all stages anew.")] = False,
    overwrite_from: Annotated[
        str, typer.Option("--overwrite-from", metavar="STAGE", help="Begin this stage and all behind it anew.")
    ] = "",
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="List the stages; say what each would read and ask for, as far as it can be known."
        ),
    ] = False,
) -> None:
    """Run all stages from commits to CommitPackFT, and print how many rows each kept and dropped.

    The same command goes on after a kill; finished stages are not run again. With other settings for one of them it
    stops there: --overwrite-from STAGE.
    """
    from octopack_data.chain import NothingLeft, first_anew, links, run_chain
    from octopack_data.chain_settings import ChainSettings
    from octopack_data.funnel import funnel_table, read_chain
    from octopack_data.settings import read_settings

    chain = read_settings(ChainSettings, config)
    given = {"output": output, "workers": workers, "sample": sample}
    chain = chain.model_copy(update={name: value for name, value in given.items() if value is not None})
    if dry_run:
        from octopack_data.chain_plan import plan_chain

        stages = list(links(chain))
        for line in plan_chain(stages, first_anew(stages, overwrite=overwrite, overwrite_from=overwrite_from)):
            typer.echo(line)
        return
    try:
        stages = run_chain(chain, overwrite=overwrite, overwrite_from=overwrite_from)
    except NothingLeft as nothing:
        typer.echo(funnel_table(read_chain(*nothing.folders)))
        raise
    typer.echo(funnel_table(read_chain(*(link.output for link in stages))))


@config_app.callback()
def _config() -> None:
    """Files of settings."""


@config_app.command("show", epilog="EXAMPLE: octopack-data config show > commitpack.yaml")
def show(
    config: Annotated[
        Path | None,
        typer.Argument(metavar="CONFIG.yaml", help="A file to be checked and completed.", show_default=False),
    ] = None,
) -> None:
    """Print every setting of ``commitpack run`` with its meaning: a file's values, or the defaults."""
    from octopack_data.chain_settings import ChainSettings
    from octopack_data.settings import commented_yaml, make_settings, read_settings

    chain = make_settings(ChainSettings, _BEGINNING) if config is None else read_settings(ChainSettings, config)
    typer.echo(commented_yaml(chain), nl=False)
