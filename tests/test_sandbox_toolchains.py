"""Which languages can be judged here, and what is said of one that cannot."""

from pathlib import Path

import pytest

from humanevalpack.errors import ToolchainMissing, UsageError
from humanevalpack.sandbox import check_toolchains, toolchains
from humanevalpack.sandbox.supervisor.languages import LANGUAGES
from humanevalpack.sandbox.supervisor.languages.base import Need


@pytest.fixture(autouse=True)
def _look_again() -> None:
    toolchains._check.cache_clear()


@pytest.mark.parametrize(
    "language", [pytest.param(name, marks=pytest.mark.toolchain(name)) for name in sorted(LANGUAGES)]
)
def test_an_installed_toolchain_is_found_with_version_and_absolute_paths(language: str) -> None:
    found = check_toolchains([language])[language]
    assert found.available, found.missing
    assert any(letter.isdigit() for letter in found.version)
    assert all(Path(path).is_absolute() and Path(path).exists() for path in found.paths)
    found.require()


def test_a_missing_tool_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(LANGUAGES["go"]), "needs", (Need("go", "/nowhere/go"),))
    found = check_toolchains(["go"])["go"]
    assert not found.available
    assert found.missing == ("go is missing (/nowhere/go)",)
    assert "sandboxes/go/install.sh" in found.install
    with pytest.raises(ToolchainMissing, match=r"go programs cannot be judged.*sandboxes/go/install\.sh"):
        found.require()


def test_a_tool_that_does_not_run_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(LANGUAGES["go"]), "needs", (Need("go", "/usr/bin/false"),))
    monkeypatch.setattr(type(LANGUAGES["go"]), "version", ("/usr/bin/false",))
    assert check_toolchains(["go"])["go"].missing == ("`/usr/bin/false` does not work",)


def test_a_path_is_not_looked_at(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake = tmp_path / "node"
    fake.write_text("#!/bin/sh\necho fake 9\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "fake" not in check_toolchains(["js"])["js"].version


def test_built_parts_are_looked_for_where_the_variable_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HUMANEVALPACK_TOOLCHAINS", str(tmp_path))
    found = check_toolchains(["js"])["js"]
    assert any(str(tmp_path / "js" / "node_modules" / "js-md5") in missing for missing in found.missing)
    package = tmp_path / "js" / "node_modules" / "js-md5" / "package.json"
    package.parent.mkdir(parents=True)
    package.write_text("{}")
    assert toolchains.toolchain_folders()["js"] == tmp_path / "js"


def test_an_unknown_language_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"cobol.*cpp, go, java, js, python, rust"):
        check_toolchains(["cobol"])
