"""The selection of commits as SQL in BigQuery's dialect: five steps or one statement, and what they ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import field_validator, model_validator

from octopack_data.licences import Choice, least_restrictive_first
from octopack_data.records import Mode
from octopack_data.settings import Settings

if TYPE_CHECKING:
    from sqlglot import exp

SQL = Path(__file__).parent / "sql"
FACTS = Path(__file__).parent / "data" / "selection.yaml"
SOURCE_CATALOGUE = "bigquery-public-data"
SOURCE_SCHEMA = "github_repos"
METADATA = "commitpack_metadata"
"""Table of the first product: one row for each commit that changed one file in place."""
LICENSES = "commitpack_licenses"
"""Table of the second product: repositories and their licence."""
_KEY = re.compile(r"[a-z0-9][a-z0-9.+-]*")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")

Plan = Literal["steps", "fast"]


class SelectSettings(Settings):
    """Which commits are selected, and how."""

    mode: Mode = "fixed"
    """published: as the released data was made, defects included; fixed: the same rules, mended."""
    plan: Plan = "steps"
    """steps: five tables, each counted; fast: one statement, the same commits and files."""
    licence_preset: Literal["octopack", "permissive"] = "octopack"
    """Licences of the repositories: octopack (12, copyleft among them) or permissive (8)."""
    licences: tuple[str, ...] = ()
    """Licence keys instead of the preset's."""
    licence_choice: Choice = "most_restrictive"
    """Which licence counts where a commit's repositories have several (mode fixed): most_restrictive or first."""
    languages: tuple[str, ...] = ()
    """LIKE patterns of a repository's languages, instead of the release's 22."""
    noise_messages: tuple[str, ...] = ()
    """Lower-case messages to leave out, instead of the release's 24."""
    since: str = ""
    """Commits from this day on (2024-05-01, UTC), by the date of their committer: when they got into the history."""
    until: str = ""
    """Commits before this day: the since of the next selection, which then has what came later and nothing twice."""
    sample: str = ""
    """Write the metadata of a part of the selected commits, the same at every stage: a share (0.01) or a number (1000).
    Not in BigQuery: there, the stage behind it takes the sample."""

    @field_validator("licences")
    @classmethod
    def _keys(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [key for key in keys if not _KEY.fullmatch(key)]
        if wrong:
            raise ValueError(f"{wrong[0]!r} is no licence key: they are in lower case, as mit, apache-2.0")
        return keys

    @field_validator("since", "until")
    @classmethod
    def _day(cls, day: str) -> str:
        if day:
            _seconds(day)
        return day

    @model_validator(mode="after")
    def _days_in_order(self) -> SelectSettings:
        if self.since and self.until and _seconds(self.since) >= _seconds(self.until):
            raise ValueError(f"since {self.since} must be before until {self.until}")
        return self

    def days(self, commits: str = "commits") -> str:
        """Return the condition on a commit's date, in SQL; "" if there is none."""
        place = f"{commits}.committer.time_sec"
        since = [f"{place} >= {_seconds(self.since)}"] if self.since else []
        return " AND ".join([*since, *([f"{place} < {_seconds(self.until)}"] if self.until else [])])


def _seconds(day: str) -> int:
    if not _DAY.fullmatch(day):
        raise ValueError(f"{day!r} is no day: write 2024-05-01")
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


@dataclass(frozen=True)
class Statement:
    """One SELECT in BigQuery's dialect and the table that takes its rows.

    Tables of earlier statements stand in it without a data set: a runner says where they are.
    """

    table: str
    sql: str


@cache
def facts() -> Mapping[str, Any]:
    """Return the release's lists: licences by preset, languages, noise."""
    import yaml

    values: Mapping[str, Any] = yaml.safe_load(FACTS.read_text("utf-8"))
    return values


def statements(mode: Mode, plan: Plan) -> list[Statement]:
    """Return the statements in the order in which they run; the last two make the products."""
    steps = (
        [Statement(METADATA, _text(f"{mode}/fast.sql"))]
        if plan == "fast"
        else [
            Statement("commits_table_base", _text(f"{mode}/1_base.sql")),
            Statement("commits_table_dedup", _text(f"{mode}/2_dedup.sql")),
            Statement("commits_table_dedup_difference", _text("3_difference.sql")),
            Statement("commits_table_dedup_files", _text("4_files.sql")),
            Statement(METADATA, _text("5_metadata.sql")),
        ]
    )
    return [*steps, Statement(LICENSES, _text(f"{mode}/licenses.sql"))]


def statements_of(settings: SelectSettings) -> list[Statement]:
    """Return the statements of a selection: where days are set, each place that reads the commits asks for them."""
    steps = statements(settings.mode, settings.plan)
    return [Statement(step.table, _within(step.sql, settings)) for step in steps] if settings.days() else steps


def _within(sql: str, settings: SelectSettings) -> str:
    from sqlglot import exp, parse_one

    tree = parse_one(sql, read="bigquery")
    for table in list(tree.find_all(exp.Table)):
        select = table.find_ancestor(exp.Select)
        if table.name == "commits" and table.db == SOURCE_SCHEMA and select is not None:
            select.where(settings.days(table.alias), copy=False, dialect="bigquery")
    return tree.sql(dialect="bigquery")


def _text(name: str) -> str:
    return (SQL / name).read_text("utf-8")


def parameters(settings: SelectSettings) -> dict[str, list[str] | str]:
    """Return the values of the query parameters (``@licenses``, …) of all statements together."""
    known = facts()
    noise = list(settings.noise_messages or known["noise_messages"])
    return {
        "licenses": least_restrictive_first(settings.licences or known["licences"][settings.licence_preset]),
        "license_choice": settings.licence_choice,
        "languages": list(settings.languages or known["languages"]),
        "noise_messages": noise,
        "noise_prefix": known["noise_prefix"],
        "noise_pattern": _any_like([*noise, known["noise_prefix"] + "%"]),
    }


def _any_like(patterns: list[str]) -> str:
    """Return LIKE patterns as one regular expression: DuckDB has no LIKE ANY of a list, and both engines have RE2."""
    wild = {"_": ".", "%": ".*"}
    alternatives = ("".join(wild.get(letter, re.escape(letter)) for letter in pattern) for pattern in patterns)
    return f"(?s)^(?:{'|'.join(alternatives)})$"


def parameters_of(statement: Statement, values: Mapping[str, list[str] | str]) -> dict[str, list[str] | str]:
    """Return the parameters that one statement names: engines refuse others."""
    from sqlglot import exp, parse_one

    named = {parameter.name for parameter in parse_one(statement.sql, read="bigquery").find_all(exp.Parameter)}
    return {name: value for name, value in values.items() if name in named}


def in_duckdb(statement: Statement) -> str:
    """Return a statement in DuckDB's dialect."""
    from sqlglot import exp, parse_one

    tree = parse_one(statement.sql, read="bigquery")
    for select in tree.find_all(exp.Select):
        _unnest_in_selection(select)
    return tree.sql(dialect="duckdb")


def _unnest_in_selection(select: exp.Select) -> None:
    """Turn ``FROM t CROSS JOIN UNNEST(t.list) AS x`` into ``FROM (SELECT *, UNNEST(t.list) AS x FROM t) AS t``.

    The rows are the same. DuckDB runs the first form as a join on the whole list: 17 times slower for differences.
    """
    from sqlglot import exp

    table = select.args["from_"].this
    for join in select.args.get("joins") or []:
        listed = join.this.expressions[0] if isinstance(join.this, exp.Unnest) else None
        if isinstance(listed, exp.Column) and listed.table == table.alias:
            name = join.this.args["alias"].columns[0]
            inner = exp.select("*", exp.alias_(exp.Unnest(expressions=[listed]), name)).from_(table)
            select.args["from_"].set("this", inner.subquery(table.alias))
            join.pop()
            return


def chained(steps: list[Statement]) -> str:
    """Return the last statement with those before it as its common table expressions.

    It can be checked and estimated as a whole, before the tables of the steps exist.
    """
    from sqlglot import exp, parse_one

    *before, last = [parse_one(step.sql, read="bigquery") for step in steps]
    assert isinstance(last, exp.Select)
    for step, select in zip(steps, before, strict=False):
        last = last.with_(step.table, as_=select)
    return last.sql(dialect="bigquery", pretty=True)
