"""``humanevalpack.run``: a plan carried out by lm_eval in this process, with everything kept in the run's folder."""

import os
from pathlib import Path
from typing import Any

from humanevalpack.errors import UsageError
from humanevalpack.evaluation import DEFAULT_KS, evaluate
from humanevalpack.lm_eval_plugin import findings
from humanevalpack.lm_eval_plugin.asking import announce, announce_once
from humanevalpack.lm_eval_plugin.loading import load_model
from humanevalpack.lm_eval_plugin.model_choice import parsed
from humanevalpack.lm_eval_plugin.planning import plan_run
from humanevalpack.lm_eval_plugin.plans import Plan
from humanevalpack.lm_eval_plugin.progress import Progress, finish, progress_of
from humanevalpack.lm_eval_plugin.repeats import warnings
from humanevalpack.lm_eval_plugin.toolchain_check import check_before_loading, still_left_out
from humanevalpack.problems import load_problems
from humanevalpack.results import Run, RunFolder, new_manifest, read_run
from humanevalpack.results.folder import GENERATIONS, VERDICTS
from humanevalpack.sandbox import process
from humanevalpack.scenarios import parse_task


def run(model: Any = None, *, overwrite: bool = False, confirm_unsafe: bool = False, **settings: Any) -> Run:
    """Evaluate a model and return the run; its folder has everything, ``Run.score`` the scores.

    ``settings`` are those of ``plan_run``. The same call goes on where an earlier one was killed; a finished run is
    returned without asking the model; ``overwrite`` begins anew. Under a launcher of several processes the first one
    scores, and the others return what is on disk when they end.

    Raises UsageError, InputError, ToolchainMissing, and SandboxFault for a lasting fault of the sandbox.
    """
    return carry_out(plan_run(model, **settings), overwrite=overwrite, confirm_unsafe=confirm_unsafe)


def carry_out(plan: Plan, *, overwrite: bool = False, confirm_unsafe: bool = False) -> Run:
    """Do what ``run`` does, for a plan."""
    options = plan.common
    confirmed = confirm_unsafe or options.confirm_run_unsafe_code
    if options.sandbox == "process" and not plan.value("predict_only"):
        process.confirm(confirmed)
    overwrite = overwrite or not _is_begun(plan.folder)
    if not overwrite:
        before = progress_of(plan)
        if before.run is not None:
            _check_no_more(plan, before.run)
        done = before.is_finished and _nothing_to_add(before, plan)
        if before.run is not None and done and (before.judged or plan.value("predict_only")):
            announce(f"{plan.folder} is finished: nothing is asked of the model")
            return before.run
        if before.run is not None and done:
            announce(f"everything is generated in {plan.folder}: it is judged without the model")
            return _judge(plan, before.run, confirmed=confirmed)
    if not plan.value("predict_only"):
        check_before_loading(plan.tasks, options)
    if is_first_process():
        name = Path(plan.model_name).name if plan.model_name else plan.folder.absolute().name
        with RunFolder(plan.folder, new_manifest(name, **plan.facts()), overwrite=overwrite):
            pass  # made, and known as this run's, before the model is loaded
        announce_once.cache_clear()
        for line in warnings(plan):
            announce_once(line)
    _ask(plan, confirmed=confirmed)
    return finish(plan.folder, options.k or DEFAULT_KS) if is_first_process() else read_run(plan.folder)


def is_first_process() -> bool:
    """Whether this is the process that prints and scores: of torchrun's or accelerate's the one of rank 0."""
    return int(os.environ.get("RANK") or 0) == 0


def _is_begun(folder: Path) -> bool:
    """Whether anything has been generated: a start that failed before binds nobody to its settings."""
    return any((folder / name).is_file() and (folder / name).stat().st_size for name in (GENERATIONS, VERDICTS))


def _nothing_to_add(before: Progress, plan: Plan) -> bool:
    """Whether a finished run lacks nothing, or only what can still not be judged here."""
    return not before.left_out or (not plan.value("predict_only") and still_left_out(before.left_out, plan.common))


def problem_counts(plan: Plan) -> dict[str, int]:
    """Load the problems and return language to how many there are."""
    return {language: len(found) for language, found in _problem_ids(plan).items()}


def _problem_ids(plan: Plan) -> dict[str, list[str]]:
    options = plan.common
    return {
        language: [item.task_id for item in load_problems(language, options.dataset, revision=options.dataset_revision)]
        for language in plan.languages
    }


def _check_no_more(plan: Plan, run: Run) -> None:
    """Raise UsageError if another command's folder holds what the plan does not ask: it would be scored too."""
    if "asked" in run.manifest:
        return  # compared already
    ids = _problem_ids(plan)
    places = plan.problems({language: len(found) for language, found in ids.items()})
    asked = {(task, ids[parse_task(task)[1]][place]) for task, found in places.items() for place in found}
    for sample in run.samples:
        if (sample.task, sample.task_id) not in asked:
            raise UsageError(
                f"{plan.folder} holds {sample.task}, {sample.task_id}, which this run does not ask: give the settings "
                "that it was made with (tasks, limit), another output, or --overwrite to begin anew"
            )


def _ask(plan: Plan, *, confirmed: bool) -> None:
    """Have lm_eval ask the model, with our tasks alone (reading lm_eval's own takes long)."""
    import _humanevalpack_lm_eval as hook
    import lm_eval
    import lm_eval.tasks.manager as manager

    # Also where HUMANEVALPACK_LM_EVAL=off hides the tasks from lm_eval's own command.
    hook.extend(manager)  # type: ignore[no-untyped-call]  # it runs whenever Python starts: no annotations
    metadata = {**plan.metadata, "run_folder": str(plan.folder)}
    seed = plan.value("seed")
    seeds = ("random_seed", "numpy_random_seed", "torch_random_seed", "fewshot_random_seed")
    by_problem = plan.shard is not None and plan.shard.by == "problem"
    with findings.untold():
        lm_eval.simple_evaluate(
            model=load_model(plan),
            tasks=list(plan.tasks),
            limit=None if by_problem else plan.value("limit"),
            samples=plan.problems(problem_counts(plan)) if by_problem else None,
            gen_kwargs=parsed(plan.value("gen_kwargs"), "gen_kwargs") or None,
            system_instruction=plan.value("system_instruction"),
            apply_chat_template=plan.value("apply_chat_template"),
            predict_only=plan.value("predict_only"),
            task_manager=manager.TaskManager(include_defaults=False, metadata=plan.arguments | metadata),
            confirm_run_unsafe_code=confirmed,
            bootstrap_iters=0,
            **({} if seed is None else dict.fromkeys(seeds, seed)),
        )


def _judge(plan: Plan, run: Run, *, confirmed: bool) -> Run:
    if not is_first_process():
        return run
    options = plan.common
    return evaluate(
        plan.folder,
        sandbox=options.sandbox,
        workers=options.workers,
        time_limit=options.time_limit,
        k=options.k,
        missing_toolchains=options.missing_toolchains,
        confirm_unsafe=confirmed,
    )
