"""octopack_data.mixtures: settings and sources that cannot work, each said by name."""

from pathlib import Path
from typing import Any

import pytest

from humanevalpack.errors import InputError, UsageError
from mixture_runs import run, settings, write_sources
from octopack_data.mixture_settings import MixSettings
from octopack_data.settings import make_settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_sources(tmp_path)


@pytest.mark.parametrize(
    ("more", "sources", "said"),
    [
        ({"sources": []}, {}, "at least 1 item"),
        ({"seed": "x"}, {"a": {}}, "'seed' is 'x'"),
        ({"mode": "old"}, {"a": {}}, "'mode' is 'old'.*'published' or 'fixed'"),
        ({"rows": 0}, {"a": {}}, "'rows' is 0"),
        ({"shortage": "ignore"}, {"a": {}}, "'shortage' is 'ignore'.*'error', 'repeat' or 'less'"),
        ({"columns": "both"}, {"a": {}}, "'columns' is 'both'"),
        ({"text": "chat"}, {"a": {}}, "'text' is 'chat'"),
        ({"provenance": "perhaps"}, {"a": {}}, "'provenance' is 'perhaps'"),
        ({"valid": 1}, {"a": {}}, "'valid' is 1"),
        ({"format": "csv"}, {"a": {}}, "'format' is 'csv'"),
        ({"weights": 1}, {"a": {}}, "no setting 'weights'; there are sources, mode"),
        ({"rows": 5}, {"a": {"rows": 5}}, "rows of the whole and of a"),
        ({}, {"a": {"weight": 1}, "b": {}}, "only a of a, b have a weight"),
        ({}, {"a": {"weight": 1, "rows": 1}}, "a has a weight and rows"),
        ({}, {"a b": {}}, "'sources.0.name' is 'a b'"),
        ({}, {"a": {"weight": 0}}, "'sources.0.weight' is 0"),
        ({}, {"a": {"weight": float("inf")}}, "'sources.0.weight' is inf"),
        ({}, {"a": {"rows": -1}}, "'sources.0.rows' is -1"),
        ({}, {"a": {"most_rows": 0}}, "'sources.0.most_rows' is 0"),
        ({}, {"a": {"most_bytes": 0}}, "'sources.0.most_bytes' is 0"),
        ({}, {"a": {"unverified": ["size"]}}, "no setting 'size' of a source"),
        ({}, {"a": {"colour": 1}}, "no setting 'sources.0.colour'; there are .*weight"),
        ({}, {"a": {"source": ""}}, "'sources.0.source' is ''"),
        ({}, {"a": {"form": "gpt"}}, "source a: there is no format 'gpt'"),
        ({}, {"a": {"languages": ["Go"]}}, "source a: languages is for rows of commits"),
        ({}, {"c": {"form": "commit", "languages": ["Goo"]}}, "source c: languages: there is no 'Goo'"),
        ({}, {"c": {"form": "santacoderpack"}}, "source c: form santacoderpack is one text"),
        ({}, {"a": {"prompt_column": "question"}}, "a names one of prompt_column and completion_column"),
        ({}, {"c": {"form": "xp3", "instruction_in": "targets"}}, "source c: format xp3 has no form"),
    ],
)
def test_settings_that_cannot_work_are_named(
    folder: Path, more: dict[str, Any], sources: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        run(settings(folder, more, **sources), folder / "out")


def test_two_sources_of_one_name_are_refused() -> None:
    with pytest.raises(UsageError, match="two sources have one name: a, a"):
        make_settings(MixSettings, {"sources": [{"name": "a", "source": "x"}, {"name": "a", "source": "y"}]})


@pytest.mark.parametrize(
    ("more", "sources", "said"),
    [
        ({"rows": 400}, {"a": {"weight": 1}, "b": {"weight": 1}}, "source a has 100 rows, 200 are asked for"),
        ({}, {"b": {"rows": 41}}, "source b has 40 rows, 41 are asked for"),
        ({}, {"nowhere": {}}, "source nowhere: .*no file or folder"),
        (
            {},
            {"a": {"prompt_column": "question", "completion_column": "completion"}},
            "no column 'question'; there are prompt, completion",
        ),
        ({}, {"a": {"prompt_column": "prompt", "completion_column": "answer"}}, "no column 'answer'"),
        ({}, {"a": {"id_column": "id"}}, "no column 'id'"),
        ({}, {"c": {}}, "c/rows.jsonl, line 1: form pairs needs .*; there are commit, .*: rows of commits need form:"),
        (
            {},
            {"c": {"form": "xp3", "languages": ["Rust"]}},
            "source c: none of its 30 rows became an example: 30 dropped_language",
        ),
        ({}, {"a": {"most_bytes": 1}}, "source a has no example"),
    ],
)
def test_sources_that_do_not_give_what_is_asked_for(
    folder: Path, more: dict[str, Any], sources: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        run(settings(folder, more, **sources), folder / "out")
