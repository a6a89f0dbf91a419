"""The bar of a stage: it moves while one part is worked on, in every process, and ends with the bytes of all parts."""

import io
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from git_histories import long_history, make_repository
from octopack_data.clones import find_clones
from octopack_data.commit_rows import HistorySettings
from octopack_data.duplicates import DuplicateSettings, deduplicate
from octopack_data.histories import ClonesToTables
from octopack_data.parts import PartResult, Stage, run_stage
from octopack_data.progress import Place, at, here, opened, stretch, told
from octopack_data.rows import ENDINGS, read_rows, write_rows
from octopack_data.self_instruct.loading import load_stage
from octopack_data.self_instruct.settings import LoadSettings
from octopack_data.sources import Part, find_parts
from octopack_data.workers import work_on
from octopack_data.xp3x import Xp3xSettings, draw_places, xp3x_stage

ROWS = 12_000


def write(path: Path, rows: int = ROWS) -> Path:
    """Write rows of about 300 bytes that pack badly, in the format that the name says."""
    import gzip

    import pyarrow as pa

    made = [{"n": n, "text": os.urandom(128).hex()} for n in range(rows)]
    if path.name.endswith(".gz"):
        write_rows(path.with_name("plain.jsonl"), made)
        plain = path.with_name("plain.jsonl")
        path.write_bytes(gzip.compress(plain.read_bytes()))
        plain.unlink()
    else:
        write_rows(path, made, lambda: pa.schema([("n", pa.int64()), ("text", pa.string())]))
    return path


@dataclass(frozen=True)
class Counted:
    """A stage's work. In the middle of a part it waits until the file ``go`` is there."""

    go: Path | None = None

    def __call__(self, part: Part, output: Path) -> PartResult:
        rows = 0
        for _ in read_rows(part.path):
            rows += 1
            if rows == ROWS // 2 and self.go is not None:
                until = time.monotonic() + 60
                while not self.go.exists():
                    assert time.monotonic() < until, "the bar did not move"
                    time.sleep(0.01)
        return PartResult((), {"rows": rows})


@dataclass
class Seen:
    """What a bar is told; ``go`` is made as soon as it stands in the middle."""

    total: int
    go: Path | None = None
    places: list[int] = field(default_factory=list)

    def __call__(self, place: int) -> None:
        self.places.append(place)
        if self.go is not None and 0.1 * self.total < place < 0.9 * self.total:
            self.go.touch()

    def check(self) -> None:
        assert self.places == sorted(self.places)
        assert self.places[-1] == self.total


def counted(source: Path, output: Path, go: Path | None = None) -> Stage:
    return Stage("count", Counted(go), tuple(find_parts(source)), output, {})


@pytest.mark.parametrize("ending", ENDINGS)
def test_one_file_moves_the_bar_all_the_way(tmp_path: Path, ending: str) -> None:
    stage = counted(write(tmp_path / f"rows{ending}"), tmp_path / "out")
    seen = Seen(stage.parts[0].bytes)
    work_on(stage, stage.parts, 1, seen)
    seen.check()
    between = {place * 4 // seen.total for place in seen.places}
    assert {0, 1, 2, 3} <= between  # a place in each quarter


@pytest.mark.parametrize("ending", ENDINGS)
def test_workers_move_it_while_they_are_in_the_middle_of_a_file(tmp_path: Path, ending: str) -> None:
    for part in range(2):
        write(tmp_path / "in" / f"p{part}{ending}")
    stage = counted(tmp_path / "in", tmp_path / "out", tmp_path / "go")
    seen = Seen(sum(part.bytes for part in stage.parts), tmp_path / "go")
    work_on(stage, stage.parts, 2, seen)
    seen.check()
    assert (tmp_path / "go").exists()


def test_more_parts_than_workers_all_count(tmp_path: Path) -> None:
    for part in range(9):
        write(tmp_path / "in" / f"p{part}.jsonl", 10 * part)
    stage = counted(tmp_path / "in", tmp_path / "out")
    seen = Seen(sum(part.bytes for part in stage.parts))
    work_on(stage, stage.parts, 2, seen)
    seen.check()
    assert not stage.left()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_run_that_goes_on_begins_at_what_is_done_and_ends_at_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        write(tmp_path / "in" / f"p{number}.jsonl", 500)
    stage = counted(tmp_path / "in", tmp_path / "out")
    for part in stage.parts[:2]:
        with stage.held():
            stage.run_part(part)
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    run_stage(stage)
    shown = terminal.getvalue().strip().split("\r")
    assert " 50%" in shown[0]
    assert "100%" in shown[-1]


@pytest.mark.parametrize("progress", [True, False])
def test_without_a_terminal_nothing_is_printed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], progress: bool
) -> None:
    run_stage(counted(write(tmp_path / "rows.jsonl"), tmp_path / "out"), progress=progress)
    assert capfd.readouterr() == ("", "")


def shares(paths: list[Path], work: Callable[[], object]) -> list[float]:
    found: list[float] = []
    with told(Place(paths, found.append)):
        work()
    assert found == sorted(found)
    return found


def test_reading_a_file_twice_or_another_one_counts_once(tmp_path: Path) -> None:
    mine, other = write(tmp_path / "a.jsonl", 1000), write(tmp_path / "b.jsonl", 1000)

    def work() -> None:
        next(read_rows(mine))
        for path in (mine, other, mine):
            list(read_rows(path))

    assert shares([mine], work)[-1] == 1
    assert len(set(shares([mine], work))) == len(shares([mine], work))


def test_passes_have_their_stretch_each(tmp_path: Path) -> None:
    path, spill = write(tmp_path / "a.jsonl", 3000), write(tmp_path / "b.jsonl", 3000)

    def work() -> None:
        with stretch(0, 0.25):
            list(read_rows(path))
        with stretch(0.25, 1, [spill]):
            list(read_rows(spill))

    found = shares([path], work)
    assert 0.25 in found
    assert any(0 < share < 0.25 for share in found)
    assert any(0.25 < share < 1 for share in found)
    assert found[-1] == 1


def moved(stage: Stage) -> list[float]:
    """The shares at which the bar of a stage of one part stood."""
    seen = Seen(stage.parts[0].bytes)
    with stage.held():
        work_on(stage, stage.parts, 1, seen)
    seen.check()
    return [place / seen.total for place in seen.places]


def test_both_passes_over_each_file_of_xp3x_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"inputs": os.urandom(400).hex(), "targets": "t"} for _ in range(2_000)]
    for name in ("a", "b"):
        write_rows(tmp_path / "in" / f"{name}.jsonl", rows)
    table = tmp_path / "table.yaml"
    table.write_text("families: {f: {files: {a.jsonl: 3, b.jsonl: 3}}}")
    between: list[float] = []

    def draws(*told: Any) -> list[int]:
        place = here()
        assert place is not None
        between.append(place.share)
        return draw_places(*told)

    monkeypatch.setattr("octopack_data.xp3x.draw_places", draws)
    found = moved(xp3x_stage(find_parts(tmp_path / "in"), tmp_path / "out", Xp3xSettings(table=table)))
    assert between == [0.5, 0.5]  # of each file
    assert {int(share * 8) for share in found} >= set(range(8))


@pytest.mark.parametrize(("near", "half"), [(True, 0.25), (False, 0.5)])
def test_a_search_among_all_earlier_rows_moves_the_bar_as_its_work_grows(
    tmp_path: Path, near: bool, half: float
) -> None:
    rows = [{"instruction": f"{n} a b c d e f", "output": os.urandom(400).hex()} for n in range(1_000)]
    write_rows(tmp_path / "in.jsonl", rows)
    found = moved(load_stage(find_parts(tmp_path / "in.jsonl"), tmp_path / "out", LoadSettings(near=near)))
    step = (1 << 17) / (tmp_path / "in.jsonl").stat().st_size
    assert any(abs(share - half) <= step for share in found[:-2])
    assert found[0] == pytest.approx(step**2 if near else step, abs=1e-4)


def test_outside_of_a_stage_nobody_is_told(tmp_path: Path) -> None:
    with opened(write(tmp_path / "a.jsonl", 10)) as stream, stretch(0, 0.5):
        assert stream.readline().endswith(b"\n")
        at(tmp_path / "a.jsonl", 10)


def test_an_empty_file_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").touch()
    assert shares([tmp_path / "a.jsonl"], lambda: list(read_rows(tmp_path / "a.jsonl"))) == []


def test_a_clone_moves_the_bar_commit_by_commit(tmp_path: Path) -> None:
    make_repository(tmp_path / "clone", long_history(60, 20), remote="https://example.org/ann/x")
    (clone,) = find_clones([tmp_path / "clone"])
    from octopack_data.histories import _list_commits

    (name,) = _list_commits([clone], tmp_path / "lists", 60)
    part = Part(name, tmp_path / "lists" / f"{name}.txt")
    work = ClonesToTables({name: clone}, HistorySettings(assume_licence="mit"))
    found = shares([part.path], lambda: work(part, tmp_path / "out"))
    assert len(found) == 60
    assert found[-1] == pytest.approx(1)


def test_both_passes_over_a_file_with_signatures_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "\n".join(f"value_{n} = {n}" for n in range(40))
    rows = [{"commit": f"{n:040x}", "old_contents": "", "new_contents": f"{text}\n{n}"} for n in range(1500)]
    write_rows(tmp_path / "in" / "p.jsonl", rows)
    bars: dict[str, list[int]] = {}

    def seen(stage: Stage, parts: list[Part], workers: int, moved: Callable[[int], object]) -> None:
        work_on(stage, parts, workers, bars.setdefault(stage.name, []).append)

    monkeypatch.setattr("octopack_data.parts.work_on", seen)
    deduplicate(find_parts(tmp_path / "in"), tmp_path / "out", DuplicateSettings(near="new"), progress=False)
    size = (tmp_path / "in" / "p.jsonl").stat().st_size
    assert list(bars) == ["deduplicate: sign", "deduplicate: pairs", "deduplicate"]
    for name in ("deduplicate: sign", "deduplicate"):
        assert bars[name] == sorted(bars[name])
        assert bars[name][-1] == size
    early, late = (
        [share for share in bars["deduplicate: sign"] if (share < size / 20) is first] for first in (True, False)
    )
    assert len(early) > 2
    assert len(late) > 2
