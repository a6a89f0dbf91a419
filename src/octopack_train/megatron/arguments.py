"""A recipe as the exact list of arguments of a Megatron-LM."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from humanevalpack.errors import UsageError
from octopack_train.megatron.dialects import Dialect, holds
from octopack_train.megatron.tracker import Begin
from octopack_train.recipes.reading import Recipe
from octopack_train.recipes.writing import all_values


def megatron_arguments(recipe: Recipe, dialect: Dialect, begin: Begin) -> list[list[str]]:
    """Return the flags, each with the words that follow it; raises UsageError for what the dialect cannot say."""
    check_sayable(recipe, dialect)
    values = argument_values(recipe) | {"begin": begin}
    found = []
    for flag in dialect.flags:
        if not holds(flag.when, values):
            continue
        if flag.value is not None:
            value = values[flag.value]
            if value is not None and value != flag.default:
                found.append([flag.flag, written(value)])
        else:
            found.append([flag.flag] if flag.text is None else [flag.flag, flag.text.format_map(values)])
    return found


def check_sayable(recipe: Recipe, dialect: Dialect) -> None:
    """Raise UsageError if a recipe asks for what the dialect cannot say, however its run begins."""
    values = argument_values(recipe)
    reasons = [one.reason for one in dialect.cannot_say if holds(one.when, values)]
    if reasons:
        raise UsageError(f"{dialect.name} cannot say what recipe {recipe.name} asks for: " + "; ".join(reasons))


def argument_values(recipe: Recipe) -> dict[str, Any]:
    """Return the settings by dotted names, with what flags depend on besides."""
    settings = recipe.megatron
    model, data, tracking = settings.model, settings.data, settings.tracking
    named = [name for name in (tracking.wandb_project, tracking.wandb_entity) if name is not None]
    kinds = {1: "multi-query", model.heads: "multi-head"}
    return all_values(recipe) | {
        "recipe": recipe.name,
        "attention": kinds.get(model.query_groups, "grouped"),
        "fim": data.fim_rate > 0,
        "tokenizer_fim": "missing" if data.fim_rate > 0 and not data.fim_tokenizer else "fitting",
        "tokenizer_folder": str(Path(data.tokenizer).parent),
        "valid_workers": "as for training" if data.valid_workers == 2 else "own",
        "wandb": ("none", "half", "whole")[len(named)],
    }


def written(value: Any) -> str:
    """Return a value as an argument: numbers without an exponent."""
    return format(Decimal(repr(value)), "f") if isinstance(value, float) else str(value)
