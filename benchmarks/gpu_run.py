"""What ``humanevalpack run`` does on a GPU, with the commands that users type: python benchmarks/gpu_run.py --help.

Answers by device, precision and batch size, the same seed twice, ``kill -9`` and the same command again, a device that
is not there, too little memory. The model is the demo's, which is taught first unless ``--trained`` names its folder;
speed is gpu_throughput.py's. ``--device cpu`` tries the script where there is no GPU.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from humanevalpack import LANGUAGES, Run, load_problems, read_run
from humanevalpack.demo.lessons import LEARNED_PROBLEMS, PROMPT, lessons
from humanevalpack.demo.tiny_model import build_model, build_tokenizer, save
from humanevalpack.demo.training import train
from humanevalpack.results.folder import GENERATIONS

COMMAND = (sys.executable, "-m", "humanevalpack.commands", "run")
SAMPLED = ("--tasks", "humanevalexplain_python,humanevalfix_python", "-n", "20", "--temperature", "0.8", "--seed", "7")
LEAST = 40
"""Generations after which a run is killed."""
TAKES_MEMORY = (
    "import sys, time, torch; free = torch.cuda.mem_get_info()[0] - int(float(sys.argv[1]) * 2**30); "
    "taken = torch.empty(free, dtype=torch.uint8, device='cuda'); print('ready', flush=True); time.sleep(900)"
)


@dataclass(frozen=True, slots=True)
class Done:
    """A command that has ended."""

    name: str
    code: int
    seconds: float
    last_words: str
    """The last lines that it said on stderr."""


class Bench:
    """A folder of runs of one model, and how they are asked for."""

    def __init__(self, folder: Path, model: Path) -> None:
        self.folder = folder
        self.model = model

    def command(self, name: str, *flags: str, model: Path | None = None) -> list[str]:
        """Return the command of a run of that name."""
        fixed = ("--dataset", "mini", "--prompt", PROMPT, "--output", str(self.folder / name))
        return [*COMMAND, str(model or self.model), *fixed, *flags]

    def run(self, name: str, *flags: str, model: Path | None = None, **environment: str) -> Done:
        """Run it to its end; all it says is kept in a log."""
        start = time.monotonic()
        log = self.folder / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a") as file:
            ended = subprocess.run(
                self.command(name, *flags, model=model),
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment},
                check=False,
            )
        words = "\n".join(log.read_text("utf-8", "replace").splitlines()[-3:])
        done = Done(name, ended.returncode, time.monotonic() - start, words)
        print(f"{done.name}: exit code {done.code}, {done.seconds:.0f} s", flush=True)
        return done

    def killed(self, name: str, *flags: str) -> int:
        """Kill a run in the middle of generating; return how many generations it has left."""
        path = self.folder / name / GENERATIONS
        with subprocess.Popen(
            self.command(name, *flags), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            while process.poll() is None and _lines(path) < LEAST:
                time.sleep(0.02)
            process.kill()
        return _lines(path)

    def read(self, name: str) -> Run:
        """Read a run."""
        return read_run(self.folder / name)

    def differing(self, first: str, second: str, *, known: bool | None = None) -> str:
        """Say how many generations differ; ``known`` tells problems that the model was taught from the others."""
        found = [
            {(s.task, s.task_id, s.sample): s.generation for s in self.read(name).samples if _is(known, s.task_id)}
            for name in (first, second)
        ]
        if found[0].keys() != found[1].keys():
            return f"not the same samples: {len(found[0])} and {len(found[1])}"
        return f"{sum(text != found[1][key] for key, text in found[0].items())} of {len(found[0])} differ"


def _is(known: bool | None, task_id: str) -> bool:
    return known is None or (int(task_id.partition("/")[2]) < LEARNED_PROBLEMS) == known


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def taught_model(folder: Path) -> Path:
    """Teach the demo's model its lessons, on the CPU, in a minute."""
    course = lessons([p for language in LANGUAGES for p in load_problems(language, "mini")[:LEARNED_PROBLEMS]])
    tokenizer = build_tokenizer([lesson.prompt + lesson.answer for lesson in course])
    model = build_model(tokenizer)
    train(model, tokenizer, course)
    return save(model, tokenizer, folder)


def answers(bench: Bench, device: str, few: Sequence[str], parallel: int) -> None:
    """Greedy and sampled runs, some at a time, and what differs between them."""
    here = ("--device", device)
    taught = (
        "--tasks",
        "humanevalpack_mini",
        "--limit",
        str(LEARNED_PROBLEMS),
        "--predict-only",
        "-o",
        "max_new_tokens=300",
    )
    everything = ("--tasks", "humanevalpack_mini", "--predict-only", "-o", "max_new_tokens=200", *few)
    single, half = ("--model-args", "dtype=float32"), ("--model-args", "dtype=bfloat16")
    sampled = (*SAMPLED, "--limit", "4", "-o", "max_new_tokens=200", "--batch-size", "20", "--predict-only", *here)
    # The model has seen nothing but our own problems. Where no Python judges, "0 of 0 programs passed" is said.
    judged = ("--sandbox", "process", "--confirm_run_unsafe_code", "-o", "missing_toolchains=skip")
    with ThreadPoolExecutor(parallel) as pool:
        for name, flags in {
            "float32": (*everything, *here, *single, "--batch-size", "16"),
            "cpu": (*everything, "--device", "cpu", *single, "--batch-size", "16"),
            "float32-again": (*everything, *here, *single, "--batch-size", "16"),
            "float32-batches-of-5": (*everything, *here, *single, "--batch-size", "5"),
            "bfloat16": (*everything, *here, *half, "--batch-size", "16"),
            "judged": ("--tasks", "humanevalpack_python", "--limit", str(LEARNED_PROBLEMS), *judged),
            "taught-float32": (*taught, *here, *single, "--batch-size", "16"),
            "taught-bfloat16": (*taught, *here, *half, "--batch-size", "16"),
            "auto": (*taught, *here, *half, "--batch-size", "auto"),
            "sampled": sampled,
            "sampled-again": sampled,
            "sampled-bfloat16": (*sampled, *half),
            "sampled-bfloat16-again": (*sampled, *half),
        }.items():
            if name != "auto" or device != "cpu":
                pool.submit(bench.run, name, *flags)
        left = pool.submit(bench.killed, "killed", *sampled)
    bench.run("killed", *sampled)
    print(f"killed: {left.result()} of {len(bench.read('sampled').samples)} generations were left")
    for first, second in (
        *(
            ("float32", "cpu"),
            ("float32", "float32-again"),
            ("float32", "float32-batches-of-5"),
            ("float32", "bfloat16"),
        ),
        *(("taught-float32", "taught-bfloat16"), ("sampled", "sampled-again"), ("sampled", "killed")),
        ("sampled-bfloat16", "sampled-bfloat16-again"),
    ):
        taught_ones = bench.differing(first, second, known=True)
        print(f"{first} / {second}: {bench.differing(first, second)} (of what was taught: {taught_ones})")
    _tell_scores(bench.read("judged"))
    for name in ("judged", "float32", "bfloat16", "cpu"):
        manifest = bench.read(name).manifest
        print(name, json.dumps({key: manifest.get(key) for key in ("dtype", "attention", "batch_size", "devices")}))


def _tell_scores(run: Run) -> None:
    verdicts = [sample.verdict for sample in run.samples if sample.verdict is not None]
    print(f"{run.folder.name}: {sum(verdict.passed for verdict in verdicts)} of {len(verdicts)} programs passed")


def faults(bench: Bench, device: str, large: Path | None) -> Iterable[Done]:
    """Yield what commands say that cannot be done; ``large`` is a model for which memory can be too small."""
    one = ("--tasks", "humanevalfix_python", "--limit", "14", "--predict-only")
    yield bench.run("no-such-device", *one, "--device", "cuda:7")
    yield bench.run("no-gpu", *one, "--device", "cuda", CUDA_VISIBLE_DEVICES="")
    yield bench.run("plan", *one, "--dry-run")
    if large is None or device == "cpu":
        return
    sampled = ("-n", "20", "--temperature", "0.8", "--batch-size", "280", "--device", device)
    for name, left in (("model-too-large", "1.2"), ("batch-too-large", "5")):
        with subprocess.Popen([sys.executable, "-c", TAKES_MEMORY, left], stdout=subprocess.PIPE, text=True) as taker:
            assert taker.stdout is not None
            taker.stdout.readline()
            try:
                yield bench.run(name, *one, *sampled, model=large)
            finally:
                taker.kill()


def main() -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("results/gpu_run"))
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--trained", type=Path, help="folder of the demo's trained model")
    parser.add_argument("--large", type=Path, help="folder of a model of some GiB, for the memory's end")
    parser.add_argument("--limit", type=int, help="problems of each language (default: all 14 of the set mini)")
    parser.add_argument("--parallel", type=int, default=4, help="runs at a time")
    settings = parser.parse_args()
    bench = Bench(settings.output, settings.trained or taught_model(settings.output / "trained"))
    few = () if settings.limit is None else ("--limit", str(settings.limit))
    answers(bench, settings.device, few, settings.parallel)
    for done in faults(bench, settings.device, settings.large):
        print(f"--- {done.name}, exit code {done.code}:\n{done.last_words}", flush=True)


if __name__ == "__main__":
    main()
