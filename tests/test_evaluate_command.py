"""``humanevalpack evaluate`` as a user meets it: a kill in the middle loses nothing, and every end has its code."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import humanevalpack as hep
from generation_files import FIX, mini, program_of, right, row, run_folder, write_json, wrong

pytestmark = pytest.mark.toolchain("python")

COMMAND = [sys.executable, "-m", "humanevalpack.commands"]
UNSAFE = ("--dataset", "mini", "--sandbox", "process", "--confirm_run_unsafe_code")


def run(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, **options)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    few = mini()[:3]
    lists = [[program_of(p, "fixtests", right(p)), program_of(p, "fixtests", wrong(p))] for p in few]
    return write_json(tmp_path_factory.mktemp("files") / f"generations_{FIX}.json", lists)


def test_a_table_with_scores_and_counts_and_where_the_run_lies(programs: Path, tmp_path: Path) -> None:
    done = run("evaluate", programs, *UNSAFE, "--output", tmp_path / "run", "--k", "1", "--k", "2")
    assert done.returncode == 0, done.stderr
    for said in (FIX, "pass@1 0.50 [", "pass@2 1.00 [", "3 passed", "taken for post-processed programs"):
        assert said in done.stdout
    assert done.stdout.endswith(f"Everything is in {tmp_path / 'run'}\n")
    assert "judging generations" in done.stderr


def test_no_bar_before_what_is_wrong_with_the_input(programs: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    said = run("evaluate", programs, "--dataset", tmp_path / "data", "--output", tmp_path / "run")
    assert said.returncode == 2
    assert "judging generations" not in said.stderr
    assert f"{tmp_path / 'data'} holds no python.jsonl" in " ".join(said.stderr.split())
    assert "no .jsonl file at all" in " ".join(said.stderr.split())


def test_json_alone_on_stdout(programs: Path, tmp_path: Path) -> None:
    done = run("evaluate", programs, *UNSAFE, "--output", tmp_path / "run", "--json")
    said = json.loads(done.stdout)
    assert said["folder"] == str(tmp_path / "run")
    assert said["scores"][FIX]["pass@1"] == 0.5
    assert said["manifest"]["sandbox"] == "process"


# Slow once, so that a kill comes between two verdicts; every third fails.
SLOW = "\n    import time\n    time.sleep(0.3 * (departure == '23:40'))\n    assert {number} % 3\n"


def slow_run(folder: Path, number: int = 24) -> Path:
    """A run whose programs take their time."""
    solution = mini()[0].canonical_solution
    answers = [SLOW.format(number=sample) + solution for sample in range(number)]
    return run_folder(folder, [row(FIX, 0, sample, generation=answer) for sample, answer in enumerate(answers)])


def test_a_killed_evaluation_goes_on_and_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    folder = slow_run(tmp_path / "mine")
    verdicts = folder / "verdicts.jsonl"
    arguments = ["evaluate", str(folder), *UNSAFE, "--workers", "2"]
    for least in (3, 9):
        with subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            deadline = time.monotonic() + 120
            while not (verdicts.exists() and verdicts.read_bytes().count(b"\n") >= least):
                assert time.monotonic() < deadline
                assert process.poll() is None, "it must not have ended before the kill"
                time.sleep(0.02)
            os.kill(process.pid, signal.SIGKILL)
    kept = verdicts.read_bytes()
    reached = kept[: kept.rindex(b"\n") + 1].splitlines()
    assert 9 <= len(reached) < 24
    verdicts.write_bytes(kept + b'{"task": "humanevalfix')  # what a kill in the middle of a write leaves
    done = run(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    lines = verdicts.read_bytes().splitlines()
    assert lines[: len(reached)] == reached, "what was reached is still there"
    assert len(lines) == 24, "and did not run again"
    undisturbed = slow_run(tmp_path / "undisturbed")
    assert run("evaluate", undisturbed, *UNSAFE, "--workers", "2").returncode == 0
    assert told(folder) == told(undisturbed)
    assert [status for *_, status in told(folder)] == ["passed" if n % 3 else "failed" for n in range(24)]
    scores = [(path / "scores.json").read_bytes() for path in (folder, undisturbed)]
    assert scores[0] == scores[1]
    assert json.loads(done.stdout)["scores"][FIX]["pass@1"] == 16 / 24


def told(folder: Path) -> list[tuple[str, str, str, str, str]]:
    """What a run says of its samples, but for the time that they took."""
    samples = hep.read_run(folder).samples
    return [(s.task_id, s.generation, s.candidate, s.program, s.status) for s in samples]


def test_other_settings_or_other_generations_end_with_2_unless_overwritten(programs: Path, tmp_path: Path) -> None:
    arguments = ("evaluate", programs, *UNSAFE, "--output", tmp_path / "run")
    assert run(*arguments).returncode == 0
    before = (tmp_path / "run" / "verdicts.jsonl").read_bytes()
    refused = run(*arguments, "--profile", "fixed")
    assert refused.returncode == 2
    assert "begun with profile 'reference', and now it is 'fixed'" in refused.stderr
    other = write_json(tmp_path / f"{FIX}.json", [["x", "y"]])
    refused = run("evaluate", other, *UNSAFE, "--form", "program", "--output", tmp_path / "run")
    assert refused.returncode == 2
    assert "holds another generation" in refused.stderr
    assert (tmp_path / "run" / "verdicts.jsonl").read_bytes() == before
    assert run(*arguments, "--profile", "fixed", "--overwrite").returncode == 0


ENDS: dict[str, tuple[tuple[str, ...], int, str]] = {
    "no file": (("none.json",), 2, "none.json does not exist"),
    "no task": (("generations.json", "--dataset", "mini"), 2, "does not say its task"),
    "wrong task": (("generations.json", "--task", "humanevalfix-go"), 2, "task 'humanevalfix-go' is not known"),
    "unconfirmed": ((f"{FIX}.json", "--dataset", "mini", "--sandbox", "process"), 2, "confirm"),
    "workers": ((f"{FIX}.json", "--workers", "none"), 2, "--workers is 'none'"),
    "limit_start": ((f"{FIX}.json", "--limit_start", "-1"), 2, "'-1' is not a whole number of at least 0"),
    "no hub": ((f"{FIX}.json",), 3, "mini"),
}


@pytest.mark.parametrize(("arguments", "code", "said"), ENDS.values(), ids=ENDS)
def test_what_cannot_be_done_ends_with_its_code_and_says_what_works(
    tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    for name in ("generations.json", f"{FIX}.json"):
        write_json(tmp_path / name, [["x"]])
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    done = run("evaluate", *arguments, cwd=tmp_path, env=environment)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
