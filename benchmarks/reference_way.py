"""How the reference harness runs a program, as a yardstick: its commands and its worker counts, nothing of its safety.

A thread pool starts a manager (a process that keeps the result) and one forked child per program; the child works in a
temporary directory. The process that forks is the one that has generated, and holds what the harness imports. Commands
and counts are those of the OctoPack evaluation (bigcode-evaluation-harness, tasks/humanevalpack.py and the code_eval
metric that it loads); a verdict here is only "exit code 0, and for JavaScript no output". Programs run on this machine
as the calling user: only canonical solutions are given to it.
"""

import contextlib
import io
import multiprocessing
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

# what a fork of the harness has in its memory (its main.py)
import accelerate  # noqa: F401
import datasets  # noqa: F401
import torch  # noqa: F401
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer, HfArgumentParser  # noqa: F401

WORKERS = {"python": 4, "js": 4, "cpp": 4, "go": 4, "java": 1, "rust": 1}
SECONDS = {"python": 10, "js": 10, "cpp": 60, "go": 20, "java": 10, "rust": 300}
_JAVAC_TRIES, _JAVAC_SECONDS = 5, 5
_CRATES = "/usr/share/cargo/registry"
_GO = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOFLAGS": ""}


@contextlib.contextmanager
def ready(language: str) -> Iterator[Callable[[Sequence[str]], list[bool]]]:
    """Make what is made once; yield what runs programs the reference's way and returns for each whether it passed."""
    with tempfile.TemporaryDirectory(prefix="reference-") as base:
        if language == "rust":
            _make_cargo_project(Path(base))

        def passes(texts: Sequence[str]) -> list[bool]:
            with ThreadPoolExecutor(WORKERS[language]) as pool:
                return list(pool.map(partial(_in_child, language, base), texts))

        yield passes


def _in_child(language: str, base: str, text: str) -> bool:
    context = multiprocessing.get_context("fork")
    seconds = SECONDS[language]
    with context.Manager() as manager:
        result: Any = manager.list()
        child = context.Process(target=_run, args=(language, base, text, seconds, result))
        child.start()
        child.join(seconds + 1)
        if child.is_alive():
            child.kill()
        return bool(result) and bool(result[0])


def _run(language: str, base: str, text: str, seconds: int, result: Any) -> None:
    folder = Path(base) if language == "rust" else Path(tempfile.mkdtemp(dir=base))
    os.chdir(folder)
    try:
        result.append(_LANGUAGES[language](text, seconds))
    except subprocess.TimeoutExpired:
        result.append(False)
    finally:
        if language != "rust":
            shutil.rmtree(folder, ignore_errors=True)


def _done(
    command: Sequence[str], seconds: float, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    pipe, whole = subprocess.PIPE, {**os.environ, **(env or {})}
    with subprocess.Popen(command, env=whole, start_new_session=True, stdout=pipe, stderr=pipe) as process:
        try:
            output, errors = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            # the reference kills this one process, and what that has started slows down everything that follows
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


def _python(text: str, seconds: int) -> bool:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            exec(text, {})
        except BaseException:
            return False
    return True


def _js(text: str, seconds: int) -> bool:
    Path("test.js").write_text(text, "utf-8")
    done = _done(["/usr/bin/node", "test.js"], seconds, {"NODE_PATH": _node_modules()})
    return done.returncode == 0 and not done.stdout and not done.stderr


def _cpp(text: str, seconds: int) -> bool:
    Path("test.cpp").write_text(text, "utf-8")
    built = _done(["/usr/bin/g++", "-std=c++11", "test.cpp", "-lcrypto", "-lssl"], seconds)
    return built.returncode == 0 and _done(["./a.out"], seconds).returncode == 0


def _go(text: str, seconds: int) -> bool:
    Path("main_test.go").write_text(text, "utf-8")
    return _done(["/usr/bin/go", "test", f"-timeout={seconds}s", "main_test.go"], seconds, _GO).returncode == 0


def _java(text: str, seconds: int) -> bool:
    Path("Main.java").write_text(text, "utf-8")
    for _ in range(_JAVAC_TRIES):
        try:
            built = _done(["/usr/bin/javac", "Main.java"], _JAVAC_SECONDS)
            break
        except subprocess.TimeoutExpired:
            continue
    else:
        return False
    return built.returncode == 0 and _done(["/usr/bin/java", "-cp", ".", "Main"], seconds).returncode == 0


def _rust(text: str, seconds: int) -> bool:
    Path("src", "main.rs").write_text(text, "utf-8")
    checked = _done(["/usr/bin/cargo", "check", "--offline", "--quiet"], seconds)
    return (
        checked.returncode == 0 and _done(["/usr/bin/cargo", "test", "--offline", "--quiet"], seconds).returncode == 0
    )


_LANGUAGES = {"python": _python, "js": _js, "cpp": _cpp, "go": _go, "java": _java, "rust": _rust}


def _node_modules() -> str:
    from humanevalpack.sandbox.toolchains import toolchain_folders

    return str(toolchain_folders()["js"] / "node_modules")


def _make_cargo_project(folder: Path) -> None:
    """One project for every program, its dependencies built once: Debian's crates, our rand 0.4's interface."""
    from humanevalpack.resources import resource_dir

    rand = resource_dir("sandboxes") / "rust" / "rand"
    (folder / "src").mkdir()
    (folder / ".cargo").mkdir()
    (folder / ".cargo" / "config.toml").write_text(
        f'[source.crates-io]\nreplace-with = "debian"\n[source.debian]\ndirectory = "{_CRATES}"\n'
    )
    (folder / "Cargo.toml").write_text(
        '[package]\nname = "reference"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\n'
        f'rand = {{ path = "{rand}" }}\nmd5 = "0.7"\nregex = {{ version = "1.7", default-features = false,'
        ' features = ["std", "unicode"] }\n'
    )
    (folder / "src" / "main.rs").write_text("fn main(){}\n")
    os.environ["RUSTC"] = "/usr/bin/rustc"  # another one may stand before it on the PATH
    os.environ.setdefault("CARGO_HOME", str(folder / "cargo-home"))
    for command in ("check", "test"):
        done = subprocess.run(
            ["/usr/bin/cargo", command, "--offline", "--quiet"], cwd=folder, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"the reference's way needs cargo and Debian's crates here:\n{done.stderr}")
