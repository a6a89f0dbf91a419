"""docs/training_formats.md: every training format in a table and with its text, made from the table in the code."""

import json

from octopack_data.examples import make_example, settled
from octopack_data.formats import FORMATS, Example, Format, FormatOptions, Place
from octopack_data.records import Mode

ROW = {
    "commit": "cafe",
    "old_file": "src/sums.py",
    "old_contents": "import os\n\ndef add(a, b):\n    return a - b\n",
    "new_contents": "import os\nimport sys\n\ndef add(a, b):\n    return a + b\n",
    "subject": "Mend the sum",
    "message": "Mend the sum\n\nIt was a difference.\n",
    "diff": "@@ -4 +5 @@\n-    return a - b\n+    return a + b",
}
ROW["content"] = f"<commit_before>{ROW['old_contents']}<commit_msg>Mend the sum<commit_after>{ROW['new_contents']}"

_HEAD = """\
# Training formats

How one commit becomes a training example, in every format of the release and in ours. This page is made from the table
in the code (`src/octopack_data/formats.py`) by `tests/generated_pages.py`, and a test keeps it equal to it. How the
examples are written: [training_pairs.md](training_pairs.md). The same for a row of yours:
`octopack-data pairs SOURCE -o pairs/ --dry-run`.

F1 to F7 and M1 are the release's formats for SantaCoder, J1 to J3 those for Megatron, J4 is what its notes advise;
"ours" has no counterpart there. An empty cell: the format has no such form.

"""

_EXAMPLES = """\

`--file-name` (M1) begins the input of the formats with a `yes` there with `<file_name>`, a newline, the name of the old
file, a newline. `--template instructions` (F7) puts words in place of tags; it needs the subject. `fixed` leaves out
rows whose texts hold a mark of the format, and rows with an empty target; both are counted.

## The texts

One commit in every format, as strings of JSON. What says the same as the text before it is left out. The commit:

"""


def formats_page() -> str:
    """Return the page's text."""
    shown = json.dumps({name: value for name, value in ROW.items() if name != "content"}, indent=1)
    parts = [_HEAD, _table(), _EXAMPLES, f"```json\n{shown}\n```\n"]
    parts += [_section(form) for form in FORMATS.values()]
    return "".join(parts)


def _table() -> str:
    lines = [
        "| format | what it is | columns read | instruction in inputs | in targets | `fixed` | `published` "
        "| file name | end mark |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for form in FORMATS.values():
        said = (form.make.__doc__ or "").strip().replace("``", "`")
        places = (_of(form, "inputs"), _of(form, "targets"))
        cells = [
            f"[`{form.name}`](#{form.name})",
            said,
            ", ".join(f"`{column}`" for column in form.columns),
            *(places if "subject" in form.columns else (form.ids["inputs"], "")),
            *(_place(form, mode) for mode in ("fixed", "published")),
            "yes" if form.santa else "",
            "`<\\|endoftext\\|>`" if form.ends else "",
        ]
        lines.append("| " + " | ".join(cell.replace("\n", " ") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _of(form: Format, place: Place) -> str:
    return form.ids.get(place, "")


def _place(form: Format, mode: Mode) -> str:
    if "subject" not in form.columns:
        return ""
    return settled(form.name, FormatOptions(mode)).instruction_in or ""


def _section(form: Format) -> str:
    parts = [f"\n## {form.name}\n"]
    seen: list[Example] = []
    for title, options in _variants(form):
        example = make_example(form.name, ROW, options)
        if example in seen:
            continue
        seen.append(example)
        shown = [json.dumps(text, ensure_ascii=False) for text in (example.input, example.target)]
        parts.append(f"\n{title}:\n\n```text\ninput  {shown[0]}\ntarget {shown[1]}\n```\n")
    return "".join(parts)


def _variants(form: Format) -> list[tuple[str, FormatOptions]]:
    """Every variant with a text of its own: the page leaves out what says the same as one before it."""
    found: list[tuple[str, FormatOptions]] = []
    modes: tuple[Mode, ...] = ("fixed", "published")
    for mode in modes:
        for place in form.ids:
            where = f", instruction in the {place}" if "subject" in form.columns else ""
            found.append((f"`{mode}`{where}", FormatOptions(mode, place)))
    if form.santa:
        found.append(("`fixed`, with the file's name", FormatOptions(file_name=True)))
    if form.santa and "subject" in form.columns:
        found.append(("`fixed`, template instructions", FormatOptions(template="instructions")))
    return found
