"""docs/paper_index.md names code and tests that exist, and each row has both or is open."""

import ast
import re
from pathlib import Path

import pytest

from conftest import PROJECT

PAGE = (PROJECT / "docs" / "paper_index.md").read_text("utf-8")
ROWS = [
    tuple(cell.strip() for cell in line.strip("|").split("|"))
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith(("| in the paper", "|---"))
]


def names(path: Path) -> set[str]:
    """What a module defines at its top."""
    found: set[str] = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


@pytest.mark.parametrize("row", ROWS, ids=[row[0][:50] for row in ROWS])
def test_code_and_test_of_a_claim_exist(row: tuple[str, ...], project: Path) -> None:
    claim, code, test = row
    assert (code == "**open**") == (test == "**open**"), claim
    for place in re.findall(r"`([^`]+)`", code + test):
        path, _, name = place.partition("::")
        assert (project / path).is_file(), place
        assert not name or name in names(project / path), place
    if code != "**open**":
        assert "`src/" in code
        assert "`tests/" in test
        assert "::test_" in test
