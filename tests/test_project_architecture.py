"""docs/architecture.md is true to the code: rooms, and who may import what."""

import ast
import sys
from pathlib import Path

import pytest

# Left to right: a room may import those before it and itself, never one behind it (docs/architecture.md).
ORDER = (
    "version",
    "errors",
    "resources",
    "json_lines",
    "languages",
    "sources",
    "problems",
    "corrections",
    "scenarios",
    "presets",
    "templates",
    "prompts",
    "patches",
    "completions",
    "programs",
    "sandbox",
    "metrics",
    "results",
    "published",
    "diagnosis",
    "evaluation",
    "generations",
    "reports",
    "frames",
    "truth_table",
    "verification",
    "doctor",
    "lm_eval_plugin",
    "inspect_ai_plugin",
    "demo",
    "command_line",
    "commands",
)
DATA_ORDER = (
    "records",
    "zstd",
    "progress",
    "lines",
    "row_formats",
    "rows",
    "settings",
    "code",
    "manifests",
    "user_files",
    "processes",
    "selection_folder",
    "sources",
    "inputs",
    "workers",
    "parts",
    "draws",
    "sampling",
    "exclusions",
    "languages",
    "language_files",
    "licences",
    "pipes",
    "git",
    "clones",
    "commit_rows",
    "histories",
    "statements",
    "exports",
    "warehouse",
    "bigquery",
    "exporting",
    "selecting",
    "fetch",
    "chats",
    "shards",
    "optout",
    "splitting",
    "rules",
    "filtering",
    "steps",
    "executors",
    "duplicate_groups",
    "near_duplicates",
    "duplicates",
    "secrets",
    "redaction",
    "decontamination",
    "train_valid",
    "statistics",
    "language_table",
    "self_instruct",
    "task_categories",
    "task_labels",
    "fence_languages",
    "detectors",
    "dialogues",
    "oasst_trees",
    "dialogue_pairs",
    "dialogue_filters",
    "oasst",
    "curating",
    "xp3x_table",
    "xp3x",
    "instruction_languages",
    "figures",
    "changes",
    "audit",
    "funnel",
    "card_kinds",
    "card_origin",
    "cards",
    "pushed",
    "push",
    "linediff",
    "formats",
    "examples",
    "shuffling",
    "sides",
    "pairs",
    "pair_columns",
    "mixture_settings",
    "mixtures",
    "remote_selection",
    "chain_settings",
    "chain",
    "chain_plan",
    "humanevalpack",
    "commands",
)
TRAIN_ORDER = (
    "config",
    "recipes",
    "schedules",
    "weights",
    "sizes",
    "memory",
    "launching",
    "plans",
    "plan_text",
    "texts",
    "spooling",
    "choosing",
    "tokens",
    "packing",
    "prepared",
    "previews",
    "rendering",
    "order",
    "throughput",
    "run_folder",
    "checkpoints",
    "statistics",
    "training",
    "torch_files",
    "tensor_files",
    "logits",
    "equivalence",
    "folders",
    "adapters",
    "run_facts",
    "cards",
    "pushing",
    "megatron",
    "commands",
)
ORDERS = {"humanevalpack": ORDER, "octopack_data": DATA_ORDER, "octopack_train": TRAIN_ORDER}
HEAVY = {"torch", "transformers", "lm_eval", "datasets", "numpy", "docker", "ray", "matplotlib", "pandas", "inspect_ai"}
HEAVY |= {"duckdb", "pyarrow", "scipy", "datatrove", "sqlglot", "aiohttp", "tokenizers", "google", "huggingface_hub"}
HEAVY |= {"peft", "trl", "accelerate", "deepspeed", "megatron"}

LATE = {"lm_eval_plugin", "inspect_ai_plugin", "demo", "steps", "training"}
"""Rooms that are built on one of these packages, and are imported late themselves."""


def modules(project: Path, package: str = "humanevalpack") -> list[Path]:
    return sorted((project / "src" / package).rglob("*.py"))


def room(project: Path, path: Path) -> str:
    return path.relative_to(project / "src").parts[1].removesuffix(".py")


def imported(tree: ast.AST) -> set[str]:
    """Names of the modules that are really imported: what stands under TYPE_CHECKING is left out."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            if node.module in ORDERS:
                names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


class WithoutTypeChecking(ast.NodeTransformer):
    def visit_If(self, node: ast.If) -> ast.AST | None:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return None
        return self.generic_visit(node)


def imports(path: Path) -> set[str]:
    return imported(WithoutTypeChecking().visit(ast.parse(path.read_text("utf-8"))))


@pytest.mark.parametrize("package", ORDERS)
def test_every_room_stands_in_the_order_and_on_the_page(project: Path, package: str) -> None:
    rooms = {room(project, path) for path in modules(project, package)} - {"__init__"}
    assert rooms == set(ORDERS[package])
    page = (project / "docs" / "architecture.md").read_text("utf-8")
    assert [name for name in rooms - {"version"} if f"`{name}.py`" not in page and f"`{name}/`" not in page] == []


@pytest.mark.parametrize("package", ORDERS)
def test_data_flows_one_way(project: Path, package: str) -> None:
    wrong, order = [], ORDERS[package]
    for path in modules(project, package):
        here = room(project, path)
        if here == "__init__":
            continue
        for name in imports(path):
            there_package, _, rest = name.partition(".")
            there = rest.split(".")[0]
            if there_package == package and there in order and order.index(there) > order.index(here):
                wrong.append(f"{path.relative_to(project)} imports {name}")
    assert wrong == []


def test_only_the_plugins_and_the_demo_know_a_harness_and_only_octopack_train_knows_trl(project: Path) -> None:
    knows = {
        (room(project, path), name.split(".")[0])
        for path in modules(project)
        for name in imports(path)
        if name.split(".")[0] in ("lm_eval", "inspect_ai", "trl")
    }
    assert {where for where, name in knows if name == "lm_eval"} <= {"lm_eval_plugin", "demo"}
    assert {where for where, name in knows if name == "inspect_ai"} == {"inspect_ai_plugin"}
    assert not any(name == "trl" for _, name in knows)
    training = [path for path in modules(project, "octopack_train") if any(n.startswith("trl.") for n in imports(path))]
    assert {room(project, path) for path in training} == {"packing", "training"}


def test_the_packages_depend_on_each_other_in_one_direction(project: Path) -> None:
    behind = {"humanevalpack": {"octopack_data", "octopack_train"}, "octopack_data": {"octopack_train"}}
    for package, forbidden in behind.items():
        for path in (project / "src" / package).rglob("*.py"):
            assert not {name.split(".")[0] for name in imports(path)} & forbidden, path


def test_the_supervisor_needs_the_standard_library_and_its_own_files_only(project: Path) -> None:
    folder = project / "src" / "humanevalpack" / "sandbox" / "supervisor"
    own = {path.stem for path in folder.rglob("*")}  # it runs as a copy, outside of the package
    for path in folder.rglob("*.py"):
        names = imports(path)
        assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names | own | {"humanevalpack"}, path
        inside = [name for name in names if name.startswith("humanevalpack")]
        assert all(name.startswith("humanevalpack.sandbox.supervisor") for name in inside), path


def test_heavy_packages_are_imported_where_they_are_used(project: Path) -> None:
    paths = [path for package in ORDERS for path in modules(project, package)]
    light = [path for path in paths if room(project, path) not in LATE]
    for path in light:
        tree = WithoutTypeChecking().visit(ast.parse(path.read_text("utf-8")))
        top: list[ast.stmt] = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        assert not {name.split(".")[0] for name in imported(ast.Module(top, []))} & HEAVY, path


@pytest.mark.parametrize("name", ["utils", "util", "helpers", "helper", "common", "misc"])
def test_no_room_is_without_a_name(project: Path, name: str) -> None:
    assert not list((project / "src").rglob(f"{name}.py"))
