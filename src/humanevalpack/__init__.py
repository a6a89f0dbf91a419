"""HumanEvalPack (OctoPack, arXiv 2308.07124): 30 coding tasks, their prompts, programs, sandboxed verdicts and scores.

>>> import humanevalpack as hep
>>> problem = hep.load_problems("python", source="mini")[0]
>>> prompt = hep.render_prompt(problem, "fixtests", prompt="octocoder")
"""

from typing import TYPE_CHECKING, Any

from humanevalpack.lm_eval_plugin import hook
from humanevalpack.version import __version__

if TYPE_CHECKING:
    from humanevalpack.completions import EXTRACTIONS, Extraction, extract_answer, extract_candidate
    from humanevalpack.diagnosis import Finding, diagnose
    from humanevalpack.evaluation import evaluate
    from humanevalpack.frames import (
        comparison_frame,
        flips_frame,
        problems_frame,
        published_frame,
        samples_frame,
        scores_frame,
        verdicts_frame,
    )
    from humanevalpack.generations import check_generations, clean_generations, export_generations, merge_generations
    from humanevalpack.languages import LANGUAGES
    from humanevalpack.lm_eval_plugin.planning import plan_run
    from humanevalpack.lm_eval_plugin.plans import Plan
    from humanevalpack.lm_eval_plugin.running import run
    from humanevalpack.metrics import pass_at_k
    from humanevalpack.presets import ModelPreset, model_presets
    from humanevalpack.problems import Problem, load_problems
    from humanevalpack.programs import Program, build_program
    from humanevalpack.prompts import render_prompt, stop_words
    from humanevalpack.published import published_scores
    from humanevalpack.reports.comparison import compare
    from humanevalpack.reports.writing import report
    from humanevalpack.results import Generations, Run, ScoredSample, read_generations, read_run
    from humanevalpack.sandbox import Pool, Verdict, check_toolchains, choose_sandbox, run_programs
    from humanevalpack.scenarios import SCENARIOS
    from humanevalpack.templates import PromptTemplate, load_template, template_names

__all__ = [
    "EXTRACTIONS",
    "LANGUAGES",
    "SCENARIOS",
    "Extraction",
    "Finding",
    "Generations",
    "ModelPreset",
    "Plan",
    "Pool",
    "Problem",
    "Program",
    "PromptTemplate",
    "Run",
    "ScoredSample",
    "Verdict",
    "__version__",
    "build_program",
    "check_generations",
    "check_toolchains",
    "choose_sandbox",
    "clean_generations",
    "compare",
    "comparison_frame",
    "diagnose",
    "evaluate",
    "export_generations",
    "extract_answer",
    "extract_candidate",
    "flips_frame",
    "load_problems",
    "load_template",
    "merge_generations",
    "model_presets",
    "pass_at_k",
    "plan_run",
    "problems_frame",
    "published_frame",
    "published_scores",
    "read_generations",
    "read_run",
    "render_prompt",
    "report",
    "run",
    "run_programs",
    "samples_frame",
    "scores_frame",
    "stop_words",
    "template_names",
    "verdicts_frame",
]

# Where each name lives; a module is imported when one of its names is first used, so that the import costs nothing.
_HOMES = {
    "EXTRACTIONS": "completions",
    "LANGUAGES": "languages",
    "SCENARIOS": "scenarios",
    "Extraction": "completions",
    "Finding": "diagnosis",
    "Generations": "results",
    "ModelPreset": "presets",
    "Plan": "lm_eval_plugin.plans",
    "Pool": "sandbox",
    "Problem": "problems",
    "Program": "programs",
    "PromptTemplate": "templates",
    "Run": "results",
    "ScoredSample": "results",
    "Verdict": "sandbox",
    "build_program": "programs",
    "check_generations": "generations",
    "check_toolchains": "sandbox",
    "choose_sandbox": "sandbox",
    "clean_generations": "generations",
    "compare": "reports.comparison",
    "comparison_frame": "frames",
    "diagnose": "diagnosis",
    "evaluate": "evaluation",
    "export_generations": "generations",
    "extract_answer": "completions",
    "extract_candidate": "completions",
    "flips_frame": "frames",
    "load_problems": "problems",
    "load_template": "templates",
    "merge_generations": "generations",
    "model_presets": "presets",
    "pass_at_k": "metrics",
    "plan_run": "lm_eval_plugin.planning",
    "problems_frame": "frames",
    "published_frame": "frames",
    "published_scores": "published",
    "read_generations": "results",
    "read_run": "results",
    "render_prompt": "prompts",
    "report": "reports.writing",
    "run": "lm_eval_plugin.running",
    "run_programs": "sandbox",
    "samples_frame": "frames",
    "scores_frame": "frames",
    "stop_words": "prompts",
    "template_names": "templates",
    "verdicts_frame": "frames",
}

# What the installed .pth file does when Python starts, for installs whose .pth files Python does not read.
hook.install()


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'humanevalpack' has no attribute {name!r}; it offers {', '.join(__all__)}")
    from importlib import import_module

    return getattr(import_module(f"humanevalpack.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
