"""Runs that go on, begin anew or meet each other: no row of another run is ever mixed in, and manifests stay true."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

import octopack_data
from humanevalpack.errors import InputError, UsageError
from humanevalpack.version import __version__
from octopack_data import code
from octopack_data.code import code_hash
from octopack_data.manifests import MARKS, read_manifest, sha256_of
from octopack_data.parts import PartResult, Stage, run_stage
from octopack_data.rows import read_rows, write_rows
from octopack_data.sources import Part, find_parts


@dataclass(frozen=True)
class Copied:
    """A stage's work. With ``wait``, a part is written and never ends until the file ``go`` is there."""

    wait: str = ""
    fail_at: str = ""
    edits: str = ""

    def __call__(self, part: Part, output: Path) -> PartResult:
        if self.edits:
            Path(self.edits).write_text("something longer")
        name = f"data/{part.name}.jsonl"
        rows = write_rows(output / name, read_rows(part.path))
        if part.name == self.fail_at:
            raise InputError("broken")
        if self.wait:
            (output.parent / f"{part.name}.pid").write_text(str(os.getpid()))
            while not (output.parent / self.wait).exists():
                time.sleep(0.01)
        return PartResult(((name, rows),), {"rows": rows})


def source(folder: Path, parts: int = 2) -> Path:
    for part in range(parts):
        write_rows(folder / f"p{part}.jsonl", [{"n": part}])
    return folder


def stage(folder: Path, output: Path, **work: str) -> Stage:
    return Stage("copy", Copied(**work), tuple(find_parts(folder)), output, {})


def run(folder: Path, output: Path, *, overwrite: bool = False, **work: str) -> dict[str, object]:
    return run_stage(stage(folder, output, **work), overwrite=overwrite, progress=False)


def test_an_input_that_was_edited_behind_a_finished_part_is_refused(tmp_path: Path) -> None:
    run(source(tmp_path / "in"), tmp_path / "out")
    write_rows(tmp_path / "in" / "p0.jsonl", [{"n": 7}])  # as many bytes as before
    with pytest.raises(InputError, match=r"p0.jsonl has changed since it was read.*--overwrite"):
        run(tmp_path / "in", tmp_path / "out")


def test_a_copy_of_an_input_is_the_same_input(tmp_path: Path) -> None:
    run(source(tmp_path / "in"), tmp_path / "out")
    for path in (tmp_path / "in").iterdir():
        os.utime(path)
    assert run(tmp_path / "in", tmp_path / "out")["counts"] == {"rows": 2}


def test_the_manifest_names_the_inputs_as_they_were_when_they_were_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"broken"):
        run(source(tmp_path / "in"), tmp_path / "out", fail_at="p1")
    before = sha256_of(tmp_path / "in" / "p0.jsonl")
    mark = json.loads((tmp_path / "out" / MARKS / "done" / "p0.json").read_text())
    assert [one["facts"]["sha256"] for one in mark["inputs"]] == [before]


def test_a_file_that_is_newer_than_the_manifest_beside_it_is_hashed_anew(tmp_path: Path) -> None:
    run(source(tmp_path / "in", 1), tmp_path / "first")
    path = tmp_path / "first" / "data" / "p0.jsonl"
    write_rows(path, [{"n": 8}])
    manifest = run(tmp_path / "first", tmp_path / "second")
    assert [file["sha256"] for file in manifest["inputs"]] == [sha256_of(path)]  # type: ignore[attr-defined]


def test_a_manifest_of_another_program_above_the_input_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"name": "a browser extension"}')
    assert run(source(tmp_path / "in"), tmp_path / "out")["counts"] == {"rows": 2}


def test_the_output_of_an_unfinished_run_is_no_source(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"broken"):
        run(source(tmp_path / "in"), tmp_path / "out", fail_at="p1")
    for place in (tmp_path / "out", tmp_path / "out" / "data"):
        with pytest.raises(InputError, match=r"not finished: give its command again"):
            find_parts(place)


@pytest.mark.parametrize("change", ["taken away", "added", "cut"])
def test_a_stage_folder_with_other_files_than_its_manifest_is_no_source(tmp_path: Path, change: str) -> None:
    run(source(tmp_path / "in"), tmp_path / "out")
    data = tmp_path / "out" / "data"
    if change == "taken away":
        (data / "p1.jsonl").unlink()
    else:
        (data / ("p2.jsonl" if change == "added" else "p1.jsonl")).write_text("")
    with pytest.raises(InputError, match=r"is not as in .*manifest.json"):
        find_parts(tmp_path / "out")


def test_overwrite_removes_what_a_broken_part_has_left(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"broken"):
        run(source(tmp_path / "in"), tmp_path / "out", fail_at="p1")
    run(source(tmp_path / "other", 1), tmp_path / "out", overwrite=True)
    assert [part.name for part in find_parts(tmp_path / "out")] == ["p0"]


def test_overwrite_removes_what_an_earlier_pass_has_left_before_it_says_that_another_run_has_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill between the two would give the new run the old one's files."""
    made = replace(stage(source(tmp_path / "in"), tmp_path / "out"), scratch=(".pass", "pass.json"))
    run_stage(made, progress=False)
    (tmp_path / "out/.pass/deep").mkdir(parents=True)
    (tmp_path / "out/pass.json").write_text("{}")

    def ends(*_: object) -> None:
        raise SystemExit

    monkeypatch.setattr("octopack_data.parts.write_json", ends)
    with pytest.raises(SystemExit):
        run_stage(made, overwrite=True, progress=False)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {MARKS}


def test_what_python_compiles_meanwhile_is_no_other_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(code, "__file__", str(tmp_path / "code.py"))
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "rows.py").write_text("1\n")
    before = code_hash.__wrapped__()
    (tmp_path / "__pycache__/rows.cpython-311.pyc.140234").write_text("half of it")  # as Python names it meanwhile
    assert code_hash.__wrapped__() == before
    (tmp_path / "rows.py").write_text("2\n")
    assert code_hash.__wrapped__() != before


def by_other_code(output: Path) -> None:
    """Write down that an earlier version has begun a run."""
    begun = output / MARKS / "stage.json"
    facts = json.loads(begun.read_text())
    begun.write_text(json.dumps(facts | {"code": {"version": "0.0.9", "sha256": "0123456789abcdef"}}))


def test_a_run_that_other_code_began_is_refused_with_both_versions(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"broken"):
        run(source(tmp_path / "in"), tmp_path / "out", fail_at="p1")
    by_other_code(tmp_path / "out")
    here = f"humanevalpack {re.escape(__version__)}, code {code_hash()[:12]}"
    said = rf"begun by humanevalpack 0.0.9, code 0123456789ab; this is {here}.*--overwrite"
    with pytest.raises(InputError, match=said):
        run(tmp_path / "in", tmp_path / "out")
    assert run(tmp_path / "in", tmp_path / "out", overwrite=True)["counts"] == {"rows": 2}


def test_a_finished_run_of_other_code_is_read_as_it_is(tmp_path: Path) -> None:
    first = run(source(tmp_path / "in"), tmp_path / "out")
    by_other_code(tmp_path / "out")
    assert run(tmp_path / "in", tmp_path / "out") == first
    assert first["versions"]["code"] == code_hash()  # type: ignore[index]


@pytest.mark.parametrize(
    ("changed", "another"),
    [("rules/registry.py", True), ("data/verbs.txt", True), ("rows.py", True), ("commands/filter.py", False)],
)
def test_the_code_is_known_by_its_rules_and_lists(tmp_path: Path, changed: str, another: bool) -> None:
    package = Path(octopack_data.__file__).parent
    shutil.copytree(package, tmp_path / "octopack_data", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "octopack_data" / changed).open("a") as file:
        file.write("\n# one more line\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    program = [sys.executable, "-c", "from octopack_data.code import code_hash; print(code_hash())"]
    said = subprocess.run(program, env=environment, check=True, capture_output=True, text=True).stdout.strip()
    assert (said != code_hash()) is another


def listed(folder: Path, output: Path, words: Path, **work: str) -> Stage:
    """A run with a list of the user's."""
    return replace(stage(folder, output, **work), files={words: sha256_of(words)})


@pytest.mark.parametrize("when", ["before a part", "in the middle of one"])
def test_a_list_that_changes_while_a_run_is_on_is_refused_by_its_name(tmp_path: Path, when: str) -> None:
    words = tmp_path / "verbs.txt"
    words.write_text("add\n")
    source(tmp_path / "in")
    if when == "before a part":
        asked = listed(tmp_path / "in", tmp_path / "out", words)
        words.write_text("new\n")
    else:
        asked = listed(tmp_path / "in", tmp_path / "out", words, edits=str(words))
    with pytest.raises(InputError, match=r"verbs.txt was changed while a run with it was on"):
        run_stage(asked, progress=False)
    assert asked.left() == list(asked.parts)
    words.write_text("add\n")
    run_stage(listed(tmp_path / "in", tmp_path / "out", words), progress=False)


def begun(tmp_path: Path) -> subprocess.Popen[bytes]:
    """A run of two workers, each in the middle of a part."""
    program = (
        "from test_data_resume import *\n"
        f"run_stage(stage(Path({str(tmp_path / 'in')!r}), Path({str(tmp_path / 'out')!r}), wait='go'), workers=2, "
        "progress=False)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.Popen([sys.executable, "-c", program], env=environment)
    pids = [tmp_path / f"p{part}.pid" for part in range(2)]
    while not all(path.exists() and path.read_text() for path in pids):  # a file is there before what is written in it
        time.sleep(0.01)
    return child


def test_two_runs_never_work_in_one_folder(tmp_path: Path) -> None:
    source(tmp_path / "in")
    with begun(tmp_path) as child:
        with pytest.raises(UsageError, match=r"another run is at work there"):
            run(tmp_path / "in", tmp_path / "out", overwrite=True)
        (tmp_path / "go").touch()
    assert child.returncode == 0
    assert read_manifest(tmp_path / "out")["counts"] == {"rows": 2}


def test_workers_end_with_the_run_that_was_killed(tmp_path: Path) -> None:
    source(tmp_path / "in")
    with begun(tmp_path) as child:
        child.send_signal(signal.SIGKILL)
    workers = [int((tmp_path / f"p{part}.pid").read_text()) for part in range(2)]
    until = time.monotonic() + 20
    while any(is_alive(worker) for worker in workers) and time.monotonic() < until:
        time.sleep(0.01)
    assert not any(is_alive(worker) for worker in workers)
    (tmp_path / "go").touch()
    assert run(tmp_path / "in", tmp_path / "out")["counts"] == {"rows": 2}


def is_alive(process: int) -> bool:
    """Whether a process is there and no zombie (who is nobody's child here stays one in some containers)."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
