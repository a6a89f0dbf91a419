"""How judging scales on a Ray cluster: programs a second with 1, 2, … nodes of one core each.

Every cluster is started on this machine. A node is bound to one core; Ray's head and the main process share the cores
with the nodes, and nodes beyond the number of cores only tell what more nodes cost. Each row judges the same programs
(canonical solutions), on nodes whose workers are up; a program is judged --repeat times, made distinct by a comment.
Leave the machine alone meanwhile.

    python benchmarks/scaling.py --dataset mini --languages cpp,java --repeat 6 --nodes 2
"""

import argparse
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import cycle
from typing import Any

import ray
from judging import canonical
from ray.cluster_utils import Cluster
from rich.console import Console
from rich.table import Table

from humanevalpack import Pool
from humanevalpack.programs import Program

_NODE: dict[str, Any] = {"object_store_memory": 80 * 1024 * 1024, "include_dashboard": False}
_COMMENT = {"python": "#"}


@contextmanager
def cluster(nodes: int) -> Iterator[None]:
    """Connect to a cluster of so many nodes with one core each, and a head that judges nothing."""
    started = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **_NODE})
    cores = os.sched_getaffinity(0)
    for _, core in zip(range(nodes), cycle(sorted(cores)), strict=False):
        os.sched_setaffinity(0, {core})  # what a process starts is bound as it is itself
        started.add_node(num_cpus=1, **_NODE)
    os.sched_setaffinity(0, cores)
    ray.init(address=started.address, log_to_driver=False)
    try:
        yield
    finally:
        ray.shutdown()
        started.shutdown()  # type: ignore[no-untyped-call]


def distinct(programs: Sequence[Program], number: int) -> list[Program]:
    """Return the programs with a comment of their own before the test: equal ones would run once."""
    made = []
    for program in programs:
        assert program.test_begins is not None
        candidate, test = program.text[: program.test_begins], program.text[program.test_begins :]
        line = f"{_COMMENT.get(program.language, '//')} {number}\n"
        made.append(replace(program, text=candidate + line + test))
    return made


def rate(programs: Sequence[Program], repeat: int, sandbox: str) -> float:
    """Return how many programs a second the connected cluster judges, with its workers up."""
    with Pool(sandbox=sandbox, workers="ray") as pool:
        _judge(pool, programs)
        programs = [program for number in range(repeat) for program in distinct(programs, number)]
        began = time.monotonic()
        _judge(pool, programs)
        return len(programs) / (time.monotonic() - began)


def _judge(pool: Pool, programs: Sequence[Program]) -> None:
    failed = [verdict for verdict in pool.run(programs) if not verdict.passed]
    if failed:
        raise SystemExit(f"{len(failed)} canonical programs do not pass here, first: {failed[0]}")


def main() -> None:
    """Print one row a size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="mini", help="mini, hub, or a folder of HumanEvalPack's .jsonl files")
    parser.add_argument("--languages", default="cpp,java", help="default: %(default)s")
    parser.add_argument("--sandbox", default="local", help="local, docker or process; default: %(default)s")
    parser.add_argument("--limit", type=int, help="programs a language; default: all")
    parser.add_argument("--repeat", type=int, default=1, help="how often each is judged; default: %(default)s")
    parser.add_argument("--nodes", type=int, default=2, help="the largest cluster; default: %(default)s")
    arguments = parser.parse_args()
    programs = [
        program
        for language in arguments.languages.split(",")
        for program in canonical(language, arguments.dataset, arguments.limit)
    ]
    cores = len(os.sched_getaffinity(0))
    what = f"{arguments.repeat} times {len(programs)} programs ({arguments.languages}), sandbox {arguments.sandbox}"
    table = Table("nodes", "programs/s", "speed-up", "efficiency")
    alone = 0.0
    for nodes in range(1, arguments.nodes + 1):
        with cluster(nodes):
            reached = rate(programs, arguments.repeat, arguments.sandbox)
        alone = alone or reached
        table.add_row(str(nodes), f"{reached:.1f}", f"{reached / alone:.2f}", f"{reached / alone / nodes:.0%}")
    console = Console()
    console.print(f"{what}; the nodes share {cores} cores")
    console.print(table)


if __name__ == "__main__":
    main()
