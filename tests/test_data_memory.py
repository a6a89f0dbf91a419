"""Memory of the cleaning stages does not grow with their input: measured on one file and on one four times as long."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from octopack_data.rows import write_rows

MEGABYTE = 1_000_000
STAGES = ("deduplicate", "deduplicate --near new", "redact", "decontaminate", "split-train", "pairs", "mix")


def peak(project: Path, name: str, source: Path, output: Path) -> int:
    program = (
        "import data_memory; from pathlib import Path\n"
        f"data_memory.STAGES[{name!r}](Path({str(source)!r}), Path({str(output)!r})); print(data_memory.peak())"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(project / "benchmarks"), *sys.path])}
    said = subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True)
    return int(said.stdout)


@pytest.fixture(scope="module")
def inputs(project: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    sys.path.insert(0, str(project / "benchmarks"))
    from data_memory import write_input

    paths = [tmp_path_factory.mktemp("memory") / f"{size}.jsonl" for size in (16, 64)]
    for path in paths:
        write_input(path, int(path.stem) * MEGABYTE)
    return paths


@pytest.mark.parametrize("name", STAGES)
def test_four_times_the_input_needs_no_more_memory(
    project: Path, inputs: list[Path], tmp_path: Path, name: str
) -> None:
    short, long = (peak(project, name, path, tmp_path / path.stem) for path in inputs)
    assert short > 30 * MEGABYTE  # it was measured
    # What held its input would need 48 MB more, and twice that as Python's objects.
    assert long - short < 20 * MEGABYTE


MANY_FILES = """
import sys
from pathlib import Path
from data_memory import peak
from octopack_data.rows import RowWriter
made = []
for number in range(1, 201):
    with RowWriter(Path(sys.argv[1]) / f"{number}.jsonl.zst") as writer:
        writer.write({"text": "x" * 300_000})
    made.append(writer)
    if number == 20:
        before = peak()
print(peak() - before)
"""


def test_files_that_are_finished_need_no_memory(project: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(project / "benchmarks"), *sys.path])}
    command = [sys.executable, "-c", MANY_FILES, str(tmp_path)]
    said = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    assert int(said.stdout) < 20 * MEGABYTE


INSTRUCTIONS = {
    "xp3x": ("xp3x", "--table", "table.yaml"),
    "self-instruct load": ("self-instruct", "load"),
    "oasst pairs": ("oasst", "pairs"),
}


@pytest.fixture(scope="module")
def instructions(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two files of long answers to short questions, the second four times as long."""
    paths = [tmp_path_factory.mktemp("instructions") / str(size) / "rows.jsonl" for size in (8, 32)]
    for path in paths:
        names = ("inputs", "instruction", "prompt"), ("targets", "output", "completion")
        size = int(path.parent.name) * MEGABYTE // 30_000
        texts = ((f"Question {n}", f"{n} " * (10_000 // len(f"{n} "))) for n in range(size))
        write_rows(path, [dict.fromkeys(names[0], q) | dict.fromkeys(names[1], a) for q, a in texts])
        (path.parents[1] / "table.yaml").write_text("families: {all: {files: {rows.jsonl: 20}}}")
    return paths


@pytest.mark.parametrize("name", INSTRUCTIONS)
def test_four_times_the_instructions_need_no_more_memory(
    project: Path, instructions: list[Path], tmp_path: Path, name: str
) -> None:
    def used(path: Path) -> int:
        words = [*INSTRUCTIONS[name], str(path), "-o", str(tmp_path / path.parent.name)]
        program = f"import data_memory; from octopack_data.commands import app\napp({words}, standalone_mode=False)\n"
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(project / "benchmarks"), *sys.path])}
        command = [sys.executable, "-c", program + "print(data_memory.peak())"]
        said = subprocess.run(command, cwd=path.parents[1], env=environment, check=True, capture_output=True, text=True)
        return int(said.stdout.splitlines()[-1])

    short, long = map(used, instructions)
    assert short > 30 * MEGABYTE  # it was measured
    assert long - short < 12 * MEGABYTE  # what held its rows would need 24 MB more, and as Python's objects twice that
