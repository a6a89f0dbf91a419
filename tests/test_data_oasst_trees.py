"""octopack_data.oasst_trees: the dialogues of a tree, the same from both public exports."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oasst_rows import flat, message, quality, some_trees, tree
from octopack_data.dialogues import Dialogue
from octopack_data.oasst_trees import Replies, read_dialogues


def read(folder: Path, rows: list[Any], replies: Replies = "best") -> list[Dialogue]:
    path = folder / "in.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return list(read_dialogues(path, replies))


def texts(dialogues: list[Dialogue]) -> list[list[str]]:
    return [[message.text for message in one.messages] for one in dialogues]


def test_a_tree_gives_the_path_of_its_best_replies(tmp_path: Path) -> None:
    found = read(tmp_path, some_trees())
    assert texts(found) == [
        ["How are you?", "A: best", "Really?", "A: yes"],
        ["Nobody answers"],
        ["¿Código?", "A:\n```py\nx = 1\n```"],
    ]
    assert [(one.tree, one.tree_state, one.line) for one in found] == [
        ("t1", "ready_for_export", 1), ("t2", "ready_for_export", 2), ("t3", "ready_for_export", 3),
    ]  # fmt: skip


def test_all_replies_give_a_dialogue_each_the_best_first(tmp_path: Path) -> None:
    found = read(tmp_path, some_trees()[:2], "all")
    assert texts(found) == [
        ["How are you?", "A: best", "Really?", "A: yes"],
        ["How are you?", "A: second best"],
        ["How are you?", "A: unranked"],
        ["Nobody answers"],
    ]


def test_of_equal_ranks_the_first_counts_and_none_is_the_last(tmp_path: Path) -> None:
    (found,) = read(
        tmp_path, [tree("t", message("Q", message("A none"), message("A 1", rank=2), message("A 2", rank=2)))]
    )
    assert found.messages[1].text == "A 1"


def test_facts_of_a_message_are_read(tmp_path: Path) -> None:
    (found, *_) = read(tmp_path, some_trees())
    asked, answered = found.messages[:2]
    assert (asked.role, asked.language, asked.rank, asked.quality) == ("user", "en", None, 0.5)
    assert (answered.role, answered.rank, answered.quality) == ("assistant", 0, 0.9)
    assert (answered.reviewed, answered.deleted) == (True, False)


def test_what_is_not_told_is_none(tmp_path: Path) -> None:
    (found,) = read(tmp_path, [{"message_tree_id": "t", "prompt": {"text": "Q", "labels": {}, "replies": None}}])
    (asked,) = found.messages
    assert (asked.role, asked.language, asked.rank, asked.quality) == ("", "", None, None)
    assert (asked.reviewed, asked.deleted, found.tree_state) == (None, None, "")


def test_labels_of_the_hubs_parquet_files_are_read(tmp_path: Path) -> None:
    """There a message's labels are lists of names and of values."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = flat(tree("t", message("Q", message("A", rank=0))))
    for row, value in zip(rows, (0.25, float("nan")), strict=True):
        row["labels"] = {"name": ["spam", "quality"], "value": [0.0, value], "count": [3, 3]}
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "train.parquet")
    (found,) = read_dialogues(tmp_path / "train.parquet")
    assert [message.quality for message in found.messages] == [0.25, None]


def test_messages_without_their_prompt_make_a_dialogue_without_messages(tmp_path: Path) -> None:
    rows = flat(*some_trees())[1:]
    found = read(tmp_path, rows)
    assert [(one.tree, len(one.messages)) for one in found] == [("t1", 0), ("t1", 0), ("t1", 0), ("t2", 1), ("t3", 2)]


def told(dialogues: list[Dialogue]) -> list[Any]:
    """All but the lines, which the two exports count differently."""
    return [(one.tree, one.tree_state, one.messages) for one in dialogues]


@pytest.mark.parametrize("replies", ["best", "all"])
def test_both_exports_give_the_same(tmp_path: Path, replies: Replies) -> None:
    trees = some_trees()
    assert told(read(tmp_path, flat(*trees), replies)) == told(read(tmp_path, trees, replies))


def test_the_line_of_a_flat_exports_dialogue_is_its_prompts(tmp_path: Path) -> None:
    assert [one.line for one in read(tmp_path, flat(*some_trees()))] == [1, 7, 8]


nodes: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.builds(message, st.text("ABé", min_size=1), rank=st.none() | st.integers(0, 2)),
    lambda below: st.builds(
        lambda text, replies, rank: message(text, *replies, rank=rank, **quality(0.5)),
        st.text("ABé", min_size=1),
        st.lists(below, max_size=3),
        st.none() | st.integers(0, 2),
    ),
    max_leaves=12,
)


@settings(max_examples=30, deadline=None)
@given(st.lists(nodes, min_size=1, max_size=4), st.integers(0, 99))
def test_the_order_of_messages_in_the_flat_export_decides_only_between_equals(
    tmp_path_factory: pytest.TempPathFactory, prompts: list[dict[str, Any]], seed: int
) -> None:
    folder = tmp_path_factory.mktemp("flat")
    trees = [tree(f"t{number}", prompt) for number, prompt in enumerate(prompts)]
    assert told(read(folder, flat(*trees), "all")) == told(read(folder, trees, "all"))
    shuffled = flat(*trees)
    random.Random(seed).shuffle(shuffled)
    assert sorted(one.tree for one in read(folder, shuffled, "all")) == sorted(
        one.tree for one in read(folder, trees, "all")
    )
