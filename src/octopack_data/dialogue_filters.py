"""Which dialogues stay: phrases that must not occur, and what OASST's people and machines say of a message."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from humanevalpack.errors import InputError, UsageError
from octopack_data.dialogue_pairs import DialogueSettings
from octopack_data.dialogues import Dialogue
from octopack_data.oasst_trees import Replies
from octopack_data.records import Mode
from octopack_data.settings import load_yaml

_ON_FACTS = ("languages", "max_rank", "min_quality", "reviewed", "keep_deleted", "tree_states")


class OasstSettings(DialogueSettings):
    """What decides which dialogues give a pair."""

    phrases: Path | None = None
    """YAML list of phrases; a dialogue in which one occurs (capitals do not matter) leaves. None come with the
    package."""
    replies: Replies = "best"
    """Which replies to a tree's prompt make a pair each: the best alone, or all."""
    languages: tuple[str, ...] = ()
    """Languages as OASST names them (en, pt-BR), of prompt and reply."""
    max_rank: int | None = Field(default=None, ge=0)
    """Rank of the reply at most: 0 keeps those ranked best; replies without a rank leave."""
    min_quality: float | None = Field(default=None, ge=0, le=1)
    """Quality (labels.quality.value) of prompt and reply at least; messages without it leave."""
    reviewed: bool = False
    """Only dialogues of which prompt and reply have passed the review (review_result)."""
    keep_deleted: bool = True
    """Keep dialogues of which prompt or reply was deleted."""
    tree_states: tuple[str, ...] = ()
    """States of a tree, such as ready_for_export."""
    code: Literal["any", "fenced"] = "any"
    """fenced: only pairs whose completion has a fence that names a programming language."""


def failed_filter(dialogue: Dialogue, settings: OasstSettings) -> str:
    """Return the first filter on what OASST tells of a dialogue that its first two turns fail, or ""."""
    both = dialogue.messages[:2]
    if settings.tree_states and dialogue.tree_state not in settings.tree_states:
        return "tree_state"
    if settings.languages and any(message.language not in settings.languages for message in both):
        return "language"
    if not settings.keep_deleted and any(message.deleted for message in both):
        return "deleted"
    if settings.reviewed and not all(message.reviewed for message in both):
        return "review"
    rank, most, least = both[1].rank, settings.max_rank, settings.min_quality
    if most is not None and (rank is None or rank > most):
        return "rank"
    if least is not None and any(message.quality is None or message.quality < least for message in both):
        return "quality"
    return ""


def need_facts(dialogue: Dialogue, settings: OasstSettings, place: str) -> None:
    """Raise UsageError if a filter asks for what only OASST's exports tell of a dialogue that is from none."""
    if (dialogue.tree and dialogue.origin is None) or not (asked := _asked_for(settings)):
        return
    raise UsageError(
        f"{place}: only OASST's exports (of trees or messages) tell what {', '.join(asked)} asks for; leave it out, or "
        "read an export"
    )


@lru_cache(maxsize=4)
def _asked_for(settings: OasstSettings) -> tuple[str, ...]:
    """Return the filters that are not as they are by default."""
    return tuple(name for name in _ON_FACTS if getattr(settings, name) != OasstSettings.model_fields[name].default)


def read_phrases(path: Path, mode: Mode) -> tuple[tuple[str, str], ...]:
    """Return the phrases of a YAML (or JSON) list and what is looked for instead of each; raises InputError.

    All in small letters. ``fixed``: a backslash before a mark, as Markdown has it, is not part of the phrase
    (``f\\*cking``); in the release such phrases never matched.
    """
    phrases = load_yaml(path)
    if not isinstance(phrases, list) or not phrases:
        raise InputError(f"{path}: must hold a list of phrases, not {phrases!r:.60}")
    for number, phrase in enumerate(phrases, start=1):
        if not isinstance(phrase, str) or not phrase.strip():
            raise InputError(f"{path}, phrase {number}: must be text with a letter in it, not {phrase!r:.60}")
    return tuple((phrase, _sought(phrase, mode)) for phrase in phrases)


def _sought(phrase: str, mode: Mode) -> str:
    return (re.sub(r"\\([^\w\s])", r"\1", phrase) if mode == "fixed" else phrase).lower()


def phrase_in(dialogue: Dialogue, phrases: Sequence[tuple[str, str]]) -> str | None:
    """Return the first phrase of the list that occurs in the dialogue's messages, joined by one space."""
    text = " ".join(message.text for message in dialogue.messages).lower()
    return next((phrase for phrase, sought in phrases if sought in text), None)
