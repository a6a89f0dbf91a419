"""octopack_data.fetch.windows: a share of all rows for one of several machines."""

from pathlib import Path

import pytest

from fetch_cases import metadata
from git_histories import git
from humanevalpack.errors import UsageError
from octopack_data.fetch.settings import FetchSettings
from octopack_data.fetch.windows import window_ranges
from octopack_data.fetch.work import fetch
from octopack_data.records import Change
from octopack_data.rows import read_rows
from octopack_data.settings import make_settings
from octopack_data.sources import find_parts


def numbered(folder: Path, rows: int, noise: set[int]) -> Path:
    for part in range(3):
        some = [
            Change(f"{row:040x}", "s", "please" if row in noise else "Mend it", "own/long", "a.py", "a.py")
            for row in range(part * rows, (part + 1) * rows)
        ]
        metadata(folder / f"p{part}.jsonl", some)
    return folder


def test_windows_share_out_all_rows_once(tmp_path: Path) -> None:
    parts = find_parts(numbered(tmp_path, 5, set()))
    shares = [window_ranges(parts, f"{number}/4", "fixed") for number in range(4)]
    assert shares == [
        {"p0": (0, 3)}, {"p0": (3, 5), "p1": (0, 2)}, {"p1": (2, 5), "p2": (0, 1)}, {"p2": (1, 5)},
    ]  # fmt: skip


def test_published_windows_have_one_size_and_count_filtered_rows(tmp_path: Path) -> None:
    parts = find_parts(numbered(tmp_path, 5, {0, 1, 6}))
    assert window_ranges(parts, "0/8", "published", rows=6) == {"p0": (0, 3), "p1": (0, 3)}
    assert window_ranges(parts, "1/8", "published", rows=6) == {"p1": (3, 4), "p2": (0, 5)}
    with pytest.raises(UsageError, match=r"window 2/8: 12 rows pass the filters, and it begins with row 12"):
        window_ranges(parts, "2/8", "published", rows=6)


@pytest.mark.parametrize("mode", ["published", "fixed"])
def test_a_window_fetches_its_rows_alone(mode: str, tmp_path: Path) -> None:
    source = numbered(tmp_path / "meta", 4, {1, 5})
    git(tmp_path, "init", "--quiet", "--bare", "own/empty.git")
    values = {"mode": mode, "window": "0/2", "backend": "git-local", "clones": (tmp_path,), "names": "folder"}
    manifest = fetch(find_parts(source), tmp_path / "out", make_settings(FetchSettings, values), progress=False)
    rows = [row for file in manifest["outputs"] for row in read_rows(tmp_path / "out" / file["path"])]
    wanted = {"fixed": [0, 2, 3, 4], "published": [row for row in range(12) if row not in (1, 5)]}
    assert [int(row["commit"], 16) for row in rows] == wanted[mode]
