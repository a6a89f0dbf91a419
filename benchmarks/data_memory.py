"""Does memory stay the same on a long input, and how fast is a stage? Peak memory and rate of stages on one long file.

python benchmarks/data_memory.py [--gigabytes 1 3] [--stages redact,...] [--characters 10500] [--folder /tmp] writes a
synthetic CommitPack of each size (a tenth of its rows are exact duplicates) and runs each stage on it in a process of
its own. Printed is the peak of the resident memory when the stage has read 10 %, 50 % and 100 % of the file, for each
pass over it, then the peak of the whole and the bytes of the input by the processor seconds: what other processes take
on a busy machine is left out. With two sizes, the last table says how much more memory a further row took: near 0 for a
stage whose memory is constant. --characters: of a row's contents on each side, on average; short rows are many rows.

Everything is written below a temporary folder and removed at the end; the disk needs about twice the largest size.
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

from octopack_data.audit import audit_stage
from octopack_data.changes import changes_stage
from octopack_data.decontamination import DecontaminateSettings, decontaminate_stage
from octopack_data.duplicates import DuplicateSettings, deduplicate
from octopack_data.mixture_settings import MixSettings, MixSource
from octopack_data.mixtures import mix
from octopack_data.optout import OptOutSettings, opt_out_stage
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


def _opt_out(source: Path, output: Path) -> None:
    accounts = output.with_name("accounts.txt")
    accounts.write_text("owner7\nowner8/project\n")
    run_stage(opt_out_stage(find_parts(source), output, OptOutSettings(opt_out=accounts)), progress=False)


def _audit(source: Path, output: Path) -> None:
    run_stage(audit_stage(find_parts(source), output), progress=False)


def _changes(source: Path, output: Path) -> None:
    run_stage(changes_stage(find_parts(source), output), progress=False)


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
    "optout": _opt_out,
    "stats licences": _audit,
    "stats changes": _changes,
    "pairs": _pairs,
    "mix": _mix,
}


def rows(size: int, characters: int = 10_500, seed: int = 0) -> Iterator[dict[str, str]]:
    """Yield rows of about ``size`` bytes in all: contents of about ``characters`` cut from a text of random words."""
    chance = random.Random(seed)
    words = [f"{chance.choice('abcdefgh')}{number:x}" for number in range(20_000)]
    text = "".join(
        f"{word} = {chance.choice(words)}({chance.random():.3f})\n" for word in chance.choices(words, k=100_000)
    )
    written = number = 0
    old = new = ""
    while written < size:
        if number % 10:
            length = chance.randrange(characters // 10, 2 * characters - characters // 10)
            start = chance.randrange(len(text) - length)
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


def write_input(path: Path, size: int, characters: int = 10_500) -> int:
    """Write a synthetic CommitPack of about ``size`` bytes to one file; return its rows."""
    with RowWriter(path) as writer:
        for row in rows(size, characters):
            writer.write(row)
    return writer.rows


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


@dataclass
class Seen:
    """What was seen of a stage: for each pass over the file the peak (bytes) at each of SHARES; the peak of all."""

    passes: list[dict[float, int]]
    peak: int = 0


def watch(name: str, source: Path, output: Path) -> Seen:
    """Run a stage in a process of its own and look at its memory and at its place in the file."""
    child = subprocess.Popen([sys.executable, __file__, "--run", name, str(source), str(output)])
    size, seen, last = source.stat().st_size, Seen([{}]), 0.0
    while child.poll() is None:
        now = _peak(Path(f"/proc/{child.pid}/status"))
        seen.peak = max(seen.peak, now)
        place = _place(child.pid, source)
        if place is not None:
            share = place / size
            if share < last:
                seen.passes.append({})
            last = share
            for wanted in SHARES:
                # At its end a file is closed at once, so that the last place seen is a little before it.
                if share >= 0.98 * wanted:
                    seen.passes[-1].setdefault(wanted, now)
        time.sleep(0.02)
    if child.returncode:
        raise SystemExit(f"{name} ended with exit code {child.returncode}")
    return seen


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


def measure(name: str, source: Path, output: Path) -> int:
    """Run a stage, print a line for each pass and one for the whole; return its peak in bytes."""
    before = _seconds()
    seen = watch(name, source, output)
    for number, peaks in enumerate(seen.passes, start=1):
        cells = "".join(f"{peaks[share] / 1e6:8.0f}" if share in peaks else f"{'-':>8}" for share in SHARES)
        print(f"{name:26}{number:5}{cells}", flush=True)
    rate = source.stat().st_size / 1e6 / (_seconds() - before)
    print(f"{name:26}{'all':>5}{seen.peak / 1e6:8.0f}{rate:9.0f} MB/s on one core", flush=True)
    return seen.peak


def measure_size(size: float, names: list[str], folder: Path, characters: int) -> tuple[int, dict[str, int]]:
    """Write an input of so many gigabytes, run the stages on it; return its rows and the peak of each stage."""
    source = folder / "in" / "rows.jsonl"
    count = write_input(source, int(size * 1e9), characters)
    print(f"{source.stat().st_size / 1e9:.2f} GB in one file, {count:,} rows; peak of resident memory in MB")
    print(f"{'stage':26}{'pass':>5}{'10 %':>8}{'50 %':>8}{'100 %':>8}")
    peaks = {}
    for name in names:
        output = folder / name.replace(" ", "_")
        peaks[name] = measure(name, source, output)
        shutil.rmtree(output)
    source.unlink()
    return count, peaks


def main() -> None:
    """Write each input, run the stages, and compare the sizes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, nargs="+", default=[1.0])
    parser.add_argument("--stages", default=",".join(STAGES), help="comma-separated; default: all")
    parser.add_argument("--characters", type=int, default=10_500, help="of the contents on one side, on average")
    parser.add_argument("--folder", default=None, help="where the temporary folder is made")
    parser.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        name, source, output = arguments.run
        STAGES[name](Path(source), Path(output))
        return
    names = arguments.stages.split(",")
    if unknown := [name for name in names if name not in STAGES]:
        raise SystemExit(f"no stage {unknown[0]!r}; there are {', '.join(STAGES)}")
    with tempfile.TemporaryDirectory(prefix="data_memory_", dir=arguments.folder) as made:
        folder = Path(made).resolve()
        found = [measure_size(size, names, folder, arguments.characters) for size in arguments.gigabytes]
    if len(found) > 1:
        (few, small), *_, (many, large) = found
        print(f"\n{'stage':26}{f'{few:,} rows':>16}{f'{many:,} rows':>18}{'bytes a row more':>20}")
        for name in names:
            more = (large[name] - small[name]) / (many - few)
            print(f"{name:26}{small[name] / 1e6:13.0f} MB{large[name] / 1e6:15.0f} MB{more:20.0f}")


if __name__ == "__main__":
    main()
