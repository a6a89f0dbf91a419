"""The conformance suite: every kind of sandbox passes it, and a sandbox that is broken on purpose does not."""

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from docker_images import client, images
from humanevalpack.errors import SandboxFault, UsageError
from humanevalpack.languages import LANGUAGES
from humanevalpack.sandbox import check_toolchains, choice, namespaces, process, toolchains, workshop
from humanevalpack.sandbox.bait import bait
from humanevalpack.sandbox.conformance import Finding, conformance
from humanevalpack.sandbox.probes import probes
from humanevalpack.sandbox.supervisor.languages import LANGUAGES as SUPERVISED
from humanevalpack.sandbox.supervisor.languages.base import Need
from humanevalpack.sandbox.workers import SUPERVISOR

pytestmark = [pytest.mark.namespaces, pytest.mark.filterwarnings("ignore:sandbox 'process'")]
__all__ = ["client", "images"]


@cache
def findings(kind: str) -> dict[tuple[str, str | None], Finding]:
    """What the suite finds with every language whose toolchain is here."""
    known = ("python", "cpp") if kind == "process" else LANGUAGES
    languages = [name for name, toolchain in check_toolchains(known, sandbox=kind).items() if toolchain.available]
    return {
        (one.name, one.language): one for one in conformance(sandbox=kind, languages=languages, confirm_unsafe=True)
    }


def without(languages: list[str], **options: str) -> dict[str, Finding]:
    found = conformance(sandbox=options.get("sandbox", "local"), languages=languages, confirm_unsafe=True)
    return {one.name: one for one in found if not one.ok}


def each_kind() -> Iterator[object]:
    for kind, languages in {"docker": LANGUAGES, "local": LANGUAGES, "process": ("python", "cpp")}.items():
        for language in languages:
            needs = pytest.mark.docker if kind == "docker" else pytest.mark.toolchain(language, "python")
            yield pytest.param(kind, language, marks=[needs, pytest.mark.xdist_group(f"conformance-{kind}")])


@pytest.mark.parametrize(("kind", "language"), list(each_kind()))
def test_every_kind_passes_the_suite(kind: str, language: str, request: pytest.FixtureRequest) -> None:
    if kind == "docker":
        request.getfixturevalue("images")
    found = findings(kind)
    assert [one for (_, where), one in found.items() if where == language and not one.ok] == []
    assert {name for name, where in found if where == language} == set(_names("behaviours"))
    assert [one for (_, where), one in found.items() if where is None and not one.ok] == []


@pytest.mark.toolchain("python")
def test_process_says_what_it_does_not_promise_and_does_not_try_it() -> None:
    open_ways = {one.name for one in findings("process").values() if one.outcome == "not promised"}
    assert {"network", "files of this machine", "processes of this machine", "a full disk"} <= open_ways
    assert {"passing", "looping", "environment of the user", "rights", "left on this machine"}.isdisjoint(open_ways)
    assert not [one for one in findings("local").values() if one.outcome == "not promised"]


def bait_of(mark: str) -> list[Path]:
    places = {Path.home(), Path(tempfile.gettempdir()), Path("/dev/shm")}
    return [path for place in places for path in place.glob(f"{mark}-*")]


def test_the_bait_is_taken_in_again() -> None:
    with bait() as words:  # by its mark: another run of the suite may have put out its own
        mark = words["MARK"]
        assert bait_of(mark)
    assert not bait_of(mark)
    assert not [name for name in os.environ if name.startswith("HUMANEVALPACK_BAIT")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_kind_of_program(language: str) -> None:
    made = [probe for probe in probes([language]) if probe.language == language]
    assert {probe.name for probe in made} == set(_names("behaviours")) == set(_texts(language))
    assert len(made) == 10


def _names(file: str) -> list[str]:
    return [row["name"] for row in _data(file)]


def _texts(language: str) -> list[str]:
    return list(_data(language))


def _data(file: str) -> Any:
    folder = Path(namespaces.__file__).parents[1] / "data" / "conformance"
    return yaml.safe_load((folder / f"{file}.yaml").read_text("utf-8"))


# What is broken on purpose, and the checks that must see it.


@pytest.fixture
def weaken(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, str, str], None]:
    """Replace a piece of the supervisor's code, in a copy that workers then run."""
    home = Path(tempfile.mkdtemp())
    home.chmod(0o755)
    copy = home / "supervisor"
    shutil.copytree(SUPERVISOR, copy, ignore=shutil.ignore_patterns("__pycache__"))

    def replace(name: str, old: str, new: str) -> None:
        text = (copy / name).read_text("utf-8")
        assert old in text
        (copy / name).write_text(text.replace(old, new), "utf-8")
        for module in (namespaces, process):
            monkeypatch.setattr(module, "SUPERVISOR", copy)

    return replace


def add_to_the_root(monkeypatch: pytest.MonkeyPatch, change: Callable[[list[str]], list[str]]) -> None:
    original = namespaces._root
    monkeypatch.setattr(namespaces, "_root", lambda root: change(original(root)))


Weaken = Callable[[str, str, str], None]
NO_FILTER = ("launch.py", "            refuse_calls(command.sealed)\n", "            pass\n")


@pytest.mark.toolchain("python")
def test_a_sandbox_without_filter_is_found_out(weaken: Weaken) -> None:
    weaken(*NO_FILTER)
    assert {"rights", "calls of the kernel"} <= set(without([]))


@pytest.mark.toolchain("python", "cpp")
def test_a_sandbox_with_a_network_is_found_out(weaken: Weaken, monkeypatch: pytest.MonkeyPatch) -> None:
    weaken(*NO_FILTER)
    add_to_the_root(monkeypatch, lambda options: [one for one in options if one != "--unshare-net"])
    found = without(["cpp"])
    assert {"network", "using the network"} <= set(found)
    assert "it could connect to a port of this machine" in found["network"].seen
    assert "judge nothing" in found["network"].advice


@pytest.mark.toolchain("python")
def test_a_sandbox_that_shows_files_of_this_machine_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = ["--perms", "0755", "--dir", "/var", "--ro-bind", tempfile.gettempdir(), "/var/tmp"]
    add_to_the_root(monkeypatch, lambda options: [*options, *shown])
    found = without([])
    assert "it could see /var/tmp/hep-" in found["files of this machine"].seen


@pytest.mark.toolchain("python")
def test_a_sandbox_that_shows_the_accounts_is_found_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    accounts = b"someone:x:1000:1000::/home/someone:/bin/sh"
    (tmp_path / "passwd").write_bytes(accounts + b"\n")
    monkeypatch.setattr("humanevalpack.sandbox.bait._accounts", lambda: [accounts])
    shown = ["--ro-bind", str(tmp_path / "passwd"), "/etc/passwd"]
    add_to_the_root(monkeypatch, lambda options: [*options, *shown])
    assert "accounts" in without([])["files of this machine"].seen


@pytest.mark.toolchain("python")
def test_a_sandbox_without_limits_is_found_out(weaken: Weaken) -> None:
    weaken("launch.py", "        _set_limits(cage, limits)\n", "")
    assert "a huge file" in without([])


@pytest.mark.toolchain("python", "cpp")
def test_a_sandbox_that_believes_exit_codes_is_found_out(weaken: Weaken) -> None:
    weaken("languages/base.py", "if outcome.proof == outcome.token:", "if True:")
    found = without(["cpp"])
    assert found["ending early"].expected == ("incomplete",)
    assert found["ending early"].seen.startswith("passed: ")


@pytest.mark.toolchain("python")
def test_a_process_that_is_left_behind_is_found(weaken: Weaken) -> None:
    weaken("cage.py", "        for _ in range(1000):\n", "        return\n        for _ in range(1000):\n")
    weaken("watch.py", "self._reap(wait=True)", "self._reap(wait=False)")
    found = without([], sandbox="process")
    left = found["left on this machine"].seen
    assert left.startswith("process ")
    for word in left.replace("process ", "").split(", "):
        os.kill(int(word), signal.SIGKILL)
    assert "processes of an earlier program" in found


# What cannot be tried.


@pytest.mark.toolchain("python")
def test_a_missing_toolchain_is_a_finding_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(SUPERVISED["go"]), "needs", (Need("go", "/nowhere/go"),))
    toolchains._check.cache_clear()
    monkeypatch.setattr("humanevalpack.sandbox.conformance.probes", lambda languages: [])
    missing, _ = conformance(sandbox="local", languages=["go"])
    toolchains._check.cache_clear()
    assert (missing.name, missing.language, missing.outcome, missing.ok) == ("toolchain", "go", "not tried", False)
    assert "/nowhere/go" in missing.seen
    assert "sandboxes/go/install.sh" in missing.advice


@pytest.mark.toolchain("python", "js")
def test_a_toolchain_that_is_broken_leaves_the_other_languages_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(SUPERVISED["js"]), "example", "console.assert(false)")
    monkeypatch.setattr(workshop, "_SEEN_TO_WORK", set())
    some = {"passing", "failing"}
    chosen = [one for one in probes(["js", "python"]) if one.language and one.name in some]
    monkeypatch.setattr("humanevalpack.sandbox.conformance.probes", lambda languages: chosen)
    found = list(conformance(sandbox="local", languages=["js", "python"]))
    assert [one.outcome for one in found] == ["not tried", "not tried", "right", "right", "right"]
    assert "the js toolchain is broken" in found[0].advice


def test_refused_namespaces_are_an_error_that_names_the_alternatives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespaces, "BWRAP", "/usr/bin/false")
    choice._try_local.cache_clear()
    with pytest.raises(SandboxFault, match="process by name"):
        next(conformance(sandbox="local", languages=["python"]))


def test_process_has_to_be_confirmed() -> None:
    with pytest.raises(UsageError, match="confirm_unsafe"):
        list(conformance(sandbox="process", languages=["python"]))
