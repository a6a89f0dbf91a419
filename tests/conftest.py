"""What tests need of the machine, as fixtures and markers; a test that cannot run here is skipped with the reason.

Under CI (``CI=true``) with the real data beside the project nothing may be skipped: a skip fails the run there.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Generator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
# Read when huggingface_hub is imported: no test asks the hub, and none waits for one that cannot be reached.
os.environ["HF_HUB_OFFLINE"] = "1"


def pytest_configure() -> None:
    """Ctrl-C ends what tests start, also where the tests run in the background of a shell, which ignores it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def shared_folder() -> Path:
    """The folder with the real data and the reference's outputs: beside the project, or where the variable says."""
    return Path(os.environ.get("HUMANEVALPACK_SHARED") or PROJECT.parent / "shared")


def has_real_data() -> bool:
    return (shared_folder() / "humanevalpack" / "python.jsonl").is_file() and (shared_folder() / "goldens").is_dir()


def nothing_may_be_skipped() -> bool:
    return os.environ.get("CI", "").lower() == "true" and has_real_data()


@pytest.fixture(scope="session")
def project() -> Path:
    """The project's root folder."""
    return PROJECT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the real data (humanevalpack/<language>.jsonl) and the reference's outputs (goldens/)."""
    _need_real_data()
    return shared_folder()


def _need_real_data() -> None:
    if not has_real_data():
        pytest.skip(f"the real data is not in {shared_folder()} (set HUMANEVALPACK_SHARED to the folder that holds it)")


@pytest.fixture(autouse=True)
def _no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Options that a user's shell sets must not change what a test sees; where things lie stays.

    Nor must an engine that happens to have the images: only tests of it see one.
    """
    if not request.node.get_closest_marker("docker"):
        monkeypatch.setenv("DOCKER_HOST", "unix:///no-engine-in-this-test.sock")
    for name in list(os.environ):
        kept = ("HUMANEVALPACK_SHARED", "HUMANEVALPACK_TOOLCHAINS", "HUMANEVALPACK_SYSTEM_PACKAGES")
        if name.startswith("HUMANEVALPACK_") and name not in kept:
            monkeypatch.delenv(name)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Check the markers that name a need."""
    if item.get_closest_marker("real_data"):
        _need_real_data()
    if item.get_closest_marker("root") and os.geteuid() != 0:
        pytest.skip("needs to be root")
    if item.get_closest_marker("namespaces") and not _namespaces_work():
        pytest.skip("needs bubblewrap and user namespaces (sandboxes/namespaces/install.sh; not in every container)")
    if item.get_closest_marker("vllm") and find_spec("vllm") is None:
        pytest.skip("needs vLLM, which has an environment of its own: make test-vllm")
    if item.get_closest_marker("docker") and (missing := _missing_engine()):
        pytest.skip(missing)
    for marker in item.iter_markers("toolchain"):
        for language in marker.args:
            missing = _missing_toolchain(language)
            if missing:
                pytest.skip(missing)


@cache
def _namespaces_work() -> bool:
    bwrap = shutil.which("bwrap")
    command = [str(bwrap), "--unshare-all", "--ro-bind", "/", "/", "true"]
    return bwrap is not None and subprocess.run(command, capture_output=True, check=False).returncode == 0


@cache
def _missing_toolchain(language: str) -> str:
    said = _missing(language)
    return f"no toolchain for {language}: {said}" if said else ""


@cache
def _missing_engine() -> str:
    said = _missing("engine")
    return f"no Docker Engine for tests: {said}" if said else ""


def _missing(part: str) -> str:
    command = ["bash", str(PROJECT / "sandboxes" / part / "install.sh"), "--check"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if checked.returncode == 0 else checked.stdout.strip()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure where nothing may be skipped."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and nothing_may_be_skipped():
        report.outcome = "failed"
        report.longrepr = f"skipped under CI, where everything must run: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a whole module that skips itself."""
    report = yield
    if report.skipped and nothing_may_be_skipped():
        report.outcome = "failed"
        report.longrepr = f"skipped under CI, where everything must run: {report.longrepr}"
    return report
