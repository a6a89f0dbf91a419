"""What there is to see, as numbers; ``svg.py`` draws it for the page, ``figures.py`` for papers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from humanevalpack.languages import get_language
from humanevalpack.metrics import Estimate
from humanevalpack.published import PublishedCell, published_bug_types, published_scores
from humanevalpack.reports.breakdowns import Problems, Slice, by_bug_type, by_symptom, pass_curves
from humanevalpack.reports.sheet import ScoreSheet
from humanevalpack.results import Run
from humanevalpack.sandbox.verdicts import STATUSES
from humanevalpack.scenarios import TITLES


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar with its interval; shares from 0 to 1. ``mark`` is a published number, ``series`` the run's place."""

    label: str
    series: int
    value: float
    low: float
    high: float
    mark: float | None = None

    @classmethod
    def of(cls, label: str, series: int, score: Estimate, mark: float | None = None) -> "Bar":
        """Make a bar of a score."""
        return cls(label, series, score.mean, score.low, score.high, mark)


@dataclass(frozen=True, slots=True)
class Bars:
    """Groups of bars (one group a label), one bar a run."""

    name: str
    title: str
    bars: Sequence[Bar]
    note: str = ""


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Scenarios by languages of one run; None where there is no score."""

    name: str
    title: str
    rows: Sequence[str]
    columns: Sequence[str]
    values: Sequence[Sequence[float | None]]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line; points are (k, value, low, high)."""

    label: str
    series: int
    points: Sequence[tuple[int, float, float, float]]


@dataclass(frozen=True, slots=True)
class Curves:
    """pass@k over k: a line a scenario of one run, or a line a run for one scenario."""

    name: str
    title: str
    lines: Sequence[Line]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Stacks:
    """Shares of the statuses, a bar a task of one run."""

    name: str
    title: str
    bars: Sequence[tuple[str, Mapping[str, int]]]
    statuses: Sequence[str] = field(default=())
    note: str = ""


Plot = Bars | HeatMap | Curves | Stacks


def plots(
    runs: Sequence[Run], sheets: Sequence[ScoreSheet], problems: Problems, paper: Sequence[str | None]
) -> list[Plot]:
    """Return every plot that these runs have something for; ``paper`` holds each run's published model, or None."""
    return [
        main_bars(sheets, paper),
        *(_heat_map(sheet, number, len(sheets)) for number, sheet in enumerate(sheets)),
        *_curves(runs),
        *(_stacks(sheet, number, len(sheets)) for number, sheet in enumerate(sheets)),
        *_slices(runs, problems, sheets[0].k),
        *_published_bug_types(runs, problems, sheets[0].k, paper),
    ]


def main_bars(sheets: Sequence[ScoreSheet], paper: Sequence[str | None]) -> Bars:
    """Return the averages of every run, and the published ones where the run has all six languages."""
    bars = []
    for scenario, title in TITLES.items():
        for number, sheet in enumerate(sheets):
            if score := sheet.averages.get(scenario):
                bars.append(Bar.of(title, number, score, _mark(sheet, scenario, paper[number])))
    bars += [Bar.of("Overall", number, sheet.overall) for number, sheet in enumerate(sheets) if sheet.overall]
    named = list(dict.fromkeys(name for name in paper if name))
    marks = f"; ring: published ({', '.join(named)})" if any(bar.mark is not None for bar in bars) else ""
    k = sheets[0].k
    return Bars("scores", f"pass@{k}, mean over languages", bars, f"line: 95 % interval{marks}")


def _mark(sheet: ScoreSheet, scenario: str, paper: str | None) -> float | None:
    if paper is None or sheet.k != 1 or len(sheet.languages_of(scenario)) < 6:
        return None
    found = [row for row in published_scores(paper) if row.scenario == scenario and row.languages]
    return found[0].average.value / 100 if found else None


def _heat_map(sheet: ScoreSheet, number: int, runs: int) -> HeatMap:
    values = [
        [score.mean if (score := sheet.tasks.get((scenario, language))) else None for language in sheet.languages]
        for scenario in sheet.scenarios
    ]
    columns = [get_language(language).title for language in sheet.languages]
    rows = [TITLES[scenario] for scenario in sheet.scenarios]
    title = f"pass@{sheet.k} by language" + _of(sheet, runs)
    return HeatMap(_named("languages", number, runs), title, rows, columns, values)


def _curves(runs: Sequence[Run]) -> list[Curves]:
    found = [pass_curves(run) for run in runs]
    note = "mean over languages; band: 95 % interval"
    present = [scenario for scenario in TITLES if any(scenario in curves for curves in found)]
    if len(runs) == 1:
        lines = [_line(TITLES[name], list(TITLES).index(name), found[0][name]) for name in present]
        return [Curves("pass_at_k", "pass@k over k", lines, note)] if lines else []
    return [
        Curves(
            f"pass_at_k_{scenario}",
            f"pass@k over k: HumanEval{TITLES[scenario]}",
            [
                _line(run.name, place, curves[scenario])
                for place, (run, curves) in enumerate(zip(runs, found, strict=True))
                if scenario in curves
            ],
            note,
        )
        for scenario in present
    ]


def _line(label: str, series: int, points: Sequence[tuple[int, Estimate]]) -> Line:
    return Line(label, series, [(k, score.mean, score.low, score.high) for k, score in points])


def _stacks(sheet: ScoreSheet, number: int, runs: int) -> Stacks:
    bars = [
        (f"{TITLES[scenario]} · {get_language(language).title}", counts)
        for (scenario, language), counts in sheet.statuses.items()
    ]
    found = {status for _, counts in bars for status in counts}
    statuses = [status for status in STATUSES if status in found] + sorted(found - set(STATUSES))
    return Stacks(_named("verdicts", number, runs), "What became of the samples" + _of(sheet, runs), bars, statuses)


def _slices(runs: Sequence[Run], problems: Problems, k: int) -> list[Bars]:
    sides = (("bug_types", "kind of bug", by_bug_type), ("symptoms", "symptom", by_symptom))
    found = []
    for name, side, slices_of in sides:
        slices = [(number, part) for number, run in enumerate(runs) for part in slices_of(run, problems, k)]
        for scenario in dict.fromkeys(part.scenario for _, part in slices):
            own = [(number, part) for number, part in slices if part.scenario == scenario]
            title = f"HumanEval{TITLES[scenario]} by {side}, pass@{k}"
            found.append(Bars(f"{name}_{scenario}", title, _grouped(own), "in brackets: problems, over all languages"))
    return found


def _published_bug_types(
    runs: Sequence[Run], problems: Problems, k: int, paper: Sequence[str | None]
) -> Iterator[Bars]:
    """Yield the score of HumanEvalFix in Python by kind of bug, for what was published is of Python alone."""
    python = {"python": problems.get("python", ())}
    slices = [
        (number, part)
        for number, run in enumerate(runs)
        for part in by_bug_type(run, python, k)
        if part.scenario == "fixtests"
    ]
    published = [published_bug_types(name) for name in paper]
    if k == 1 and any(published[number] for number, _ in slices):
        named = ", ".join(dict.fromkeys(name for name, kinds in zip(paper, published, strict=True) if name and kinds))
        note = f"in brackets: problems; ring: published ({named})"
        title = f"HumanEval{TITLES['fixtests']} in Python by kind of bug, pass@1"
        yield Bars("bug_types_fixtests_python", title, _grouped(slices, published), note)


def _grouped(
    slices: Sequence[tuple[int, Slice]], published: Sequence[Mapping[str, PublishedCell]] | None = None
) -> list[Bar]:
    def mark(number: int, name: str) -> float | None:
        return published[number][name].value / 100 if published and name in published[number] else None

    names = list(dict.fromkeys(part.name for _, part in slices))
    most = {name: max(part.problems for _, part in slices if part.name == name) for name in names}
    return [
        Bar.of(f"{name} ({most[name]})", number, part.score, mark(number, name))
        for name in names
        for number, part in slices
        if part.name == name
    ]


def _named(name: str, number: int, runs: int) -> str:
    return name if runs == 1 else f"{name}_{number + 1}"


def _of(sheet: ScoreSheet, runs: int) -> str:
    return "" if runs == 1 else f": {sheet.name}"
