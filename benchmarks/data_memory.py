"""Does memory stay the same on a long input, and how fast is a stage? Peak memory and rate of stages on one long file.

python benchmarks/data_memory.py [--gigabytes 1] [--stages redact,...] [--folder /tmp] writes a synthetic CommitPack of
that size (a tenth of its rows are exact duplicates) and runs each stage on it in a process of its own. Printed is the
peak of the resident memory when the stage has read 10 %, 50 % and 100 % of the file, for each pass over it; the last
pass is the hash for the manifest. Then the bytes of the input by the processor seconds of the whole stage: what other
processes take on a busy machine is left out. Everything is written below a temporary folder and removed at the end; the
disk needs about twice the size.
"""

import argparse
import importlib
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from octopack_data.decontamination import DecontaminateSettings, decontaminate_stage
from octopack_data.duplicates import DuplicateSettings, deduplicate
from octopack_data.mixture_settings import MixSettings, MixSource
from octopack_data.mixtures import mix
from octopack_data.pairs import PairSettings, make_pairs
from octopack_data.parts import run_stage
from octopack_data.redaction import RedactSettings, redact_stage
from octopack_data.rows import RowWriter
from octopack_data.shards import ShardSettings, shard_stage
from octopack_data.sources import find_parts
from octopack_data.splitting import SplitSettings, split_stage
from octopack_data.train_valid import TrainValidSettings, split_train

SHARES = (0.1, 0.5, 1.0)


def _filter(source: Path, output: Path) -> None:
    filtering = importlib.import_module("octopack_data.filtering")
    stage = filtering.filter_stage(find_parts(source), output, filtering.FilterSettings(token_rule=False))
    run_stage(stage, progress=False)


def _deduplicate(source: Path, output: Path, **settings: Any) -> None:
    deduplicate(find_parts(source), output, DuplicateSettings(**settings), progress=False)


def _redact(source: Path, output: Path) -> None:
    run_stage(redact_stage(find_parts(source), output, RedactSettings()), progress=False)


def _decontaminate(source: Path, output: Path) -> None:
    stage = decontaminate_stage(find_parts(source), output, DecontaminateSettings(problems="mini"))
    run_stage(stage, progress=False)


def _split_train(source: Path, output: Path) -> None:
    split_train(find_parts(source), output, TrainValidSettings(), progress=False)


def _split(source: Path, output: Path) -> None:
    run_stage(split_stage(find_parts(source), output, SplitSettings()), progress=False)


def _shard(source: Path, output: Path) -> None:
    run_stage(shard_stage(find_parts(source), output, ShardSettings()), progress=False)


def _pairs(source: Path, output: Path) -> None:
    make_pairs(find_parts(source), output, PairSettings(form="commit"), progress=False)


def _mix(source: Path, output: Path) -> None:
    sources = (MixSource(name="commits", source=str(source), form="commit"),)
    mix(MixSettings(sources=sources), output, progress=False)


STAGES: dict[str, Callable[[Path, Path], Any]] = {
    "split": _split,
    "shard": _shard,
    "filter": _filter,
    "deduplicate": _deduplicate,
    "deduplicate --near new": partial(_deduplicate, near="new"),
    "redact": _redact,
    "decontaminate": _decontaminate,
    "split-train": _split_train,
    "pairs": _pairs,
    "mix": _mix,
}


def rows(size: int, seed: int = 0) -> Iterator[dict[str, str]]:
    """Yield rows of about ``size`` bytes in all: contents of 1 to 20 kB cut from a text of random words."""
    chance = random.Random(seed)
    words = [f"{chance.choice('abcdefgh')}{number:x}" for number in range(20_000)]
    text = "".join(
        f"{word} = {chance.choice(words)}({chance.random():.3f})\n" for word in chance.choices(words, k=100_000)
    )
    written = number = 0
    old = new = ""
    while written < size:
        if number % 10:
            start, length = chance.randrange(len(text) - 20_000), chance.randrange(1_000, 20_000)
            old = text[start : start + length]
            new = f"{old}value_{number} = {number}\n"
        yield {
            "commit": f"{chance.getrandbits(160):040x}",
            "old_file": f"src/module_{number % 100}.py",
            "new_file": f"src/module_{number % 100}.py",
            "old_contents": old,
            "new_contents": new,
            "subject": f"Add value {number} to the table of the settings",
            "message": f"Add value {number} to the table of the settings\n",
            "lang": "Python",
            "license": "mit",
            "repos": f"owner{number % 5000}/project" + (f",fork/{number % 5000}" if number % 7 == 0 else ""),
        }
        written += len(old) + len(new) + 400
        number += 1


def write_input(path: Path, size: int) -> None:
    """Write a synthetic CommitPack of about ``size`` bytes to one file."""
    with RowWriter(path) as writer:
        for row in rows(size):
            writer.write(row)


def peak() -> int:
    """Return this process's peak of resident memory so far, in bytes.

    Not getrusage's ru_maxrss: a new process begins with that of the one that started it.
    """
    return _peak(Path("/proc/self/status"))


def _peak(status: Path) -> int:
    for line in status.read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0  # the process has ended


@dataclass(frozen=True)
class Pass:
    """One pass of a stage over the file: the peak (bytes) at each of SHARES, as far as it was seen."""

    peaks: dict[float, int]


def watch(name: str, source: Path, output: Path) -> list[Pass]:
    """Run a stage in a process of its own and look at its memory and at its place in the file."""
    child = subprocess.Popen([sys.executable, __file__, "--run", name, str(source), str(output)])
    size, passes, last = source.stat().st_size, [Pass({})], 0.0
    while child.poll() is None:
        place = _place(child.pid, source)
        if place is not None:
            share = place / size
            if share < last:
                passes.append(Pass({}))
            last = share
            for wanted in SHARES:
                # At its end a file is closed at once, so that the last place seen is a little before it.
                if share >= 0.98 * wanted:
                    passes[-1].peaks.setdefault(wanted, _peak(Path(f"/proc/{child.pid}/status")))
        time.sleep(0.02)
    if child.returncode:
        raise SystemExit(f"{name} ended with exit code {child.returncode}")
    return passes


def _seconds() -> float:
    """Processor seconds of all processes that have been started and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _place(process: int, source: Path) -> int | None:
    """How far a process has read a file, in bytes; None if it has not opened it."""
    try:
        for link in Path(f"/proc/{process}/fd").iterdir():
            if link.resolve() == source:
                said = Path(f"/proc/{process}/fdinfo/{link.name}").read_text()
                return int(said.split()[1])
    except OSError:  # closed meanwhile, or ended
        pass
    return None


def main() -> None:
    """Write the input, run the stages, print a line for each pass."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=1.0)
    parser.add_argument("--stages", default=",".join(STAGES), help="comma-separated; default: all")
    parser.add_argument("--folder", default=None, help="where the temporary folder is made")
    parser.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        name, source, output = arguments.run
        STAGES[name](Path(source), Path(output))
        return
    with tempfile.TemporaryDirectory(prefix="data_memory_", dir=arguments.folder) as folder:
        source = Path(folder).resolve() / "in" / "rows.jsonl"
        write_input(source, int(arguments.gigabytes * 1e9))
        print(f"{source.stat().st_size / 1e9:.2f} GB in one file; peak of resident memory in MB")
        print(f"{'stage':26}{'pass':>5}{'10 %':>8}{'50 %':>8}{'100 %':>8}")
        for name in arguments.stages.split(","):
            output, before = Path(folder) / name.replace(" ", "_"), _seconds()
            for number, seen in enumerate(watch(name, source, output), start=1):
                peaks = "".join(
                    f"{seen.peaks[share] / 1e6:8.0f}" if share in seen.peaks else f"{'-':>8}" for share in SHARES
                )
                print(f"{name:26}{number:5}{peaks}", flush=True)
            print(f"{name:26}{source.stat().st_size / 1e6 / (_seconds() - before):9.0f} MB/s on one core", flush=True)
            shutil.rmtree(output)


if __name__ == "__main__":
    main()
