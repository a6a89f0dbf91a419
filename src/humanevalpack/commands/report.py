"""``humanevalpack report``: runs as a page, as figures and tables for papers, or as a table on the spot."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from humanevalpack.commands.options import at_least

if TYPE_CHECKING:
    from humanevalpack.reports.writing import Report

EXAMPLES = (
    "Examples: humanevalpack report runs/octocoder --html report.html; "
    "humanevalpack report runs/a runs/b --figures figures --latex > table.tex"
)


def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of runs; several are shown together.")],
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page that needs no network.")
    ] = None,
    figures: Annotated[
        Path | None, typer.Option("--figures", metavar="DIR", help="Write every plot as PDF and PNG (extra report).")
    ] = None,
    latex: Annotated[bool, typer.Option("--latex", help="Print the score table as LaTeX (booktabs).")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the score table as Markdown.")] = False,
    k: Annotated[int, typer.Option("--k", parser=at_least(1), metavar="K", help="Show pass@K.")] = 1,
    title: Annotated[str, typer.Option("--title", help="The page's title.")] = "HumanEvalPack",
    dataset: Annotated[
        str | None, typer.Option("--dataset", help="Where the problems are (hub, mini, a path); default: as recorded.")
    ] = None,
    paper: Annotated[
        str, typer.Option("--paper", metavar="MODEL", help="Published model to show beside: auto, none, or a name.")
    ] = "auto",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write over files that are there.")] = False,
) -> None:
    """Show runs: scores with intervals, the published ones beside them, plots, and every sample in a page.

    Without any option the scores are printed as a Markdown table.
    """
    from humanevalpack.reports.writing import report as write_report

    made = write_report(
        *runs,
        html=html,
        figures=figures,
        k=k,
        title=title,
        dataset=dataset,
        paper=None if paper == "none" else paper,
        overwrite=overwrite,
    )
    if latex:
        typer.echo(made.latex, nl=False)
    if markdown or not (latex or html or figures):
        typer.echo(made.markdown, nl=False)
    # On stderr, so that a table can be sent into a file.
    if made.html:
        typer.echo(f"page: {made.html}", err=True)
    if made.figures:
        typer.echo(f"figures: {len(made.figures)} files in {figures}", err=True)
    for note in made.notes if (html or figures) else ():
        typer.echo(f"note: {note}", err=True)
    if not html:
        _print_findings(made)


def _print_findings(made: "Report") -> None:
    from rich.console import Console

    from humanevalpack.diagnosis.rendering import print_findings

    console = Console(stderr=True)
    for sheet, findings in zip(made.sheets, made.findings, strict=True):
        if findings and len(made.sheets) > 1:
            typer.echo(f"{sheet.name}:", err=True)
        print_findings(console, findings)
