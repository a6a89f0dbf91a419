"""The same pool on a Ray cluster: verdicts as on one machine, nodes that join, that are lost and that cannot judge.

The cluster is a real one, with all its nodes on this machine: a head that judges nothing, and three of one core each.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from humanevalpack import Pool, Program, load_problems, run_programs
from humanevalpack.errors import EnvironmentFault, SandboxFault, ToolchainMissing, UsageError
from humanevalpack.lm_eval_plugin.options import read_options
from humanevalpack.sandbox import check_toolchains, choose_sandbox
from humanevalpack.sandbox.cluster import ClusterWorkshop
from humanevalpack.verification import checks

ray = pytest.importorskip("ray")
from ray.cluster_utils import Cluster  # noqa: E402

pytestmark = [pytest.mark.namespaces, pytest.mark.toolchain("python"), pytest.mark.xdist_group("ray")]

NODE = {"object_store_memory": 80 * 1024 * 1024, "include_dashboard": False}
LOOKS = {"health_check_period_ms": 1000}
"""How often Ray looks whether a node is alive: five misses make it a lost one."""
PATIENCE = 60.0
"""Seconds for what takes one or two on an idle machine."""


@pytest.fixture(scope="module")
def head() -> Iterator[Any]:
    """A cluster without a core, to which this process is connected."""
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("RAY_ADDRESS", raising=False)
        environment.setenv("RAY_USAGE_STATS_ENABLED", "0")
        cluster: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **NODE, "_system_config": LOOKS})
        ray.init(address=cluster.address, log_to_driver=False)
        yield cluster
        ray.shutdown()
        cluster.shutdown()


@pytest.fixture
def cluster(head: Any) -> Any:
    """Three nodes of one core each."""
    while len(head.worker_nodes) < 3:
        head.add_node(num_cpus=1, **NODE)
    return head


def kill(cluster: Any, *nodes: Any) -> None:
    for node in nodes:
        cluster.remove_node(node, allow_graceful=False)


def programs(number: int, seconds: float = 0.0) -> list[Program]:
    """Distinct programs, of which every third fails."""
    texts = [f"import time\ntime.sleep({seconds})\nassert {place} % 3" for place in range(number)]
    return [Program(text=text, language="python", problem=None, profile="reference") for text in texts]


def expected(number: int) -> list[bool]:
    return [place % 3 > 0 for place in range(number)]


def judged(made: Sequence[Program], **options: Any) -> list[str]:
    return [verdict.status for verdict in run_programs(made, sandbox="local", **options)]


@pytest.mark.toolchain("js")
@pytest.mark.usefixtures("cluster")
def test_verdicts_order_and_journal_are_those_of_one_machine(tmp_path: Path) -> None:
    made = [check.program for check in checks({name: load_problems(name, "mini") for name in ("python", "js")})]
    texts = ["process.kill(process.pid, 'SIGKILL')", "not javascript", "console.log(1)"]
    made += [Program(text=text, language="js", problem=None, profile="reference") for text in texts]
    there = judged(made, workers="ray", time_limit=2, journal=tmp_path / "journal")
    known = (tmp_path / "journal").read_text("utf-8")
    assert judged(made, time_limit=2) == there
    assert judged(made, time_limit=2, journal=tmp_path / "journal") == there
    assert (tmp_path / "journal").read_text("utf-8") == known, "every verdict was known"


@pytest.mark.usefixtures("cluster")
def test_equal_programs_run_once_and_a_pool_is_used_again() -> None:
    noted: list[int] = []
    text = "import os, time\nprint(time.time_ns(), os.getpid())"
    same = Program(text=text, language="python", problem=None, profile="reference")
    with Pool(sandbox="local", workers="ray") as pool:
        outputs = {verdict.output for verdict in pool.run([same] * 20)}
        passed = [verdict.passed for verdict in pool.run(programs(60), on_verdict=lambda index, _: noted.append(index))]
    assert len(outputs) == 1
    assert passed == expected(60)
    assert sorted(noted) == list(range(60))


@pytest.mark.usefixtures("cluster")
def test_a_closed_run_and_a_closed_pool_end_what_runs() -> None:
    with Pool(sandbox="local", workers="ray", time_limit=100) as pool:
        assert [verdict.passed for verdict in pool.run(programs(30))] == expected(30)
        idle = processes_on_nodes()
        asleep = asyncio.run(given_up(pool, idle))
        gone(asleep)
        assert [verdict.passed for verdict in pool.run(programs(31))] == expected(31)
    gone(idle)
    with pytest.raises(UsageError, match="this pool is closed"):
        list(pool.run(programs(1)))


async def given_up(pool: Pool, idle: set[int]) -> set[int]:
    """Read verdicts of programs that sleep in a task, and cancel it; return the processes that were at work."""

    async def read() -> None:
        async for _ in pool.run(programs(9, seconds=200)):
            pass

    reading = asyncio.create_task(read())
    while not (asleep := processes_on_nodes() - idle):
        await asyncio.sleep(0.1)
    reading.cancel()
    return asleep


def test_a_node_is_killed_in_mid_run(cluster: Any, tmp_path: Path) -> None:
    passed = []
    for place, verdict in enumerate(
        run_programs(programs(90, seconds=0.1), sandbox="local", workers="ray", journal=tmp_path / "journal")
    ):
        passed.append(verdict.passed)
        if place == 20:
            kill(cluster, next(iter(cluster.worker_nodes)))
    assert passed == expected(90)
    assert len((tmp_path / "journal").read_text("utf-8").splitlines()) == 1 + 90


def test_all_nodes_lost_is_an_error_and_the_journal_goes_on(cluster: Any, tmp_path: Path) -> None:
    made = programs(90, seconds=0.1)
    verdicts = run_programs(made, sandbox="local", workers="ray", journal=tmp_path / "journal")
    first = [next(verdicts).passed for _ in range(20)]
    kill(cluster, *cluster.worker_nodes)
    with pytest.raises(SandboxFault, match="no node with a core"):
        list(verdicts)
    assert first == expected(20)
    assert 20 < len((tmp_path / "journal").read_text("utf-8").splitlines()) <= 90
    assert [
        verdict.passed for verdict in run_programs(made, sandbox="local", journal=tmp_path / "journal")
    ] == expected(90)


def test_a_node_that_joins_is_used_and_cores_of_others_are_not(cluster: Any) -> None:
    class Other:
        def here(self) -> bool:
            return True

    other = ray.remote(num_cpus=1)(Other).remote()
    assert ray.get(other.here.remote())
    workshop = ClusterWorkshop("local", None)
    assert opened(workshop, 2) == 2
    joined = cluster.add_node(num_cpus=2, **NODE)
    assert opened(workshop, 4) == 4
    workshop.close()
    ray.kill(other)
    kill(cluster, joined)


def opened(workshop: ClusterWorkshop, cores: int) -> int:
    """Wait until the workshop has so many cores, and a little longer; return how many it has."""
    until = time.monotonic() + PATIENCE
    while sum(node.cores for node in workshop.open_nodes()) < cores and time.monotonic() < until:
        workshop.wait([])
    return sum(node.cores for node in workshop.open_nodes())


@pytest.mark.toolchain("js")
def test_a_node_without_the_toolchain_is_named_with_the_command_that_brings_it(cluster: Any) -> None:
    bare = cluster.add_node(num_cpus=1, env_vars={"HUMANEVALPACK_TOOLCHAINS": "/nowhere"}, **NODE)
    made = [Program(text=f"var x = {place}", language="js", problem=None, profile="reference") for place in range(60)]
    with pytest.raises(ToolchainMissing, match=r"^node .* js programs cannot be judged here: .*/nowhere.*install\.sh"):
        judged(made, workers="ray")
    kill(cluster, bare)


@pytest.mark.usefixtures("cluster")
def test_another_release_on_a_node_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("humanevalpack.sandbox.cluster.release", lambda: "9.9 (0123456789ab)")
    with pytest.raises(SandboxFault, match=r"^node .* it has humanevalpack .*pip install 'humanevalpack\[ray\]==9\.9'"):
        judged(programs(3), workers="ray")


@pytest.mark.usefixtures("cluster")
def test_what_stands_before_a_run_is_asked_on_a_node() -> None:
    assert choose_sandbox("local", workers="ray") == "local"
    assert check_toolchains(["python"], workers="ray") == check_toolchains(["python"])


DRIVER = """
from humanevalpack import Program, run_programs
texts = [f"import time; time.sleep(0.2); assert {place} % 3" for place in range(150)]
programs = [Program(text=text, language="python", problem=None, profile="reference") for text in texts]
for verdict in run_programs(programs, sandbox="local", workers="ray"):
    print(verdict.status, flush=True)
"""


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_of_a_main_process_that_is_stopped(cluster: Any, end: signal.Signals) -> None:
    environment = os.environ | {"RAY_ADDRESS": cluster.address}
    with subprocess.Popen(
        [sys.executable, "-c", DRIVER], env=environment, stdout=-1, stderr=subprocess.DEVNULL
    ) as main:
        assert main.stdout is not None
        assert b"failed\n" in iter(main.stdout.readline, b"")
        at_work = processes_on_nodes()
        main.send_signal(end)
    assert len(at_work) > 3
    gone(at_work)


def processes_on_nodes() -> set[int]:
    """Return the processes that our cluster runs for judging, and everything below them."""
    listed = subprocess.check_output(["ps", "-eo", "pid=,ppid=,args="], text=True).splitlines()
    rows = [(int(pid), int(parent), args) for pid, parent, args in (line.split(maxsplit=2) for line in listed)]
    parents = {pid: parent for pid, parent, _ in rows}
    ours = with_descendants({os.getpid()}, parents)
    return with_descendants({pid for pid, _, args in rows if pid in ours and args.startswith("ray::Branch")}, parents)


def with_descendants(found: set[int], parents: dict[int, int]) -> set[int]:
    while below := {pid for pid, parent in parents.items() if parent in found} - found:
        found = found | below
    return found


def gone(processes: set[int]) -> None:
    """Wait until none of the processes is there."""
    until = time.monotonic() + PATIENCE
    while left := {pid for pid in processes if Path(f"/proc/{pid}").exists()}:
        assert time.monotonic() < until, f"still there: {left}"
        time.sleep(0.1)


def test_an_address_where_nobody_listens_is_told_at_once() -> None:
    command = [sys.executable, "-c", "from humanevalpack.commands import main; main()", "verify"]
    command += ["--dataset", "mini", "--languages", "python", "--sandbox", "local", "--workers", "ray"]
    environment = os.environ | {"RAY_ADDRESS": "127.0.0.1:1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == EnvironmentFault.exit_code
    assert "no Ray cluster at RAY_ADDRESS=127.0.0.1:1" in done.stderr
    assert "ray start --head" in done.stderr


def test_without_ray_the_package_that_brings_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SandboxFault, match=r"pip install 'humanevalpack\[ray\]'"):
        judged(programs(1), workers="ray")


def test_other_words_for_workers_are_refused() -> None:
    with pytest.raises(
        UsageError, match="'spark'; it must be a whole number of at least 1, None for all cores, or 'ray'"
    ):
        judged(programs(1), workers="spark")
    with pytest.raises(UsageError, match="unknown sandbox 'Local'"):
        run_programs(programs(1), sandbox="Local", workers="ray")


def test_lm_eval_s_option_takes_ray() -> None:
    assert read_options({"workers": "ray"}).workers == "ray"
