"""Table 4 of the paper as text: languages with megabytes, samples and shares, before and after the filters."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Literal, NamedTuple

from octopack_data.statistics import COLUMNS, LanguageSizes, by_size, total

Form = Literal["csv", "markdown", "markdown-shares", "latex", "sizes"]
"""``markdown-shares``: the release's two tables of four decimals, with the share of the samples as well; ``sizes``: CSV
of the sizes as they are, which ``read_sizes`` reads."""

_HEAD = ("Name", "Megabytes", "Samples", "% of total (MB)", "Megabytes", "Samples", "% of total (MB)")


class Line(NamedTuple):
    """One line: megabytes (of 1000 of the sizes' kilobytes), samples and percent of all megabytes, twice."""

    name: str
    raw_megabytes: float
    raw_samples: int
    raw_percent: float
    filtered_megabytes: float
    filtered_samples: int
    filtered_percent: float


def lines(sizes: Iterable[LanguageSizes]) -> list[Line]:
    """Return the table's lines: the total first, then the languages by their size before the filters."""
    rows = by_size(sizes)
    whole = total(rows)
    return [
        Line(
            row.language,
            row.raw_kb / 1000,
            row.raw_samples,
            percent(row.raw_kb, whole.raw_kb),
            row.ft_kb / 1000,
            row.ft_samples,
            percent(row.ft_kb, whole.ft_kb),
        )
        for row in (whole, *rows)
    ]


def percent(part: float, whole: float) -> float:
    """Return a share in percent, 0 of nothing."""
    return 100 * part / whole if whole else 0.0


def language_table(sizes: Iterable[LanguageSizes], form: Form) -> str:
    """Return the table as text that ends with a newline."""
    writers: dict[Form, Callable[[Sequence[LanguageSizes]], str]] = {
        "csv": _csv,
        "markdown": _markdown,
        "markdown-shares": _markdown_shares,
        "latex": _latex,
        "sizes": _sizes,
    }
    return writers[form](list(sizes))


def _cells(line: Line) -> list[str]:
    return [
        value if isinstance(value, str) else str(value) if isinstance(value, int) else f"{value:.2f}" for value in line
    ]


def _csv(sizes: Sequence[LanguageSizes]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Line._fields)
    writer.writerows(_cells(line) for line in lines(sizes))
    return text.getvalue()


def _sizes(sizes: Sequence[LanguageSizes]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in by_size(sizes))
    return text.getvalue()


def _markdown(sizes: Sequence[LanguageSizes]) -> str:
    head = ["Name", *(f"{side}: {name}" for side in ("raw", "filtered") for name in _HEAD[1:4])]
    return _markdown_table(head, [_cells(line) for line in lines(sizes)])


def _markdown_table(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    rule = ["---", *("---:" for _ in head[1:])]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (head, rule, *body))


def _markdown_shares(sizes: Sequence[LanguageSizes]) -> str:
    raw = [(row.language, row.raw_kb, row.raw_samples) for row in sizes]
    filtered = [(row.language, row.ft_kb, row.ft_samples) for row in sizes if row.ft_samples]
    return "\n".join(f"{title}\n\n{_shares(rows)}" for title, rows in (("Raw", raw), ("Filtered", filtered)))


def _shares(rows: Sequence[tuple[str, float, int]]) -> str:
    kilobytes, samples = sum(row[1] for row in rows), sum(row[2] for row in rows)
    listed = [("total", kilobytes, samples), *sorted(rows, key=lambda row: -row[1])]
    body = [
        [name, f"{size / 1000:.4f}", f"{percent(size, kilobytes):.4f}%", str(count), f"{percent(count, samples):.4f}%"]
        for name, size, count in listed
    ]
    return _markdown_table(("Name", "Megabytes", "% of total", "Samples", "% of total"), body)


def _latex(sizes: Sequence[LanguageSizes]) -> str:
    body = [" & ".join([_escaped(line.name), *_cells(line)[1:]]) + r" \\" for line in lines(sizes)]
    return "\n".join(
        [
            "% needs \\usepackage{booktabs,longtable}",
            r"\begin{longtable}{lrrrrrr}",
            r"\toprule",
            r" & \multicolumn{3}{c}{Raw} & \multicolumn{3}{c}{Filtered} \\",
            r"\cmidrule(lr){2-4} \cmidrule(lr){5-7}",
            " & ".join(_escaped(name) for name in _HEAD) + r" \\",
            r"\midrule",
            r"\endhead",
            body[0],
            r"\midrule",
            *body[1:],
            r"\bottomrule",
            r"\end{longtable}",
            "",
        ]
    )


def _escaped(text: str) -> str:
    return "".join("\\" + letter if letter in "#%&_$" else letter for letter in text)
