"""Dialogues, whatever form a file has them in: the public exports, rows of chats, prompts with completions, commits.

| form | a line of the file |
| --- | --- |
| tree | ``{message_tree_id, tree_state, prompt: {text, role, ..., replies: [...]}}``: OASST's export of trees |
| messages | ``{message_id, parent_id, text, role, message_tree_id, ...}``: OASST's flat export, a line a message |
| chat | ``{messages: [{content, role?}, ...]}`` |
| turns | ``[{text, from, parent_id, message_id}, ...]``: a JSON list |
| guanaco | ``{text: "### Human: ...### Assistant: ..."}`` |
| pair | ``{prompt, completion}`` |
| commit | ``{subject, old_contents, new_contents, ...}`` of CommitPack: subject and old contents ask for the new |
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from humanevalpack.errors import InputError
from octopack_data.draws import hash_of
from octopack_data.rows import ending, numbered_rows, numbered_values

Form = Literal["tree", "messages", "chat", "turns", "guanaco", "pair", "commit"]
_FORMS = (
    ("tree", ("message_tree_id", "prompt")),
    ("messages", ("message_id", "parent_id", "text", "role")),
    ("chat", ("messages",)),
    ("pair", ("prompt", "completion")),
    ("commit", ("subject", "old_contents", "new_contents")),
    ("guanaco", ("text",)),
)
"""Forms by the columns that they have, the first that fits."""

OF_A_PAIR = ("source", "line", "tree", "language", "rank", "quality")
"""Columns that tell where a pair of the stage ``oasst pairs`` is from."""
USER, ASSISTANT = "user", "assistant"
_ROLES = {"prompter": USER, "user": USER, "human": USER, "assistant": ASSISTANT, "gpt": ASSISTANT}
_MARKER = re.compile(r"### (Human|Assistant):")


@dataclass(frozen=True, slots=True)
class Message:
    """One message. ``role`` is user, assistant, another name, or "" where the source does not tell.

    What only OASST's exports tell is None elsewhere, and where they do not tell it: ``rank`` counts from 0, the best
    of the replies to one message; ``quality`` is people's mean from 0 to 1.
    """

    text: str
    role: str = ""
    language: str = ""
    rank: int | None = None
    quality: float | None = None
    reviewed: bool | None = None
    deleted: bool | None = None


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Messages in their order. ``line`` (of the first one, counted from 1) is where it stands in its file."""

    line: int
    messages: tuple[Message, ...]
    tree: str = ""
    tree_state: str = ""
    origin: tuple[str, int] | None = None
    """Source and line of a pair that was made before: they stay with it."""


def form_of(value: Any, place: str) -> Form:
    """Return the form of a file's first line; raises InputError."""
    if isinstance(value, list):
        return "turns"
    if isinstance(value, dict):
        for form, columns in _FORMS:
            if all(name in value for name in columns):
                return form  # type: ignore[return-value]
        seen = ", ".join(value) or "nothing"
    else:
        seen = repr(value)[:60]
    allowed = "; ".join(f"{form}: {', '.join(columns)}" for form, columns in _FORMS)
    raise InputError(f"{place}: has {seen}, which is no form of a dialogue ({allowed}; or a list of turns)")


def read_values(path: Path) -> Iterator[tuple[int, Any]]:
    """Yield line (counted from 1, blank ones too) and value of a file's rows, lists included; raises InputError."""
    if ending(path) == ".parquet":
        yield from numbered_rows(path)
        return
    yield from numbered_values(path)


def linear_dialogue(value: Any, form: Form, line: int, place: str) -> Dialogue:
    """Return the dialogue of a line whose form has no branches; raises InputError that names the place."""
    if form == "turns":
        return Dialogue(line, tuple(_turns(value, ("text", "from"), place)))
    if form == "chat":
        return Dialogue(line, tuple(_turns(value.get("messages"), ("content", "role"), place)))
    if form == "guanaco":
        return Dialogue(line, tuple(_marked(text_of(value, "text", place), place)))
    if form == "pair":
        return _pair(value, line, place)
    subject, old, new = (text_of(value, name, place) for name in ("subject", "old_contents", "new_contents"))
    return Dialogue(line, (Message(f"{subject}\n{old}", USER), Message(new, ASSISTANT)))


def _pair(value: Mapping[str, Any], line: int, place: str) -> Dialogue:
    prompt, completion = (text_of(value, name, place) for name in ("prompt", "completion"))
    if not all(name in value for name in OF_A_PAIR):
        return Dialogue(line, (Message(prompt, USER), Message(completion, ASSISTANT)))
    source, tree, language = (text_of(value, name, place) for name in ("source", "tree", "language"))
    rank, quality = (optional_of(value, name, kind, place) for name, kind in (("rank", int), ("quality", (int, float))))
    asked = Message(prompt, USER, language)
    answered = Message(completion, ASSISTANT, rank=rank, quality=quality)
    return Dialogue(line, (asked, answered), tree, origin=(source, optional_of(value, "line", int, place) or 0))


def _turns(value: Any, names: tuple[str, str], place: str) -> Iterator[Message]:
    text, role = names
    if not isinstance(value, list):
        raise InputError(f"{place}: messages must be a list, not {value!r:.60}")
    for number, turn in enumerate(value, start=1):
        where = f"{place}, message {number}"
        yield Message(text_of(turn, text, where), role_of(turn.get(role), role, where))


def _marked(text: str, place: str) -> Iterator[Message]:
    before, *pieces = _MARKER.split(text)
    if before.strip() or not pieces:
        raise InputError(f"{place}: text must begin with '### Human:' or '### Assistant:', not {text[:60]!r}")
    for name, said in zip(pieces[::2], pieces[1::2], strict=True):
        yield Message(said.strip(), _ROLES[name.lower()])


def text_of(value: Any, name: str, place: str) -> str:
    """Return a text column; raises InputError that names the place."""
    if not isinstance(value, Mapping) or name not in value:
        seen = ", ".join(value) if isinstance(value, Mapping) else repr(value)[:60]
        raise InputError(f"{place}: no {name!r}; there is {seen}")
    text = value[name]
    if not isinstance(text, str):
        raise InputError(f"{place}: {name} must be text, not {text!r:.60}")
    return text


def optional_of(value: Mapping[str, Any], name: str, kind: Any, place: str) -> Any:
    """Return a column that may be missing or null; raises InputError that names the place."""
    found = value.get(name)
    if found is not None and (not isinstance(found, kind) or (isinstance(found, bool) and kind is not bool)):
        said = {str: "text", int: "a whole number", bool: "true or false", Mapping: "an object"}.get(kind, "a number")
        raise InputError(f"{place}: {name} must be {said}, not {found!r:.60}")
    return found


def role_of(value: Any, name: str, place: str) -> str:
    """Return a role under the names used here; "" for none. Raises InputError for what is no text."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InputError(f"{place}: {name} must be text, not {value!r:.60}")
    return _ROLES.get(value.lower(), value.lower())


def content_id(*texts: str) -> str:
    """Return an id made of texts alone (16 hex digits)."""
    return hash_of(*texts, size=8).hex()
