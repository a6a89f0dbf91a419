"""What the check finds when the released rows' programs run: every known fault, and nothing that is none."""

import json
from pathlib import Path

import pytest

from humanevalpack.languages import LANGUAGES
from test_data_humanevalpack_making import octopack_data
from test_data_humanevalpack_static import KNOWN

RAN: dict[str, dict[str, set[int]]] = {
    "python": {"symptom": {10, 160}},
    "cpp": {"bug_passes": {23}, "never_called": {23}, "declaration_fails": {38}, "symptom": {22, 123, 137}},
    "java": {"symptom": {10, 39}},
    "js": {"symptom": {10, 25, 155}},
    "go": {
        "canonical_fails": {27},
        "declaration_fails": {10, 32, 38, 50},
        "answer_is_cut": {72, 90, 158},
        "bug_does_not_build": {0, 9, 10, 16, 19, 27, 33, 58, 105, 127, 130, 140, 144, 158},
    },
    "rust": {"answer_is_cut": {137, 145}, "constant_passes": {4}},
}
CHANCE = {"go": {95}, "rust": {32}}
"""Whose canonical program passes or not by chance: what is found differs from run to run."""


@pytest.mark.real_data
@pytest.mark.full
@pytest.mark.namespaces
@pytest.mark.parametrize("language", [pytest.param(name, marks=pytest.mark.toolchain(name)) for name in LANGUAGES])
def test_what_is_found_is_what_is_known_and_what_was_looked_at(language: str, shared: Path) -> None:
    done = octopack_data(
        "check", shared / "humanevalpack", "--languages", language, "--sandbox", "local", "--json", "--repeat", 2
    )
    report = json.loads(done.stdout)
    assert done.exit_code == 1
    found: dict[str, set[int]] = {}
    for fault in report["faults"]:
        found.setdefault(fault["kind"], set()).add(int(fault["task_id"].rpartition("/")[2]))
    by_chance = CHANCE.get(language, set())
    kinds = {kind: rows - by_chance for kind, rows in found.items() if kind not in KNOWN[language]}
    assert {kind: rows for kind, rows in kinds.items() if rows} == RAN[language]
    assert {kind: found[kind] for kind in KNOWN[language]} == KNOWN[language]
    if language == "rust":  # 2 of 8 runs ended
        assert 32 in found.get("canonical_fails", set()) | found.get("chance", set())
    assert report["not_built"] <= 0.03 * report["wrong_programs"]
