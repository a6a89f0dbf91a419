"""The sandbox ``docker``: the same verdicts as in the local one, closed containers, and none of them left behind."""

import json
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from docker_images import client, images, ours
from humanevalpack import run_programs
from humanevalpack.errors import SandboxFault, ToolchainMissing
from humanevalpack.programs import Program
from humanevalpack.sandbox import Verdict, check_toolchains, choose_sandbox, containers, engine
from humanevalpack.sandbox.supervisor.languages import LANGUAGES
from humanevalpack.sandbox.supervisor.limits import DISK, MIB
from sandbox_cases import CASES, SETS, python

if TYPE_CHECKING:
    from docker import DockerClient

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("docker"), pytest.mark.usefixtures("images")]
__all__ = ["client", "images"]


def program(text: str, language: str = "python") -> Program:
    return Program(text=text, language=language, problem=None, profile="reference")


def judged(*texts: str, **options: Any) -> list[Verdict]:
    return list(run_programs([program(text) for text in texts], sandbox="docker", **options))


@cache
def verdicts(language: str) -> dict[str, Verdict]:
    programs = [program(text, language) for text, _ in CASES[language].values()]
    return dict(zip(CASES[language], run_programs(programs, sandbox="docker", time_limit=3), strict=True))


def every_case() -> Iterator[object]:
    for language, cases in CASES.items():
        for name, (_, status) in cases.items():
            yield pytest.param(language, name, status, id=f"{language}: {name}")


@pytest.mark.parametrize(("language", "name", "status"), list(every_case()))
def test_the_verdicts_are_those_of_the_local_sandbox(language: str, name: str, status: str) -> None:
    verdict = verdicts(language)[name]
    assert verdict.status in SETS.get(status, {status}), f"{verdict.reason}\n{verdict.output}"


def test_programs_of_all_languages_share_one_run() -> None:
    programs = [program(LANGUAGES[language].example, language) for _ in range(2) for language in LANGUAGES]
    assert [verdict.status for verdict in run_programs(programs, sandbox="docker", workers=2)] == ["passed"] * 12


def test_an_engine_with_images_is_what_auto_means() -> None:
    assert choose_sandbox("auto") == "docker"
    assert choose_sandbox("docker") == "docker"


def test_a_result_names_its_image(images: dict[str, engine.Image]) -> None:
    digests = engine.image_digests(LANGUAGES)
    assert digests == {language: image.digest for language, image in images.items()}
    assert all(digest.startswith("sha256:") for digest in digests.values())
    found = check_toolchains(LANGUAGES, sandbox="docker")
    assert {language: toolchain.image for language, toolchain in found.items()} == digests
    assert all(toolchain.available and toolchain.version for toolchain in found.values())


def test_a_missing_image_is_named_with_the_command_that_builds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "__version__", "0.0.none")
    with pytest.raises(ToolchainMissing, match=r"humanevalpack/python:0\.0\.none is missing.*sandbox build python"):
        judged("assert True")
    with pytest.raises(SandboxFault, match="sandbox build python"):
        containers.start("python")
    assert choose_sandbox("auto", ["python"]) == "local"


def test_an_image_of_another_release_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("humanevalpack.sandbox.warm.supervisor_digest", lambda: "another")
    with pytest.raises(SandboxFault, match=r"another release of the supervisor.*sandbox build python"):
        containers.start("python")


def test_without_an_engine_the_message_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    with pytest.raises(SandboxFault, match=r"no Docker Engine answers.*sandboxes/engine/install\.sh"):
        choose_sandbox("docker")
    assert choose_sandbox("auto") == "local"


def test_the_container_is_closed_off_as_the_engine_says(client: "DockerClient") -> None:
    started = containers.start("python")
    try:
        (name,) = ours(client)
        facts = client.api.inspect_container(name)
    finally:
        started.worker.close()
    host = facts["HostConfig"]
    memory = LANGUAGES["python"].memory + DISK + 256 * MIB
    assert host["NetworkMode"] == "none"
    assert host["IpcMode"] == "private"
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert sorted(host["CapAdd"]) in (["KILL", "SETGID", "SETUID"], ["CAP_KILL", "CAP_SETGID", "CAP_SETUID"])
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["Privileged"] is False
    assert (host["Memory"], host["MemorySwap"]) == (memory, memory)
    assert host["PidsLimit"] == 512
    assert 0 < host["NanoCpus"] <= 2 * 10**9
    assert host["ShmSize"] == 16 * MIB
    assert list(host["Tmpfs"]) == ["/tmp"]
    assert f"size={DISK}" in host["Tmpfs"]["/tmp"]
    assert host["AutoRemove"] is True
    assert host["Binds"] is None
    assert host["LogConfig"]["Type"] == "none"
    assert (facts["Config"]["OpenStdin"], facts["Config"]["StdinOnce"]) == (True, True)


READ_BACK = """
import json, os, socket
RIGHTS = ("Uid", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp")
def rights(number):
    lines = [line.split(":\\t", 1) for line in open(f"/proc/{number}/status").read().splitlines() if ":\\t" in line]
    return {name: value for name, value in lines if name in RIGHTS}
def refused(action):
    try:
        action()
    except OSError as error:
        return error.strerror
    return "done"
print(json.dumps({
    "program": rights("self"),
    "supervisor": rights(1),
    "root": next(line.split()[3] for line in open("/proc/mounts") if line.split()[1] == "/"),
    "interfaces": os.listdir("/sys/class/net"),
    "devices": os.listdir("/dev"),
    "socket": refused(lambda: socket.socket(socket.AF_INET)),
    "write to etc": refused(lambda: open("/etc/passwd", "a")),
    "write to usr": refused(lambda: open("/usr/bin/x", "w")),
    "read the supervisor's memory": refused(lambda: open("/proc/1/mem", "rb")),
    "read the supervisor's input": refused(lambda: open("/proc/1/fd/0", "rb")),
    "kill the supervisor": refused(lambda: os.kill(1, 9)),
    "become root": refused(lambda: os.setuid(0)),
    "writable": sorted(
        place for place, folders, _ in os.walk("/")
        if not place.startswith(("/proc", "/sys", os.getcwd())) and os.access(place, os.W_OK)
    ),
}))
"""


@cache
def inside() -> dict[str, Any]:
    (verdict,) = judged(READ_BACK)
    found: dict[str, Any] = json.loads(verdict.output)
    return found


def test_a_program_in_the_container_has_no_rights() -> None:
    status = inside()["program"]
    assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} <= {
        "0" * 16,
        "00000000000000e0",
    }
    assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    users = status["Uid"].split()
    assert len(set(users)) == 1
    assert int(users[0]) > 65536


def test_the_supervisor_in_the_container_may_change_users_and_kill_and_nothing_else() -> None:
    supervisor = inside()["supervisor"]
    assert supervisor["CapBnd"] == supervisor["CapPrm"] == "00000000000000e0", "KILL 5, SETGID 6, SETUID 7"
    assert supervisor["NoNewPrivs"] == "1"
    assert supervisor["Seccomp"] == "2"


def test_the_container_has_a_read_only_root_and_no_network() -> None:
    found = inside()
    assert found["root"].split(",")[0] == "ro"
    assert found["interfaces"] == ["lo"]
    assert found["socket"] != "done"
    assert found["write to etc"] != "done"
    assert found["write to usr"] != "done"
    assert set(found["devices"]) <= set(
        "console core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero".split()
    )


def test_a_program_cannot_reach_the_supervisor() -> None:
    found = inside()
    for what in ("read the supervisor's memory", "read the supervisor's input", "kill the supervisor", "become root"):
        assert found[what] in ("Permission denied", "Operation not permitted"), what


def test_a_program_can_write_in_places_that_are_swept_only() -> None:
    assert inside()["writable"] == ["/dev/mqueue", "/dev/shm", "/tmp"]


LEAVING = """
import os, signal
for place in ("/tmp", "/dev/shm"):
    deep = place
    for _ in range(300):
        deep += "/d"
        os.mkdir(deep)
    open(place + "/file", "w").write("x")
    os.symlink("/", place + "/link")
    os.mkfifo(place + "/fifo")
    os.mkdir(place + "/closed")
    os.mkdir(place + "/closed/inner")
    os.chmod(place + "/closed/inner", 0)
    os.chmod(place + "/closed", 0)
os.chdir("/")
try:
    os.close(os.open("/dev/mqueue/queue", os.O_CREAT | os.O_RDWR))
except OSError:
    pass
if os.fork() == 0:
    os.setsid()
    for number in range(1, 32):
        try: signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError): pass
    while True: pass
"""
LOOKING = """
import os
left = [place + "/" + name for place in ("/tmp", "/dev/shm", "/dev/mqueue") for name in os.listdir(place)]
left = [path for path in left if path != os.getcwd()]
processes = []
for name in os.listdir("/proc"):
    if name.isdigit():
        status = open("/proc/" + name + "/status").read()
        processes += [name] if "\\nUid:\\t0\\t" not in status and int(name) != os.getpid() else []
segments = [line for name in ("shm", "sem", "msg") for line in open("/proc/sysvipc/" + name).read().splitlines()[1:]]
raise ValueError(f"{left} {sorted(processes)} {segments}")
"""


def test_nothing_of_a_program_is_there_for_the_next_one() -> None:
    texts = (LOOKING, LEAVING, LOOKING + "# again", LOOKING + "# and again")
    before, _, after, last = (verdict.reason for verdict in judged(*texts, workers=1))
    assert after == last == before, "but for our own process that executes tests, whose user is not root either"
    assert before.startswith("ValueError: [] [")


def test_a_program_that_eats_all_memory_at_once_leaves_its_neighbours_alone() -> None:
    eater = "x = bytearray(2**31 - 1)\nassert False"
    statuses = [verdict.status for verdict in judged(eater, python("def answer(): return 42"), eater + " # 2")]
    assert statuses == ["memory_limit", "passed", "memory_limit"]
