"""Several samples of a greedy answer are all the same one: said before a run pays for them."""

from humanevalpack.lm_eval_plugin.arguments import generation_arguments
from humanevalpack.lm_eval_plugin.model_choice import parsed
from humanevalpack.lm_eval_plugin.options import Options
from humanevalpack.lm_eval_plugin.plans import Plan


def warning(options: Options, *, samples: int, sampled: bool) -> str:
    """Return what is to be said of ``samples`` a problem; empty if they may differ, or are not asked for."""
    if sampled or samples == 1 or options.generations is not None or options.descriptions is not None:
        return ""
    return (
        f"n_samples is {samples} and temperature is 0: greedy samples of a problem are all equal, so they score as one "
        "does: set temperature (the paper: 0.2), or n_samples=1"
    )


def warnings(plan: Plan) -> list[str]:
    """Return what is to be said of a plan, before its model is loaded."""
    found = (
        warning(options, samples=options.n_samples, sampled=is_sampled(plan, options))
        for options in plan.options.values()
    )
    return [line for line in dict.fromkeys(found) if line]


def is_sampled(plan: Plan, options: Options) -> bool:
    """Whether answers are drawn: by the options, or by gen_kwargs, which win. Raises UsageError."""
    given = {"temperature": options.temperature, **parsed(plan.value("gen_kwargs"), "gen_kwargs")}
    return bool(generation_arguments(given, options)["do_sample"])
