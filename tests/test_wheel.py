"""The package as users get it: built, installed into a fresh environment outside of the repository, used from there."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from humanevalpack.version import __version__

pytestmark = pytest.mark.xdist_group("wheel")  # built once


@pytest.fixture(scope="module")
def built(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel that is built from the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(project)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    return next(built.glob("*.whl"))


@pytest.fixture(scope="module")
def fresh(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a new environment with the wheel, in which the dependencies are borrowed from this one."""
    folder = tmp_path_factory.mktemp("fresh") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python)]
    subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)], check=True)
    site = next((folder / "lib").glob("python3*")) / "site-packages"
    # A path file inside a folder that a path file names is not read: the editable install here stays invisible there.
    (site / "zz_borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    return folder / "bin"


def in_fresh(fresh: Path, tmp_path: Path, *command: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    whole = [str(fresh / command[0]), *command[1:]]
    done = subprocess.run(whole, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_holds_data_hook_and_licences_and_nothing_of_the_repository(wheel: Path, project: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    prompts = {f"humanevalpack/prompts/{path.name}" for path in (project / "prompts").glob("*.yaml")}
    mini = {f"humanevalpack/data/mini/{name}.jsonl" for name in ("cpp", "go", "java", "js", "python", "rust")}
    wanted = {
        "_humanevalpack_lm_eval.py",
        "humanevalpack_lm_eval.pth",
        "humanevalpack/py.typed",
        "humanevalpack/data/published.yaml",
        "humanevalpack/data/truth_table.yaml",
        "humanevalpack/reports/page.css",
        "humanevalpack/reports/page.js",
        "humanevalpack/sandboxes/toolchain.sh",
        "humanevalpack/sandboxes/image.sh",
        "humanevalpack/sandboxes/go/Dockerfile",
        "humanevalpack/sandboxes/rust/rand/src/lib.rs",
        "octopack_data/__init__.py",
        "octopack_train/__init__.py",
        "octopack_train/recipes/octocoder.yaml",
        "octopack_train/data/architectures/starcoder.yaml",
        "octopack_train/data/launchers/zero1.json",
        f"humanevalpack-{__version__}.dist-info/licenses/LICENSE",
        f"humanevalpack-{__version__}.dist-info/licenses/NOTICE",
    }
    assert (prompts | mini | wanted) - names == set()
    top = {name.split("/")[0] for name in names}
    assert top == {
        "humanevalpack",
        "octopack_data",
        "octopack_train",
        "_humanevalpack_lm_eval.py",
        "humanevalpack_lm_eval.pth",
        f"humanevalpack-{__version__}.dist-info",
    }


def test_the_wheel_asks_for_no_torch(wheel: Path) -> None:
    metadata = zipfile.ZipFile(wheel).read(f"humanevalpack-{__version__}.dist-info/METADATA").decode()
    required = [line for line in metadata.splitlines() if line.startswith("Requires-Dist:") and "extra ==" not in line]
    assert any("lm-eval" in line for line in required)
    assert not any("torch" in line or "transformers" in line for line in required)
    extras = {line.split(": ")[1] for line in metadata.splitlines() if line.startswith("Provides-Extra:")}
    assert {"hf", "vllm", "data", "train", "deepspeed", "int8", "ray", "report", "dev"} <= extras


def test_the_sdist_holds_what_a_build_and_a_reader_need(built: Path) -> None:
    archive = next(built.glob("*.tar.gz"))
    with tarfile.open(archive) as opened:
        names = {name.split("/", 1)[-1] for name in opened.getnames()}
    assert {"hatch_build.py", "README.md", "LICENSE", "NOTICE", "CITATION.cff"} <= names
    assert {"sandboxes/install.sh", "prompts/instruct.yaml", "src/lm_eval_hook/humanevalpack_lm_eval.pth"} <= names
    assert not any(name.startswith((".venv", ".make")) for name in names)


def test_an_installation_outside_of_the_repository_works(fresh: Path, tmp_path: Path, project: Path) -> None:
    code = (
        "import humanevalpack as hep; from humanevalpack.resources import resource_dir as r\n"
        "problem = hep.load_problems('python', 'mini')[0]\n"
        "print(hep.__file__); print(r('prompts')); print(r('sandboxes'))\n"
        "print(len(hep.render_prompt(problem, 'fixtests', prompt='octocoder')) > 100)"
    )
    *places, rendered = in_fresh(fresh, tmp_path, "python", "-c", code).splitlines()
    assert all(place.startswith(str(fresh.parent)) for place in places), places
    assert rendered == "True"


def test_the_commands_work_from_the_wheel(fresh: Path, tmp_path: Path) -> None:
    assert in_fresh(fresh, tmp_path, "humanevalpack", "--version") == f"humanevalpack {__version__}\n"
    assert "octocoder" in in_fresh(fresh, tmp_path, "humanevalpack", "prompts", "list", "--json")
    assert "humanevalfixtests-go" in in_fresh(fresh, tmp_path, "humanevalpack", "tasks", "list")


def test_toolchain_scripts_run_from_the_wheel(fresh: Path, tmp_path: Path) -> None:
    place = in_fresh(
        fresh, tmp_path, "python", "-c", "from humanevalpack.resources import resource_dir as r; print(r('sandboxes'))"
    )
    script = Path(place.strip()) / "python" / "install.sh"
    assert os.access(script, os.X_OK)
    done = subprocess.run(["bash", str(script), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 3)
    assert done.stdout.startswith("python  ")


def test_a_plain_lm_eval_finds_the_tasks_of_the_wheel(fresh: Path, tmp_path: Path) -> None:
    listed = in_fresh(fresh, tmp_path, "python", "-m", "lm_eval", "ls", "tasks")
    for name in ("humanevalfixtests-python", "humanevalpack_mini", "humanevalsynthesize-rust"):
        assert name in listed


@pytest.mark.toolchain("python")
def test_programs_run_from_the_wheel(fresh: Path, tmp_path: Path) -> None:
    code = (
        "import humanevalpack as hep\n"
        "problem = hep.load_problems('python', 'mini')[0]\n"
        "program = hep.build_program(problem, problem.prompt + problem.canonical_solution, 'synthesize')\n"
        "print([verdict.status for verdict in hep.run_programs([program], sandbox='process', confirm_unsafe=True)])"
    )
    assert in_fresh(fresh, tmp_path, "python", "-c", code) == "['passed']\n"
