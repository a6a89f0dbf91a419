"""Bytes of a file as text, or the reason why they are none."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from octopack_data.fetch.statuses import WITH_CONTENTS, Status
from octopack_data.fetch.wants import Side

Encoding = Literal["drop_invalid", "skip", "charset"]
"""``drop_invalid``: UTF-8, and other bytes vanish (the release); ``skip``: such a row has no text (``not_utf8``);
``charset``: the encoding is guessed."""

_LFS = b"version https://git-lfs.github.com/spec/v1\n"
_LOOKED_AT = 8000
"""Bytes in which git itself looks for NUL to call a file binary."""


@dataclass(frozen=True)
class Policy:
    """How contents become text. ``text_only``: no binary file and no LFS pointer is taken for one."""

    encoding: Encoding
    max_bytes: int
    text_only: bool


def blob_id(content: bytes, like: str = "") -> str:
    """Return git's id of a content: SHA-1, or SHA-256 if ``like`` is such an id."""
    digest = hashlib.sha256() if len(like) == 64 else hashlib.sha1(usedforsecurity=False)
    digest.update(b"blob %d\0" % len(content))
    digest.update(content)
    return digest.hexdigest()


def text_of(content: bytes, policy: Policy) -> str | Status:
    """Return the text, or the status of a row that has none because of this content."""
    if len(content) > policy.max_bytes:
        return Status.TOO_LARGE
    if policy.text_only and b"\0" in content[:_LOOKED_AT]:
        return Status.BINARY
    if policy.text_only and content.startswith(_LFS):
        return Status.LFS_POINTER
    try:
        return content.decode()
    except UnicodeDecodeError:
        if policy.encoding == "drop_invalid":
            return content.decode(errors="ignore")
        return _guessed(content) if policy.encoding == "charset" else Status.NOT_UTF8


def _guessed(content: bytes) -> str | Status:
    from charset_normalizer import from_bytes

    best = from_bytes(content).best()
    return Status.NOT_UTF8 if best is None else str(best)


def row_status(new: Side, old: Side, policy: Policy) -> tuple[Status, str]:
    """Return a row's status and its detail from its two sides."""
    if new.status != Status.OK:
        return new.status, new.detail
    said = text_of(new.content, policy)
    if isinstance(said, Status):
        return said, "new file"
    if old.status == Status.GONE:
        return Status.ADDED, ""
    if old.status != Status.OK:
        return old.status, old.detail if old.status not in WITH_CONTENTS else ""
    said = text_of(old.content, policy)
    return (said, "old file") if isinstance(said, Status) else (Status.OK, "")
