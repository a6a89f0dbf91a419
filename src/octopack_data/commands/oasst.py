"""``octopack-data oasst …``: dialogues to prompts with completions; lines picked by hand."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from octopack_data.commands.stage_options import stage_command
from octopack_data.curating import CurateSettings
from octopack_data.dialogue_filters import OasstSettings

if TYPE_CHECKING:
    from octopack_data.parts import Stage
    from octopack_data.sources import Part

app = typer.Typer(
    help="OASST and other dialogues: the first question with its answer as a pair.",
    rich_markup_mode=None,
    no_args_is_help=True,
)


@app.callback()
def _group() -> None:
    """The stages, each a command of its own."""


@stage_command(OasstSettings)
def pairs(parts: "list[Part]", output: Path, settings: OasstSettings) -> "Stage":
    """Write the first two turns of each dialogue (OASST's exports, chats, Guanaco's text) as prompt and completion."""
    from octopack_data.oasst import pairs_stage

    return pairs_stage(parts, output, settings)


@stage_command(CurateSettings)
def curate(parts: "list[Part]", output: Path, settings: CurateSettings) -> "Stage":
    """Write the lines that a file lists: dialogues, pairs, or commits (subject and old contents ask for the new)."""
    from octopack_data.curating import curate_stage

    return curate_stage(parts, output, settings)


app.command(
    "pairs",
    epilog="EXAMPLES: (1) octopack-data oasst pairs oasst_ready.trees.jsonl.gz -o pairs/ --languages en --max-rank 0  "
    "(2) octopack-data oasst pairs timdettmers/openassistant-guanaco -o pairs/ --phrases words.yaml --mode published  "
    "(3) octopack-data oasst pairs trees.jsonl -o pairs/ --code fenced --min-quality 0.75",
)(pairs)
app.command(
    "curate",
    epilog="EXAMPLES: (1) octopack-data oasst curate dialogues.jsonl -o picked/ --indices lines.txt --first-line 0  "
    "(2) octopack-data oasst curate commitpackft/ -o picked/ --indices lines.yaml --first-line 1",
)(curate)
