"""A test that cannot run is skipped with its reason, and under CI with the real data at hand it fails instead."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SKIPPING = {
    "a test": "import pytest\ndef test_it(): pytest.skip('no engine here')\n",
    "a module": "import pytest\npytest.skip('no engine here', allow_module_level=True)\n",
    "a marker": "import pytest\n@pytest.mark.toolchain('rust')\ndef test_it(): pass\n",
}


def run_pytest(project: Path, folder: Path, text: str, *, ci: str) -> subprocess.CompletedProcess[str]:
    """Run one test file with this project's conftest; the real data is pretended to be there, Rust's crates are not."""
    (folder / "humanevalpack").mkdir()
    (folder / "goldens").mkdir()
    (folder / "humanevalpack" / "python.jsonl").touch()
    (folder / "test_one.py").write_text(text, "utf-8")
    settings = {
        "CI": ci,
        "HUMANEVALPACK_SHARED": str(folder),
        "HUMANEVALPACK_TOOLCHAINS": str(folder / "none"),
        "HUMANEVALPACK_SYSTEM_PACKAGES": "off",
        "PYTHONPATH": str(project / "tests"),
    }
    command = [sys.executable, "-m", "pytest", "-p", "conftest", "-p", "no:cacheprovider", "-rs", "test_one.py"]
    return subprocess.run(command, cwd=folder, env=os.environ | settings, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("text", SKIPPING.values(), ids=SKIPPING)
def test_a_skip_fails_under_ci(project: Path, tmp_path: Path, text: str) -> None:
    done = run_pytest(project, tmp_path, text, ci="true")
    assert done.returncode != 0
    assert "skipped under CI, where everything must run" in done.stdout


@pytest.mark.parametrize("text", SKIPPING.values(), ids=SKIPPING)
def test_a_skip_elsewhere_says_its_reason(project: Path, tmp_path: Path, text: str) -> None:
    done = run_pytest(project, tmp_path, text, ci="")
    assert "1 skipped" in done.stdout, done.stdout + done.stderr
    assert "no engine here" in done.stdout or "no toolchain for rust" in done.stdout
