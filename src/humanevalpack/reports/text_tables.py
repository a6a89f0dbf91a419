"""The score table as LaTeX and as Markdown."""

from collections.abc import Sequence

from humanevalpack.published import RECALLED, origins
from humanevalpack.reports.score_rows import Cell, Row, score_rows, table_heads, table_languages
from humanevalpack.reports.sheet import ScoreSheet

_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "–": "--",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}
_MARKDOWN = str.maketrans({character: "\\" + character for character in "\\`*_[]<>|#&"})


def latex_table(sheets: Sequence[ScoreSheet], paper: Sequence[str | None]) -> str:
    """Return a table for ``booktabs``: scores in percent, the half width or the ends of the interval below each."""
    languages = table_languages(sheets)
    heads = table_heads(languages)
    lines = [
        f"% pass@{sheets[0].k} in percent, 95 % intervals clustered by problem; needs \\usepackage{{booktabs}}",
        f"% ({RECALLED}): {origins()[RECALLED]}",
        r"\begin{tabular}{l" + "r" * len(heads) + "}",
        r"\toprule",
        " & ".join(["", *map(_latex, heads)]) + r" \\",
    ]
    for sheet, model in zip(sheets, paper, strict=True):
        lines += [r"\midrule", rf"\multicolumn{{{len(heads) + 1}}}{{l}}{{\textbf{{{_latex(sheet.name)}}}}} \\"]
        for row in score_rows(sheet, languages, model):
            lines += _latex_rows(row)
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def _latex_rows(row: Row) -> list[str]:
    cells = [_latex(cell.text) for cell in row.cells]
    label = _latex(row.label)
    if row.kind == "published":
        label, cells = rf"\quad\textit{{{label}}}", [rf"\textit{{{cell}}}" if cell else "" for cell in cells]
    rows = [" & ".join([label, *cells]) + r" \\"]
    if any(cell.interval for cell in row.cells):
        rows.append(" & ".join(["", *map(_latex_interval, row.cells)]) + r" \\")
    return rows


def _latex_interval(cell: Cell) -> str:
    low, _, high = cell.interval.partition(" to ")
    return rf"{{\scriptsize {low}--{high}}}" if high else ""


def _latex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)


def markdown_table(sheets: Sequence[ScoreSheet], paper: Sequence[str | None]) -> str:
    """Return one Markdown table: a row a run and scenario, the interval in brackets."""
    languages = table_languages(sheets)
    heads = ["run", f"pass@{sheets[0].k}, %", *table_heads(languages)]
    lines = [_markdown_row(heads), "|".join(["", "---", "---", *["---:"] * (len(heads) - 2), ""])]
    for sheet, model in zip(sheets, paper, strict=True):
        for number, row in enumerate(score_rows(sheet, languages, model)):
            name = sheet.name if number == 0 else ""
            texts = [cell.text + (f" ({cell.interval})" if cell.interval else "") for cell in row.cells]
            lines.append(_markdown_row([name, row.label, *texts]))
    return "\n".join([*lines, ""])


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(' '.join(cell.split()).translate(_MARKDOWN) for cell in cells)} |"
