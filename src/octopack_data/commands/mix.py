"""``octopack-data mix``: one training set of several sources."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from octopack_data.commands.stage_options import OverwriteOption, WorkersOption, say_counts

if TYPE_CHECKING:
    from octopack_data.mixture_settings import MixSettings

EPILOG = (
    "EXAMPLES: (1) octopack-data mix octocoder --show > my.yaml writes a file to begin with  "
    "(2) octopack-data mix my.yaml -o mixed/ --dry-run  "
    "(3) octopack-data mix my.yaml -o mixed/ --workers 4  "
    "(4) octopack-data mix santacoderpack -o pretraining/"
)


def mix(
    config: Annotated[str, typer.Argument(metavar="CONFIG.yaml", help="Settings: a file, octocoder, santacoderpack.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write.")] = Path("mixture"),
    seed: Annotated[int | None, typer.Option("--seed", help="Instead of the file's.")] = None,
    rows: Annotated[int | None, typer.Option("--rows", min=1, help="Of the whole, instead of the file's.")] = None,
    workers: WorkersOption = 1,
    overwrite: OverwriteOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be mixed, and stop.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Print the file of settings, and stop.")] = False,
) -> None:
    """Mix sources of training examples, with weights, caps, and where each row is from."""
    from octopack_data.mixture_settings import mixture_file, read_mixture
    from octopack_data.mixtures import REPORT
    from octopack_data.mixtures import mix as mixed

    if show:
        typer.echo(mixture_file(config).read_text("utf-8"), nl=False)
        return
    given = {name: value for name, value in (("seed", seed), ("rows", rows)) if value is not None}
    settings = read_mixture(config, given)
    _say_unverified(settings)
    if dry_run:
        _say_plan(settings, output)
        return
    manifest = mixed(settings, output, workers=workers, overwrite=overwrite)
    typer.echo("| source | rows there | rows | % of rows | wanted % | % of text |")
    typer.echo("| --- | ---: | ---: | ---: | ---: | ---: |")
    for one in json.loads((output / REPORT).read_text("utf-8"))["sources"]:
        wanted = "" if one["wanted_share"] is None else f"{one['wanted_share']:.2%}"
        numbers = f"{one['rows_there']:,} | {one['rows']:,} | {one['share_of_rows']:.2%} | {wanted}"
        typer.echo(f"| {one['name']} | {numbers} | {one['share_of_bytes']:.2%} |".replace("%", " %"))
    say_counts(manifest)


def _say_unverified(settings: "MixSettings") -> None:
    for source in settings.sources:
        for name in source.unverified:
            typer.echo(f"unverified: {name} of {source.name} is {getattr(source, name)}", err=True)


def _say_plan(settings: "MixSettings", output: Path) -> None:
    from collections import Counter

    from octopack_data.mixtures import source_examples, source_parts

    parts = source_parts(settings)
    for source in settings.sources:
        found = parts[source.name]
        size = sum(part.bytes for part in found)
        asked = {n: getattr(source, n) for n in ("weight", "rows", "most_rows", "most_bytes")}
        said = ", ".join(f"{name} {value:,}" for name, value in asked.items() if value is not None) or "all rows"
        typer.echo(f"{source.name}: {source.form}, {said}; {len(found)} parts, {size:,} bytes, from {source.source}")
        paths = [path for part in found for path in part.paths]
        _, texts = next(source_examples(source, paths, settings, Counter()), (None, {"": "no example"}))
        for name, text in texts.items():
            typer.echo(f"    {name} {json.dumps(text[:300], ensure_ascii=False)}")
    rows = f"{settings.rows:,} rows" if settings.rows else "rows as the sources say"
    typer.echo(f"mix: {rows}, {settings.columns}, shortage: {settings.shortage} -> {output}")
