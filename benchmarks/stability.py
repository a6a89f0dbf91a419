"""Is a verdict always the same? The whole truth table several times while busy processes compete for every core.

python benchmarks/stability.py --dataset FOLDER [--rounds 5] [--busy 4] [--workers 8] [--sandbox docker] prints every
program whose verdict was not the same in all rounds (its full status, not only pass or fail), and those that differ
from the truth table. Exit code 1 if there is one that chance does not explain.
"""

import argparse
import multiprocessing
import os
import sys
from collections import Counter, defaultdict

from rich.console import Console
from rich.progress import track

from humanevalpack import LANGUAGES, load_problems
from humanevalpack.sandbox import choose_sandbox
from humanevalpack.verification import checks, verify


def spin() -> None:
    """Keep a core busy."""
    while True:
        pass


def main() -> None:
    """Run the rounds and print what was not the same."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="mini", help="mini, hub, or a folder of HumanEvalPack's .jsonl files")
    parser.add_argument("--languages", default=",".join(LANGUAGES))
    parser.add_argument("--sandbox", default="auto")
    parser.add_argument("--profile", default="reference", choices=("reference", "fixed"))
    parser.add_argument("--workers", type=int, help="programs that run at once; default: one a core")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--busy", type=int, default=4, help="busy processes for each core")
    arguments = parser.parse_args()
    kind = choose_sandbox(arguments.sandbox)
    made = checks(
        {name: load_problems(name, arguments.dataset) for name in arguments.languages.split(",")},
        profile=arguments.profile,
    )
    statuses: dict[str, list[str]] = defaultdict(list)
    outcomes: dict[str, list[str]] = defaultdict(list)
    busy = arguments.busy * len(os.sched_getaffinity(0))
    spinners = [multiprocessing.Process(target=spin, daemon=True) for _ in range(busy)]
    for spinner in spinners:
        spinner.start()
    try:
        for number in range(1, arguments.rounds + 1):
            results = verify(made, sandbox=kind, workers=arguments.workers)
            for result in track(
                results, f"round {number}, {busy} busy processes", len(made), console=Console(stderr=True)
            ):
                name = f"{result.check.problem.language} {result.check.problem.index} {result.check.form}"
                statuses[name].append(result.verdict.status)
                outcomes[name].append(result.outcome)
    finally:
        for spinner in spinners:
            spinner.kill()
    sys.exit(_report(statuses, outcomes, arguments.rounds))


def _report(statuses: dict[str, list[str]], outcomes: dict[str, list[str]], rounds: int) -> int:
    unstable = {name: seen for name, seen in statuses.items() if len(set(seen)) > 1}
    different = {name: seen for name, seen in outcomes.items() if "different" in seen}
    print(
        f"{len(statuses)} programs, {rounds} rounds: {len(unstable)} not always the same, {len(different)} unexpected"
    )
    for name in sorted(unstable | different):
        print(f"  {name}: {dict(Counter(statuses[name]))} ({'/'.join(sorted(set(outcomes[name])))})")
    by_chance = {name for name in unstable if "different" not in outcomes[name] and "explained" in outcomes[name]}
    return int(bool((set(unstable) - by_chance) | set(different)))


if __name__ == "__main__":
    main()
