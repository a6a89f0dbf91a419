"""octopack_data.dialogues: one dialogue, whatever form a file has it in; what is wrong is said with its place."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from humanevalpack.errors import InputError
from oasst_rows import flat, some_trees
from octopack_data.dialogues import Dialogue, content_id
from octopack_data.oasst_trees import read_dialogues
from octopack_data.rows import write_rows


def lines(folder: Path, *values: Any) -> Path:
    path = folder / "in.jsonl"
    path.write_text("".join(json.dumps(value) + "\n" for value in values))
    return path


def said(dialogue: Dialogue) -> list[tuple[str, str]]:
    return [(message.role, message.text) for message in dialogue.messages]


ASKED = [("user", "Q"), ("assistant", "A"), ("user", "Q2")]
FORMS: dict[str, Any] = {
    "chat": {"messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"},
                          {"role": "user", "content": "Q2"}]},
    "chat, OASST's roles": {"messages": [{"role": "prompter", "content": "Q"}, {"role": "Assistant", "content": "A"},
                                         {"role": "human", "content": "Q2"}]},
    "turns": [{"text": "Q", "from": "user", "parent_id": None, "message_id": 1},
              {"text": "A", "from": "assistant", "parent_id": 1, "message_id": 2},
              {"text": "Q2", "from": "user", "parent_id": 2, "message_id": 3}],
    "guanaco": {"text": "### Human: Q### Assistant: A### Human: Q2"},
    "guanaco with line ends": {"text": "### Human: Q\n### Assistant: A\n### Human:Q2\n"},
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_the_same_dialogue(tmp_path: Path, form: str) -> None:
    (found,) = read_dialogues(lines(tmp_path, FORMS[form]))
    assert said(found) == ASKED
    assert found.line == 1


def test_messages_need_no_roles(tmp_path: Path) -> None:
    (found,) = read_dialogues(lines(tmp_path, {"messages": [{"content": "Q"}, {"content": "A"}]}))
    assert said(found) == [("", "Q"), ("", "A")]


def test_a_pair_is_a_dialogue(tmp_path: Path) -> None:
    (found,) = read_dialogues(lines(tmp_path, {"prompt": "Q", "completion": "A", "more": 1}))
    assert said(found) == [("user", "Q"), ("assistant", "A")]


def test_a_commit_asks_with_subject_and_old_contents_for_the_new_ones(tmp_path: Path) -> None:
    commit = {"commit": "c", "subject": "Fix it", "old_contents": "a = 1\n", "new_contents": "a = 2\n"}
    (found,) = read_dialogues(lines(tmp_path, commit))
    assert said(found) == [("user", "Fix it\na = 1\n"), ("assistant", "a = 2\n")]


def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"prompt": "a", "completion": "b"}\n\n{"prompt": "c", "completion": "d"}\n')
    assert [found.line for found in read_dialogues(path)] == [1, 3]


@pytest.mark.parametrize("name", ["in.jsonl", "in.jsonl.zst", "in.parquet"])
def test_every_format_of_files_is_read(tmp_path: Path, name: str) -> None:
    rows = [{"prompt": f"q{n}", "completion": f"a{n}"} for n in range(3)]
    write_rows(tmp_path / name, rows, lambda: pa.schema([("prompt", pa.string()), ("completion", pa.string())]))
    found = list(read_dialogues(tmp_path / name))
    assert [(one.line, one.messages[0].text) for one in found] == [(1, "q0"), (2, "q1"), (3, "q2")]


def test_an_empty_file_has_no_dialogues(tmp_path: Path) -> None:
    assert list(read_dialogues(lines(tmp_path))) == []


TREE = some_trees()[0]
ROWS = flat(TREE)
MADE = {
    "prompt": "Q",
    "completion": "A",
    "source": "s",
    "line": 1,
    "tree": "t",
    "language": "",
    "rank": 0,
    "quality": 1,
}
WRONG: dict[str, tuple[list[Any], str]] = {
    "no form": ([{"question": "Q", "answer": "A"}], r"in.jsonl, line 1: has question, answer, which is no form.*chat"),
    "a number": ([3], r"line 1: has 3, which is no form"),
    "another form later": ([{"text": "### Human: Q"}, [1]], r"line 2: must be of the form guanaco, as the first"),
    "a row where turns were": ([[{"text": "Q", "from": "user"}], {"a": 1}], r"line 2: must be of the form turns"),
    "pair without an answer": ([{"prompt": "Q", "completion": "A"}, {"prompt": "Q"}], r"line 2: no 'completion'"),
    "completion is no text": ([{"prompt": "Q", "completion": None}], r"line 1: completion must be text, not None"),
    "origin of a pair": ([{**MADE, "line": "1"}], r"line 1: line must be a whole number, not '1'"),
    "rank of a pair": ([{**MADE, "rank": "1"}], r"line 1: rank must be a whole number, not '1'"),
    "tree of a pair": ([{**MADE, "tree": None}], r"line 1: tree must be text, not None"),
    "messages is no list": ([{"messages": "Q"}], r"line 1: messages must be a list, not 'Q'"),
    "a message is no object": ([{"messages": ["Q"]}], r"line 1, message 1: no 'content'; there is 'Q'"),
    "content is missing": ([{"messages": [{"text": "Q"}]}], r"line 1, message 1: no 'content'; there is text"),
    "content is no text": ([{"messages": [{"content": 1}]}], r"message 1: content must be text, not 1"),
    "role is no text": ([{"messages": [{"content": "Q", "role": 1}]}], r"message 1: role must be text, not 1"),
    "from is no text": ([[{"text": "Q", "from": 1}]], r"line 1, message 1: from must be text, not 1"),
    "text without a marker": ([{"text": "Hello"}], r"line 1: text must begin with '### Human:'"),
    "text before the marker": ([{"text": "Hello ### Human: Q"}], r"line 1: text must begin with '### Human:'"),
    "subject is no text": ([{"subject": 1, "old_contents": "", "new_contents": ""}], r"line 1: subject must be text"),
    "prompt of a tree": ([{**TREE, "prompt": 3}], r"line 1, prompt: no 'text'; there is 3"),
    "tree id": ([{**TREE, "message_tree_id": 3}], r"line 1: message_tree_id must be text, not 3"),
    "tree state": ([{**TREE, "tree_state": 3}], r"line 1: tree_state must be text, not 3"),
    "replies": ([{**TREE, "prompt": {"text": "Q", "replies": {}}}], r"line 1, prompt: replies must be a list, not {}"),
    "a reply": ([{**TREE, "prompt": {"text": "Q", "replies": [{}]}}], r"line 1, prompt, reply 1: no 'text'"),
    "message id": ([{**ROWS[0], "message_id": 3}], r"line 1: message_id must be text, not 3"),
    "message id twice": ([ROWS[0], ROWS[0]], r"line 2: message_id t1/0 is also that of line 1"),
    "parent id": ([{**ROWS[0], "parent_id": 3}], r"line 1: parent_id must be text, not 3"),
    "state of a message": ([{**ROWS[0], "tree_state": 3}], r"line 1: tree_state must be text, not 3"),
    "a message is a list": ([ROWS[0], []], r"line 2: no 'message_id'; there is \[\]"),
}  # fmt: skip
FACTS = {
    "lang": (3, "lang must be text, not 3"),
    "rank": ("1", "rank must be a whole number, not '1'"),
    "rank, a truth value": (True, "rank must be a whole number, not True"),
    "review_result": (1, "review_result must be true or false, not 1"),
    "deleted": ("no", "deleted must be true or false, not 'no'"),
    "role": (3, "role must be text, not 3"),
    "labels": ([], r"labels must be an object, not \[\]"),
    "labels, quality": ({"quality": 1}, "labels: quality must be an object, not 1"),
    "labels, its value": ({"quality": {"value": "1"}}, "labels.quality: value must be a number, not '1'"),
    "labels in lists": ({"name": ["quality"], "value": ["1"]}, "labels: quality must be a number, not '1'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_with_file_and_line(tmp_path: Path, case: str) -> None:
    values, message = WRONG[case]
    with pytest.raises(InputError, match=message):
        list(read_dialogues(lines(tmp_path, *values)))


@pytest.mark.parametrize("case", FACTS)
@pytest.mark.parametrize("form", ["tree", "messages"])
def test_a_message_of_an_export_with_wrong_facts_is_refused(tmp_path: Path, case: str, form: str) -> None:
    value, message = FACTS[case]
    told = {case.split(",")[0].split(" ")[0]: value}
    rows = [{**TREE, "prompt": {"text": "Q", **told}}] if form == "tree" else [{**ROWS[0], **told}]
    with pytest.raises(InputError, match=f"line 1.*{message}"):
        list(read_dialogues(lines(tmp_path, *rows)))


def test_broken_json_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"prompt": "a", "completion": "b"}\n{"prompt": \n')
    with pytest.raises(InputError, match=r"in.jsonl, line 2: not valid JSON"):
        list(read_dialogues(path))


def test_half_of_a_surrogate_pair_is_said_with_its_column(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"prompt": "a", "completion": "b"}\n{"prompt": "a", "completion": "\\ud83d"}\n')
    with pytest.raises(InputError, match=r"in.jsonl, line 2: column 'completion' is no Unicode text"):
        list(read_dialogues(tmp_path / "in.jsonl"))


def test_parquet_has_rows_and_no_lines(tmp_path: Path) -> None:
    schema = pa.schema([("prompt", pa.string()), ("completion", pa.string())])
    write_rows(tmp_path / "in.parquet", [{"prompt": "a", "completion": None}], lambda: schema)
    with pytest.raises(InputError, match=r"in.parquet, row 1: completion must be text, not None"):
        list(read_dialogues(tmp_path / "in.parquet"))


def test_a_cut_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl.zst"
    write_rows(path, [{"prompt": "a" * 1000, "completion": str(n)} for n in range(100)])
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match=r"in.jsonl.zst cannot be read"):
        list(read_dialogues(path))


def test_an_id_tells_texts_apart_by_where_they_end() -> None:
    assert content_id("ab", "c") != content_id("a", "bc")
    assert content_id("ab", "c") == content_id("ab", "c")
