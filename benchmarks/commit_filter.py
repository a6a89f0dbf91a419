"""Rows a second and core of the stage `filter`, rules, input and output, beside two plain ways to do the same.

    python benchmarks/commit_filter.py [--rows 30000] [--characters 1450] [--tokens] [--release-way]

All read the same zstd JSON lines and must keep the same rows. `script` decodes each line with json, asks one rule after
the other and writes what is left, in one loop. `as released` is the shape of the release's own scripts: `datasets`, one
pass over the table for each rule. Times are processor seconds. The token rule is left out, or with --tokens in force
(not `as released`): a byte-level BPE tokenizer with 16,000 tokens is trained on the rows, and both count where the
release's order of the rules has the count, before the verbs and the second pass. Rows of CommitPack have 30,000
characters a content (--characters).
"""

import argparse
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(PROJECT / "tests")]

from commit_filter_release_way import filter_as_released  # noqa: E402

from commit_filter_oracle import filter_file, first_reason  # noqa: E402
from octopack_data.filtering import FilterSettings, FilterWork  # noqa: E402
from octopack_data.rows import read_rows, write_rows  # noqa: E402
from octopack_data.sources import Part, find_parts  # noqa: E402


def code_rows(count: int, characters: int = 1450) -> Iterator[dict[str, Any]]:
    """Rows with the Python library's own text as contents, so long on average, and subjects as people write them."""
    chance = random.Random(0)
    text = "".join(path.read_text("utf-8", "replace") for path in sorted(Path(random.__file__).parent.glob("*.py")))
    subjects = [line for line in _subjects() if line] or ["Fix the way things are"]
    for number in range(count):
        start = chance.randrange(len(text) // 2)
        old = text[start : start + int(chance.expovariate(1 / characters)) + 20]
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


def trained_tokenizer(path: Path, rows: Iterator[dict[str, Any]]) -> Path:
    """Write a tokenizer.json that was trained on the contents of rows."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    letters = pre_tokenizers.ByteLevel.alphabet()
    special = ["<|endoftext|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=16_000, special_tokens=special, initial_alphabet=letters, show_progress=False
    )
    tokenizer.train_from_iterator((row["new_contents"] for row in rows), trainer)
    tokenizer.save(str(path))
    return path


def counting(path: Path) -> Callable[[dict[str, Any]], str]:
    """Return the script's rules with a plain count of tokens."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    return lambda row: first_reason(row, tokens=lambda text: len(tokenizer.encode(text).ids))


def main() -> None:
    """Make the rows, run all ways, print rates and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=30_000)
    parser.add_argument("--characters", type=int, default=1450, help="of a content, on average")
    parser.add_argument("--folder", type=Path, default=PROJECT / "build" / "commit_filter")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--tokens", action="store_true", help="with the token rule (a tokenizer is trained first)")
    parser.add_argument("--release-way", action="store_true", help="also one pass of `datasets` a rule (minutes)")
    given = parser.parse_args()
    source = given.folder / f"rows-{given.rows}-{given.characters}.jsonl.zst"
    if not source.exists():
        write_rows(source, code_rows(given.rows, given.characters))
    text = sum(len(line) for line in _lines(source))
    if given.tokens and given.release_way:
        parser.error("--tokens and --release-way: one of them")
    tokenizer = given.folder / "tokenizer.json"
    if given.tokens and not tokenizer.exists():
        trained_tokenizer(tokenizer, code_rows(3_000))
    settings = FilterSettings(mode="published", token_rule=given.tokens, tokenizer=tokenizer if given.tokens else None)
    reason_of = counting(tokenizer) if given.tokens else first_reason
    part, folder = Part("part", source), given.folder
    ways: dict[str, Callable[[], object]] = {
        "octopack-data": lambda: FilterWork(settings)(part, folder / "octopack-data"),
        "script": lambda: filter_file(source, folder / "script", reason_of),
    }
    if given.release_way:
        ways["as released"] = lambda: filter_as_released(source, folder / "as released")
    for way in ways:
        shutil.rmtree(folder / way, ignore_errors=True)
    seconds = {way: min(timed(work) for _ in range(given.repeat)) for way, work in ways.items()}
    kept = {way: _kept(folder / way) for way in ways}
    if any(rows != kept["script"] for rows in kept.values()):
        raise SystemExit(f"not the same rows were kept: { ({way: len(rows) for way, rows in kept.items()}) }")
    print(
        f"{given.rows} rows, {text / 1e6:.0f} MB of JSON, {len(kept['script'])} kept; best of {given.repeat}, one core"
    )
    for way, took in seconds.items():
        ratio = took / seconds["octopack-data"]
        print(
            f"{way:21} {given.rows / took:9,.0f} rows/s {text / took / 1e6:6.0f} MB/s   {ratio:5.1f} x the time of ours"
        )


def _kept(folder: Path) -> list[str]:
    return sorted(str(row) for part in find_parts(folder) for row in read_rows(part.path))


def _lines(path: Path) -> Iterator[bytes]:
    from octopack_data.rows import open_bytes

    with open_bytes(path) as lines:
        yield from lines


if __name__ == "__main__":
    main()
