"""What the commands that ask a model have in common."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from octopack_data.chats.asking import Cost


def say_cost(cost: "Cost", *, least: bool = False) -> None:
    """Print what a run would cost."""
    word = "at least " if least else ""
    typer.echo(
        f"{word}{cost.requests:,} requests, about {cost.prompt_tokens:,} tokens of prompts, "
        f"up to {cost.completion_tokens:,} tokens of answers"
    )


def say_end(manifest: Mapping[str, Any]) -> None:
    """Print the counts, and how a run that ended at its limit goes on."""
    from octopack_data.commands.stage_options import say_counts

    say_counts(manifest)
    if manifest["counts"].get("limit_reached"):
        typer.echo("Ended at its limit. With a higher --max-requests or --max-total-tokens the same command goes on.")
