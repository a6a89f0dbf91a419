"""The shards of one run (``humanevalpack run --shard i/n``): are all of them there, and finished?"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError
from humanevalpack.generations.sources import Source

OF_ONE_RUN = ("shard", "asked", "finished")
"""Manifest keys that are about one run of the command, not about what was made."""


def join_shards(sources: Sequence[Source]) -> tuple[dict[str, Any], list[str]]:
    """Return what the whole run's manifest says of the command, and the shards that are missing or not finished.

    Nothing for files that are no shards, and of the command nothing unless it is complete. Raises InputError for
    shards of different divisions, or of commands that asked for something else.
    """
    found: dict[int, Source] = {}
    division: tuple[int, str] | None = None
    owner: Path | None = None
    for source in sources:
        path, shard = source.generations.path, source.generations.facts.get("shard")
        if not isinstance(shard, Mapping):
            continue
        if division not in (None, (shard["of"], shard["by"])):
            raise InputError(
                f"{path} is shard {shard['number']}/{shard['of']} by {shard['by']}, and {owner} is one of "
                f"{division[0]} by {division[1]}: leave one of them out"
            )
        if owner is not None:
            _check_asked(source, next(iter(found.values())), shard["by"])
        division, owner = (shard["of"], shard["by"]), path
        found[shard["number"]] = source
    if division is None:
        return {}, []
    of, by = division
    missing = [f"shard {number}/{of} by {by} is missing" for number in range(1, of + 1) if number not in found]
    missing += [
        f"shard {number}/{of} by {by} is not finished: start {source.generations.path} again"
        for number, source in sorted(found.items())
        if not _is_finished(source)
    ]
    return ({}, missing) if missing else (_whole([found[number] for number in sorted(found)]), [])


def _check_asked(source: Source, first: Source, by: str) -> None:
    own = ("shard",) if by == "problem" else ("shard", "tasks")
    said, held = source.generations.facts["asked"], first.generations.facts["asked"]
    for key in {**held, **said}:
        if key not in own and said.get(key) != held.get(key):
            raise InputError(
                f"{source.generations.path}: {key} is {said.get(key)!r}, but {held.get(key)!r} in "
                f"{first.generations.path}: these are no shards of one run"
            )


def _is_finished(source: Source) -> bool:
    counted = Counter(row.task for row in source.generations.rows)
    return dict(counted) == source.generations.facts.get("finished")


def _whole(sources: Sequence[Source]) -> dict[str, Any]:
    finished = Counter[str]()
    tasks: set[str] = set()
    for source in sources:
        finished.update(source.generations.facts["finished"])
        tasks.update(source.generations.facts["asked"]["tasks"])
    asked = {**sources[0].generations.facts["asked"], "tasks": sorted(tasks)}
    return {"asked": {key: value for key, value in asked.items() if key != "shard"}, "finished": dict(finished)}
