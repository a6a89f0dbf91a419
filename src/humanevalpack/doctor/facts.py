"""One thing that was found of this machine."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

Level = Literal["fine", "note", "problem"]


@dataclass(frozen=True, slots=True)
class Fact:
    """``value`` is what was found; a ``note`` is worth knowing, a ``problem`` has to be mended, as ``mend`` says."""

    name: str
    value: str
    level: Level = "fine"
    mend: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        return asdict(self)


def read(path: str) -> str | None:
    """Return the text of a file of the system, stripped; None where there is none or it cannot be read."""
    try:
        return Path(path).read_text("utf-8", "replace").strip()
    except OSError:
        return None
