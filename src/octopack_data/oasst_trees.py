"""Dialogues out of OASST's conversation trees, from both of its public exports.

A tree is a prompt and replies, each with replies of its own. The dialogue that a tree gives follows the best reply at
every step: the one of the lowest rank, the first of equals, those without a rank last.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from humanevalpack.errors import InputError
from octopack_data.dialogues import (
    Dialogue,
    Message,
    form_of,
    linear_dialogue,
    optional_of,
    read_values,
    role_of,
    text_of,
)
from octopack_data.rows import place as place_of

Replies = Literal["best", "all"]
"""Which replies to a tree's prompt make a dialogue: the best one, or each."""


@dataclass(slots=True)
class _Node:
    message: Message
    line: int
    replies: list[_Node] = field(default_factory=list)


def read_dialogues(path: Path, replies: Replies = "best") -> Iterator[Dialogue]:
    """Yield the dialogues of a file in any form (octopack_data.dialogues), which its first line decides about.

    Memory: one line; of OASST's flat export the whole file, as a tree's messages may stand anywhere (300 MB for the
    160,000 messages of OASST1). Raises InputError that names file, line and column.
    """
    values = read_values(path)
    first = next(values, None)
    if first is None:
        return
    form = form_of(first[1], place_of(path, first[0]))
    values = chain((first,), values)
    if form == "messages":
        yield from _flat(path, values, replies)
        return
    for line, value in values:
        place = place_of(path, line)
        if not isinstance(value, list if form == "turns" else dict):
            raise InputError(f"{place}: must be of the form {form}, as the first line is, not {value!r:.60}")
        if form == "tree":
            yield from _tree(value, line, place, replies)
        else:
            yield linear_dialogue(value, form, line, place)


def _tree(value: Any, line: int, place: str, replies: Replies) -> Iterator[Dialogue]:
    root = _node(value.get("prompt"), line, f"{place}, prompt")
    state = optional_of(value, "tree_state", str, place)
    yield from _dialogues(root, line, text_of(value, "message_tree_id", place), state or "", replies)


def _node(value: Any, line: int, place: str) -> _Node:
    root = _Node(message_of(value, place), line)
    waiting = [(root, value, place)]  # no recursion: some trees are deep
    while waiting:
        node, said, where = waiting.pop()
        below = said.get("replies")
        if below is not None and not isinstance(below, list):
            raise InputError(f"{where}: replies must be a list, not {below!r:.60}")
        for number, reply in enumerate(below or (), start=1):
            here = f"{where}, reply {number}"
            node.replies.append(_Node(message_of(reply, here), line))
            waiting.append((node.replies[-1], reply, here))
    return root


def message_of(value: Any, place: str) -> Message:
    """Return a message of one of the exports; raises InputError that names the place and what is wrong in it."""
    text = text_of(value, "text", place)
    return Message(
        text,
        role_of(value.get("role"), "role", place),
        optional_of(value, "lang", str, place) or "",
        optional_of(value, "rank", int, place),
        _quality(optional_of(value, "labels", Mapping, place) or {}, f"{place}, labels"),
        optional_of(value, "review_result", bool, place),
        optional_of(value, "deleted", bool, place),
    )


def _quality(labels: Mapping[str, Any], place: str) -> float | None:
    """Read ``labels.quality.value``; the hub's Parquet files have lists instead: of names, and of values."""
    names, values = labels.get("name"), labels.get("value")
    if isinstance(names, list) and isinstance(values, list):
        found = optional_of(dict(zip(names, values, strict=False)), "quality", (int, float), place)
    else:
        quality = optional_of(labels, "quality", Mapping, place) or {}
        found = optional_of(quality, "value", (int, float), f"{place}.quality")
    return None if found is None or math.isnan(found) else float(found)  # no number is no number in Parquet, too


def _dialogues(root: _Node, line: int, tree: str, state: str, replies: Replies) -> Iterator[Dialogue]:
    ordered = _ranked(root.replies)
    chosen: Sequence[_Node | None] = ordered if replies == "all" else ordered[:1]
    for reply in chosen or (None,):
        yield Dialogue(line, (root.message, *_path(reply)), tree, state)


def _path(node: _Node | None) -> Iterator[Message]:
    """Yield the messages from a node on, by the best reply at every step."""
    while node is not None:
        yield node.message
        node = next(iter(_ranked(node.replies)), None)


def _ranked(nodes: list[_Node]) -> list[_Node]:
    return sorted(nodes, key=lambda node: (node.message.rank is None, node.message.rank or 0))


def _flat(path: Path, values: Iterator[tuple[int, Any]], replies: Replies) -> Iterator[Dialogue]:
    """Put trees together; a message whose tree has no prompt in the file makes a dialogue without a prompt."""
    nodes: dict[str, _Node] = {}
    parents: dict[str, str | None] = {}
    trees: dict[str, tuple[str, str]] = {}
    for line, value in values:
        place = place_of(path, line)
        name = text_of(value, "message_id", place)
        if name in nodes:
            raise InputError(f"{place}: message_id {name} is also that of line {nodes[name].line}")
        nodes[name] = _Node(message_of(value, place), line)
        parents[name] = optional_of(value, "parent_id", str, place)
        state = optional_of(value, "tree_state", str, place)
        trees[name] = (optional_of(value, "message_tree_id", str, place) or name, state or "")
    for name, parent in parents.items():
        if parent in nodes:
            nodes[parent].replies.append(nodes[name])
    for name, parent in parents.items():
        tree, state = trees[name]
        if parent is None:
            yield from _dialogues(nodes[name], nodes[name].line, tree, state, replies)
        elif parent not in nodes:
            yield Dialogue(nodes[name].line, (), tree, state)
