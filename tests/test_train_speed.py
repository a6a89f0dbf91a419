"""benchmarks/training_speed.py: it measures what it says; the numbers themselves are nobody's test."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.full
BENCHMARK = Path(__file__).parent.parent / "benchmarks" / "training_speed.py"
TINY = ("--shape", "tiny", "--weights", "fp32", "--length", "64", "--steps", "3", "--discard", "1", "--batch", "2")


def lines(what: str, folder: Path) -> list[str]:
    command = [sys.executable, str(BENCHMARK), what, str(folder), *TINY]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=600).stdout.splitlines()


def test_a_plain_loop_stands_beside_the_projects_training(tmp_path: Path) -> None:
    found = lines("loop", tmp_path / "loop")
    assert [line.partition(":")[0] for line in found] == ["plain", "project", "plain-recomputed", "project-recomputed"]
    assert all("tokens/s" in line for line in found)
    assert ["times the plain loop" in line for line in found] == [False, True, False, True]


def test_packings_differ_in_what_is_trained_of_a_row(tmp_path: Path) -> None:
    found = lines("packing", tmp_path / "packing")
    assert [line.partition(":")[0] for line in found] == ["none", "bfd", "wrapped"]
    assert all("trained/s" in line for line in found)


def test_twelve_steps_are_six_and_six_more(tmp_path: Path) -> None:
    *_, last = lines("resume", tmp_path / "resume")
    assert last == "losses differ by at most 0.0, weights of the adapter by at most 0.0"


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("")
    command = [sys.executable, str(BENCHMARK), "loop", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "is not empty: name a new folder" in done.stderr
