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
    from humanevalpack.evaluation import evaluate
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
    from humanevalpack.reports.comparison import compare
    from humanevalpack.reports.published import published_scores
    from humanevalpack.reports.writing import report
    from humanevalpack.results import Generations, Run, ScoredSample, read_generations, read_run
    from humanevalpack.sandbox import Pool, Verdict, run_programs, verdicts_frame
    from humanevalpack.scenarios import SCENARIOS
    from humanevalpack.templates import PromptTemplate, load_template, template_names

__all__ = [
    "EXTRACTIONS",
    "LANGUAGES",
    "SCENARIOS",
    "Extraction",
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
    "clean_generations",
    "compare",
    "evaluate",
    "export_generations",
    "extract_answer",
    "extract_candidate",
    "load_problems",
    "load_template",
    "merge_generations",
    "model_presets",
    "pass_at_k",
    "plan_run",
    "published_scores",
    "read_generations",
    "read_run",
    "render_prompt",
    "report",
    "run",
    "run_programs",
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
    "clean_generations": "generations",
    "compare": "reports.comparison",
    "evaluate": "evaluation",
    "export_generations": "generations",
    "extract_answer": "completions",
    "extract_candidate": "completions",
    "load_problems": "problems",
    "load_template": "templates",
    "merge_generations": "generations",
    "model_presets": "presets",
    "pass_at_k": "metrics",
    "plan_run": "lm_eval_plugin.planning",
    "published_scores": "reports.published",
    "read_generations": "results",
    "read_run": "results",
    "render_prompt": "prompts",
    "report": "reports.writing",
    "run": "lm_eval_plugin.running",
    "run_programs": "sandbox",
    "stop_words": "prompts",
    "template_names": "templates",
    "verdicts_frame": "sandbox",
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
