"""Where a data set is from, as its card tells it: who read whose output, settings, inputs; no place of this machine."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from octopack_data.funnel import StageCounts, lineage_graph
from octopack_data.manifests import stage_above

SUMS = "SHA256SUMS"
_ENDINGS = (".yaml", ".yml", ".json", ".jsonl", ".csv", ".txt", ".toml", ".parquet", ".zst", ".gz")
_INPUTS = 20
"""Inputs that a card names."""


def provenance(manifest: Mapping[str, Any], chain: Sequence[StageCounts]) -> str:
    """Return who read whose output, the settings of the last stage, and what it read: no path of this machine."""
    import yaml

    inputs = [f"| `{_input_name(Path(file['path']))}` | {file['bytes']:,} | `{file['sha256']}` |"
              for file in manifest["inputs"][:_INPUTS]]  # fmt: skip
    more = len(manifest["inputs"]) - len(inputs)
    parts = [f"```mermaid\n{lineage_graph(chain)}```\n"]
    if settings := public(manifest["settings"], manifest):
        said = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)
        parts.append(f"Settings of `{manifest['stage']}`:\n\n```yaml\n{said}```\n")
    if inputs:
        parts.append("\n".join(["| input | bytes | SHA-256 |", "| --- | ---: | --- |", *inputs]) + "\n")
    if more > 0:
        parts.append(f"… and {more:,} more.\n")
    version = manifest["versions"].get("humanevalpack", "")
    parts.append(f"Made {manifest['created'][:10]} with octopack-data {version}; hashes of the files: `{SUMS}`.\n")
    return "\n".join(parts)


def public(value: Any, manifest: Mapping[str, Any]) -> Any:
    """Return settings without folders and addresses: of a path its last part, nothing of an address but its host."""
    if isinstance(value, Mapping):
        return {name: public(inner, manifest) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [public(inner, manifest) for inner in value]
    if isinstance(value, str) and "://" in value:
        return urlsplit(value).hostname or ""
    return Path(value).name if isinstance(value, str) and _is_path(value, manifest) else value


def _is_path(text: str, manifest: Mapping[str, Any]) -> bool:
    """Say whether a text names a place on this machine; ``owner/name`` does not, unless an input lies there."""
    if text.startswith(("/", "./", "../", "~")):
        return True
    if "/" not in text or "\n" in text:
        return False
    named = text.endswith("/") or text.lower().endswith(_ENDINGS) or (text.count("/") > 1 and " " not in text)
    return named or any(f"/{text}/" in f"{file['path']}/" for file in manifest["inputs"])


def _input_name(path: Path) -> str:
    """Return what an input is called: its path in a stage's output or in a data set of the hub, else its name."""
    if (stage := stage_above(path)) is not None:
        return path.relative_to(stage).as_posix()
    if found := re.search(r"/datasets--([^/]+?)--([^/]+)/snapshots/([0-9a-f]{7})[0-9a-f]*/(.+)", path.as_posix()):
        return "{}/{}@{}: {}".format(*found.groups())
    return path.name
