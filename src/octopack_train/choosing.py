"""Which examples make up one pass, and in which order: weights of languages as whole numbers of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from humanevalpack.errors import InputError, UsageError
from octopack_data.draws import draw
from octopack_data.mixture_settings import largest_remainders
from octopack_train.config.data import DataSettings, LanguageDraw

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Groups = Mapping[tuple[str, str], int]
"""Rows by source and language."""
_TAU = Fraction(1, 10**6)
"""Shares of languages are rounded to this much: n ** tau is no fraction."""


@dataclass(frozen=True)
class Choice:
    """What a pass takes of one source and language."""

    source: str
    language: str
    there: int
    rows: int
    """More than there are: they come again."""


def choose(data: DataSettings, there: Groups) -> list[Choice]:
    """Return how many rows a pass takes of each source and language; raises InputError and UsageError."""
    names = list(dict.fromkeys(source for source, _ in there))
    unknown = set(data.language_draw.weights) - {language for _, language in there}
    if unknown:
        known = ", ".join(sorted({language for _, language in there} - {""})) or "none: no row has lang"
        raise UsageError(f"data.language_draw.weights: no row is of {', '.join(sorted(unknown))}; there are {known}")
    wanted: dict[str, dict[str, int]] = {}
    for name in names:
        rows = {language: number for (source, language), number in there.items() if source == name}
        wanted[name] = by_language(data.language_draw, rows)
        if not sum(wanted[name].values()):
            raise InputError(f"data, source {name}: no example is left of {sum(rows.values())}")
    return [
        Choice(source, language, number, wanted[source].get(language, 0))
        for (source, language), number in there.items()
    ]


def by_language(settings: LanguageDraw, there: Mapping[str, int]) -> dict[str, int]:
    """Return the rows of each language of one source: capped, then shared out by weights or n ** tau."""
    capped = {language: min(rows, settings.most_rows or rows) for language, rows in there.items()}
    if settings.weights:
        shares = {name: Fraction(str(settings.weights.get(name, 0))) for name in capped}
        capped = {name: rows if shares[name] else 0 for name, rows in capped.items()}
    elif settings.tau == 1:
        return capped
    else:
        shares = {
            name: Fraction(rows**settings.tau).limit_denominator(_TAU.denominator) for name, rows in capped.items()
        }
    whole = sum(shares.values())
    if not whole:
        return dict.fromkeys(capped, 0)
    return largest_remainders({name: share / whole for name, share in shares.items()}, sum(capped.values()))


def order_of(choices: list[Choice], groups: NDArray[np.int32], seed: int) -> NDArray[np.int64]:
    """Return the places of a pass's rows in their order.

    ``groups`` has the number of its choice for every row that is there. Rows of a choice are drawn with ``seed``, each
    once before one comes again; then the whole is shuffled.
    """
    import numpy as np

    taken = []
    for number, choice in enumerate(choices):
        places = np.flatnonzero(groups == number)
        generator = np.random.default_rng(draw(f"rows of {choice.source}", choice.language, seed))
        begins = range(0, choice.rows, max(1, choice.there))
        taken += [generator.permutation(places)[: choice.rows - begun] for begun in begins]
    order = np.concatenate(taken) if taken else np.zeros(0, np.int64)
    return np.random.default_rng(draw("order of a pass", "", seed)).permutation(order)
