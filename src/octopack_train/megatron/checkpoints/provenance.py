"""Where converted weights come from: hashes of what was read, what was decided, versions; no folder of this machine."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from octopack_data.manifests import file_facts
from octopack_train.adapters.provenance import versions

PROVENANCE = "octopack_conversion.json"


def provenance(command: str, source: Path, files: Iterable[Path], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return all that is known of a conversion as plain values; reads the files once more for their hashes."""
    return {
        "made_by": f"octopack-train megatron {command}",
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        **settings,
        "source": {
            "name": source.resolve().name,
            "files": [asdict(file_facts(file, file.relative_to(source).as_posix())) for file in files],
        },
        "versions": versions(),
    }
