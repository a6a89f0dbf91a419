"""A model's card from its run's folder: recipe, deviations, data, what was measured, how to evaluate it."""

from collections.abc import Iterable, Iterator, Sequence

from octopack_data.settings import Settings
from octopack_train.adapters.provenance import PROVENANCE
from octopack_train.config.model import QUANTIZED, LoraSettings
from octopack_train.recipes.reading import Recipe
from octopack_train.recipes.writing import all_values, differences, resolved_yaml
from octopack_train.run_facts import Licences, Run, licences_of, series, shipped_recipe

_SCORES = "humanevalpack/"
_LOSSES = {"loss": "training loss", "eval_loss": "loss on held out rows"}
_SPEEDS = {
    "tokens_per_second": "tokens a second",
    "mfu": "model FLOPs utilization",
    "peak_memory_bytes": "peak memory of a device, bytes",
    "trained_token_share": "share of tokens that are trained",
}
_OPEN = {
    "unverified": "Not known from the publication, so assumed",
    "ours": "Chosen by this package, where the publication says nothing or has a fault (see the notes)",
}
"""What an origin says of a value that is not the published run's."""
_FREE = ("output", "loggers", "workers", "cadence.", "evaluation.")
"""Settings that change nothing that is learned."""


class CardSettings(Settings):
    """What the card says besides what the run's folder knows."""

    name: str = ""
    """Name of the model; else its recipe's."""
    repository: str = "YOUR-NAME/MODEL"
    """Where it will be on the hub, for the examples of its use."""
    license: str = ""
    """Licence of the model, as the hub names it; not said where it is not given: the base's and the data's bind you."""


def make_card(run: Run, settings: CardSettings, recipe: str | None = None, *, merged: bool = False) -> str:
    """Return the card as Markdown: of the run's result, or (``merged``) of that with its adapter folded in.

    ``recipe`` names the shipped recipe to compare with. Raises UsageError.
    """
    adapted = isinstance(run.recipe.settings.adapter, LoraSettings)
    shipped = shipped_recipe(run, recipe)
    named = (recipe, *run.recipe.lineage[:1])  # not one that a file of yours extends: that is another
    title = settings.name or (shipped.name if shipped and shipped.name in named else run.folder.resolve().name)
    sections = [
        _front_matter(run, settings, adapted and not merged),
        f"# {title}\n\n{run.recipe.about}.\n",
        _section("Use", _use(run, settings, adapted, merged)),
        _section("Deviations from the published run", _deviations(run, shipped)),
        _section("Data", _data(run)),
        _section("Measured", _measured(run)),
        _section("Evaluate", _evaluate(run, settings, adapted and not merged)),
        _section("Recipe", ["Each value with its origin.", "", "```yaml", resolved_yaml(run.recipe).rstrip(), "```"]),
        _section("Made with", _versions(run)),
    ]
    return "\n".join(sections)


def _section(title: str, lines: Iterable[str]) -> str:
    return f"## {title}\n\n" + "\n".join(lines) + "\n"


def _front_matter(run: Run, settings: CardSettings, adapted: bool) -> str:
    import yaml

    model = run.recipe.settings.model
    facts = {
        **({"license": settings.license} if settings.license else {}),
        **({"base_model": model.base} if not model.random_weights else {}),
        "library_name": "peft" if adapted else "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["code", "octopack", *(["lora"] if adapted else [])],
    }
    return f"---\n{yaml.safe_dump(facts, sort_keys=False, allow_unicode=True)}---\n"


def _use(run: Run, settings: CardSettings, adapted: bool, merged: bool) -> Iterator[str]:
    kind = "AutoPeftModelForCausalLM" if adapted and not merged else "AutoModelForCausalLM"
    yield "```python"
    if adapted and not merged:
        yield f"from peft import {kind}"
        yield "from transformers import AutoTokenizer"
    else:
        yield f"from transformers import {kind}, AutoTokenizer"
    yield ""
    yield f'model = {kind}.from_pretrained("{settings.repository}")'
    yield f'tokenizer = AutoTokenizer.from_pretrained("{settings.repository}")'
    yield "```"
    if adapted and merged:
        yield ""
        yield f"Its adapter is folded into its base's weights: `{PROVENANCE}` has the checks and the hashes of both."
    elif adapted and run.recipe.settings.model.random_weights:
        yield ""
        yield "Its base has random weights and lies in the run's folder alone (`base/`): an adapter of it is of no use"
        yield "elsewhere, a merged model is (`octopack-train adapter merge`)."
    if run.recipe.settings.data.question_answer:
        yield ""
        yield "It was trained on texts like `Question: …`, a blank line, `Answer: …`: ask in this form, with nothing"
        yield "behind `Answer:`."


def _deviations(run: Run, shipped: Recipe | None) -> Iterator[str]:
    yield from _weights(run)
    yield from _length(run)
    if shipped is None or not _published(shipped):
        name = (
            f"the recipe `{shipped.name}`, which reproduces nothing" if shipped else "no recipe of the OctoPack release"
        )
        yield f"- It began with {name}: there is no published run to compare it with."
    else:
        found = {key: sides for key, sides in differences(shipped, run.recipe).items() if not _is_free(key)}
        if found:
            yield f"- Settings that are not those of the recipe `{shipped.name}`:"
            yield ""
            yield f"| setting | {shipped.name} | this run |"
            yield "|---|---|---|"
            for key, (theirs, mine) in found.items():
                yield f"| `{key}` | {_cell(theirs)} | {_cell(mine)} |"
            yield ""
        else:
            yield f"- Every setting that decides what is learned is that of the recipe `{shipped.name}`."
        for origin, said in _OPEN.items():
            keys = [key for key in all_values(run.recipe) if shipped.origin(key) == origin]
            named = ", ".join(f"`{key}`" for key in keys if key not in found and not _is_free(key))
            if named:
                yield f"- {said}: {named}"
    yield from (f"- {note}" for note in run.recipe.notes)


def _published(recipe: Recipe) -> bool:
    return any(recipe.origin(key) in ("published", "card") for key in all_values(recipe))


def _weights(run: Run) -> Iterator[str]:
    model = run.recipe.settings.model
    said = run.environment.get("weights")
    if said:
        yield f"- Base weights while training: {said}."
    else:
        yield f"- Base weights while training: the recipe says {model.weights}; what was used is not recorded."
    if model.weights in QUANTIZED:
        yield "  An adapter trained on rounded weights is folded into whole ones (`octopack-train adapter merge`)."


def _length(run: Run) -> Iterator[str]:
    batch, schedule = run.recipe.settings.batch, run.recipe.settings.schedule
    steps = run.done.get("steps")
    if steps is None:
        yield "- The run has not ended: this is the card of a part of it."
    elif steps != schedule.steps:
        yield f"- It ended after {steps:,} steps, not {schedule.steps:,}."
    processes = run.environment.get("processes")
    if processes is not None and processes != batch.devices:
        yield f"- Devices: {processes} instead of {batch.devices}; a step has the same {batch.rows} rows."


def _is_free(key: str) -> bool:
    return any(key == free or (free.endswith(".") and key.startswith(free)) for free in _FREE)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _data(run: Run) -> Iterator[str]:
    train = run.data.get("train")
    if not train:
        yield "What it was trained on is not recorded in the run's folder."
        return
    yield f"{train['rows']:,} rows, {train['tokens']:,} tokens, of which {train['trained_tokens']:,} are trained."
    yield f"Fingerprint of the rows in their order: `{train['fingerprint']}`."
    yield ""
    yield "| source | rows | share of rows | share of tokens |"
    yield "|---|---:|---:|---:|"
    for name, one in train["sources"].items():
        yield f"| {name} | {one['rows']:,} | {one['share_of_rows']:.1%} | {one['share_of_tokens']:.1%} |"
    yield ""
    yield from _licences_table(licences_of(run))


def _licences_table(found: Sequence[Licences]) -> Iterator[str]:
    named = [one for one in found if one.rows]
    if named:
        yield "Licences of the rows that were read:"
        yield ""
        yield "| file | licence | rows |"
        yield "|---|---|---:|"
        for one in named:
            for licence, rows in one.rows.items():
                yield f"| {one.file} | {_cell(licence)} | {rows:,} |"
    silent = [one.file for one in found if not one.rows]
    if silent or not found:
        if named:
            yield ""
        yield f"**Licences are not known** of the rows in: {', '.join(silent) or 'all sources'}."


def _measured(run: Run) -> Iterator[str]:
    lines = []
    for key, meaning in _LOSSES.items():
        if values := series(run, key):
            (first, begin), (last, end) = values[0], values[-1]
            lines.append(f"| {meaning} | {begin:.4f} (step {first}) | {end:.4f} (step {last}) |")
    names = sorted({name for entry in run.metrics for name in entry if name.startswith(_SCORES)})
    for name in names:
        (first, begin), (last, end) = (series(run, name)[place] for place in (0, -1))
        lines.append(f"| pass@1, {name.removeprefix(_SCORES)} | {begin:.3f} (step {first}) | {end:.3f} (step {last}) |")
    for key, meaning in _SPEEDS.items():
        if values := series(run, key):
            lines.append(f"| {meaning} | | {values[-1][1]:,.4g} (step {values[-1][0]}) |")
    if not lines:
        yield "Nothing was measured."
        return
    yield "| what | first | last |"
    yield "|---|---:|---:|"
    yield from lines
    yield ""
    problems = run.recipe.settings.evaluation.problems
    if names:
        yield f"Scores are of the first {problems} problems of each task while training: no result to be compared."
    else:
        yield "Nothing else was measured: no score is claimed."


def _evaluate(run: Run, settings: CardSettings, adapted: bool) -> Iterator[str]:
    model = run.recipe.settings.model
    base, adapter = (model.base, settings.repository) if not model.random_weights else ("RUN/base", "RUN/adapter")
    args = f"pretrained={base},peft={adapter}" if adapted else f"pretrained={settings.repository}"
    yield "```bash"
    yield "pip install 'humanevalpack[hf]'" + (" peft" if adapted else "")
    yield f"humanevalpack run --backend hf --model-args {args} \\"
    yield "  --tasks humanevalfixtests,humanevalsynthesize,humanevalexplain \\"
    yield f"  --prompt {run.recipe.settings.evaluation.prompt} --output results"
    yield "```"


def _versions(run: Run) -> Iterator[str]:
    environment = run.environment
    packages = environment.get("packages", {})
    if not environment:
        yield "Not recorded."
        return
    git = environment.get("git_revision") or "not known"
    named = ", ".join(f"{name} {version}" for name, version in packages.items())
    yield f"humanevalpack {environment.get('humanevalpack')} (git {git}), {named}"
    yield f"on {environment.get('device', 'an unknown device')}, Python {environment.get('python')}."
