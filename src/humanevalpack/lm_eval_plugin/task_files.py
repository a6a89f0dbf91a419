"""The task files that lm_eval reads: which tasks and groups there are, and what each file says.

lm_eval wants one YAML file a name. ``python -m humanevalpack.lm_eval_plugin.task_files`` writes them all; a test keeps
the folder and this module equal.
"""

from pathlib import Path

from humanevalpack.languages import LANGUAGES
from humanevalpack.scenarios import AVERAGED, SCENARIOS, task_name

TASK_FOLDER = Path(__file__).resolve().parent / "tasks"
BASE_FILE = "task_base"

# Group -> the scenarios that it runs, and those in its average: the paper's tables average HumanEvalFix (fixtests),
# HumanEvalExplain and HumanEvalSynthesize; descriptions have no score, and fixdocs stands beside.
GROUPS = {
    "humanevalfix": (("fixtests",), ("fixtests",)),
    "humanevalfixtests": (("fixtests",), ("fixtests",)),
    "humanevalfixdocs": (("fixdocs",), ("fixdocs",)),
    "humanevalexplain": (("explaindescribe", "explainsynthesize"), ("explainsynthesize",)),
    "humanevalsynthesize": (("synthesize",), ("synthesize",)),
}
PARTS = ("humanevalfix", "humanevalexplain", "humanevalsynthesize", "humanevalfixdocs")


def task_files() -> dict[str, str]:
    """Return every file of the task folder: file name to text."""
    files = {
        f"{task_name(scenario, language)}.yaml": (
            f"include: {BASE_FILE}\ntask: {task_name(scenario, language)}\nscenario: {scenario}\nlanguage: {language}\n"
        )
        for scenario in SCENARIOS
        for language in LANGUAGES
    }
    files[BASE_FILE] = (
        "class: !function humanevalpack.lm_eval_plugin.task.HumanEvalPackTask\n"
        "output_type: generate_until\nmetadata:\n  version: 1\n"
    )
    for suffix, languages in (("", LANGUAGES), *((f"_{language}", (language,)) for language in LANGUAGES)):
        for name, (scenarios, averaged) in GROUPS.items():
            members = [task_name(scenario, language) for scenario in scenarios for language in languages]
            files[f"{name}{suffix}.yaml"] = _group(name + suffix, members, averaged)
        files[f"humanevalpack{suffix}.yaml"] = _group(
            f"humanevalpack{suffix}", [part + suffix for part in PARTS], AVERAGED
        )
    mini = _group("humanevalpack_mini", list(PARTS), AVERAGED)
    files["humanevalpack_mini.yaml"] = f"{mini}# Passed on to every task of the group.\noptions: {{dataset: mini}}\n"
    return files


def _group(name: str, members: list[str], averaged: tuple[str, ...]) -> str:
    lines = "".join(f"  - {member}\n" for member in members)
    return (
        f"group: {name}\ntask:\n{lines}"
        "aggregate_metric_list:\n  - {metric: pass@1, aggregation: mean, weight_by_size: false}\n"
        f"metadata: {{version: 1, averaged_scenarios: [{', '.join(averaged)}]}}\n"
    )


def write_task_files(folder: Path = TASK_FOLDER) -> None:
    """Write every file and delete what no longer belongs to the folder."""
    files = task_files()
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.is_file() and path.name not in files:
            path.unlink()
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")


if __name__ == "__main__":
    write_task_files()
