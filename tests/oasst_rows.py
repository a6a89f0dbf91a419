"""Dialogues for tests, in OASST's two public forms."""

from collections.abc import Iterator
from typing import Any


def message(text: str, *replies: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A message with its replies, as in the export of trees."""
    role = "assistant" if text.startswith("A") else "prompter"
    facts = {"lang": "en", "rank": None, "review_result": True, "deleted": False}
    return {"text": text, "role": role, **facts, "replies": list(replies), **more}


def tree(name: str, prompt: dict[str, Any], state: str = "ready_for_export") -> dict[str, Any]:
    return {"message_tree_id": name, "tree_state": state, "prompt": prompt}


def quality(value: float | None) -> dict[str, Any]:
    return {"labels": {"spam": {"value": 0.0, "count": 3}, "quality": {"value": value, "count": 3}}}


def flat(*trees: dict[str, Any]) -> list[dict[str, Any]]:
    """The same trees as the flat export has them: a row a message, with the ids of parent and tree."""
    rows = []
    for one in trees:
        for number, (said, parent) in enumerate(_walk(one["prompt"], None)):
            name = one["message_tree_id"]
            facts = {key: value for key, value in said.items() if key != "replies"}
            above = None if parent is None else f"{name}/{parent}"
            ids = {"message_id": f"{name}/{number}", "parent_id": above, "message_tree_id": name}
            rows.append({**facts, **ids, "tree_state": one["tree_state"]})
    return rows


def _walk(top: dict[str, Any], above: int | None) -> Iterator[tuple[dict[str, Any], int | None]]:
    """Messages, each before its replies, with the number of the one above it."""
    number = -1
    waiting: list[tuple[dict[str, Any], int | None]] = [(top, above)]
    while waiting:
        said, parent = waiting.pop()
        number += 1
        yield said, parent
        waiting += [(reply, number) for reply in reversed(said["replies"])]


def some_trees() -> list[dict[str, Any]]:
    """Three trees: branches with ranks, one of a single message, one in Spanish with code."""
    return [
        tree(
            "t1",
            message(
                "How are you?",
                message("A: second best", rank=1),
                message("A: best", message("Really?", message("A: yes", rank=0)), rank=0, **quality(0.9)),
                message("A: unranked"),
                **quality(0.5),
            ),
        ),
        tree("t2", message("Nobody answers")),
        tree("t3", message("¿Código?", message("A:\n```py\nx = 1\n```", lang="es", rank=0), lang="es")),
    ]
