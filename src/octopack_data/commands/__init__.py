"""The command ``octopack-data``: one file a command, nothing heavy imported before a command runs."""

from collections.abc import Sequence

from humanevalpack.command_line import add_version, start
from octopack_data.commands.late import late_app

COMMANDS = {
    "commitpack": (
        "commitpack:app",
        "CommitPack and CommitPackFT: select, export, fetch, split, shard, filter, and what belongs to them.",
    ),
    "config": ("chain:config_app", "Files of settings."),
    "oasst": ("oasst:app", "OASST and other dialogues: the first question with its answer as a pair."),
    "xp3x": (
        "xp3x:xp3x",
        "Draw rows of prompts and answers from the files of a table, so many of each, and shuffle them.",
    ),
    "pairs": (
        "pairs:pairs",
        "Turn commits into training examples: for supervised fine-tuning, for Megatron, or as whole texts.",
    ),
    "mix": ("mix:mix", "Mix sources of training examples, with weights, caps, and where each row is from."),
    "humanevalpack": (
        "humanevalpack:app",
        "HumanEvalPack: write bugs into solutions, make the rows, look for faults in them.",
    ),
    "self-instruct": (
        "self_instruct:app",
        "Self-Instruct: instructions and answers made by a model, and files of them.",
    ),
    "tasks": ("tasks:app", "The kinds of tasks in commits: labelled by a model, and counted."),
    "stats": ("stats:app", "Tables of what is in data, and of what stages made of it."),
    "figures": ("figures:figures", "Draw figures as PDF and PNG."),
    "card": (
        "card:card",
        "Write the card of a data set: configurations, columns, licences, how it was made, how to have rows removed.",
    ),
}

app = late_app(
    COMMANDS,
    name="octopack-data",
    help="The data pipelines of OctoPack. Begin with: octopack-data commitpack run CONFIG.yaml --dry-run",
    epilog="Exit codes: 0 done; 1 a check found a difference; 2 wrong usage or input; 3 something of this machine is "
    "missing (hub, network, git, disk).",
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
add_version(app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command."""
    start(app, arguments)
