"""Memory of the cleaning stages does not grow with their input: measured on one file and on one four times as long."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

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

    paths = [tmp_path_factory.mktemp("memory") / f"{size}.jsonl" for size in (8, 32)]
    for path in paths:
        write_input(path, int(path.stem) * MEGABYTE)
    return paths


@pytest.mark.parametrize("name", STAGES)
def test_four_times_the_input_needs_no_more_memory(
    project: Path, inputs: list[Path], tmp_path: Path, name: str
) -> None:
    short, long = (peak(project, name, path, tmp_path / path.stem) for path in inputs)
    assert short > 30 * MEGABYTE  # it was measured
    # What held its input would need 24 MB more, and twice that as Python's objects.
    assert long - short < 12 * MEGABYTE
