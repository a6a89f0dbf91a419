"""The data set's card: README.md with a configuration a language, counts, licences, and how to have rows removed."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from humanevalpack.errors import EnvironmentFault, InputError
from octopack_data.audit import MATRIX, NOTICES, REPOSITORIES, matrix
from octopack_data.funnel import funnel_table, read_chain
from octopack_data.languages import display_name
from octopack_data.licences import licences
from octopack_data.manifests import read_manifest
from octopack_data.rows import ending
from octopack_data.settings import Settings
from octopack_data.shards import language_parts
from octopack_data.sources import Part, find_parts
from octopack_data.statistics import LanguageSizes, measured_sizes, total

CARD, SUMS = "README.md", "SHA256SUMS"
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"),
          (10_000_000, "1M<n<10M"), (100_000_000, "10M<n<100M"), (1_000_000_000, "100M<n<1B"))  # fmt: skip


class CardSettings(Settings):
    """What the card says besides what the manifests know."""

    name: str = "CommitPack"
    """Name of the data set."""
    repository: str = "YOUR-NAME/commitpack"
    """Where it will be on the hub, for the example of its use."""
    contact: str
    """Where people ask for the removal of their code: an address or a page."""
    description: str = "Commits of public repositories, each with one changed file before and after."
    """What the data is, in a sentence or more."""


def make_card(folder: Path, settings: CardSettings, audit: Path | None = None) -> str:
    """Return the card of a folder with ``data/<language>/…`` and a manifest; ``audit`` is the folder of its audit.

    Raises InputError (no manifest, no row, an audit of other rows).
    """
    sizes = [row for row in measured_sizes(folder) if row.raw_samples]  # an opt-out may leave files without a row
    if not sizes:
        raise InputError(f"{folder}: no file there has a row, so there is nothing to say of it")
    filled = {row.language for row in sizes}
    parts = [part for part in language_parts(find_parts(folder)) if part.name in filled]
    rows = total(sizes).raw_samples
    sections = [
        _front_matter(parts, settings, rows),
        f"# {settings.name}\n\n{settings.description}\n",
        _use(settings, sizes),
        f"## Languages\n\n{_languages_table(sizes)}",
        f"## Licences\n\n{_licences_section(audit, rows)}",
        f"## How it was made\n\n{funnel_table(read_chain(folder))}",
        _removal(settings),
    ]
    return "\n".join(sections)


def _front_matter(parts: Sequence[Part], settings: CardSettings, rows: int) -> str:
    import yaml

    facts = {
        "pretty_name": settings.name,
        "license": "other",
        "license_name": "licences-of-the-repositories",
        "license_link": "#licences",
        "language": ["code"],
        "task_categories": ["text-generation"],
        "size_categories": [next((name for limit, name in _SIZES if rows < limit), "n>1T")],
        "configs": [
            {"config_name": part.name, "data_files": [{"split": "train", "path": _paths(part)}]} for part in parts
        ],
    }
    return f"---\n{yaml.safe_dump(facts, sort_keys=False, allow_unicode=True)}---\n"


def _paths(part: Part) -> list[str]:
    """Return a pattern for the files of a language: there may be thousands."""
    return [f"data/{part.name}/*{kind}" for kind in dict.fromkeys(ending(path) for path in part.paths)]


def _use(settings: CardSettings, sizes: Sequence[LanguageSizes]) -> str:
    first = sizes[0].language
    return (
        "```python\nfrom datasets import load_dataset\n\n"
        f'rows = load_dataset("{settings.repository}", "{first}", split="train", streaming=True)\n```\n\n'
        "Columns: `commit`; `old_file`, `new_file` (paths); `old_contents`, `new_contents` (the file before and\n"
        "after); `subject`, `message` (of the commit); `lang`; `license`; `repos` (repositories with this commit,\n"
        "comma-joined).\n"
    )


def _languages_table(sizes: Sequence[LanguageSizes]) -> str:
    lines = ["| language | configuration | samples | megabytes |", "| --- | --- | ---: | ---: |"]
    for row in (total(sizes), *sizes):
        name = "**total**" if row.language == "total" else display_name(row.language)
        config = "" if row.language == "total" else f"`{row.language}`"
        lines.append(f"| {name} | {config} | {row.raw_samples:,} | {row.raw_kb / 1000:,.2f} |")
    return "\n".join(lines) + "\n"


def _licences_section(audit: Path | None, rows: int) -> str:
    said = "Each row is under the licence of the repository that it comes from: column `license`.\n"
    if audit is None:
        return said
    manifest = read_manifest(audit)
    if manifest["stage"] != "audit" or manifest["counts"]["rows"] != rows:
        raise InputError(
            f"{audit}: not the audit of these {rows} rows; make it anew: octopack-data commitpack stats licences"
        )
    return f"{said}Terms and repositories: `{NOTICES}`, `{REPOSITORIES}`.\n\n{_licence_table(matrix(manifest))}"


def _licence_table(cells: Mapping[str, Mapping[str, int]]) -> str:
    known = licences()
    lines = ["| licence | terms | rows |", "| --- | --- | ---: |"]
    for key, row in cells.items():
        kind = known[key].kind if key in known else "not known"
        lines.append(f"| `{key}` | {kind} | {sum(row.values()):,} |")
    return "\n".join(lines) + "\n"


def _removal(settings: CardSettings) -> str:
    return (
        "## Removal of your code\n\n"
        f"Write to {settings.contact}, naming your account or repository. Its rows are then taken out of every shard,\n"
        "and the next version is made without them; whoever has a copy is asked to do the same. Of the authors,\n"
        "rows hold the accounts in `repos` and what stands in the code and the messages themselves.\n"
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
    """Return the hashes of a manifest's files as ``sha256sum`` writes them."""
    return "".join(
        f"{file['sha256']}  {file['path']}\n" for file in manifest["outputs"] if file["path"].startswith("data/")
    )
