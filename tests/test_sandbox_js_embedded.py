"""JavaScript in forks of a process that has node loaded: a program sees there what it sees in a `node` of its own.

Programs run in pairs: a comment at the end that speaks of threads makes the second one run by `node` itself.
"""

import os
import warnings
from collections.abc import Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml

from docker_images import built
from humanevalpack import run_programs
from humanevalpack.errors import EnvironmentFault
from humanevalpack.problems import Problem, load_problems
from humanevalpack.programs import Program
from humanevalpack.sandbox import Verdict, engine
from humanevalpack.sandbox.images import export
from humanevalpack.sandbox.roots import ROOTS
from humanevalpack.verification import checks
from sandbox_cases import CASES

pytestmark = [
    pytest.mark.namespaces,
    pytest.mark.toolchain("js"),
    pytest.mark.xdist_group("js-embedded"),
    pytest.mark.usefixtures("embedded"),
]

TABLE = Path(__file__).with_name("js_conformance.yaml")
ROOT: list[Path] = []
"""The folder of the exported image, where it is used."""
BY_ITSELF = "\n// worker_threads"
EXECUTABLE = "require('fs').readlinkSync('/pr' + 'oc/self/exe')"
DEPTHS = """
let n = 0; const f = () => { n++; f(); }; const g = (a, b) => { n++; return g(a + 1, b) + 1; };
const depth = (h) => { n = 0; try { h(); } catch { return n; } };
console.log(depth(f), depth(f), depth(g)); setTimeout(() => console.log(depth(f)), 1);
"""


def judged(
    texts: list[str], *, profile: Literal["reference", "fixed"] = "fixed", sandbox: str = "local", limit: float = 5
) -> list[Verdict]:
    programs = [Program(text=text, language="js", problem=None, profile=profile) for text in texts]
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as environment:
        for place in ROOT:
            environment.setenv(ROOTS, str(place))
        warnings.simplefilter("ignore", RuntimeWarning)  # what the process sandbox says of itself
        return list(run_programs(programs, sandbox=sandbox, time_limit=limit, confirm_unsafe=True))


def in_pairs(texts: list[str], **settings: Any) -> list[tuple[Verdict, Verdict]]:
    verdicts = judged([text + end for text in texts for end in ("", BY_ITSELF)], **settings)
    return list(zip(verdicts[::2], verdicts[1::2], strict=True))


def seen(verdict: Verdict) -> tuple[object, ...]:
    return verdict.status, verdict.reason, verdict.exit_code, verdict.signal, verdict.output


def executable() -> str:
    return judged([f"console.log({EXECUTABLE})"])[0].output


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Programs run embedded: with this machine's own node or, where that is not Debian's, with the image's."""
    if "python" in executable():
        return
    try:
        client = engine.connect()
    except EnvironmentFault as missing:
        pytest.skip(
            f"programs run in {executable().strip()}: node as a library needs Debian's nodejs 18, libnode-dev and g++ "
            f"(sandboxes/js/install.sh brings them where no other node is installed), or an image: {missing}"
        )
    with closing(client):
        built(client, "js")
        place = tmp_path_factory.mktemp("roots")
        for folder in (place, place.parent, place.parent.parent):
            folder.chmod(0o755)
        export(client, "js", place / "js", "folder")
    ROOT.append(place)
    assert "python" in executable()


def without_namespaces() -> str:
    return "docker" if ROOT else "process"


def table() -> dict[str, str]:
    groups = yaml.safe_load(TABLE.read_text("utf-8"))
    return {f"{group}: {name}": text for group, cases in groups.items() for name, text in cases.items()}


@cache
def conformance(sandbox: str) -> dict[str, tuple[Verdict, Verdict]]:
    cases = table()
    return dict(zip(cases, in_pairs(list(cases.values()), sandbox=sandbox), strict=True))


@pytest.mark.parametrize("name", table())
def test_a_program_sees_what_it_sees_in_a_node_of_its_own(name: str) -> None:
    forked, own = conformance("local")[name]
    assert seen(forked) == seen(own)


@pytest.mark.full
@pytest.mark.root
@pytest.mark.docker
@pytest.mark.parametrize("name", table())
def test_it_does_so_without_namespaces(name: str) -> None:
    forked, own = conformance(without_namespaces())[name]
    assert [part for part in seen(forked) if part != forked.output] == [
        part for part in seen(own) if part != own.output
    ]
    assert without_box(forked.output) == without_box(own.output)


def without_box(output: str) -> list[str]:
    """A box has a number of its own there, process ids have more digits, and V8 ends with times and addresses."""
    own = ("humanevalpack-", "(node:", "0x")
    return [line for line in output.splitlines() if not any(part in line for part in own)]


def test_as_much_of_the_stack_can_be_used() -> None:
    forked, own = ([int(number) for number in verdict.output.split()] for verdict in in_pairs([DEPTHS])[0])
    assert forked == pytest.approx(own, rel=0.003)
    assert min(own) > 5000


def test_no_two_programs_see_the_same_random_numbers() -> None:
    text = "const c = require('crypto'); console.log(Math.random(), c.randomInt(2 ** 47), c.randomUUID()); //"
    values = [value for verdict in judged([text + str(n) for n in range(8)]) for value in verdict.output.split()]
    assert len(values) == len(set(values)) == 24


@pytest.mark.parametrize(
    "word", ["worker_threads", "async_hooks", "inspector", "trace_events", "process.report", "SIGUSR1", "/proc", "vm"]
)
def test_a_program_that_mentions_what_is_not_the_same_is_run_by_node(word: str) -> None:
    assert judged([f"console.log({EXECUTABLE}); // {word}"])[0].output.endswith("/node\n")


def test_a_signal_is_believed_of_node_itself_only() -> None:
    text = f"if ({EXECUTABLE}.includes('python')) process.abort();"
    assert [verdict.status for verdict in judged([text, "process.abort();"])] == ["passed", "runtime_error"]


@pytest.mark.full
def test_a_program_that_sleeps_for_ever_is_run_again_by_node() -> None:
    text = f"if ({EXECUTABLE}.includes('python')) setInterval(() => {{}}, 1000);"
    assert judged([text], limit=0.5)[0].status == "passed"


def test_where_the_library_cannot_be_loaded_programs_are_run_by_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o755)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert "python" in executable()
    (library,) = (ROOT or [tmp_path])[0].rglob("js_host.so")
    right = library.read_bytes()
    library.write_bytes(b"not a library")
    try:
        assert executable().endswith("/node\n")
    finally:
        library.write_bytes(right)


def test_other_languages_in_the_same_worker_do_not_notice() -> None:
    python = "import os\nassert 'node' not in open('/proc/self/maps').read()\nassert os.fork() >= 0\n"
    texts = [("js", "console.assert(true)"), ("python", python), ("js", "console.assert(1)"), ("python", python + "1")]
    programs = [Program(text=text, language=language, problem=None, profile="fixed") for language, text in texts]
    verdicts = list(run_programs(programs, sandbox="local", workers=1))
    assert [verdict.status for verdict in verdicts] == ["passed"] * 4, verdicts


@pytest.mark.root
@pytest.mark.docker
@pytest.mark.xdist_group("docker")
def test_it_works_without_namespaces() -> None:
    verdicts = judged(
        [f"console.log({EXECUTABLE})", "console.assert(false)", "nothing.here"], sandbox=without_namespaces()
    )
    assert [verdict.status for verdict in verdicts] == ["passed", "failed", "runtime_error"]
    assert "python" in verdicts[0].output


@cache
def known_cases() -> dict[str, tuple[Verdict, Verdict]]:
    texts = [text for text, _ in CASES["js"].values()]
    return dict(zip(CASES["js"], in_pairs(texts, profile="reference"), strict=True))


@pytest.mark.parametrize("name", CASES["js"])
def test_both_ways_give_the_verdict_that_a_program_deserves(name: str) -> None:
    assert [verdict.status for verdict in known_cases()[name]] == [CASES["js"][name][1]] * 2


def programs_of(problems: Sequence[Problem]) -> list[str]:
    return [check.program.text for check in checks({"js": problems})]


def test_both_ways_agree_on_the_mini_set() -> None:
    pairs = in_pairs(programs_of(load_problems("js", "mini")), profile="reference")
    assert [forked.status for forked, _ in pairs] == [own.status for _, own in pairs]
    assert [forked.status for forked, _ in pairs].count("passed") == len(pairs) // 2


@pytest.mark.full
@pytest.mark.real_data
def test_both_ways_agree_on_the_real_data(shared: Path) -> None:
    # The bug of 156 grows a string without end: the limit of memory and that of time are met at the same moment.
    texts = programs_of([one for one in load_problems("js", shared / "humanevalpack") if one.index != 156])
    assert len(texts) == 326
    pairs = in_pairs(texts, profile="reference")
    assert [forked.status for forked, _ in pairs] == [own.status for _, own in pairs]


def test_the_supervisor_keeps_none_of_a_program_s_descriptors() -> None:
    count = "console.log(require('fs').readdirSync('/pr' + 'oc/self/fd').length); //"
    verdicts = judged([count + str(n) for n in range(60)])
    assert len({verdict.output for verdict in verdicts}) == 1, os.linesep.join(verdict.output for verdict in verdicts)
