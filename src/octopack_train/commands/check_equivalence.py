"""``octopack-train check-equivalence``: are two models the same, to the bit?"""

import json
from pathlib import Path
from typing import Annotated

import typer

from octopack_train.commands.recipes import JsonOption

EPILOG = (
    "EXAMPLES: (1) octopack-train check-equivalence mine/ theirs/  "
    "(2) octopack-train check-equivalence a/model.safetensors b/pytorch_model.bin --ignore '*.attn.bias'  "
    "(3) octopack-train check-equivalence a/ b/ --logits --logits-tolerance 1e-4. "
    "EXIT CODES: 0 equal; 1 they differ; 2 something that is no model."
)
_SHOWN = 20


def check_equivalence(
    first: Annotated[Path, typer.Argument(metavar="FIRST", help="A model's folder, or one file of tensors.")],
    second: Annotated[Path, typer.Argument(metavar="SECOND", help="The other one.")],
    ignore: Annotated[
        list[str] | None,
        typer.Option("--ignore", metavar="PATTERN", help="Leave out names like '*.attn.bias'; several times."),
    ] = None,
    with_logits: Annotated[
        bool, typer.Option("--logits", help="Also compare the logits, in fp32; each model is loaded, one at a time.")
    ] = False,
    logits_tolerance: Annotated[
        float, typer.Option("--logits-tolerance", min=0.0, help="Largest difference of two logits that is none.")
    ] = 0.0,
    everything: Annotated[bool, typer.Option("--all", help=f"Name all differences, not {_SHOWN}.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Compare two models: names, and of each tensor shape, type and every bit. Reads tensor by tensor.

    Safetensors and torch files, alone or as a folder with or without shards; the first difference is named first.
    """
    from humanevalpack.errors import UsageError
    from octopack_train.equivalence import compare_models

    if logits_tolerance and not with_logits:
        raise UsageError("--logits-tolerance is for --logits")
    found = compare_models(
        first, second, ignore=ignore or (), with_logits=with_logits, logits_tolerance=logits_tolerance
    )
    if as_json:
        typer.echo(json.dumps(found.plain(), indent=2))
    else:
        out = f", {len(found.ignored)} left out" if found.ignored else ""
        typer.echo(f"{found.tensors:,} tensors, {found.values:,} values compared{out}")
        shown = found.differences if everything else found.differences[:_SHOWN]
        for place, difference in enumerate(shown):
            typer.echo(f"{'First difference: ' if place == 0 else '                  '}{difference.said()}")
        if len(found.differences) > len(shown):
            typer.echo(f"{len(found.differences) - len(shown):,} more differences (--all names them)")
        if found.logits is not None:
            typer.echo(
                f"logits: largest difference {found.logits.max_abs:.3g} (allowed {logits_tolerance:g}), "
                f"relative {found.logits.relative:.3g}, same likeliest token at {found.logits.same_choice:.1%}"
            )
        typer.echo("equal" if found.equal else "NOT equal")
    if not found.equal:
        raise typer.Exit(1)
