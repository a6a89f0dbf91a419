"""``octopack-data commitpack …``: the stages from the selection of commits to CommitPackFT."""

from octopack_data.commands.late import late_app

COMMANDS = {
    "run": ("chain:run", "Run all stages from commits to CommitPackFT, and print how many rows each kept and dropped."),
    "select": (
        "select:select",
        "Select the commits that changed exactly one file in place, with a message that says something.",
    ),
    "export": (
        "export:export",
        "Write the metadata of a selection as Parquet shards, and the licence map as JSON lines.",
    ),
    "fetch": (
        "fetch:fetch",
        "Fetch the contents before and after each commit (rows of CommitPackMeta) from git hosts or clones.",
    ),
    "split": (
        "split:split",
        "Give each row its licence and language, drop what was opted out, write a folder for each language.",
    ),
    "shard": (
        "shard:shard",
        "Join the files of each language, in the order of their names, and cut them into shards of a size.",
    ),
    "optout": (
        "optout:optout",
        "Take listed accounts out of rows, finished shards included; files keep their names, counts say what left.",
    ),
    "filter": (
        "filter:filter_commits",
        "Keep the commits whose subject reads like an instruction and whose change is small (CommitPackFT).",
    ),
    # Of every data set, so they stand beside this group, too: octopack-data stats, octopack-data card.
    "stats": ("stats:app", "Tables of what is in data, and of what stages made of it."),
    "card": (
        "card:card",
        "Write the card of a data set: configurations, columns, licences, how it was made, how to have rows removed.",
    ),
    "push": (
        "push:push",
        "Push a data set to the hub, in the place of an earlier push; nothing is pushed without --yes.",
    ),
    "deduplicate": (
        "deduplicate:deduplicate",
        "Leave out rows that say the same as an earlier one, exactly or nearly (--near), and tell which one.",
    ),
    "redact": (
        "redact:redact",
        "Write over secrets and personal data, a value alike in all texts of a row, and report where they were.",
    ),
    "decontaminate": (
        "decontaminate:decontaminate",
        "Leave out rows that hold a problem of HumanEvalPack, and tell which problem.",
    ),
    "split-train": (
        "split_train:split_train",
        "Split rows into train and validation data, each repository (and those it shares commits with) on one side.",
    ),
}

app = late_app(
    COMMANDS, help="CommitPack and CommitPackFT: select, export, fetch, split, shard, filter, and what belongs to them."
)


@app.callback()
def _group() -> None:
    """The stages, each a command of its own."""
