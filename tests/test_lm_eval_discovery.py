"""lm_eval finds our tasks by itself, in every way that Python can be started, and can be told not to."""

import os
import subprocess
import sys
from pathlib import Path

LIST_OUR_TASKS = (
    "from lm_eval.tasks import TaskManager; "
    "print(sum(n.startswith('humaneval') and '-' in n for n in TaskManager(include_defaults=False).all_tasks))"
)


def python(code: str, *flags: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run code in a Python of its own, outside the project's folder."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, *flags, "-c", code],
        env=kept | environment,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_plain_lm_eval_finds_the_groups_beside_its_own_tasks() -> None:
    command = [sys.executable, "-m", "lm_eval", "validate", "--tasks"]
    tasks = "humanevalpack,humanevalfix_python,humanevalpack_mini,humanevalexplaindescribe-rust,arc_easy"
    done = subprocess.run([*command, tasks], capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All tasks found and valid" in done.stdout


def test_a_wrong_option_ends_the_command_with_exit_code_2_and_one_line() -> None:
    command = [sys.executable, "-m", "lm_eval", "run", "--model", "dummy", "--tasks", "humanevalfixtests-python"]
    done = subprocess.run(
        [*command, "--metadata", "dataset=mini", "n_samples=0"], capture_output=True, text=True, check=False, cwd="/"
    )
    assert done.returncode == 2, done.stderr
    assert "humanevalpack: error: option n_samples is 0 (from --metadata)" in done.stderr
    assert "Traceback" not in done.stderr


def test_our_errors_end_the_lm_eval_command_with_their_exit_code_and_scripts_with_a_traceback() -> None:
    code = (
        "from humanevalpack.lm_eval_plugin import exit_codes; from humanevalpack.errors import EnvironmentFault; "
        "exit_codes.install(); raise EnvironmentFault('no disk')"
    )
    command, script = python(f"import lm_eval._cli; {code}"), python(code)
    assert (command.returncode, command.stderr) == (3, "humanevalpack: error: no disk\n")
    assert script.returncode == 1
    assert "Traceback" in script.stderr


def test_an_unconfirmed_process_sandbox_ends_the_command_with_exit_code_2() -> None:
    command = [sys.executable, "-m", "lm_eval", "run", "--model", "dummy", "--tasks", "humanevalfixtests-python"]
    metadata = ["--metadata", "dataset=mini", "sandbox=process"]
    done = subprocess.run([*command, *metadata], capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 2, done.stderr
    assert "humanevalpack: error: sandbox=process runs" in done.stderr
    assert "--confirm_run_unsafe_code" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_thirty_tasks_are_there_without_humanevalpack_being_imported() -> None:
    done = python(f"{LIST_OUR_TASKS}; import sys; print('humanevalpack' in sys.modules)")
    assert done.stdout.split() == ["30", "False"], done.stderr


def test_the_environment_switches_it_off() -> None:
    assert python(LIST_OUR_TASKS, HUMANEVALPACK_LM_EVAL="off").stdout.split() == ["0"]


def test_our_model_class_stands_beside_lm_eval_s_own() -> None:
    code = (
        "import lm_eval.tasks; from lm_eval.api.registry import get_model, model_registry; "
        "print(get_model('dummy').__name__, 'hf' in model_registry, 'hf-encoder-decoder' in model_registry)"
    )
    done = python(code)
    assert done.stdout.split() == ["DummyLM", "True", "True"], done.stderr


def test_importing_humanevalpack_finds_them_from_a_checkout_on_the_path_alone(project: Path) -> None:
    # -S: Python reads no .pth file; lm_eval's folder is put on the path by hand.
    path = os.pathsep.join([str(project / "src"), *(entry for entry in sys.path if "packages" in entry)])
    done = python(f"import humanevalpack; {LIST_OUR_TASKS}", "-S", PYTHONPATH=path)
    assert done.stdout.split() == ["30"], done.stderr


def test_importing_humanevalpack_after_lm_eval_finds_them_too(project: Path) -> None:
    path = os.pathsep.join([str(project / "src"), *(entry for entry in sys.path if "packages" in entry)])
    done = python(f"import lm_eval.tasks, humanevalpack; {LIST_OUR_TASKS}", "-S", PYTHONPATH=path)
    assert done.stdout.split() == ["30"], done.stderr


def test_the_start_of_python_imports_nothing_of_ours_but_the_hook() -> None:
    done = python("import sys; print([name for name in sys.modules if 'humanevalpack' in name or 'lm_eval' in name])")
    assert done.stdout.strip() == "['_humanevalpack_lm_eval']"


def test_a_hook_that_has_lost_its_package_says_so_and_lets_lm_eval_work(project: Path, tmp_path: Path) -> None:
    (tmp_path / "_humanevalpack_lm_eval.py").write_bytes(
        (project / "src" / "lm_eval_hook" / "_humanevalpack_lm_eval.py").read_bytes()
    )
    path = os.pathsep.join([str(tmp_path), *(entry for entry in sys.path if "packages" in entry)])
    done = python(f"import _humanevalpack_lm_eval; {LIST_OUR_TASKS}", "-S", PYTHONPATH=path)
    assert done.stdout.split() == ["0"], done.stderr
    assert "HUMANEVALPACK_LM_EVAL=off" in done.stderr
