"""Images: what they say of themselves, what they do alone (evaluate), and how they travel."""

import json
import socket
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from docker_images import NETWORK_OFF, client, docker, images
from humanevalpack import run_programs
from humanevalpack.commands import app
from humanevalpack.errors import SandboxFault, UsageError
from humanevalpack.programs import Program
from humanevalpack.sandbox import check_toolchains, engine
from humanevalpack.sandbox.images import build, export, pull, push
from humanevalpack.sandbox.supervisor.languages import LANGUAGES
from humanevalpack.sandbox.warm import supervisor_digest
from humanevalpack.version import __version__
from sandbox_cases import CASES, LOOKS_FOR_OTHERS

if TYPE_CHECKING:
    from docker import DockerClient

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("docker"), pytest.mark.usefixtures("images")]
__all__ = ["client", "images"]

REGISTRY = "/usr/bin/docker-registry"


def command(*arguments: str) -> tuple[int, str]:
    from typer.testing import CliRunner

    done = CliRunner().invoke(app, ["sandbox", *arguments])
    if isinstance(done.exception, UsageError | SandboxFault):
        return done.exception.exit_code, str(done.exception)
    return done.exit_code, done.output


def evaluate(
    language: str, *records: Any, flags: tuple[str, ...] = NETWORK_OFF, options: tuple[str, ...] = ()
) -> tuple[int, list[dict[str, Any]], str]:
    """Return (exit code, the lines of the output, what it said on stderr)."""
    lines = "".join((record if isinstance(record, str) else json.dumps(record)) + "\n" for record in records)
    name = engine.image_name(language)
    done = docker("run", "--rm", "-i", *flags, name, "evaluate", *options, stdin=lines)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def test_an_unchanged_image_is_not_built_again(client: "DockerClient", images: dict[str, engine.Image]) -> None:
    said: list[str] = []
    assert build(client, "python", {}, said.append) == images["python"]
    assert said == []


def test_labels_tell_language_toolchain_and_digest(client: "DockerClient", images: dict[str, engine.Image]) -> None:
    for language, image in images.items():
        labels = client.images.get(image.id).labels
        assert labels[f"{engine.LABEL}language"] == language
        assert labels[f"{engine.LABEL}toolchain"] == image.toolchain
        assert labels[f"{engine.LABEL}digest"] == image.digest
        assert labels[f"{engine.LABEL}supervisor"] == supervisor_digest()
        assert labels[f"{engine.LABEL}version"] == __version__


def test_the_command_lists_what_is_there(images: dict[str, engine.Image]) -> None:
    code, output = command("list", "--json")
    assert code == 0
    listed = json.loads(output)
    assert {language: facts["state"] for language, facts in listed.items()} == dict.fromkeys(LANGUAGES, "ready")
    assert {language: facts["digest"] for language, facts in listed.items()} == {
        language: image.digest for language, image in images.items()
    }
    code, output = command("list")
    assert code == 0
    assert all(f" {language} " in output for language in LANGUAGES)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("build", "cobol"), "cobol"),
        (("build", "rust", "--crates", "cargo"), "debian, registry"),
        (("export", "python", "--output", "out", "--as", "zip"), "folder, tar, image"),
    ],
)
def test_wrong_arguments_end_with_2(arguments: tuple[str, ...], said: str) -> None:
    code, output = command(*arguments)
    assert code == 2
    assert said in output


def test_docker_alone_builds_the_same_image(project: Path, client: "DockerClient", images: dict[str, Any]) -> None:
    built = docker("build", "--quiet", "-f", str(project / "sandboxes/python/Dockerfile"), str(project))
    assert built.returncode == 0, built.stderr
    described = engine.described(client, built.stdout.strip())
    assert described["digest"] == images["python"].digest


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_evaluate_judges_every_language_without_network_and_on_a_read_only_root(language: str) -> None:
    cases = {name: CASES[language][name] for name in ("right", "wrong")}
    code, lines, said = evaluate(language, *({"text": text, "task_id": name} for name, (text, _) in cases.items()))
    assert code == 0, said
    assert [line["status"] for line in lines[:-1]] == [status for _, status in cases.values()]
    assert lines[-1]["summary"]["pass@1"] == 0.5


def test_evaluate_needs_no_flags_at_all() -> None:
    code, lines, said = evaluate("python", {"text": "assert True"}, {"text": "assert False"}, flags=())
    assert code == 0, said
    assert [line.get("status") for line in lines] == ["passed", "failed", None]


def test_evaluate_answers_in_the_order_of_the_input_with_what_names_a_line() -> None:
    records = [
        {"text": "import time; time.sleep(1)", "id": {"run": 1}, "task_id": "Python/0"},
        {"text": "assert False, 'no'", "id": 7},
        {"text": "  "},
        {"text": "import time; time.sleep(1)"},
    ]
    code, lines, _ = evaluate("python", *records)
    assert code == 0
    assert [line["index"] for line in lines[:-1]] == [0, 1, 2, 3]
    assert [line["status"] for line in lines[:-1]] == ["passed", "failed", "failed", "passed"]
    assert (lines[0]["id"], lines[0]["task_id"], lines[1]["id"]) == ({"run": 1}, "Python/0", 7)
    fields = {"status", "reason", "build", "run", "peak_memory", "output", "exit_code", "signal"}
    assert all(fields <= set(line) for line in lines[:-1])
    assert lines[1]["reason"] == "AssertionError: no"


def test_evaluate_sums_up_over_tasks() -> None:
    right = [{"text": f"assert True # {n}", "task_id": "a"} for n in range(5)]
    wrong = [{"text": f"assert False # {n}", "task_id": name} for n in range(5) for name in "ab"]
    more = [{"text": f"assert True # {n}", "task_id": "b"} for n in range(5, 10)]
    _, lines, _ = evaluate("python", *right, *wrong, *more)
    summary = lines[-1]["summary"]
    assert (summary["programs"], summary["tasks"]) == (20, 2)
    assert summary["statuses"] == {"passed": 10, "failed": 10}
    assert summary["pass@1"] == 0.5
    assert summary["pass@10"] == 1.0
    assert "pass@100" not in summary


@pytest.mark.parametrize(("expect", "code"), [("failed", 0), ("passed", 1)])
def test_evaluate_ends_with_1_when_a_verdict_is_not_the_expected_one(expect: str, code: int) -> None:
    assert evaluate("python", {"text": "assert False", "expect": expect})[0] == code


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2 is not JSON"),
        ('["text"]', "line 2 is not a JSON object with a field 'text'"),
        ({"text": "x", "profile": "mine"}, "line 2: profile is 'mine'; the profiles are reference, fixed"),
    ],
)
def test_evaluate_ends_with_2_for_a_wrong_line_and_runs_nothing(line: Any, said: str) -> None:
    code, lines, error = evaluate("python", {"text": "assert True"}, line)
    assert (code, lines) == (2, [])
    assert said in error


def test_evaluate_ends_with_2_for_a_wrong_option() -> None:
    code, lines, error = evaluate("python", options=("--workers", "0"))
    assert (code, lines) == (2, [])
    assert "--workers is 0" in error


def test_no_program_of_evaluate_finds_the_text_of_another() -> None:
    other = {"text": 'what = "another program\'s test"'}
    _, lines, _ = evaluate("python", other, {"text": LOOKS_FOR_OTHERS}, other, options=("--workers", "1"))
    assert [line["status"] for line in lines[:3]] == ["passed"] * 3, lines


def test_evaluate_ends_with_3_where_programs_cannot_be_run() -> None:
    code, lines, error = evaluate("cpp", {"text": "int main(){}"}, flags=("--read-only", "--tmpfs", "/tmp"))
    assert (code, lines) == (3, [])
    assert "--tmpfs /tmp:exec" in error


def test_evaluate_judges_in_the_profile_that_a_line_names() -> None:
    text = CASES["js"]["prints"][0]
    _, lines, _ = evaluate("js", {"text": text}, {"text": text, "profile": "fixed"})
    assert [line.get("status") for line in lines] == ["failed", "passed", None]


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an empty registry on this machine."""
    if not Path(REGISTRY).exists():
        pytest.skip(f"{REGISTRY} is missing (sandboxes/registry/install.sh)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    folder = tmp_path_factory.mktemp("registry")
    settings = {
        "version": "0.1",
        "storage": {"filesystem": {"rootdirectory": str(folder / "images")}},
        "http": {"addr": address},
    }
    (folder / "settings.json").write_text(json.dumps(settings), "utf-8")  # JSON is YAML, too
    served = subprocess.Popen(
        [REGISTRY, "serve", str(folder / "settings.json")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    host, port = address.split(":")
    until = time.monotonic() + 60
    while True:
        try:
            socket.create_connection((host, int(port)), 1).close()
            break
        except OSError:
            assert time.monotonic() < until, "the registry does not come up"
            time.sleep(0.1)
    yield f"{address}/team"
    served.kill()
    served.wait()


def test_an_image_goes_to_a_registry_and_comes_back(
    client: "DockerClient", images: dict[str, engine.Image], registry: str
) -> None:
    image = images["python"]
    there = push(client, "python", registry)
    assert there == f"{registry}/humanevalpack-python:{__version__}"
    for name in (there, image.name):
        client.images.remove(name, force=True, noprune=True)
    assert engine.find_image(client, "python") is None
    assert pull(client, "python", registry).digest == image.digest
    client.images.remove(there, noprune=True)


def test_an_image_that_a_registry_does_not_have_is_named(client: "DockerClient", registry: str) -> None:
    with pytest.raises(SandboxFault, match=r"humanevalpack-go:.* cannot be pulled"):
        pull(client, "go", registry)


@pytest.fixture(scope="module")
def roots(client: "DockerClient", images: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("roots")
    for language in ("cpp", "python"):
        export(client, language, folder / language, "folder")
    return folder


@pytest.mark.namespaces
@pytest.mark.parametrize("language", ["cpp", "python"])
def test_the_local_sandbox_runs_an_exported_root(
    language: str, roots: Path, images: dict[str, engine.Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUMANEVALPACK_ROOTS", str(roots))
    toolchain = check_toolchains([language], sandbox="local")[language]
    assert (toolchain.image, toolchain.paths) == (images[language].digest, (str(roots / language),))
    cases = {name: case for name, case in CASES[language].items() if case[1] not in ("timeout", "compile limits")}
    programs = [Program(text=text, language=language, problem=None, profile="reference") for text, _ in cases.values()]
    statuses = [verdict.status for verdict in run_programs(programs, sandbox="local")]
    assert statuses == [status for _, status in cases.values()]


@pytest.mark.namespaces
def test_an_exported_root_is_what_programs_see(roots: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUMANEVALPACK_ROOTS", str(roots))
    look = "import os\nassert os.path.exists('/usr/local/bin/humanevalpack-sandbox'), os.listdir('/usr/local/bin')"
    program = Program(text=look, language="python", problem=None, profile="reference")
    assert [verdict.status for verdict in run_programs([program], sandbox="local")] == ["passed"]


def test_an_export_is_replaced_but_nothing_else_is(client: "DockerClient", tmp_path: Path) -> None:
    for _ in range(2):
        export(client, "python", tmp_path / "python", "folder")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    with pytest.raises(UsageError, match="is in the way: it is no image that was exported"):
        export(client, "python", tmp_path / "mine", "folder")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "python"]


def test_exports_for_other_tools(client: "DockerClient", tmp_path: Path) -> None:
    with tarfile.open(export(client, "python", tmp_path / "root.tar", "tar")) as archive:
        assert {"usr/bin/python3", "opt/humanevalpack/image.json"} <= set(archive.getnames())
    with tarfile.open(export(client, "python", tmp_path / "image.tar", "image")) as archive:
        assert "manifest.json" in archive.getnames()
