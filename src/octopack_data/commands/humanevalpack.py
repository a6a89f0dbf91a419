"""``octopack-data humanevalpack …``: making a set of problems, and looking for faults in one."""

from pathlib import Path
from typing import Annotated

import typer

from humanevalpack.commands.options import chosen_languages
from octopack_data.commands import humanevalpack_check

app = typer.Typer(
    help="HumanEvalPack: write bugs into solutions, make the rows, look for faults in them.",
    rich_markup_mode=None,
    no_args_is_help=True,
)

LanguagesOption = Annotated[
    str | None, typer.Option("--languages", help="Comma-separated: cpp,go,java,js,python,rust; default: all there are.")
]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")]


@app.callback()
def _group() -> None:
    """The steps, each a command of its own."""


@app.command(
    "template", epilog="EXAMPLE: octopack-data humanevalpack template mine/python.jsonl -o mine/python.bugs.json"
)
def template(
    solutions: Annotated[Path, typer.Argument(metavar="SOLUTIONS.jsonl", help="Rows with canonical_solution.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.", show_default=False)],
    labels: Annotated[
        bool | None,
        typer.Option("--labels/--no-labels", help="With the kind of bug [default: Python only]", show_default=False),
    ] = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Write the file in which you plant the bugs: a JSON list with every solution, still right."""
    from octopack_data.humanevalpack.making import write_template

    count = write_template(solutions, output, labels=labels, overwrite=overwrite)
    typer.echo(f"{output}: {count} solutions. Edit each buggy_solution; labels: bug_type, failure_symptoms")


@app.command("create", epilog="EXAMPLE: octopack-data humanevalpack create mine/ -o mine/rows")
def create(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="<language>.jsonl, <language>.bugs.json, HumanEval.jsonl.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write.", show_default=False)],
    languages: LanguagesOption = None,
    entry_points: Annotated[
        Path | None, typer.Option("--entry-points", help="Instead of FOLDER/HumanEval.jsonl.", show_default=False)
    ] = None,
    labels: Annotated[
        Path | None, typer.Option("--labels", help="Instead of FOLDER/python.bugs.json.", show_default=False)
    ] = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Put solutions, edited bugs and entry points together: signature, docstring and instruction are read out."""
    from octopack_data.humanevalpack import making

    chosen = chosen_languages(languages) if languages is not None else None
    for made in making.create(
        folder, output, languages=chosen, entry_points=entry_points, labels=labels, overwrite=overwrite
    ):
        typer.echo(f"{made.path}: {made.rows} rows" + (f"; {made.published}" if made.published else ""))
        if made.corrected:
            typer.echo(f"  with the documented corrections of {', '.join(made.corrected)}")
        for warning in made.warnings:
            typer.echo(f"  warning: {warning}", err=True)


app.command("check", epilog=humanevalpack_check.EPILOG)(humanevalpack_check.check)
