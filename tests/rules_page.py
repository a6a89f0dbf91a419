"""docs/commitpack_rules.md: every rule of CommitPackFT in its order, made from the registry and the presets."""

from octopack_data.records import Mode
from octopack_data.rules import (
    Choice,
    Preset,
    Step,
    Tidy,
    preset_names,
    read_phrases,
    read_preset,
    read_verbs,
    rules_of,
)
from octopack_data.rules.presets import TokenLimit
from octopack_data.rules.tokens import TokenRule

ASKS = {
    "old_too_long": "the old contents have fewer than 50,000 characters; empty ones pass",
    "new_empty": "the new contents are not empty",
    "unchanged": "the contents differ",
    "hash_sign": "no `#` in the subject",
    "extension": "in ten languages the path ends with a listed extension; in the others it has a dot anywhere",
    "stem_in_subject": "the file's name between its last two dots is not in the subject",
    "length": "the subject has 11 to 999 characters and 5 to 999 words",
    "tidy": "`[skip ci]`, a first word in brackets, a first word with a colon, a last word in brackets go",
    "length_tidy": "the same as `length`, of what is left",
    "not_capitalised": "the first letter is upper case",
    "tokens": "old and new contents together have 50 to 768 tokens; counted last",
    "verb": "the subject begins with one of 257 verbs in the imperative, and a space",
    "bad_subject": "the subject is not just “update readme” or the like",
    "bad_substring": "no “merge branch”, “signed-off-by” or the like in the subject",
    "version_like": "the subject does not begin with a version number",
    "hash_like": "the subject is not only hexadecimal groups",
    "cherry_pick": "no “cherry picked from commit” in the subject",
    "sha": "no 40 hexadecimal digits in a row",
    "tidy_ci_skip": "`[ci skip]` goes",
    "bump": "version bumps: one in ten is kept, drawn by the commit's id",
    "first_person": "no “ i ”, “i've”, “i'm”",
    "thanks": "not “thanks to” together with “for”",
    "code_review": "no “code review”",
    "specific": "none of the jokes in a file of yours (the release named three)",
    "issue_ref": "no “issue”, “bug” or “feature” with a number",
    "cdpcp": "no “cdpcp”",
    "codereview_url": "no “//codereview”",
    "wip": "no “work in progress”, no “wip”",
    "url": "no address of the web",
    "leetcode": "no “\\| leetcode”",
    "few_words": "at least four words",
}
"""What each step asks of a row that stays (changes of the subject: what they do), as published."""

_HEAD = """\
# The rules of CommitPackFT

Each rule with its name, in the order of the release: the name is the reason that a dropped row is counted under, and
stands in `excluded/`. Order matters for these counts, not for what is kept. This page is made from the registry
(`src/octopack_data/rules/registry.py`) by `tests/generated_pages.py`, and a test keeps it equal to it. How the filter
is run: [commitpack.md](commitpack.md#filter).
"""

_TAIL = """\
`bad_subject`, `version_like` and `hash_like` drop nothing after `verb`: they are kept for lists of verbs of your own.
Lists that a file of yours may take the place of: verbs (`--verbs`, `src/octopack_data/data/verbs.txt`) and phrases
(`--phrases`, `src/octopack_data/data/phrases.yaml`).

## Presets

The release made one filter a model; `--preset NAME` takes another. Pass 2 is CommitPackFT's alone.
"""


def rules_page() -> str:
    """Return the page's text; raises KeyError for a rule without words in ASKS."""
    preset = read_preset("starcoder")
    parts = [_HEAD]
    first = len(_steps(preset.model_copy(update={"passes": (1,)})))
    steps = _steps(preset)
    for number, some in ((1, steps[:first]), (2, steps[first:])):
        parts += [f"## Pass {number}\n", _table(some)]
    parts += [_TAIL, _presets()]
    return "\n".join(parts)


def _steps(preset: Preset, mode: Mode = "published") -> tuple[Step, ...]:
    return rules_of(Choice(preset, mode, read_verbs(strip=False), read_phrases(), tokens=_named(preset.tokens)))


def _named(limit: TokenLimit) -> TokenRule:
    """Return the token rule to be named, not asked: it needs no tokenizer."""
    from tokenizers import Tokenizer, models

    return TokenRule(limit, Tokenizer(models.BPE()), None, None)


def _table(steps: tuple[Step, ...]) -> str:
    lines = ["| rule | what a row must be, as published | mended in `fixed` |", "|---|---|---|"]
    for step in steps:
        name = f"*{step.name}* (changes the subject)" if isinstance(step, Tidy) else f"`{step.name}`"
        lines.append(f"| {name} | {ASKS[step.name]} | {step.repair or 'the same'} |")
    return "\n".join(lines) + "\n"


def _presets() -> str:
    lines = ["| preset | passes | old contents | tokens | counted in | with |", "|---|---|---|---|---|---|"]
    for name in preset_names():
        preset = read_preset(name)
        limit = preset.tokens
        text = limit.text.replace("\n", "⏎").replace("|", "\\|")
        lines.append(
            f"| `{name}` | {', '.join(map(str, preset.passes))}{' of its own' if preset.rules == 'legacy' else ''} "
            f"| below {preset.old_characters:,} | {limit.least} to {limit.most:,} | `{text}` | {limit.tokenizer} |"
        )
    return "\n".join(lines) + "\n"
