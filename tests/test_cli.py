"""The command line as a user meets it: real processes, exit codes, messages."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from humanevalpack.version import __version__

# The command beside this interpreter: the console script itself is under test.
COMMAND = Path(sys.executable).with_name("humanevalpack")
HEAVY = ("torch", "transformers", "lm_eval", "datasets", "numpy", "docker", "rich", "yaml")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([COMMAND, *arguments], capture_output=True, text=True, check=False, timeout=120)


def test_version() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"humanevalpack {__version__}\n")


def test_a_full_disk_is_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([COMMAND, "tasks", "list"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (3, "Error: [Errno 28] No space left on device\n")


PROMPTS = ("prompts", "prompts list", "prompts show", "prompts preview")
GENERATIONS = ("generations", *(f"generations {verb}" for verb in ("merge", "check", "clean", "export")))
COMMANDS = (
    "",
    "run",
    "evaluate",
    "verify",
    "doctor",
    "report",
    "compare",
    *PROMPTS,
    *GENERATIONS,
    "tasks",
    "tasks list",
)


@pytest.mark.parametrize("arguments", [tuple(command.split()) for command in COMMANDS], ids=" ".join)
def test_every_command_has_help_and_the_root_says_the_exit_codes(arguments: tuple[str, ...]) -> None:
    done = run(*arguments, "--help")
    assert done.returncode == 0
    assert "Usage: humanevalpack" in done.stdout
    if not arguments:
        assert "1 a check found a difference" in done.stdout


@pytest.mark.parametrize(
    "code",
    [
        "import humanevalpack",
        "import humanevalpack.commands",
        "import octopack_data.commands",
        "import octopack_train.commands",
    ],
)
def test_start_up_imports_nothing_heavy(code: str) -> None:
    names = f"import sys; {code}; print(' '.join(sorted({{name.split('.')[0] for name in sys.modules}})))"
    loaded = subprocess.run([sys.executable, "-c", names], capture_output=True, text=True, check=True).stdout.split()
    assert not set(HEAVY) & set(loaded)


def test_octopack_train_is_a_command_too() -> None:
    name = "octopack-train"
    command = COMMAND.with_name(name)
    assert subprocess.run([command, "--version"], capture_output=True, text=True, check=True).stdout.startswith(name)
    assert subprocess.run([command, "sft"], capture_output=True, check=False).returncode == 2


def test_prompts_list_names_every_template(project: Path) -> None:
    files = sorted(path.stem for path in (project / "prompts").glob("*.yaml"))
    rows = json.loads(run("prompts", "list", "--json").stdout)
    assert [row["name"] for row in rows] == files
    assert {"octocoder", "instruct", "diff"} <= set(files)
    table = run("prompts", "list").stdout
    assert all(name in table for name in files)


def test_prompts_show_prints_the_file_by_name_and_by_path(project: Path, tmp_path: Path) -> None:
    text = (project / "prompts" / "octocoder.yaml").read_text("utf-8")
    assert run("prompts", "show", "octocoder").stdout == text
    own = tmp_path / "own.yaml"
    own.write_text(text.replace("name: octocoder", "name: own"), "utf-8")
    assert "name: own" in run("prompts", "show", str(own)).stdout


def test_prompts_preview_prints_what_a_model_reads() -> None:
    import humanevalpack as hep

    problem = hep.load_problems("python", source="mini")[1]
    done = run("prompts", "preview", "fixtests", "python", "--prompt", "octocoder", "--index", "1", "--stop-words")
    assert done.stdout == hep.render_prompt(problem, "fixtests", prompt="octocoder") + "\n"
    assert repr(hep.stop_words("python", prompt="octocoder")) in done.stderr
    explained = run("prompts", "preview", "explainsynthesize", "go", "--description", "ADDS TWO NUMBERS")
    assert "ADDS TWO NUMBERS" in explained.stdout


def test_tasks_list_names_thirty_tasks_and_the_groups() -> None:
    listed = json.loads(run("tasks", "list", "--json").stdout)
    assert len(listed["tasks"]) == 30
    tasks = set(listed["tasks"])
    assert {"humanevalfixtests-python", "humanevalexplaindescribe-rust", "humanevalsynthesize-cpp"} <= tasks
    assert {"humanevalpack", "humanevalfix", "humanevalpack_python", "humanevalpack_mini"} <= set(listed["groups"])
    plain = run("tasks", "list", "--groups").stdout
    assert "humanevalpack_mini  (group: " in plain
    assert "\nhumanevalfixtests-python\n" not in plain


# Every option's wrong value: exit code 2 and a message that names the value and what works.
WRONG_USAGE = {
    "unknown command": (("verfy",), ["verfy"]),
    "unknown option": (("verify", "--langauge", "go"), ["--langauge"]),
    "no command": ((), ["Usage"]),
    "languages: unknown": (("verify", "--languages", "python,ruby"), ["ruby", "cpp, go, java, js, python, rust"]),
    "languages: empty": (("verify", "--languages", ","), ["--languages", "cpp, go"]),
    "dataset: no file": (("verify", "--dataset", "nowhere", "--languages", "python"), ["nowhere", "hub", "mini"]),
    "profile": (("verify", "--dataset", "mini", "--profile", "exact"), ["exact", "reference, fixed"]),
    "sandbox": (("verify", "--dataset", "mini", "--sandbox", "jail"), ["jail", "local", "process"]),
    "workers: zero": (("verify", "--dataset", "mini", "--workers", "0"), ["--workers", "'0'", "at least 1"]),
    "workers: no number": (("verify", "--dataset", "mini", "--workers", "many"), ["--workers", "'many'", "at least 1"]),
    "missing toolchains": (("verify", "--missing-toolchains", "ignore"), ["ignore", "error, skip"]),
    "process unconfirmed": (
        ("verify", "--dataset", "mini", "--languages", "python", "--sandbox", "process"),
        ["process", "confirm"],
    ),
    "prompt: unknown": (("prompts", "show", "octo"), ["octo", "octocoder"]),
    "prompt: no file": (("prompts", "show", "no/such.yaml"), ["no/such.yaml"]),
    "preview: scenario": (("prompts", "preview", "fix", "python"), ["'fix'", "fixtests"]),
    "preview: language": (("prompts", "preview", "fixtests", "perl"), ["perl", "python"]),
    "preview: index": (("prompts", "preview", "fixtests", "python", "--index", "999"), ["999", "0 to "]),
    "preview: negative index": (
        ("prompts", "preview", "fixtests", "python", "--index", "-1"),
        ["--index", "'-1'", "at least 0"],
    ),
    "preview: prompt and scenario": (
        ("prompts", "preview", "synthesize", "python", "--prompt", "diff"),
        ["diff", "synthesize"],
    ),
    "preview: description": (
        ("prompts", "preview", "fixdocs", "python", "--description", "text"),
        ["description", "explainsynthesize"],
    ),
    "preview: dataset": (("prompts", "preview", "fixdocs", "python", "--dataset", "nowhere"), ["nowhere", "mini"]),
}


@pytest.mark.parametrize(("arguments", "said"), WRONG_USAGE.values(), ids=WRONG_USAGE)
def test_wrong_usage_ends_with_2_and_says_what_works(arguments: tuple[str, ...], said: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 2, done.stderr
    assert all(part in done.stderr for part in said), done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_row_ends_with_2_and_names_file_row_and_column(tmp_path: Path) -> None:
    (tmp_path / "python.jsonl").write_text('{"task_id": "Python/0"}\n', "utf-8")
    done = run("verify", "--dataset", str(tmp_path), "--languages", "python")
    assert done.returncode == 2
    assert all(part in done.stderr for part in ("python.jsonl", "row 1", "prompt"))


def test_an_unreachable_hub_ends_with_3_and_names_the_way_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    done = run("prompts", "preview", "fixtests", "python", "--dataset", "hub")
    assert done.returncode == 3
    assert "mini" in done.stderr
    assert "Traceback" not in done.stderr
