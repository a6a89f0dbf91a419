"""Detectors of a text's programming language: the fence's tag, a library, or a function of the user."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.metadata import entry_points
from typing import Any, cast

from humanevalpack.completions.fences import fenced_blocks
from humanevalpack.errors import EnvironmentFault, UsageError
from octopack_data.fence_languages import fence_language
from octopack_data.languages import load_detector

TextDetector = Callable[[str], str]
"""Takes a text, returns the name of a language, or "" where it cannot tell."""
GROUP = "octopack_data.detectors"
"""Entry points under which other packages may offer detectors."""


@cache
def _magika() -> Any:
    try:
        from magika import Magika
    except ImportError as error:
        raise EnvironmentFault(f"the detector magika needs a package: pip install magika ({error})") from error
    return Magika()


def magika(text: str) -> str:
    """Ask Google's magika, a small model on files' contents (ONNX, no torch)."""
    return str(_magika().identify_bytes(text.encode("utf-8", "replace")).output.label) if text.strip() else ""


OURS: dict[str, TextDetector] = {"fence": fence_language, "magika": magika}


def text_detector(name: str) -> TextDetector:
    """Return a detector: one of OURS, an entry point of GROUP, or ``package.module:function``; raises UsageError."""
    if name in OURS:
        return OURS[name]
    found = {point.name: point for point in entry_points(group=GROUP)}
    if name in found:
        try:
            return cast(TextDetector, found[name].load())
        except (ImportError, AttributeError) as error:
            raise UsageError(f"detector {name!r}: {found[name].value} cannot be imported ({error})") from error
    if ":" not in name:
        raise UsageError(
            f"no detector {name!r}; there are {', '.join(sorted({*OURS, *found}))}, or give package.module:function"
        )
    return cast(TextDetector, load_detector(name))


def code_of(text: str) -> str | None:
    """Return what stands in a text's first fenced block, without the fences and their tag; None without a block."""
    blocks = fenced_blocks(text)
    return blocks[0].code if blocks else None
