"""``octopack-data commitpack …``: the stages from the selection of commits to CommitPackFT."""

import typer

from octopack_data.commands import (
    chain,
    decontaminate,
    deduplicate,
    export,
    fetch,
    optout,
    push,
    redact,
    select,
    shard,
    split,
    split_train,
    stats,
)
from octopack_data.commands import filter as filtering

app = typer.Typer(
    help="CommitPack and CommitPackFT: select, export, fetch, split, shard, filter, and what belongs to them.",
    rich_markup_mode=None,
    no_args_is_help=True,
)


@app.callback()
def _group() -> None:
    """The stages, each a command of its own."""


app.command("run", epilog=chain.EPILOG)(chain.run)
app.command("select", epilog=select.EPILOG)(select.select)
app.command("export", epilog=export.EPILOG)(export.export)
app.command("fetch", epilog=fetch.EPILOG)(fetch.fetch)
app.command("split", epilog=split.EPILOG)(split.split)
app.command("shard", epilog=shard.EPILOG)(shard.shard)
app.command("optout", epilog=optout.EPILOG)(optout.optout)
app.command("filter", epilog=filtering.EPILOG)(filtering.filter_commits)
app.add_typer(stats.app, name="stats")
app.command("push", epilog=push.EPILOG)(push.push)
app.command("deduplicate", epilog=deduplicate.EPILOG)(deduplicate.deduplicate)
app.command("redact", epilog=redact.EPILOG)(redact.redact)
app.command("decontaminate", epilog=decontaminate.EPILOG)(decontaminate.decontaminate)
app.command("split-train", epilog=split_train.EPILOG)(split_train.split_train)
