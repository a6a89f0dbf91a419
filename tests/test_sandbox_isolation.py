"""What a program cannot do: each test is a program that tries, and whose own assertions say that it could not."""

import os
import re
from pathlib import Path

import pytest

from humanevalpack import run_programs
from humanevalpack.programs import Program
from humanevalpack.sandbox import Verdict
from humanevalpack.sandbox.supervisor import system_calls

pytestmark = [pytest.mark.namespaces, pytest.mark.toolchain("python")]


def run(*texts: str, sandbox: str = "local", language: str = "python") -> list[Verdict]:
    programs = [Program(text=text, language=language, problem=None, profile="reference") for text in texts]
    verdicts = run_programs(programs, sandbox=sandbox, workers=1, time_limit=5, confirm_unsafe=True)
    return list(verdicts)


CALL = """import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *arguments):
    if getattr(libc, name)(*arguments) == -1: raise OSError(ctypes.get_errno(), name)
"""


def refuses(text: str, error: str = "OSError") -> str:
    body = "\n".join(f"    {line}" for line in text.splitlines())
    could = "else:\n    raise AssertionError('it could')\n"
    return f"{CALL}\nimport os, socket\ntry:\n{body}\nexcept {error}:\n    pass\n{could}"


@pytest.mark.parametrize(
    "attempt",
    [
        pytest.param("socket.create_connection(('127.0.0.1', 22), 1)", id="connect to this machine"),
        pytest.param("socket.create_connection(('192.0.2.1', 80), 1)", id="connect to the network"),
        pytest.param("os.listdir('/home')", id="list the homes"),
        pytest.param("os.listdir('/root')", id="list root's home"),
        pytest.param("open('/etc/passwd')", id="read the accounts"),
        pytest.param("open('/proc/1/environ').read()", id="read the supervisor's environment"),
        pytest.param("open('/proc/1/mem', 'rb')", id="read the supervisor's memory"),
        pytest.param("os.kill(1, 9); os.stat('/nothing')", id="kill the supervisor"),
        pytest.param("open('/opt/humanevalpack/supervisor/main.py', 'a')", id="change the supervisor"),
        pytest.param("open('/usr/bin/x', 'w')", id="write to the toolchain"),
        pytest.param("open('/x', 'w')", id="write to the root"),
        pytest.param("os.setuid(0); os.stat('/nothing')", id="become root"),
        pytest.param("os.chroot('/tmp')", id="change the root"),
        pytest.param("os.mknod('/tmp/box/d', 0o60600, 0)", id="make a device"),
        pytest.param("open('/dev/vda')", id="read a disk"),
        pytest.param("os.nice(-5)", id="get more of the processor"),
        pytest.param("call('unshare', 0x10000000)", id="make a user namespace (unshare)"),
        pytest.param("call('unshare', 0x00020000)", id="make a mount namespace"),
        pytest.param("call('syscall', 56, 0x10000000 | 17, 0, 0, 0, 0) or os._exit(0)", id="make one (clone)"),
        pytest.param("call('mount', b'x', b'/tmp', b'tmpfs', 0, 0)", id="mount uncounted memory"),
        pytest.param("os.memfd_create('x')", id="make an anonymous file"),
        pytest.param("call('shmget', 0, 1 << 20, 0o1600)", id="make a detached memory segment"),
        pytest.param("call('msgget', 0, 0o1600)", id="make a message queue"),
        pytest.param("call('mq_open', b'/x', os.O_CREAT, 0o600, 0)", id="make a message queue (POSIX)"),
        pytest.param("call('syscall', 425, 8, ctypes.create_string_buffer(120))", id="make a ring of io_uring"),
        pytest.param("socket.socket(40, socket.SOCK_STREAM)", id="open a socket to the host of a virtual machine"),
        pytest.param("socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)", id="talk to the kernel's network"),
        pytest.param("socket.socket(socket.AF_UNIX)", id="open a local socket"),
        pytest.param("call('ptrace', 0, 0, 0, 0)", id="trace a process"),
        pytest.param("call('syscall', 250, 0, -4, 0)", id="reach a keyring that outlives it"),
    ],
)
def test_a_program_cannot(attempt: str) -> None:
    (verdict,) = run(refuses(attempt))
    assert verdict.passed, verdict.reason


def test_a_program_sees_no_other_process() -> None:
    (verdict,) = run("import os\nassert sorted(int(n) for n in os.listdir('/proc') if n.isdigit()) == [1, os.getpid()]")
    assert verdict.passed, verdict.reason


def test_a_program_starts_in_an_empty_directory_of_its_own() -> None:
    text = "import os\nassert os.listdir('.') == []\nopen('here', 'w').write('x')\nopen('/tmp/there', 'w').write('x')\n"
    assert [verdict.status for verdict in run(text, text + "#", text + "##")] == ["passed"] * 3


def test_a_program_leaves_no_shared_memory() -> None:
    text = "import os\nassert os.listdir('/dev/shm') == []\nopen('/dev/shm/x', 'w').write('x')\n"
    assert [verdict.status for verdict in run(text, text + "#")] == ["passed"] * 2


def test_a_program_has_no_capabilities() -> None:
    text = (
        "status = dict(line.split(':\\t') for line in open('/proc/self/status').read().splitlines())\n"
        "assert all(int(status[f'Cap{kind}'], 16) == 0 for kind in ('Inh', 'Prm', 'Eff', 'Amb')), status\n"
        "assert status['NoNewPrivs'] == '1'\n"
    )
    assert run(text)[0].passed


@pytest.mark.root
def test_each_program_has_a_user_of_its_own() -> None:
    text = "import os\nprint(os.getuid(), os.getgid(), os.getgroups())"
    first, second = run(text, text + "#")
    assert first.output != second.output
    assert not first.output.startswith("0 ")


def test_a_program_sees_nothing_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_SECRET", "4711")
    (verdict,) = run("import os\nassert not any('4711' in value for value in os.environ.values())")
    assert verdict.passed


def test_a_program_holds_only_its_own_descriptors() -> None:
    (verdict,) = run("import os\nassert not [fd for fd in range(5, 4096) if os.path.exists(f'/proc/self/fd/{fd}')]")
    assert verdict.passed, verdict.reason


def test_a_background_process_ends_with_its_program() -> None:
    text = (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: time.sleep(999)\n    os._exit(0)"
    )
    assert [verdict.status for verdict in run(text, text + "#")] == ["passed", "passed"]


def test_a_fork_bomb_ends() -> None:
    verdict, after = run("import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", "assert True")
    assert verdict.status in ("timeout", "runtime_error", "memory_limit")
    assert after.passed


def test_too_many_threads_are_refused() -> None:
    start = "threading.Thread(target=time.sleep, args=(999,), daemon=True).start()"
    text = f"import threading, time\nfor _ in range(300): {start}"
    assert run(text)[0].status == "runtime_error"


def test_a_file_cannot_grow_without_end() -> None:
    (verdict,) = run(refuses("with open('big', 'wb') as f:\n    while True: f.write(bytes(1 << 20))"))
    assert verdict.passed, verdict.reason


def test_many_files_cannot_fill_the_disk() -> None:
    text = "number = 0\nwhile True:\n    open(f'{number}', 'wb').write(bytes(1 << 26))\n    number += 1"
    (verdict,) = run(refuses(text))
    assert verdict.passed, verdict.reason


def test_sockets_cannot_hold_memory_without_end() -> None:
    text = (
        "import os, socket, time\npairs = []\nfor _ in range(20):\n    if os.fork() == 0: break\n"
        "try:\n    while True: pairs.append(socket.socketpair())\nexcept OSError: time.sleep(20)"
    )
    (verdict,) = run(text)
    assert verdict.status == "runtime_error"
    assert "sockets" in verdict.reason


def test_processes_and_pairs_of_sockets_work_as_anywhere() -> None:
    text = (
        "import asyncio, multiprocessing, subprocess, threading\n"
        "async def one(): return 1\nassert asyncio.run(one()) == 1\n"
        "with multiprocessing.get_context('fork').Pool(2) as pool: assert pool.map(abs, [-1, 2]) == [1, 2]\n"
        "assert subprocess.run(['/bin/echo', 'x'], capture_output=True).stdout == b'x\\n'\n"
        "thread = threading.Thread(target=print)\nthread.start()\nthread.join()\n"
    )
    (verdict,) = run(text)
    assert verdict.passed, verdict.reason


@pytest.mark.toolchain("cpp")
def test_the_numbers_of_the_refused_calls_are_the_kernels() -> None:
    machine = system_calls._machine()
    headers = Path("/usr/include", f"{os.uname().machine}-linux-gnu", "asm", "unistd_64.h")
    text = headers.read_text() if headers.exists() else Path("/usr/include/asm-generic/unistd.h").read_text()
    numbers = {name: int(number) for name, number in re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", text)}
    known = {**system_calls._SAME_EVERYWHERE, **machine[2]}
    assert machine[1] == numbers["seccomp"]
    assert known == {name: numbers[name] for name in known}


def test_a_closed_output_is_no_harm() -> None:
    assert run("import os\nos.close(1)\nos.close(2)\nassert True")[0].passed


def test_two_answers_on_the_proof_channel_are_an_error() -> None:
    assert run("import os\nos.write(4, b'guess')")[0].status == "incomplete"


@pytest.mark.toolchain("cpp")
def test_compiling_cannot_read_what_the_sandbox_lacks() -> None:
    (verdict,) = run('#include "/etc/passwd"\nint main(){}\n', language="cpp")
    assert verdict.status == "compile_error"
    assert "No such file" in verdict.reason


@pytest.mark.filterwarnings("ignore:sandbox 'process'")
@pytest.mark.parametrize("text", ["open('left', 'w').write('x')", "import os\nos.mkdir('d')\nos.chmod('d', 0)"])
def test_without_namespaces_the_directory_is_removed(text: str) -> None:
    base = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else Path("/tmp")
    (verdict,) = run("import os\n" + text + "\nprint(os.getcwd())", sandbox="process")
    assert verdict.passed
    folder = Path(verdict.output.strip())
    assert folder.parent == base
    assert not folder.exists()


@pytest.mark.filterwarnings("ignore:sandbox 'process'")
def test_without_namespaces_background_processes_are_killed(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    for folder in tmp_path.parents:
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o011)
    mark = tmp_path / "alive"
    text = (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        f"        time.sleep(1)\n        open({str(mark)!r}, 'w').write('x')\n    os._exit(0)\ntime.sleep(0.3)\n"
    )
    first, second = run(text, "import time\ntime.sleep(2)", sandbox="process")
    assert first.passed
    assert second.passed
    assert not mark.exists()


@pytest.mark.toolchain("js")
@pytest.mark.parametrize("sandbox", ["local", "process"])
@pytest.mark.filterwarnings("ignore:sandbox 'process' runs generated programs")
def test_every_program_sees_the_same_variables_and_no_arguments(sandbox: str) -> None:
    own = "['PATH', 'HOME', 'TMPDIR', 'LANG', 'LC_ALL']"
    (python,) = run(
        f"import os, sys\nassert sorted(os.environ) == sorted({own}), os.environ\n"
        "assert os.environ['HOME'] == os.environ['TMPDIR'] == os.getcwd()\nassert sys.argv == ['']\n",
        sandbox=sandbox,
    )
    (js,) = run(
        f"const own = {own}.concat('NODE_PATH').sort();\n"
        "console.assert(JSON.stringify(Object.keys(process.env).sort()) === JSON.stringify(own));\n"
        "console.assert(process.env.HOME === process.cwd() && process.argv.length === 2);\n",
        sandbox=sandbox,
        language="js",
    )
    assert (python.status, js.status) == ("passed", "passed"), (python.reason, js.reason)
