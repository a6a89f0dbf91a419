"""The local sandbox for a user who is not root: tried as root, who can become somebody else."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from humanevalpack.sandbox.namespaces import PYTHON

NOBODY = 65534
RUN = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
from humanevalpack.programs import Program
from humanevalpack.sandbox import run_programs
programs = [Program(**fields, problem=None) for fields in json.load(sys.stdin)]
print(json.dumps([os.geteuid(), *[verdict.status for verdict in run_programs(programs, sandbox="local")]]))
"""
SPY = "import os\nassert os.getpid() > 1 and not os.access('/tmp', os.W_OK) or os.listdir('/tmp') == ['box']\n"

SIGNALS = "import os\nfor number in range(1, 32): os.kill(1, number)\n"


@pytest.fixture
def installation(project: Path) -> Iterator[Path]:
    """A copy of the package that everybody can read, and a cache folder that is nobody's."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(project / "src", folder / "src", ignore=ignore)
        (folder / "cache").mkdir()
        os.chown(folder / "cache", NOBODY, NOBODY)
        yield folder


@pytest.mark.root
@pytest.mark.namespaces
@pytest.mark.toolchain("python", "cpp")
def test_an_ordinary_user_gets_the_same_verdicts(installation: Path) -> None:
    texts = [
        ("python", "assert 1 + 1 == 2"),
        ("python", "assert 1 + 1 == 3"),
        ("python", "import os; os._exit(0)"),
        ("python", SPY),
        ("python", SIGNALS),
        ("cpp", "#include <cassert>\nint main() { assert(1 + 1 == 2); }"),
        ("cpp", "int main() { return 1; }"),
    ]
    run = subprocess.run(
        [PYTHON, "-I", "-c", RUN, str(installation / "src")],
        input=json.dumps([{"language": language, "text": text, "profile": "reference"} for language, text in texts]),
        capture_output=True,
        text=True,
        check=False,
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        cwd="/",
        env={"HOME": "/nonexistent", "XDG_CACHE_HOME": str(installation / "cache"), "PATH": "/usr/bin:/bin"},
    )
    assert run.returncode == 0, run.stderr
    statuses = ["passed", "failed", "incomplete", "passed", "passed", "passed", "runtime_error"]
    assert json.loads(run.stdout) == [NOBODY, *statuses]
