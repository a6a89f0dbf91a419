"""Prompts with completions: the first two turns of a dialogue, and where they are from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from pydantic import Field

from octopack_data.dialogues import ASSISTANT, USER, Dialogue, content_id
from octopack_data.exclusions import ExcludedFile, ExclusionSettings
from octopack_data.fence_languages import fence_language
from octopack_data.oasst_trees import Replies, read_dialogues
from octopack_data.records import Mode
from octopack_data.sampling import Sample, make_sample, sample_of_number, share_of
from octopack_data.sources import Part

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa


class DialogueSettings(ExclusionSettings):
    """What the settings of every stage have that reads dialogues."""

    sample: str = ""
    """Work on a part of the pairs, chosen by their ids: a share (0.01) or a number (1000), for which the source is read
    once more."""
    excluded_share: float = Field(default=1.0, ge=0, le=1)
    """Share of the dropped dialogues, drawn by id, that `excluded/` lists: id, where they are from and the reason."""
    excluded_contents: bool = False
    """List dropped dialogues with prompt and completion, too."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One prompt with its completion, and where it is from.

    ``source`` is the file's part and ``line`` that of the prompt (from 1), when the pair was first made; ``tree`` is
    OASST's tree, ``language`` the prompt's natural language, ``rank`` and ``quality`` are the reply's,
    ``code_language`` is what the completion's first fence names; "" or None where the source does not tell.
    """

    id: str
    prompt: str
    completion: str
    source: str
    line: int
    tree: str
    language: str
    rank: int | None
    quality: float | None
    code_language: str


def pair_schema() -> pa.Schema:
    """Return the Arrow schema of pairs."""
    import pyarrow as pa

    kinds = {"line": pa.int64(), "rank": pa.int64(), "quality": pa.float64()}
    return pa.schema([(name, kinds.get(name, pa.string())) for name in Pair.__dataclass_fields__])


def first_turns(dialogue: Dialogue, mode: Mode) -> Dialogue | str:
    """Return a dialogue that begins with prompt and completion, or why there is none.

    ``published``: the first two turns whatever their roles. ``fixed``: what the system says first is left out, the user
    must ask and the assistant answer, both with more than white space.
    """
    messages = dialogue.messages
    if mode == "fixed":
        start = next((place for place, message in enumerate(messages) if message.role != "system"), len(messages))
        messages = messages[start:]
    if len(messages) < 2:
        return "no_reply" if messages else "no_prompt"
    if mode == "fixed":
        if messages[0].role not in (USER, "") or messages[1].role not in (ASSISTANT, ""):
            return "roles"
        if not messages[0].text.strip() or not messages[1].text.strip():
            return "empty"
    return replace(dialogue, messages=messages)


def pair_of(dialogue: Dialogue, source: str, mode: Mode) -> Pair:
    """Return the pair of the first two turns; what is missing is ""."""
    texts = [message.text for message in dialogue.messages[:2]]
    prompt, completion = (*texts, "", "")[:2]
    origin = dialogue.origin or (source, dialogue.line)
    asked, answered = (dialogue.messages[0], dialogue.messages[1]) if len(texts) == 2 else (None, None)
    return Pair(
        id=content_id(prompt, completion, *(() if texts else (source, str(dialogue.line)))),
        prompt=prompt,
        completion=completion,
        source=origin[0],
        line=origin[1],
        tree=dialogue.tree,
        language=asked.language if asked else "",
        rank=answered.rank if answered else None,
        quality=answered.quality if answered else None,
        code_language=fence_language(completion, mode),
    )


PLACE = ("id", "source", "line", "tree")
"""Columns that say of a dropped dialogue where it stood."""


def excluded_pairs(output: Path, part: str, settings: DialogueSettings) -> ExcludedFile:
    """Return the file that lists a part's dropped dialogues."""
    return ExcludedFile(output, part, settings, key="id", names=PLACE)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A dialogue that was read, with the pair that it gives, or the reason (``fault``) why it gives none."""

    dialogue: Dialogue
    pair: Pair
    fault: str
    path: Path


def read_candidates(part: Part, settings: DialogueSettings, replies: Replies = "best") -> Iterator[Candidate]:
    """Yield the dialogues of a part; raises InputError."""
    for path in part.paths:
        for dialogue in read_dialogues(path, replies):
            begun = first_turns(dialogue, settings.mode)
            shown, fault = (dialogue, begun) if isinstance(begun, str) else (begun, "")
            yield Candidate(shown, pair_of(shown, part.name, settings.mode), fault, path)


def pair_sample(parts: Sequence[Part], settings: DialogueSettings, replies: Replies = "best") -> Sample:
    """Return the sample of the pairs that settings ask for, by their ids; raises UsageError."""
    share = share_of(settings.sample)
    if not isinstance(share, int):
        return make_sample(settings.sample)
    every = chain.from_iterable(read_candidates(part, settings, replies) for part in parts)
    return sample_of_number(share, (one.pair.id for one in every))
