"""Examples as a trainer sees them, for the terminal: what is trained, what is masked, and how long they are."""

from collections.abc import Iterator, Mapping
from typing import Any

from octopack_train.config.training import TrainingSettings
from octopack_train.packing import BEST_FIT
from octopack_train.previews import ROWS, Preview
from octopack_train.tokens import Tokenizer, Tokens

MASKED, TRAINED, PLAIN = "\x1b[2m", "\x1b[1;32m", "\x1b[0m"
"""Colours: dim, and bold green."""
LOST = {
    "truncated": "cut at the end, end marker lost",
    "truncated_tokens": "tokens lost by that",
    "dropped_overlong": "left out: longer than a row",
    "dropped_untrained": "left out: nothing of them would be trained",
    "dropped_untrained_rows": "rows (bfd_split: pieces) left out: nothing of them would be trained",
    "dropped_tail_tokens": "tokens lost with the short rows at the ends of buffers (sequence.tail)",
    "boundary_moved": "prompt's own tokens do not begin the whole's",
}
"""What may have become of an example, as the report counts it, in words."""
NO_TEST = "none: cadence.evaluate measures nothing (data.test_path, or a larger data.test_share)"
"""What to say where the loss on test rows is asked for, and there are none."""
_NO_EXAMPLES = ("truncated_tokens", "dropped_untrained_rows", "dropped_tail_tokens")
"""Of these, what counts something else."""


def preview_text(found: Preview, settings: TrainingSettings, *, colour: bool) -> str:
    """Return the data's part of a plan."""
    if found.unseen:
        return f"Data\n----\nnot looked at: {found.unseen}\n"
    lines = ["Data", "----", *_numbers(found.report, settings)]
    for number, example in enumerate(found.shown, start=1):
        named = visible(f"{example.text.source} {example.text.language}".rstrip())
        title = f"Example {number}: {len(example.ids)} tokens, {named}"
        lines += ["", title, "-" * len(title), marked(example, settings, found.tokenizer, colour=colour)]
    return "\n".join(lines) + "\n"


def marked(example: Tokens, settings: TrainingSettings, tokenizer: Tokenizer, *, colour: bool) -> str:
    """Return an example's text with what is trained and what is masked told apart: by colour, or between brackets."""
    border = 0 if settings.loss == "all" else example.prompt
    pieces = (example.ids[:border], example.ids[border:])
    masked, trained = (visible(tokenizer.decode(ids, skip_special_tokens=False)) for ids in pieces)
    if colour:
        return f"{MASKED}{masked}{PLAIN}{TRAINED}{trained}{PLAIN}"
    return f"[masked]{masked}[/masked][trained]{trained}[/trained]" if masked else f"[trained]{trained}[/trained]"


def visible(text: str) -> str:
    """Return a text with what a terminal would obey or hide (escapes, marks of direction) as ``\\x1b``."""
    return "".join(one if one.isprintable() or one in "\n\t" else one.encode("unicode_escape").decode() for one in text)


def _numbers(report: Mapping[str, Any], settings: TrainingSettings) -> Iterator[str]:
    train, counts = report["train"], report["train"]["counts"]
    examples, packed = counts["examples"], settings.sequence.packing not in BEST_FIT
    rows = f"; {train['rows']:,} rows, {train['filled']:.1%} full" if packed else ""
    yield f"examples      {examples:,} of the first {ROWS:,} of each source{rows}"
    yield "tokens        " + ", ".join(f"{name} {value:,}" for name, value in train["lengths"].items())
    yield f"trained       {train['trained_share']:.1%} of the tokens"
    if (test := report.get("test")) and test["rows"]:
        yield f"test          {test['counts']['examples']:,} examples"
    elif settings.cadence.evaluate and not (settings.data.mixture and settings.data.mixture.valid):
        whole = all(one["rows"] < ROWS for one in report["read"].values())
        drawn = not whole and settings.data.test_share > 0  # of what is not looked at, some may be
        yield f"test          {f'none of the first {ROWS:,} of each source' if drawn else NO_TEST}"
    for name, said in LOST.items():
        if counts.get(name):
            share = f" ({counts[name] / examples:.1%})" if name not in _NO_EXAMPLES else ""
            yield f"{name:13} {counts[name]:,}{share}: {said}"
    for name, read in report["read"].items():
        dropped = ", ".join(f"{what} {count:,}" for what, count in read.items() if what.startswith("dropped_"))
        if dropped:
            yield f"{name}: {dropped}"
    wanted = {one["source"]: one["wanted_share"] for one in report["choices"]}
    for name, source in train["sources"].items():
        asked = f", {wanted[name]:.1%} asked for" if wanted.get(name) else ""
        shares = f"{source['share_of_rows']:.1%}{asked}), {source['share_of_tokens']:.1%} of the tokens"
        yield f"{name}: {source['rows']:,} examples ({shares}"
