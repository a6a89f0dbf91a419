"""Rows whose contents are never asked for: a decision on the metadata alone, in the release's order."""

from __future__ import annotations

from octopack_data.languages import has_known_extension
from octopack_data.records import Change, Mode

REASONS = ("unknown_extension", "update_noise", "misc_noise")
_NOISE = frozenset({"initial commit", "please\n", "please", "lalala"})
_NOISE_TIDY = frozenset(message.strip() for message in _NOISE)


def dropped_because(change: Change, mode: Mode) -> str:
    """Return the first of REASONS that holds, or "" for a row to be fetched.

    ``published`` compares messages exactly, so that one that ends with a newline ("Update a.py\\n") stays;
    ``fixed`` leaves white space at the ends out, and the case of the third rule's messages.
    """
    if not has_known_extension(change.new_file, mode):
        return "unknown_extension"
    message = change.message if mode == "published" else change.message.strip()
    if message == "Update " + change.old_file:
        return "update_noise"
    noise = message in _NOISE if mode == "published" else message.lower() in _NOISE_TIDY
    return "misc_noise" if noise else ""
