"""octopack_data.licences: a row's licence from the map of repositories, as published and mended."""

from pathlib import Path
from typing import Any

import pytest

from data_rows import write
from humanevalpack.errors import InputError
from octopack_data.licences import licence_of, licences, most_restrictive, read_licences, repositories
from octopack_data.records import Mode
from octopack_data.statements import SelectSettings, parameters

MAP = [
    {"repos": "a/x,b/x,a/x", "license": "mit"},
    {"repos": "c/y", "license": "agpl-3.0"},
    {"repos": "d/z", "license": "apache-2.0"},
    {"repos": "d/z", "license": "isc"},
]


def test_a_repository_with_two_licences_gets_the_last_as_published_and_the_most_restrictive_once_mended(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "map.jsonl.zst", MAP)
    assert read_licences(path, "published") == {"a/x": "mit", "b/x": "mit", "c/y": "agpl-3.0", "d/z": "isc"}
    assert read_licences(path, "fixed")["d/z"] == "apache-2.0"


# repositories: (the first that is in the map, the most restrictive of all)
JOINS = {
    "a/x": ("mit", "mit"),
    "q/q,a/x": ("mit", "mit"),
    "a/x,c/y": ("mit", "agpl-3.0"),
    "c/y,a/x": ("agpl-3.0", "agpl-3.0"),
    "q/q": ("unknown", "unknown"),
    "A/x": ("unknown", "unknown"),
}


@pytest.mark.parametrize("repos", JOINS)
def test_licence_of_a_row(repos: str, tmp_path: Path) -> None:
    known = read_licences(write(tmp_path / "map.jsonl", MAP), "fixed")
    assert licence_of(repos.split(","), known, "first") == JOINS[repos][0]
    assert licence_of(repos.split(","), known, "most_restrictive") == JOINS[repos][1]


RESTRICTIVE = {
    ("mit", "apache-2.0"): "apache-2.0",
    ("mit", "mpl-2.0", "isc"): "mpl-2.0",
    ("agpl-3.0", "lgpl-2.1"): "agpl-3.0",
    ("agpl-3.0", "my-own"): "my-own",
}


@pytest.mark.parametrize("keys", RESTRICTIVE)
def test_the_most_restrictive_licence(keys: tuple[str, ...]) -> None:
    assert most_restrictive(keys) == most_restrictive(reversed(keys)) == RESTRICTIVE[keys]


def test_repeated_repositories_count_once() -> None:
    assert repositories("b/x,a/x,b/x, c/y,") == ["b/x", "a/x", "c/y"]


def test_the_licences_of_the_selection_are_known() -> None:
    selected = (
        "mit artistic-2.0 isc cc0-1.0 epl-1.0 mpl-2.0 unlicense apache-2.0 bsd-3-clause agpl-3.0 lgpl-2.1 bsd-2-clause"
    )
    assert set(selected.split()) <= set(licences())
    assert licences()["mit"].spdx == "MIT"


@pytest.mark.parametrize("mode", ["published", "fixed"])
def test_a_map_without_its_columns(mode: Mode, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"map\.jsonl, line 1: no column 'license'"):
        read_licences(write(tmp_path / "map.jsonl", [{"repos": "a/x"}]), mode)


@pytest.mark.parametrize(
    "settings", [{}, {"licence_preset": "permissive"}, {"licences": ("mpl-2.0", "own", "mit", "epl-1.0")}]
)
def test_the_selection_ranks_licences_as_the_stages_behind_it_do(settings: Any) -> None:
    asked = parameters(SelectSettings(**settings))["licenses"]
    ranked = [key for key in licences() if key in asked]
    assert asked == [*ranked, *(key for key in asked if key not in licences())]
    assert len(ranked) > 2


def test_the_permissive_preset_is_what_the_list_of_licences_calls_so() -> None:
    permissive = [key for key, licence in licences().items() if licence.kind in ("permissive", "public domain")]
    assert parameters(SelectSettings(licence_preset="permissive"))["licenses"] == permissive
