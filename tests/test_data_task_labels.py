"""octopack_data.task_labels: kinds of tasks by a model, read as the release reads them, counted for the figure."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from data_rows import commit, write
from humanevalpack.errors import EnvironmentFault, InputError, UsageError
from octopack_data.commands import main
from octopack_data.rows import read_rows
from octopack_data.settings import make_settings
from octopack_data.sources import find_parts
from octopack_data.task_categories import read_categories
from octopack_data.task_labels import LabelSettings, count_labels, counts_table, label
from openai_server import BadRequest, Server, serve_script

CATEGORIES = read_categories()
MESSAGES = ("Fix a crash\n", "Add a button\n", "Write tests\n", "Rename a variable\n", "Something else\n")
ANSWERS = ("Bug Fixes", "user interface, New Features", "Nothing, Testing\nbecause", "refactoring/code cleanup", "Cake")
LABELS = ("Bug Fixes", "User Interface", "Testing", "Refactoring/Code Cleanup", "")


def model(messages: list[dict[str, str]]) -> tuple[str, str]:
    asked = messages[-1]["content"]
    return next(answer for said, answer in zip(MESSAGES, ANSWERS, strict=True) if said.strip() in asked), "stop"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    rows = [commit(number, message=text, new_file=f"f{number}.py") for number, text in enumerate(MESSAGES)]
    write(tmp_path / "in/data/python/data.jsonl", rows[:3])
    write(tmp_path / "in/data/go/data.jsonl", rows[3:])
    return tmp_path / "in"


def settings(server: Server, **more: Any) -> LabelSettings:
    return make_settings(LabelSettings, {"model": "tiny", "base_url": f"{server.url}/v1", **more})


def labelled(output: Path) -> list[dict[str, Any]]:
    return [row for part in find_parts(output) for row in read_rows(part.path)]


def test_every_commit_gets_the_first_valid_category(source: Path, tmp_path: Path) -> None:
    with serve_script(model) as server:
        manifest = label(find_parts(source), tmp_path / "out", settings(server), progress=False)
    rows = {row["_id"]: row for row in labelled(tmp_path / "out")}
    for number, (text, answer, found) in enumerate(zip(MESSAGES, ANSWERS, LABELS, strict=True)):
        name = f"{number:040x}"
        assert rows[name] == {"_id": name, "message": text, "category": answer, "label": found}
    counts = manifest["counts"]
    assert [counts[name] for name in ("rows", "kept", "labelled", "no_valid_category", "requests")] == [5, 5, 4, 1, 5]
    assert [part.name for part in find_parts(tmp_path / "out")] == ["go/data", "python/data"]


def test_the_question_holds_the_categories_the_file_and_the_message(source: Path, tmp_path: Path) -> None:
    with serve_script(model) as server:
        label(find_parts(source), tmp_path / "out", settings(server), progress=False)
    asked = next(text for text in questions(server) if "Fix a crash" in text)
    assert all(category.name in asked for category in CATEGORIES.categories)
    assert "File: f0.py\n" in asked
    assert "{" not in asked
    assert {body["temperature"] for _, body in server.requests} == {0.0}


def questions(server: Server) -> list[str]:
    return [body["messages"][-1]["content"] for _, body in server.requests]


def test_the_same_message_of_the_same_file_is_asked_once(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [commit(number, message=MESSAGES[0]) for number in range(4)])
    with serve_script(model) as server:
        manifest = label(find_parts(source), tmp_path / "out", settings(server), progress=False)
    assert (len(server.requests), manifest["counts"]["labelled"]) == (1, 4)


def test_the_release_s_form_can_be_labelled_anew(tmp_path: Path) -> None:
    rows = [{"_id": "abc", "message": "Fix a crash {categories} {file}", "category": "?"}]
    with serve_script(model) as server:
        source = write(tmp_path / "in.jsonl", rows)
        label(find_parts(source), tmp_path / "out", settings(server), progress=False)
    assert questions(server)[0].endswith("File: unknown\nMessage:\nFix a crash {categories} {file}")
    assert [row["label"] for row in labelled(tmp_path / "out")] == ["Bug Fixes"]


def test_kill_9_loses_nothing_and_asks_nothing_twice(source: Path, tmp_path: Path) -> None:
    waiting, release = threading.Event(), threading.Event()
    answered: list[str] = []

    def script(messages: list[dict[str, str]]) -> tuple[str, str]:
        if len(answered) == 3 and not release.is_set():
            waiting.set()
            release.wait(60)
        answered.append(messages[-1]["content"])
        return model(messages)

    with serve_script(script) as server:
        words = ["tasks", "label", str(source), "-o", str(tmp_path / "out"), "--model", "tiny", "--at-a-time", "1",
                 "--base-url", f"{server.url}/v1"]  # fmt: skip
        process = subprocess.Popen([sys.executable, "-m", "octopack_data.commands", *words], stderr=subprocess.DEVNULL)
        try:
            assert waiting.wait(60)
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        release.set()
        main_of(*words)
        asked = questions(server)
    assert len(set(asked)) == 5
    assert len(asked) == 6  # the one in flight as it was killed
    assert sorted(row["label"] for row in labelled(tmp_path / "out")) == sorted(LABELS)


def main_of(*words: str) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert not end.value.code


def test_a_run_ends_at_its_limit_and_goes_on_with_a_higher_one(source: Path, tmp_path: Path) -> None:
    with serve_script(model) as server:
        first = label(find_parts(source), tmp_path / "out", settings(server, max_requests=2), progress=False)
        assert [first["counts"][name] for name in ("kept", "dropped_not_asked", "limit_reached")] == [2, 3, 1]
        second = label(find_parts(source), tmp_path / "out", settings(server, max_requests=9), progress=False)
    assert (second["counts"]["kept"], "limit_reached" in second["counts"]) == (5, False)
    assert len(server.requests) == 5


def test_the_command_says_how_a_run_goes_on(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serve_script(model) as server:
        main_of("tasks", "label", str(source), "-o", str(tmp_path / "out"), "--model", "tiny", "--max-requests", "2",
                "--base-url", f"{server.url}/v1")  # fmt: skip
    assert "With a higher --max-requests or --max-total-tokens the same command goes on." in capsys.readouterr().out


def test_refused_questions_are_dropped(source: Path, tmp_path: Path) -> None:
    def script(messages: list[dict[str, str]]) -> tuple[str, str]:
        if "Write tests" in messages[-1]["content"]:
            raise BadRequest("no")
        return model(messages)

    with serve_script(script) as server:
        manifest = label(find_parts(source), tmp_path / "out", settings(server), progress=False)
    assert (manifest["counts"]["kept"], manifest["counts"]["dropped_refused"]) == (4, 1)


def test_a_sample_is_labelled(source: Path, tmp_path: Path) -> None:
    with serve_script(model) as server:
        manifest = label(find_parts(source), tmp_path / "out", settings(server, sample="2"), progress=False)
    assert len(server.requests) == manifest["counts"]["kept"] == 2
    assert manifest["counts"]["dropped_sample"] == 3


def test_a_dry_run_says_what_it_costs_and_asks_nothing(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serve_script(model) as server:
        main_of("tasks", "label", str(source), "-o", str(tmp_path / "out"), "--model", "tiny", "--dry-run",
                "--base-url", f"{server.url}/v1")  # fmt: skip
    assert re.match(r"5 requests, about \d+ tokens of prompts, up to 160 tokens of answers\n", capsys.readouterr().out)
    assert (server.requests, (tmp_path / "out").exists()) == ([], False)


def test_other_categories_are_another_run(source: Path, tmp_path: Path) -> None:
    with serve_script(model) as server:
        label(find_parts(source), tmp_path / "out", settings(server), progress=False)
        (tmp_path / "own.yaml").write_text("categories:\n- {category: Cake, group: Food}\n")
        own = settings(server, categories=tmp_path / "own.yaml")
        with pytest.raises(InputError, match="categories is None there"):
            label(find_parts(source), tmp_path / "out", own, progress=False)
        label(find_parts(source), tmp_path / "own", own, progress=False)
    assert [row["label"] for row in labelled(tmp_path / "own") if row["label"]] == ["Cake"]


def test_categories_that_change_while_they_are_asked_about_end_the_run_and_its_answers_stay(
    source: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(kept := "categories:\n- {category: Cake, group: Food}\n")

    def edits(messages: list[dict[str, str]]) -> tuple[str, str]:
        own.write_text(kept + "- {category: Pie, group: Food}\n")
        return model(messages)

    with serve_script(edits) as server, pytest.raises(InputError, match=r"own\.yaml was changed while a run"):
        label(find_parts(source), tmp_path / "out", settings(server, categories=own), progress=False)
    assert not (tmp_path / "out" / "manifest.json").exists()
    own.write_text(kept)
    with serve_script(model) as server:
        label(find_parts(source), tmp_path / "out", settings(server, categories=own), progress=False)
    assert (len(labelled(tmp_path / "out")), server.requests) == (5, [])


def test_a_run_that_begins_anew_asks_everything_again(source: Path, tmp_path: Path) -> None:
    with serve_script(model) as server:
        for _ in range(2):
            label(find_parts(source), tmp_path / "out", settings(server), overwrite=True, progress=False)
    assert len(server.requests) == 10


@pytest.mark.parametrize("row", [{"commit": "a"}, {"message": "x"}, {"commit": "a", "message": 3}, {"_id": 1}])
def test_a_row_of_something_else_is_named(row: dict[str, Any], tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [row])
    with serve_script(model) as server, pytest.raises(InputError, match=r"line 1: (commit|message) must be text"):
        label(find_parts(source), tmp_path / "out", settings(server), progress=False)


@pytest.mark.parametrize(
    ("name", "value"), [("temperature", 3), ("max_tokens", 0), ("format", "csv"), ("sample", 3), ("model", None)]
)
def test_a_wrong_setting_is_named(name: str, value: Any) -> None:
    with pytest.raises(UsageError, match=f"'{name}' is {value!r}"):
        make_settings(LabelSettings, {"model": "tiny"} | {name: value})


def test_a_wrong_sample_is_named_before_anything_is_asked(source: Path, tmp_path: Path) -> None:
    with serve_script(model) as server, pytest.raises(UsageError, match="sample is 'half'"):
        label(find_parts(source), tmp_path / "out", settings(server, sample="half"), progress=False)
    assert server.requests == []


def test_a_server_that_is_not_there_ends_the_run(source: Path, tmp_path: Path) -> None:
    with serve_script(model) as server:
        gone = settings(server, tries=1)
    with pytest.raises(EnvironmentFault, match="Cannot connect"):
        label(find_parts(source), tmp_path / "out", gone, progress=False)


WRONG = {
    "categories: []": "must be a list of {category, group} with at least one row",
    "kinds: []": "no key 'kinds'; there are origin, system, question, categories",
    "categories: [Bug]": "category 1: must be {category: NAME, group: NAME}, not 'Bug'",
    "categories: [{category: ''}]": "category 1: must be",
    "categories: [{category: Bug}, {category: bug}]": "'bug' is there twice",
    "categories: [{category: 'Bug, Fix'}]": "a comma",
    "categories: [{category: Bug, share: 3}]": "no key 'share'",
    "categories: [{category: Bug, group: 3}]": "group must be text",
    "categories: [{category: Bug, percent: many}]": "percent a number",
    "question: 'Which? {message}'\ncategories: [{category: Bug}]": "it has no {categories}",
    "question: 3\ncategories: [{category: Bug}]": "question must be text, not 3",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_file_of_categories(text: str, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(text)
    with pytest.raises(InputError, match=re.escape(WRONG[text])):
        read_categories(tmp_path / "own.yaml")


def test_the_18_categories_and_the_14_of_the_figure() -> None:
    assert len(CATEGORIES.categories) == 18
    shares = [category.percent for category in CATEGORIES.categories if category.percent is not None]
    assert (len(shares), round(sum(shares), 2)) == (14, 99.87)


def test_labels_are_counted_in_the_release_s_form_and_ours(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"_id": str(n), "message": "m", "category": answer} for n, answer in enumerate([*ANSWERS, "bug fixes\n"])]
    (tmp_path / "labels.json").write_text(json.dumps(rows))
    write(tmp_path / "labels.jsonl", rows)
    tables = []
    for name in ("labels.json", "labels.jsonl"):
        main_of("tasks", "count", str(tmp_path / name))
        said = capsys.readouterr()
        tables.append(said.out)
        assert said.err == "1 commits have no valid category: they are not counted\n"
    assert tables[0] == tables[1]
    lines = tables[0].splitlines()
    assert lines[:3] == ["category,group,count,percent", "Bug Fixes,Bug,2,40.00",
                         "Refactoring/Code Cleanup,Improvement,1,20.00"]  # fmt: skip
    assert lines[-1].endswith(",0,0.00")  # a category without commits is there, too
    assert len(lines) == 19


def test_a_table_of_no_labels_divides_by_nothing() -> None:
    table = counts_table(*(count_labels([], CATEGORIES)[:1]), CATEGORIES)
    assert table.splitlines()[1].endswith(",0,0.00")


@pytest.mark.parametrize("text", ["{}", "[1]", '[{"_id": "a", "message": "b"}]', "no json"])
def test_labels_of_another_form_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text(text)
    with pytest.raises(InputError, match=r"labels\.json"):
        count_labels([tmp_path / "labels.json"], CATEGORIES)
