"""Addresses of hosts: what they must be, and what of them is a secret that no file and no message may keep."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit, urlunsplit

from humanevalpack.errors import UsageError

_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s'\"<>]+", re.IGNORECASE)
_FIELDS = ("{repo}", "{commit}", "{path}")
HIDDEN = "***"


def without_secrets(address: str) -> str:
    """Return an address without login and fragment, what its query says hidden but for fields as {commit}.

    A token in the path cannot be told from a folder's name.
    """
    try:
        parts = urlsplit(address)
    except ValueError:  # no address that a request could be made to
        return HIDDEN
    query = "&".join(map(_hidden, parts.query.split("&"))) if parts.query else ""
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))


def _hidden(said: str) -> str:
    name, equals, _ = said.partition("=")
    if any(field in said for field in _FIELDS):
        return said
    return f"{name}={HIDDEN}" if equals else HIDDEN


def said_without_secrets(text: str) -> str:
    """Return what git or a client said, with the secrets of every address in it hidden."""
    return _ADDRESS.sub(lambda found: without_secrets(found[0]), text)


def check_address(template: str, fields: Sequence[str], schemes: Sequence[str]) -> str:
    """Return the host of an address template; raises UsageError."""
    try:
        parts = urlsplit(template)
        host = parts.hostname
    except ValueError as error:
        raise UsageError(f"address {without_secrets(template)!r}: {error}") from error
    missing = [field for field in fields if field not in template]
    if parts.scheme not in schemes or missing:
        raise UsageError(
            f"address {without_secrets(template)!r}: must begin with "
            f"{' or '.join(f'{scheme}://' for scheme in schemes)} and hold {', '.join(fields)}"
        )
    return host or "this machine"
