"""Start-up time as ratios against an empty Python process: python benchmarks/startup.py [runs].

Whole processes, run in turn with the yardstick, so that a busy machine slows both; medians.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

COMMAND = str(Path(sys.executable).with_name("humanevalpack"))
YARDSTICK = [sys.executable, "-c", "pass"]
CASES = {
    "import humanevalpack": [sys.executable, "-c", "import humanevalpack"],
    "humanevalpack --version": [COMMAND, "--version"],
    "humanevalpack --help": [COMMAND, "--help"],
    "humanevalpack verify --help": [COMMAND, "verify", "--help"],
}


def seconds(command: list[str]) -> float:
    """Run a command once; return its wall time in seconds."""
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def main() -> None:
    """Print one line a case: median seconds, and the median of the pairwise ratios."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    seconds(YARDSTICK)
    print(f"{'':30} seconds  ratio to python -c pass ({runs} runs)")
    for name, command in CASES.items():
        pairs = [(seconds(command), seconds(YARDSTICK)) for _ in range(runs)]
        ratio = statistics.median(ours / empty for ours, empty in pairs)
        print(f"{name:30} {statistics.median(ours for ours, _ in pairs):7.3f}  {ratio:.1f}")


if __name__ == "__main__":
    main()
