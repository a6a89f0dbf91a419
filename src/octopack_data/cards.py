"""A data set's card: README.md with configurations, columns, licences, how it was made, how to have rows removed."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humanevalpack.errors import EnvironmentFault, InputError
from octopack_data.audit import MATRIX, NOTICES, REPOSITORIES, matrix
from octopack_data.card_kinds import DEFAULT, Configuration, Kind, configurations, data_files, kind_of, kind_of_chain
from octopack_data.card_origin import SUMS, provenance, public
from octopack_data.funnel import StageCounts, funnel_table, read_chain
from octopack_data.languages import display_name
from octopack_data.licences import licences
from octopack_data.manifests import read_manifest
from octopack_data.rows import schema_of
from octopack_data.settings import Settings
from octopack_data.statistics import LanguageSizes, measured_sizes, total

CARD = "README.md"
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"),
          (10_000_000, "1M<n<10M"), (100_000_000, "10M<n<100M"), (1_000_000_000, "100M<n<1B"))  # fmt: skip

_COMMIT_COLUMNS = (
    "`commit`; `old_file`, `new_file` (paths); `old_contents`, `new_contents` (the file before and\nafter); `subject`, "
    "`message` (of the commit); `lang`; `license`; `repos` (repositories with this commit,\ncomma-joined)"
)


class CardSettings(Settings):
    """What the card says besides what the manifests know."""

    name: str = ""
    """Name of the data set; without it that of its kind (CommitPack, OASST, …)."""
    repository: str = "YOUR-NAME/YOUR-DATA"
    """Where it will be on the hub, for the example of its use."""
    contact: str
    """Where people ask for the removal of their code or texts: an address or a page."""
    description: str = ""
    """What the data is, in a sentence or more; without it that of its kind."""
    licence: str = ""
    """The hub's name of the licence (apache-2.0); without it that of its kind, or other."""


@dataclass(frozen=True)
class _Card:
    """All that a card is made of."""

    folder: Path
    settings: CardSettings
    manifest: Mapping[str, Any]
    kind: Kind
    configurations: Sequence[Configuration]
    chain: Sequence[StageCounts]

    @property
    def name(self) -> str:
        return self.settings.name or self.kind.name

    @property
    def rows(self) -> int:
        return sum(one.rows for one in self.configurations)


def make_card(folder: Path, settings: CardSettings, audit: Path | None = None) -> str:
    """Return the card of a stage's output that has rows; ``audit`` is the folder of its audit of licences.

    Everything but ``settings`` comes from the manifests of the stage and of those before it. Raises InputError (no
    manifest, no row, an audit of other rows).
    """
    manifest = read_manifest(folder)
    found = configurations(manifest)
    if not found:
        raise InputError(f"{folder}: no file in data/ has a row, so there is nothing to say of it")
    chain = read_chain(folder)
    card = _Card(folder, settings, manifest, kind_of_chain(chain, [*_columns(folder, found[0])]), found, chain)
    sections = [
        _front_matter(card),
        f"# {card.name}\n\n{settings.description or card.kind.description}\n",
        _use(card),
        _sizes_section(card),
        f"## Licences\n\n{_licences_section(card, audit)}",
        f"## How it was made\n\n{funnel_table(card.chain)}\n{provenance(card.manifest, card.chain)}",
        _removal(settings),
    ]
    return "\n".join(sections)


def _front_matter(card: _Card) -> str:
    import yaml

    licence = card.settings.licence or card.kind.hub or "other"
    facts = {
        "pretty_name": card.name,
        "license": licence,
        **({"license_name": "see-below"} if licence == "other" else {}),  # a link must be an address
        "language": ["code"],
        "task_categories": list(card.kind.tasks),
        "size_categories": [next((name for limit, name in _SIZES if card.rows < limit), "n>1T")],
        "configs": [{"config_name": one.name, "data_files": one.data_files()} for one in card.configurations],
    }
    return f"---\n{yaml.safe_dump(facts, sort_keys=False, allow_unicode=True)}---\n"


def _use(card: _Card) -> str:
    first = card.configurations[0]
    split = next(iter(first.splits))
    told = _columns_of_all(card)
    columns = _COMMIT_COLUMNS if {"old_contents", "new_contents", "license"} <= set(told) else ", ".join(told.values())
    name = "" if first.name == DEFAULT else f' "{first.name}",'
    return (
        "```python\nfrom datasets import load_dataset\n\n"
        f'rows = load_dataset("{card.settings.repository}",{name} split="{split}", streaming=True)\n```\n\n'
        f"Columns: {columns}.\n"
    )


def _columns_of_all(card: _Card) -> dict[str, str]:
    """Return what is said of each column; of HumanEvalPack's, also which languages have it if not all do."""
    told = {name: f"`{name}` ({kind})" for name, kind in _columns(card.folder, card.configurations[0]).items()}
    if card.kind.key != "humanevalpack":
        return told
    there: dict[str, list[str]] = {}
    for one in card.configurations:
        for name, kind in _columns(card.folder, one).items():
            told.setdefault(name, f"`{name}` ({kind})")
            there.setdefault(name, []).append(one.name)
    all_of_them = len(card.configurations)
    return {name: text if len(there[name]) == all_of_them else f"{text[:-1]}; {', '.join(there[name])} alone)"
            for name, text in told.items()}  # fmt: skip


def _columns(folder: Path, configuration: Configuration) -> dict[str, str]:
    return {item.name: str(item.type) for item in schema_of(folder / next(iter(configuration.splits.values()))[0])}


def _sizes_section(card: _Card) -> str:
    commits = "old_contents" in _columns(card.folder, card.configurations[0])
    if commits and card.configurations[0].name != DEFAULT and (card.folder / "data").is_dir():
        sizes = [row for row in measured_sizes(card.folder) if row.raw_samples]
        return f"## Languages\n\n{_languages_table(sizes)}"
    lines = ["| configuration | split | rows | megabytes on disk |", "| --- | --- | ---: | ---: |"]
    lines += [
        f"| `{one.name}` | {', '.join(sorted(one.splits))} | {one.rows:,} | {_megabytes(one.bytes / 1e6)} |"
        for one in card.configurations
    ]
    return "## Size\n\n" + "\n".join(lines) + "\n"


def _languages_table(sizes: Sequence[LanguageSizes]) -> str:
    lines = ["| language | configuration | samples | megabytes |", "| --- | --- | ---: | ---: |"]
    for row in (total(sizes), *sizes):
        name = "**total**" if row.language == "total" else display_name(row.language)
        config = "" if row.language == "total" else f"`{row.language}`"
        lines.append(f"| {name} | {config} | {row.raw_samples:,} | {_megabytes(row.raw_kb / 1000)} |")
    return "\n".join(lines) + "\n"


def _megabytes(number: float) -> str:
    return f"{number:,.2f}" if number >= 0.01 or not number else f"{number:.6f}"


def _licences_section(card: _Card, audit: Path | None) -> str:
    brought = {kind.terms: kind.name for stage in card.chain if (kind := kind_of(stage.stage)).terms}
    table = "".join(f"| {name} | {terms} |\n" for terms, name in brought.items())
    table += _unknown_sources(card)
    said = f"| what is in it | terms |\n| --- | --- |\n{table}" if table else "Ask the contact below.\n"
    if audit is None:
        return said
    manifest = read_manifest(audit)
    if manifest["stage"] != "audit" or manifest["counts"]["rows"] != card.rows:
        raise InputError(
            f"{audit}: not the audit of these {card.rows} rows; make it anew: octopack-data stats licences"
        )
    return f"{said}\nTerms and repositories: `{NOTICES}`, `{REPOSITORIES}`.\n\n{_licence_table(matrix(manifest))}"


def _unknown_sources(card: _Card) -> str:
    """Return rows for a mixture's sources if no manifest says what is in some of them."""
    sources = card.manifest["settings"].get("sources", []) if card.kind.key == "mix" else []
    if len(card.chain[-1].before) >= len(sources):
        return ""
    named = ((one["name"], public(one["source"], card.manifest)) for one in sources)
    return "".join(f"| source `{name}` | the terms of `{source}` |\n" for name, source in named)


def _licence_table(cells: Mapping[str, Mapping[str, int]]) -> str:
    known = licences()
    lines = ["| licence | terms | rows |", "| --- | --- | ---: |"]
    for key, row in cells.items():
        kind = known[key].kind if key in known else "not known"
        lines.append(f"| `{key}` | {kind} | {sum(row.values()):,} |")
    return "\n".join(lines) + "\n"


def _removal(settings: CardSettings) -> str:
    return (
        "## Removal\n\n"
        f"For the removal of your code or texts write to {settings.contact}, naming your account or repository.\n"
        "Its rows are then taken out of every file, and the next version is made without them; whoever has a copy is\n"
        "asked to do the same. Of the authors, rows hold the accounts in `repos`, where there is such a column, and\n"
        "what stands in the texts themselves.\n"
    )


def write_card(folder: Path, settings: CardSettings, audit: Path | None = None) -> list[Path]:
    """Write README.md and SHA256SUMS (for ``sha256sum -c``) into a folder, and copies of its audit; return their paths.

    The licences ask for it: the notices travel with the data.
    """
    texts = {CARD: make_card(folder, settings, audit), SUMS: sums(read_manifest(folder))}
    copied = [audit / name for name in (NOTICES, MATRIX, REPOSITORIES)] if audit is not None else []
    try:
        for name, text in texts.items():
            (folder / name).write_text(text, "utf-8")
        for path in copied:
            shutil.copyfile(path, folder / path.name)
    except OSError as error:
        raise EnvironmentFault(f"{folder}: {CARD} cannot be written: {error}") from error
    return [folder / name for name in (*texts, *(path.name for path in copied))]


def sums(manifest: Mapping[str, Any]) -> str:
    """Return the hashes of a data set's files as ``sha256sum`` writes them."""
    return "".join(f"{file['sha256']}  {file['path']}\n" for file in data_files(manifest))
