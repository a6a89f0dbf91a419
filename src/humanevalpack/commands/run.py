"""``humanevalpack run MODEL``: evaluate a model."""

from pathlib import Path
from typing import Annotated, Any

import typer

from humanevalpack.commands.options import BeginAnewOption, ConfirmUnsafeOption, JsonOption, WorkersOption, at_least
from humanevalpack.commands.score_table import print_scores, quiet_stdout

EXAMPLES = (
    "Examples: humanevalpack run --preset octocoder --dry-run; "
    "humanevalpack run bigcode/octocoder --preset octopack-paper --batch-size 5 --model-args dtype=bfloat16; "
    "humanevalpack run my-model --backend vllm --tasks humanevalfix_python -n 20 --temperature 0.2; "
    "humanevalpack run my-model --backend local-chat-completions "
    "--model-args base_url=http://localhost:8000/v1/chat/completions,num_concurrent=8 -o max_new_tokens=4096"
)


def run(
    model: Annotated[
        str | None,
        typer.Argument(metavar="[MODEL]", help="Name on the hub or server, or path; a preset has one."),
    ] = None,
    backend: Annotated[
        str | None, typer.Option("--backend", help="lm_eval's --model: hf (default), vllm, local-completions, ...")
    ] = None,
    model_args: Annotated[
        str | None, typer.Option("--model-args", "--model_args", help="For the backend: key=value,key=value or JSON.")
    ] = None,
    tasks: Annotated[
        list[str] | None,
        typer.Option("--tasks", help="Tasks and groups, with commas or repeated; default: humanevalpack (all 30)."),
    ] = None,
    preset: Annotated[
        str | None, typer.Option("--preset", help="octopack-paper, or a model's (humanevalpack presets list).")
    ] = None,
    prompt: Annotated[
        str | None, typer.Option("--prompt", help="A template's name or file, chat, or auto (default: by model name).")
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option("--samples", "-n", parser=at_least(1), metavar="N", help="Samples a problem; default: 1."),
    ] = None,
    temperature: Annotated[float | None, typer.Option("--temperature", help="0 (default) is greedy.")] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", "-o", metavar="NAME=VALUE", help="Every other option of docs/lm_eval.md; repeatable."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="The run's folder; default: results/<model>-<tasks>.")
    ] = None,
    dataset: Annotated[
        str | None, typer.Option("--dataset", help="hub (default), mini, a .jsonl file or a folder of them.")
    ] = None,
    profile: Annotated[str | None, typer.Option("--profile", help="reference (default) or fixed.")] = None,
    limit: Annotated[
        float | None, typer.Option("--limit", help="The first so many problems of each task; below 1, a share.")
    ] = None,
    batch_size: Annotated[str | None, typer.Option("--batch-size", "--batch_size", help="A number, or auto.")] = None,
    device: Annotated[str | None, typer.Option("--device", help="cuda, cuda:1, cpu ...")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Of everything random; default: lm_eval's.")] = None,
    gen_kwargs: Annotated[
        str | None, typer.Option("--gen-kwargs", "--gen_kwargs", help="lm_eval's: wins over all options.")
    ] = None,
    system_instruction: Annotated[
        str | None, typer.Option("--system-instruction", "--system_instruction", help="The system's turn of a chat.")
    ] = None,
    apply_chat_template: Annotated[
        bool,
        typer.Option(
            "--apply-chat-template", "--apply_chat_template", help="Implied by --prompt chat and by chat servers."
        ),
    ] = False,
    shard: Annotated[
        str | None, typer.Option("--shard", metavar="I/N", help="Part I of N of the work, in a folder of its own.")
    ] = None,
    shard_by: Annotated[
        str, typer.Option("--shard-by", help="What is shared out: problem, language or task.")
    ] = "problem",
    sandbox: Annotated[str | None, typer.Option("--sandbox", help="auto (default), docker, local or process.")] = None,
    workers: WorkersOption = None,
    price_in: Annotated[float | None, typer.Option("--price-in", help="Of a million tokens of prompts.")] = None,
    price_out: Annotated[float | None, typer.Option("--price-out", help="Of a million tokens of answers.")] = None,
    max_cost: Annotated[float | None, typer.Option("--max-cost", help="Do not start what may cost more.")] = None,
    predict_only: Annotated[
        bool,
        typer.Option("--predict-only", "--predict_only", help="Generate; judge later: evaluate RUN."),
    ] = False,
    overwrite: BeginAnewOption = False,
    confirm_unsafe: ConfirmUnsafeOption = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done; needs no model, GPU or hub.")
    ] = False,
    json_output: JsonOption = False,
) -> None:
    """Evaluate a model: generate, run the programs, score; everything is kept in the run's folder as it comes.

    The same command goes on where it was killed, and a finished run is printed again. Exit code 0: done; 2: wrong
    usage or input; 3: the sandbox, a toolchain or the hub is missing.
    """
    from humanevalpack.lm_eval_plugin.planning import plan_run

    with quiet_stdout():
        plan = plan_run(
            model,
            backend=backend,
            model_args=model_args,
            tasks=tasks,
            output=output,
            preset=preset,
            batch_size=batch_size,
            device=device,
            limit=limit,
            seed=seed,
            shard=shard,
            shard_by=shard_by,
            gen_kwargs=gen_kwargs,
            system_instruction=system_instruction,
            apply_chat_template=apply_chat_template,
            predict_only=predict_only,
            **_options(
                option or (),
                prompt=prompt,
                n_samples=samples,
                temperature=temperature,
                dataset=dataset,
                profile=profile,
                sandbox=sandbox,
                workers=workers,
                price_in=price_in,
                price_out=price_out,
                max_cost=max_cost,
            ),
        )
    if dry_run:
        from humanevalpack.commands.dry_run import print_plan

        print_plan(plan, as_json=json_output)
        return
    from humanevalpack.evaluation import DEFAULT_KS
    from humanevalpack.lm_eval_plugin.running import carry_out, is_first_process

    with quiet_stdout():
        done = carry_out(plan, overwrite=overwrite, confirm_unsafe=confirm_unsafe)
    if not is_first_process():
        return
    print_scores(done, plan.common.k or DEFAULT_KS, as_json=json_output)
    if not json_output:
        typer.echo(f"Next: {_next(plan)}")


def _options(others: "list[str] | tuple[str, ...]", **named: Any) -> dict[str, Any]:
    """Return the tasks' options; raises UsageError for one that is said twice."""
    from humanevalpack.errors import UsageError

    given = {name: value for name, value in named.items() if value is not None}
    for text in others:
        name, found, value = text.partition("=")
        if not found or not name.strip():
            raise UsageError(f"--option is {text!r}; it must be NAME=VALUE, such as top_p=0.95")
        if name.strip() in given:
            raise UsageError(f"option {name.strip()} is given twice: {given[name.strip()]!r} and {value!r}")
        given[name.strip()] = value
    return given


def _next(plan: Any) -> str:
    """Return the command that most people will want now."""
    import shlex

    folder = shlex.quote(str(plan.folder))
    if plan.shard is not None:
        whole = shlex.quote(str(plan.folder.parent))
        return f"humanevalpack generations merge {whole}/shard-* --output {whole}   (when all {plan.shard.of} are done)"
    if plan.value("predict_only"):
        return f"humanevalpack evaluate {folder}"
    return f"humanevalpack report {folder} --html report.html"
