"""The page for people who come from the reference harness has one row for every flag of its main.py."""

import re
from pathlib import Path

# bigcode-evaluation-harness, main branch of July 2025: main.py and EvalArguments; flags of other benchmarks left out.
FLAGS = """
model modeltype peft_model revision use_auth_token trust_remote_code tasks instruction_tokens batch_size
max_length_generation precision load_in_8bit load_in_4bit left_padding limit limit_start save_every_k_tasks postprocess
allow_code_execution generation_only load_generations_path load_data_path metric_output_path save_generations
load_generations_intermediate_paths save_generations_path save_references save_references_path prompt
max_memory_per_gpu check_references prefix do_sample temperature top_k top_p n_samples eos seed
""".split()


def test_every_flag_has_one_row_and_every_row_is_a_flag(project: Path) -> None:
    page = (project / "docs" / "from_the_reference_harness.md").read_text("utf-8")
    table = page.partition("## Every flag of main.py")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `--(\w+)` \|", table, re.MULTILINE) == FLAGS


def test_the_settings_named_beside_a_flag_are_options_of_a_run(project: Path) -> None:
    from typer.main import get_command

    from humanevalpack.commands import app
    from humanevalpack.lm_eval_plugin.options import OPTIONS

    page = (project / "docs" / "from_the_reference_harness.md").read_text("utf-8")
    table = page.partition("## Every flag of main.py")[2].partition("\n## ")[0]
    rows = [row.split("|")[2] for row in table.splitlines() if row.startswith("| `--")]
    commands = get_command(app).commands  # type: ignore[attr-defined]
    known = {option for name in ("run", "evaluate") for part in commands[name].params for option in part.opts}
    known |= {option for part in commands["generations"].commands["export"].params for option in part.opts}
    assert {option for row in rows for option in re.findall(r"(?<![\w-])--?[a-z][\w-]*", row)} <= known
    assert {name for row in rows for name in re.findall(r"-o (\w+)=", row)} <= set(OPTIONS)
