"""A run's folder: whatever ends a process, what was written is there, whole, and is never replaced."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import humanevalpack as hep
from generation_files import FIX, row, run_folder, write_lines
from humanevalpack.errors import EnvironmentFault, InputError, UsageError
from humanevalpack.results import KeptRow, RunFolder, ScoredSample, new_manifest, scores
from humanevalpack.results.appending import Appender

PASSED, FAILED = hep.Verdict("passed", "all is well"), hep.Verdict("failed", "an assertion", output="x")


def judged(item: KeptRow, verdict: hep.Verdict) -> ScoredSample:
    return ScoredSample.of(item, candidate="c", extraction="fenced", program="p", verdict=verdict)


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    first, second = row(), row(number=1, finish="length", description="d")
    with RunFolder(tmp_path / "run", new_manifest("mine", temperature=0.2)) as run:
        assert run.add_generations([second, first]) == 2
        run.add_verdict(judged(first, FAILED))
    read = hep.read_run(tmp_path / "run")
    assert (read.name, read.manifest["temperature"], read.manifest["version"]) == ("mine", 0.2, 1)
    assert [(item.index, item.status) for item in read.samples] == [(0, "failed"), (1, "generated")]
    sample = read.samples[0]
    assert (sample.scenario, sample.language, sample.candidate, sample.extraction) == (
        "fixtests",
        "python",
        "c",
        "fenced",
    )
    assert sample.verdict == FAILED
    assert read.samples[1].row() == second


def test_generations_that_are_there_are_not_written_again(tmp_path: Path) -> None:
    for expected in (1, 0):
        with RunFolder(tmp_path / "run", new_manifest("mine")) as run:
            assert run.add_generations([row()]) == expected
    assert len(lines(tmp_path / "run" / "generations.jsonl")) == 1


def test_another_generation_under_the_same_key_is_refused(tmp_path: Path) -> None:
    with RunFolder(tmp_path / "run", new_manifest("mine")) as run:
        run.add_generations([row()])
        with pytest.raises(UsageError, match=f"holds another generation for {FIX}, Python/0, sample 0.*--overwrite"):
            run.add_generations([row(generation="something else")])
    assert len(lines(tmp_path / "run" / "generations.jsonl")) == 1


def test_a_run_with_other_settings_does_not_go_on(tmp_path: Path) -> None:
    RunFolder(tmp_path, new_manifest("mine", profile="reference", toolchains={"go": "1.18"})).__exit__(None, None, None)
    with pytest.raises(UsageError, match="begun with profile 'reference', and now it is 'fixed'"):
        RunFolder(tmp_path, new_manifest("mine", profile="fixed"))
    with pytest.raises(UsageError, match=r"begun with toolchains of go '1\.18', and now it is '1\.22'"):
        RunFolder(tmp_path, new_manifest("mine", toolchains={"go": "1.22"}))
    with RunFolder(tmp_path, new_manifest("mine", toolchains={"js": "20"})) as run:
        assert run.manifest["toolchains"] == {"go": "1.18", "js": "20"}


def test_overwrite_begins_anew_and_touches_no_file_of_others(tmp_path: Path) -> None:
    with RunFolder(tmp_path, new_manifest("old", profile="fixed")) as run:
        run.add_generations([row()])
    (tmp_path / "notes.txt").write_text("mine", "utf-8")
    with RunFolder(tmp_path, new_manifest("new"), overwrite=True) as run:
        assert run.rows == {}
    assert hep.read_run(tmp_path).manifest.get("profile") is None
    assert (tmp_path / "notes.txt").read_text("utf-8") == "mine"


def test_a_kill_before_the_manifest_is_whole_does_not_lock_the_folder(tmp_path: Path) -> None:
    (tmp_path / "manifest.json.123.part").write_text('{"na', "utf-8")
    with RunFolder(tmp_path, new_manifest("mine")) as run:
        run.add_generations([row()])
    assert len(hep.read_run(tmp_path).samples) == 1


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_with_other_things_is_left_alone(tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "thesis.tex").write_text("years of work", "utf-8")
    with pytest.raises(UsageError, match="is not empty and holds no run"):
        RunFolder(tmp_path, new_manifest("mine"), overwrite=overwrite)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("length", range(1, 30, 7))
def test_a_half_written_last_line_is_left_out_and_taken_off_on_the_next_open(tmp_path: Path, length: int) -> None:
    folder = run_folder(tmp_path / "run", [row(), row(number=1)])
    path = folder / "generations.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + row(number=2).to_line().encode()[:length])
    assert len(hep.read_run(folder).samples) == 2
    with RunFolder(folder, new_manifest("mine")) as run:
        run.add_generations([row(number=2)])
    assert path.read_bytes() == whole + row(number=2).to_line().encode()


def test_a_whole_last_line_without_its_end_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b'{"a": 1}')
    with Appender(path) as file:
        file.append('{"b": 2}\n')
    assert lines(path) == [{"a": 1}, {"b": 2}]


WRITER = """
import sys
from pathlib import Path
from humanevalpack.results.appending import Appender
with Appender(Path(sys.argv[1])) as file:
    for number in range(10**9):
        file.append('{"writer": %s, "number": %d, "text": "%s"}\\n' % (sys.argv[2], number, "x" * 5000))
        print(number, flush=True)
"""


def test_lines_of_several_killed_writers_are_whole_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(number)], stdout=subprocess.PIPE, text=True)
        for number in range(3)
    ]
    for writer in writers:
        assert writer.stdout is not None
        for _ in range(50):
            writer.stdout.readline()
    said = []
    for writer in writers:
        writer.send_signal(signal.SIGKILL)
        assert writer.stdout is not None
        said.append(50 + len(writer.stdout.read().split()))
        writer.wait()
    with Appender(path) as file:
        file.append('{"writer": 3}\n')
    found = lines(path)
    for number, least in enumerate(said):
        own = [line["number"] for line in found if line["writer"] == number]
        assert own == list(range(len(own)))
        assert len(own) >= least, "what a writer said to be written is there"


@pytest.mark.parametrize(("left", "kept"), [('{"a": 1', []), ('{"a": 1}', [{"a": 1}])])
def test_a_line_torn_by_another_writer_while_this_one_goes_on(tmp_path: Path, left: str, kept: list[object]) -> None:
    path = tmp_path / "lines.jsonl"
    with Appender(path) as file:
        file.append('{"b": 2}\n')
        with path.open("a") as killed:
            killed.write(left)
        file.append('{"c": 3}\n')
        file.append('{"d": 4}\n')
    assert lines(path) == [{"b": 2}, *kept, {"c": 3}, {"d": 4}]


def test_a_full_disk_is_said_and_leaves_whole_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lines.jsonl"
    with Appender(path) as file:
        file.append('{"a": 1}\n')
        real = file._file

        class Full:
            """A file on a disk that takes three bytes more."""

            def write(self, data: bytes) -> int:
                return real.write(data[:3]) or 0

            def fileno(self) -> int:
                return real.fileno()

        monkeypatch.setattr(file, "_file", Full())
        with pytest.raises(EnvironmentFault, match=r"disk is full.*run the same command again"):
            file.append('{"b": 2}\n')
        monkeypatch.setattr(file, "_file", real)
        file.append('{"c": 3}\n')
    assert lines(path) == [{"a": 1}, {"c": 3}]


def test_counts_are_per_problem_in_order_and_a_score_needs_every_verdict(tmp_path: Path) -> None:
    rows = [row(number=number, sample=sample) for number in (2, 0) for sample in (0, 1)]
    rows.append(row(number=2, sample=2, status="prompt_too_long"))
    with RunFolder(tmp_path, new_manifest("mine")) as run:
        run.add_generations(rows)
        for item in rows[:3]:
            run.add_verdict(judged(item, PASSED))
        with pytest.raises(InputError, match="Python/0, sample 1 has no verdict yet: humanevalpack evaluate"):
            hep.read_run(tmp_path).score("fixtests", "python")
        waits = hep.read_run(tmp_path)
        assert waits.counts("fixtests", "python") == [(1, 1), (3, 2)]
        assert [(sample.index, sample.sample) for sample in waits.waiting("fixtests", "python")] == [(0, 1)]
        run.add_verdict(judged(rows[3], FAILED))
    read = hep.read_run(tmp_path)
    assert read.counts("fixtests", "python") == [(2, 1), (3, 2)]
    assert read.score("fixtests", "python", 2).mean == pytest.approx((1 + 1) / 2)
    assert read.statuses("fixtests", "python") == {"passed": 3, "failed": 1, "prompt_too_long": 1}
    entry = scores(read, (1, 2, 3))[FIX]
    assert entry["pass@1"] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert "pass@3" not in entry, "a problem has two samples only"
    assert (entry["problems"], entry["samples"]) == (2, 5)


def test_the_last_verdict_of_a_sample_counts(tmp_path: Path) -> None:
    with RunFolder(tmp_path, new_manifest("mine")) as run:
        run.add_generations([row()])
        run.add_verdict(judged(row(), FAILED))
        run.add_verdict(judged(row(), PASSED))
    assert [sample.status for sample in hep.read_run(tmp_path).samples] == ["passed"]


def test_a_folder_with_kept_generations_alone_is_a_run(tmp_path: Path) -> None:
    write_lines(tmp_path / "kept" / "generations.jsonl", [row().to_dict()])
    read = hep.read_run(tmp_path / "kept")
    assert (read.name, len(read.samples)) == ("kept", 1)


WRONG = {
    "no run": ({}, "holds no run"),
    "manifest": ({"manifest.json": "{", "generations.jsonl": ""}, r"manifest\.json: not a manifest"),
    "version": (
        {"manifest.json": '{"name": "a", "version": 9}', "generations.jsonl": ""},
        "version is 9; .* reads version 1",
    ),
    "verdict": ({"generations.jsonl": "", "verdicts.jsonl": '{"task": "t"}\n'}, "line 1: field 'task_id' must be text"),
    "stray": (
        {
            "generations.jsonl": "",
            "verdicts.jsonl": '{"task": "t", "task_id": "Go/1", "sample": 0, "candidate": "", "extraction": "", '
            '"program": "", "verdict": null}\n',
        },
        "t, Go/1, 0 has no generation",
    ),
}


@pytest.mark.parametrize(("files", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_with_a_folder_is_named(tmp_path: Path, files: dict[str, str], message: str) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(InputError, match=message) as refused:
        hep.read_run(tmp_path)
    assert str(tmp_path) in str(refused.value)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises((EnvironmentFault, UsageError), match="file"):
        RunFolder(tmp_path / "file", new_manifest("mine"))
    assert os.listdir(tmp_path) == ["file"]  # noqa: PTH208


def test_what_another_process_has_appended_meanwhile_stays(tmp_path: Path) -> None:
    one, other = (RunFolder(tmp_path / "run", new_manifest("m")) for _ in range(2))
    (tmp_path / "run" / "scores.json").write_text("{}", "utf-8")
    assert one.add_generations([row(generation="first")]) == 1
    assert other.add_generations([row(generation="second"), row(number=1)]) == 1
    assert other.rows[row().key].generation == "first"
    assert hep.read_run(tmp_path / "run").samples[0].generation == "first"
    assert not (tmp_path / "run" / "scores.json").exists(), "scores of what was there before"
