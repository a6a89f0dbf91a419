"""The whole way from commits to CommitPack and CommitPackFT: each stage in a folder of its own, finished ones kept."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError, UsageError
from octopack_data.chain_settings import ChainSettings, SelectionSettings
from octopack_data.commit_rows import HistorySettings
from octopack_data.decontamination import decontaminate_stage
from octopack_data.duplicates import deduplicate
from octopack_data.exclusions import EXCLUDED, ExclusionSettings
from octopack_data.fetch.settings import FetchSettings
from octopack_data.fetch.work import fetch
from octopack_data.filtering import FilterSettings, filter_stage
from octopack_data.funnel import read_chain
from octopack_data.manifests import MANIFEST, read_manifest
from octopack_data.parts import OtherRun, Stage, run_stage
from octopack_data.redaction import redact_stage
from octopack_data.remote_selection import exported, selected
from octopack_data.settings import Settings, narrowed, written_settings
from octopack_data.shards import shard_stage
from octopack_data.sources import Part, find_parts
from octopack_data.splitting import split_stage
from octopack_data.statements import SelectSettings
from octopack_data.train_valid import split_train

_ORDER = ("select", "fetch", "split", "filter")
"""Stages that may be the first."""
_EXPORT = "export"
"""Folder of what a selection in BigQuery gives."""
_NEVER_LISTED = ("sample", "opt_out")
"""Reasons of rows that are only counted."""
_CLEANING = ("deduplicate", "redact", "decontaminate", "split_train")


@dataclass(frozen=True)
class Link:
    """One stage of a chain: where it reads, where it writes, and how it is run (again: it goes on, or is only read)."""

    name: str
    sources: tuple[str, ...]
    output: Path
    settings: Settings
    run: Callable[..., dict[str, Any]]
    """Called with ``workers``, ``overwrite`` and ``progress``; returns the manifest."""

    @property
    def source(self) -> str:
        """Return where it reads, for a reader; a stage other than the selection has one source."""
        return ", ".join(self.sources)

    @property
    def finished(self) -> bool:
        """Return whether its manifest is there."""
        return (self.output / MANIFEST).is_file()


class NothingLeft(InputError):
    """A stage kept no row, so that those behind it have nothing to do; ``folders`` are those that have run."""

    def __init__(self, message: str, folders: Sequence[Path]) -> None:
        super().__init__(message)
        self.folders = tuple(folders)


def links(chain: ChainSettings) -> Iterator[Link]:
    """Yield the stages of a chain in their order; raises UsageError and InputError for settings that cannot work."""
    source = chain.sources[0]
    for name in _ORDER[_ORDER.index(chain.begin) :]:
        link = _link(chain, name, name, source)
        yield link
        source = str(link.output)
        if name == "select" and chain.remote:
            link = _export_link(chain, link.output)
            yield link
            source = str(link.output)
        if name == "split" and chain.commitpack:
            yield _link(chain, "commitpack", "commitpack", source)
    for name in _CLEANING:
        if getattr(chain, name):
            link = _link(chain, name, name.replace("_", "-"), source)
            yield link
            source = str(link.output)
    if not chain.split_train:
        yield _link(chain, "commitpackft", "commitpackft", source)
    else:
        for side in ("train", "valid"):
            yield _link(chain, "commitpackft", f"commitpackft-{side}", f"{source}/{side}")


def run_chain(
    chain: ChainSettings, *, overwrite: bool = False, overwrite_from: str = "", progress: bool = True
) -> list[Link]:
    """Run all stages and return them; the same call goes on where an earlier one was stopped.

    With ``overwrite`` all begins anew; with ``overwrite_from``, the stage of that name and all behind it.
    Raises what a stage raises, NothingLeft, and UsageError for a name that is none; what is finished by then stays.
    """
    stages = list(links(chain))
    first = first_anew(stages, overwrite=overwrite, overwrite_from=overwrite_from)
    for number, link in enumerate(stages):
        try:
            manifest = link.run(workers=chain.workers, overwrite=number >= first, progress=progress)
        except OtherRun as error:
            raise OtherRun(
                f"{error} (all stages), or with --overwrite-from {link.name} (this one and those behind it)"
            ) from error
        if number + 1 < len(stages) and manifest["counts"].get("kept") == 0:
            raise NothingLeft(_why_nothing(link), [one.output for one in stages[: number + 1]])
    return stages


def _why_nothing(link: Link) -> str:
    """Say which rule took the most rows, and how to see them."""
    counts = read_chain(link.output)[-1]
    if not counts.dropped:
        return f"{link.name} was given no row, and nothing is left for the stages behind it: look at {link.source}"
    reason, rows = next(iter(counts.dropped.items()))  # the most frequent
    said = (
        f"{link.name} kept none of its {counts.rows:,} rows, and nothing is left for the stages behind it. Most were "
        f"dropped by {reason}: {rows:,}."
    )
    if not isinstance(link.settings, ExclusionSettings) or reason in _NEVER_LISTED:
        return said
    if listed := next(iter(sorted((link.output / EXCLUDED).rglob("*.jsonl.zst"))), None):
        return f"{said} The dropped rows with their reasons: zstd -dc {shlex.quote(str(listed))} | head"
    return (
        f"{said} To see the dropped rows with their reasons: `{link.name}: {{excluded_share: 1.0}}` in the file of "
        f"settings, and run again with --overwrite-from {link.name}"
    )


def first_anew(stages: Sequence[Link], *, overwrite: bool, overwrite_from: str) -> int:
    """Return the place of the first stage that begins anew, behind the last one if none does; raises UsageError."""
    names = [link.name for link in stages]
    if overwrite_from and overwrite_from not in names:
        raise UsageError(f"--overwrite-from is {overwrite_from!r}; the stages are {', '.join(names)}")
    return 0 if overwrite else names.index(overwrite_from) if overwrite_from else len(stages)


def _link(chain: ChainSettings, stage: str, folder: str, source: str) -> Link:
    settings = chain.of(stage)
    assert settings is not None  # only asked for where there are settings
    output = chain.output / folder
    if isinstance(settings, SelectionSettings) and chain.remote:
        remote = chain.remote_selection()
        return Link(folder, chain.sources, output, remote, partial(selected, output, remote))
    if isinstance(settings, SelectionSettings):
        sources = [Path(one) for one in chain.sources]
        return Link(folder, chain.sources, output, settings, partial(_select, sources, output, settings))
    if isinstance(settings, FetchSettings):
        settings = _with_clones(chain, settings)
    if stage == "split" and chain.begin == "select":
        settings = _with_licences(chain, settings)
    if isinstance(settings, FilterSettings):
        _check_filter(settings)
    return Link(folder, (source,), output, settings, partial(_run, stage, source, output, settings))


def _export_link(chain: ChainSettings, selection: Path) -> Link:
    """The tables of a selection in BigQuery as files here."""
    output = chain.output / _EXPORT
    return Link(_EXPORT, (str(selection),), output, chain.bigquery, partial(exported, selection, output))


def _with_clones(chain: ChainSettings, settings: FetchSettings) -> FetchSettings:
    """Clones that commits were selected from are read, too, unless a backend is named."""
    from octopack_data.selecting import are_tables

    named = "backend" in chain.fetch.model_fields_set
    if chain.begin != "select" or named or chain.remote or are_tables([Path(one) for one in chain.sources]):
        return settings
    clones = {"backend": "git-local", "clones": tuple(map(Path, chain.sources)), "names": chain.select.names}
    return settings.model_copy(update=clones)


def _with_licences(chain: ChainSettings, settings: Settings) -> Settings:
    from octopack_data.selection_folder import LICENCES_FILE

    if "licence_map" in settings.model_fields_set:
        return settings
    folder = _EXPORT if chain.remote else "select"
    return settings.model_copy(update={"licence_map": chain.output / folder / LICENCES_FILE})


def _check_filter(settings: FilterSettings) -> None:
    """A missing tokenizer is told before hours of fetching, not after them."""
    from octopack_data.filtering import sieve_of

    try:
        sieve_of(settings)
    except UsageError as error:
        raise UsageError(f"filter: {error}") from error


def _select(sources: list[Path], output: Path, settings: SelectionSettings, **options: Any) -> dict[str, Any]:
    from octopack_data.selecting import select_commits, source_facts

    selection, histories = narrowed(SelectSettings, settings), narrowed(HistorySettings, settings)
    if (output / MANIFEST).is_file() and not options["overwrite"]:
        manifest, facts = read_manifest(output), source_facts(sources, histories)
        if manifest["settings"] == written_settings(selection) and facts.items() <= manifest.items():
            return manifest
        raise OtherRun(
            f"{output} holds a selection with other settings or from other sources: name another output, "
            "or start anew with --overwrite"
        )
    return select_commits(sources, output, selection, histories, **options)


_STAGES: Mapping[str, Callable[[Sequence[Part], Path, Any], Stage]] = {
    "split": split_stage,
    "commitpack": shard_stage,
    "filter": filter_stage,
    "redact": redact_stage,
    "decontaminate": decontaminate_stage,
    "commitpackft": shard_stage,
}
_PASSES: Mapping[str, Callable[..., dict[str, Any]]] = {
    "fetch": fetch,
    "deduplicate": deduplicate,
    "split_train": split_train,
}


def _run(stage: str, source: str, output: Path, settings: Settings, **options: Any) -> dict[str, Any]:
    parts = find_parts(source)
    if stage in _PASSES:
        return _PASSES[stage](parts, output, settings, **options)
    return run_stage(_STAGES[stage](parts, output, settings), **options)
