"""The way of the rows through the stages: who read whose output, and what each stage kept and dropped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError
from octopack_data.manifests import DROPPED, MANIFEST, read_manifest, stage_above


@dataclass(frozen=True)
class StageCounts:
    """What one stage did: ``rows`` that it read, ``kept``, and the rest by reason, the most frequent first."""

    stage: str
    folder: Path
    rows: int
    kept: int
    dropped: Mapping[str, int]
    before: tuple[Path, ...]
    """Folders of the stages whose output it read."""


def read_chain(*folders: Path) -> list[StageCounts]:
    """Return the stages that led to these folders, each after those that it read; raises InputError."""
    found: dict[Path, StageCounts] = {}
    for folder in folders:
        _walk(folder.resolve(), found, ())
    return list(found.values())


def _walk(folder: Path, found: dict[Path, StageCounts], below: tuple[Path, ...]) -> None:
    if folder in below:
        raise InputError(f"{folder / MANIFEST}: reads its own output, through {' and '.join(map(str, below))}")
    if folder in found:
        return
    manifest = read_manifest(folder)
    before = tuple(dict.fromkeys(_stage_folders(manifest, folder)))
    for one in before:
        _walk(one, found, (*below, folder))
    found[folder] = _counts(manifest, folder, before)


def _stage_folders(manifest: Mapping[str, Any], folder: Path) -> list[Path]:
    """Return the folders with a manifest above the inputs; inputs that are gone, or of no stage, begin the chain."""
    found = []
    for file in manifest.get("inputs", []):
        above = stage_above(Path(file["path"]).resolve())
        # Not its own folder, nor one that it lies in: clones become tables below their selection.
        if above is not None and above != folder and above not in folder.parents:
            found.append(above)
    return found


def _counts(manifest: Mapping[str, Any], folder: Path, before: tuple[Path, ...]) -> StageCounts:
    counts = manifest.get("counts", {})
    kept = counts.get("kept", sum(file.get("rows") or 0 for file in _data(manifest)))
    dropped = {key.removeprefix(DROPPED): count for key, count in counts.items() if key.startswith(DROPPED)}
    order = sorted(dropped.items(), key=lambda item: (-item[1], item[0]))
    return StageCounts(manifest["stage"], folder, kept + sum(dropped.values()), kept, dict(order), before)


def _data(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the files of rows that go on, not the reports and maps beside them; all files where none is in data/."""
    files = manifest.get("outputs", [])
    return [file for file in files if "data" in Path(file["path"]).parts[:-1]] or files


def funnel_table(chain: Sequence[StageCounts]) -> str:
    """Return the funnel as a Markdown table: a line a stage; where it dropped rows, one for each reason above it."""
    lines = ["| stage | rows | share |", "| --- | ---: | ---: |"]
    for stage in chain:
        if stage.dropped:
            lines.append(f"| {stage.stage}: read | {stage.rows:,} | |")
        lines += [
            f"| – {reason} | {count:,} | {_share(count, stage.rows)} |" for reason, count in stage.dropped.items()
        ]
        lines.append(f"| **{stage.stage}: kept** | **{stage.kept:,}** | {_bold(_share(stage.kept, stage.rows))} |")
    return "\n".join(lines) + "\n"


def _bold(text: str) -> str:
    return f"**{text}**" if text else ""


def _share(count: int, rows: int) -> str:
    return f"{100 * count / rows:.2f} %" if rows else ""


def lineage_graph(chain: Sequence[StageCounts]) -> str:
    """Return the stages as a Mermaid graph, an arrow from each to those that read it."""
    names = {stage.folder: f"s{number}" for number, stage in enumerate(chain)}
    nodes = [
        f'  {names[stage.folder]}["{stage.stage}<br/>{stage.folder.name}<br/>{stage.kept:,} rows"]' for stage in chain
    ]
    arrows = [f"  {names[before]} --> {names[stage.folder]}" for stage in chain for before in stage.before]
    return "\n".join(["flowchart LR", *nodes, *arrows]) + "\n"
