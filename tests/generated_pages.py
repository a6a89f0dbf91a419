"""The pages of docs/ that are made from the package: ``python tests/generated_pages.py`` writes them anew."""

from pathlib import Path

import humanevalpack as hep
from formats_page import formats_page
from humanevalpack.languages import LANGUAGES, get_language
from humanevalpack.problems import Problem
from humanevalpack.prompts import render_encoder_prompt, stop_words
from humanevalpack.scenarios import SCENARIOS, task_name
from humanevalpack.templates import PromptTemplate, load_template, template_names
from rules_page import rules_page

INDEX = 3  # the mini problem of the examples: a short one
DESCRIPTION = "Adds up, over all readings below the base, by how much each one is below it."
ANSWERS = {"code": "the code", "patch": "a patch (diff-match-patch text)", "hunk": "a unified diff"}

_GALLERY = """\
# Prompts gallery

Every template that ships with the package, with what a model reads for one problem of the set `mini`. This page is
made from [`prompts/`](../prompts) by `tests/generated_pages.py`, and a test keeps it equal to them, byte for byte. What
the parts are and how a template is chosen: [prompts.md](prompts.md). The same for any problem:

```bash
humanevalpack prompts preview fixdocs go --prompt octocoder --index 3
```

The examples are `humanevalsynthesize-python`, or `humanevalfixdocs-python` for templates that can only ask for a fix. A
block ends where the model goes on.
"""

_EXAMPLES = """\
# What a model reads, task by task

For each of the 30 tasks the prompt of problem 3 of the set `mini` with the template `instruct`, and for each language
the program that is judged if the model answers with the canonical solution. [tasks.md](tasks.md) says what the parts
are. `tests/generated_pages.py` makes this page, and a test keeps it equal to what the package makes, byte for byte.

```bash
humanevalpack prompts preview fixtests rust --prompt instruct --index 3
```

A block ends where the model goes on. The description in `explainsynthesize` is one that a model could have written.
"""


def generated_pages() -> dict[str, str]:
    """Return every such page: path below the project to text."""
    return {
        "docs/gallery.md": gallery(),
        "docs/task_examples.md": task_examples(),
        "docs/commitpack_rules.md": rules_page(),
        "docs/training_formats.md": formats_page(),
    }


def gallery() -> str:
    """Every template with one example."""
    return "\n".join([_GALLERY, *(_shown_template(load_template(name)) for name in template_names())])


def _shown_template(template: PromptTemplate) -> str:
    scenario = "synthesize" if "synthesize" in template.scenarios else "fixdocs"
    problem = example("python")
    parts = ["All scenarios" if len(template.scenarios) == len(SCENARIOS) else f"Only {', '.join(template.scenarios)}"]
    parts.append(f"answer: {ANSWERS[template.answer]}")
    parts.append("in the paper's branch of the reference harness" if template.since == "paper" else "added later")
    if template.models:
        parts.append(f"`auto` gives it to {', '.join(f'`{pattern}`' for pattern in template.models)}")
    own = [word for word in stop_words("python", prompt=template) if word not in _usual_stop_words()]
    if own:
        only = "only " if template.stop_mode == "replace" else ""
        parts.append(f"stops {only}at {', '.join(_code(word) for word in own)}")
    text = f"## {template.name}\n\n{'; '.join(parts)}.\n\n"
    encoder = render_encoder_prompt(problem, scenario, prompt=template)
    if encoder is not None:
        text += f"The encoder reads\n\n{block(encoder)}\nand the decoder starts from\n\n"
    return text + block(hep.render_prompt(problem, scenario, prompt=template))


def _usual_stop_words() -> list[str]:
    return list(stop_words("python", prompt="instruct"))


def _code(text: str) -> str:
    shown = text.replace("\n", "⏎")
    return f"`` {shown} ``" if "`" in shown else f"`{shown}`"


def task_examples() -> str:
    """Every task's prompt, every language's program."""
    parts = [_EXAMPLES]
    for scenario in SCENARIOS:
        parts.append(f"## {scenario}\n")
        for language in LANGUAGES:
            description = DESCRIPTION if scenario == "explainsynthesize" else None
            prompt = hep.render_prompt(example(language), scenario, prompt="instruct", description=description)
            parts.append(f"### {task_name(scenario, language)}\n\n{block(prompt)}")
    parts.append("## Programs\n")
    for language in LANGUAGES:
        problem = example(language)
        answer = "\n" + problem.canonical_solution
        candidate = hep.extract_candidate(problem, "fixtests", answer, prompt="instruct")
        program = hep.build_program(problem, candidate, "fixtests", prompt="instruct").text
        parts.append(f"### A program in {get_language(language).title}\n\n{block(program, language)}")
    return "\n".join(parts)


def example(language: str) -> Problem:
    """The problem of the examples."""
    return hep.load_problems(language, source="mini")[INDEX]


def block(text: str, kind: str = "text") -> str:
    """Text as a fenced block, byte for byte (a last newline is the block's own)."""
    fence = "````" if "```" in text else "```"
    return f"{fence}{'text' if kind == 'python' else kind}\n{text.removesuffix(chr(10))}\n{fence}\n"


if __name__ == "__main__":
    for name, text in generated_pages().items():
        (Path(__file__).resolve().parents[1] / name).write_text(text, "utf-8")
