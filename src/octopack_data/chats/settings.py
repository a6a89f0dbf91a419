"""Settings of a model behind an OpenAI-compatible server, and its key, which stands in no file of ours."""

from __future__ import annotations

import os
import re
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field

from humanevalpack.errors import UsageError
from octopack_data.settings import Settings, written_settings

Endpoint = Literal["chat", "completions"]
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MANNERS = ("base_url", "key_variable", "at_a_time", "tries", "timeout", "max_requests", "max_total_tokens")


class ServerSettings(Settings):
    """Which model is asked, where, how it samples, and what it may cost."""

    model: str
    """Name of the model, as the server calls it."""
    base_url: str = "http://127.0.0.1:8000/v1"
    """Address of an OpenAI-compatible server, up to and with /v1."""
    key_variable: str = "OPENAI_API_KEY"
    """Name of the environment variable that holds the key; without it none is sent, as local servers want it."""
    endpoint: Endpoint = "chat"
    """chat, or completions for a base model."""
    temperature: float = Field(default=0.7, ge=0, le=2)
    """Of the sampling."""
    top_p: float = Field(default=1.0, gt=0, le=1)
    """Of the sampling."""
    max_tokens: int = Field(default=1024, ge=1)
    """Tokens of an answer at most."""
    seed: int = Field(default=42, ge=0)
    """Of what is drawn here; it is sent along, too, and servers that can will sample by it."""
    at_a_time: int = Field(default=8, ge=1)
    """Requests in flight."""
    tries: int = Field(default=6, ge=1)
    """Tries of a request that a later one may mend (a busy server, a lost connection)."""
    timeout: float = Field(default=120, gt=0)
    """Seconds for an answer."""
    max_requests: int | None = Field(default=None, ge=1)
    """End with what there is after so many answers, those of earlier runs in the folder included."""
    max_total_tokens: int | None = Field(default=None, ge=1)
    """End with what there is after so many tokens of prompts and answers, as the server counts them."""


def deciding(settings: ServerSettings) -> dict[str, Any]:
    """Return the settings that decide about the output: a run that goes on may have other manners and limits."""
    return {name: value for name, value in written_settings(settings).items() if name not in _MANNERS}


def checked_key(settings: ServerSettings) -> str:
    """Return the key ("" without one); raises UsageError for an address or a variable's name that cannot be.

    What is wrong with the variable's name is said without it: it may be a key.
    """
    try:
        parts = urlsplit(settings.base_url)
        host, login = parts.hostname, parts.username or parts.password
    except ValueError:
        parts, host, login = urlsplit(""), None, None
    if login:
        raise UsageError("base_url holds a login: give the key in an environment variable (--key-variable NAME)")
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise UsageError(f"base_url is {settings.base_url!r}: give an address such as http://127.0.0.1:8000/v1")
    if not _NAME.fullmatch(settings.key_variable):
        raise UsageError(
            "key_variable must be the name of an environment variable, such as OPENAI_API_KEY, not a key itself"
        )
    return os.environ.get(settings.key_variable, "")
