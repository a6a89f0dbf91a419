"""Rows a second of the stage `filter`, rules and input and output, beside a straightforward one-process script.

    python benchmarks/commit_filter.py [--rows 30000] [--folder build/commit_filter]

Both read the same zstd JSON lines and keep the same rows (checked). The script decodes each line with json, asks the
rules one after the other as the release wrote them, and writes what is left; the token rule is left out on both sides.
`--release-way` adds the release's own shape: one `datasets.filter` after the other, each a pass over the table.
"""

import argparse
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(PROJECT / "tests")]

from commit_filter_oracle import filter_file  # noqa: E402
from octopack_data.filtering import FilterSettings, FilterWork  # noqa: E402
from octopack_data.rows import read_rows, write_rows  # noqa: E402
from octopack_data.sources import Part, find_parts  # noqa: E402


def code_rows(count: int) -> Iterator[dict[str, Any]]:
    """Rows with the Python library's own files as contents and subjects as people write them, about 3 KB a row."""
    chance = random.Random(0)
    texts = [path.read_text("utf-8", "replace") for path in sorted(Path(random.__file__).parent.glob("*.py"))]
    subjects = [line for line in _subjects() if line] or ["Fix the way things are"]
    for number in range(count):
        text = chance.choice(texts)
        start = chance.randrange(max(1, len(text) - 1500))
        old = text[start : start + int(chance.expovariate(1 / 1450)) + 20]
        yield {
            "commit": f"{number:040x}",
            "old_file": (path := chance.choice(("src/parser.py", "lib/io/reader.py", "setup.py", "a/b/models.py"))),
            "new_file": path,
            "old_contents": old,
            "new_contents": old[: len(old) // 2] + "\n# a change\n" + old[len(old) // 2 :],
            "subject": (subject := chance.choice(subjects)),
            "message": subject + "\n",
            "lang": "Python",
            "license": "mit",
            "repos": "someone/something",
        }


def _subjects() -> list[str]:
    log = subprocess.run(["git", "-C", str(PROJECT), "log", "--format=%s"], capture_output=True, text=True, check=False)
    return log.stdout.splitlines()


def timed(work: Callable[[], object]) -> float:
    """Processor seconds of one run: what other processes take on a busy machine is left out."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    """Make the rows, run both, print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=30_000)
    parser.add_argument("--folder", type=Path, default=PROJECT / "build" / "commit_filter")
    parser.add_argument("--repeat", type=int, default=3)
    given = parser.parse_args()
    source = given.folder / f"rows-{given.rows}.jsonl.zst"
    if not source.exists():
        write_rows(source, code_rows(given.rows))
    text = sum(len(line) for line in _lines(source))
    work = FilterWork(FilterSettings(mode="published", token_rule=False, excluded_share=0.0))
    ours = min(timed(lambda: work(Part("part", source), given.folder / "ours")) for _ in range(given.repeat))
    script = min(timed(lambda: filter_file(source, given.folder / "script")) for _ in range(given.repeat))
    kept = [
        Counter(str(row) for part in find_parts(given.folder / name) for row in read_rows(part.path))
        for name in ("ours", "script")
    ]
    if kept[0] != kept[1]:
        raise SystemExit("the two kept different rows")
    print(
        f"{given.rows} rows, {text / 1e6:.0f} MB of JSON, {sum(kept[0].values())} kept by all; best of {given.repeat}"
    )
    for name, seconds in (("octopack-data", ours), ("script", script)):
        print(f"{name:14} {given.rows / seconds:9.0f} rows/s {text / seconds / 1e6:6.0f} MB/s")
    print(f"ratio {script / ours:.1f}")


def _lines(path: Path) -> Iterator[bytes]:
    from octopack_data.rows import open_bytes

    with open_bytes(path) as lines:
        yield from lines


if __name__ == "__main__":
    main()
