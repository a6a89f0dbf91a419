"""What a chain would do, stage after stage, as far as it can be known without running one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from octopack_data.bigquery import BigQuerySettings
from octopack_data.chain import Link
from octopack_data.chain_settings import SelectionSettings
from octopack_data.fetch.plan import plan_at_most, plan_fetch, plan_said
from octopack_data.fetch.settings import FetchSettings
from octopack_data.inputs import input_rows, input_said
from octopack_data.manifests import read_manifest
from octopack_data.redaction import RedactSettings
from octopack_data.remote_selection import RemoteSelection, price
from octopack_data.sampling import share_of
from octopack_data.selecting import size_of
from octopack_data.settings import Settings
from octopack_data.shards import ShardSettings
from octopack_data.sources import find_parts
from octopack_data.train_valid import TrainValidSettings

_KEEP_ALL = (BigQuerySettings, RedactSettings, ShardSettings, TrainValidSettings)
"""Settings of stages in which no row leaves."""


@dataclass(frozen=True)
class Rows:
    """How many rows there are: ``number``, or no more than it; with a ``share`` of all drawn by hashes, about it."""

    number: int
    at_most: bool = False
    share: float = 1.0

    def __str__(self) -> str:
        return f"{'at most ' * self.at_most}{'about ' * (self.share < 1)}{self.number:,} rows"

    def through(self, settings: Settings) -> Rows:
        """Return what at most comes out of a stage that reads them; it keeps all of a sample that was drawn before."""
        sample = share_of(getattr(settings, "sample", ""))
        at_most = self.at_most or not isinstance(settings, _KEEP_ALL)
        if isinstance(sample, float) and sample < self.share:
            return Rows(round(self.number * sample / self.share), at_most, sample)
        number = min(self.number, sample) if isinstance(sample, int) else self.number
        return replace(self, number=number, at_most=at_most)


def plan_chain(stages: Sequence[Link], anew: int) -> Iterator[str]:
    """Yield a dry run's lines: each stage, and below it what is known of its work; those from ``anew`` begin again.

    Raises what the stages raise for sources that cannot be read.
    """
    outputs: dict[str, tuple[str, Rows | None]] = {}
    """By folder: the stage that must run before it is there ("" for none), and the rows that will be in it."""
    for number, link in enumerate(stages):
        stays = link.finished and number < anew
        state = "finished" if stays else "to do" if not link.output.exists() else "anew" if number >= anew else "begun"
        yield f"{link.name:20} {state:9} {link.source} -> {link.output}"
        before, rows = outputs.get(link.source) or outputs.get(str(Path(link.source).parent)) or ("", None)
        if stays:
            counts = read_manifest(link.output)["counts"]
            lines = [f"kept {counts['kept']:,} of {counts.get('rows', counts['kept']):,} rows"]
            made = Rows(counts["kept"]).through(link.settings)
            outputs[str(link.output)] = "", replace(made, number=counts["kept"], at_most=False)
        else:
            lines, rows = _waiting(link, before, rows) if before else _ready(link, rows)
            outputs[str(link.output)] = link.name, rows and rows.through(link.settings)
        yield from (f"  {line}" for line in lines)


def _ready(link: Link, made: Rows | None) -> tuple[list[str], Rows | None]:
    """What is known of a stage whose input is there; ``made``: by the stage before it, if there is one."""
    if isinstance(link.settings, RemoteSelection):
        return [price(link.settings)], None
    if isinstance(link.settings, BigQuerySettings):
        return [f"{made} in {link.settings.project}.{link.settings.dataset}"], made
    if isinstance(link.settings, SelectionSettings):
        size = size_of([Path(source) for source in link.sources], link.settings)
        return list(size.lines), Rows(size.commits)
    if made is not None and not made.number:
        return ["no row is left there"], made
    if not Path(link.source).exists():
        return [f"known when {link.source} has been downloaded"], None
    parts = find_parts(link.source)
    rows = input_rows(parts)
    lines = [input_said(parts)]
    if isinstance(link.settings, FetchSettings):
        lines += plan_said(plan_fetch(parts, link.settings))
    return lines, None if rows is None else replace(made or Rows(rows), number=rows)


def _waiting(link: Link, before: str, rows: Rows | None) -> tuple[list[str], Rows | None]:
    """What is known of a stage whose input is the output of one that has not run."""
    if rows is None:
        return [f"rows and bytes: known when {before} has run"], None
    lines = [f"{rows}; bytes: known when {before} has run"]
    if isinstance(link.settings, FetchSettings):
        worst = plan_at_most(rows.through(link.settings).number, link.settings)
        requests = f"at most {worst.requests:,} requests" if worst.requests else "no requests"
        lines.append(f"by {link.settings.backend}: {requests}, {worst.hours:.2f} hours at best")
    return lines, rows
