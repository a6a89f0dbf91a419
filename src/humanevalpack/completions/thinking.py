"""Takes a reasoning model's thoughts out of its answer: nothing in them counts, least of all a block of code."""

import re

_NAMES = r"(?:seed:)?(?:think|thinking|thought|thoughts|thought_process|reasoning|reflection|scratchpad|analysis)"
# Tags in angle brackets (DeepSeek, Qwen, Claude, Seed, Granite), Magistral's [THINK], Kimi's triangles, Apertus' and
# others' tokens. An opening tag counts where a line begins, for code and prose may speak of one elsewhere.
_OPEN = re.compile(
    rf"^[ \t]*(?:<(?P<tag>{_NAMES})>|\[THINK\]|◁think▷|<\|(?:think|thinking|inner_prefix)\|>)",
    re.MULTILINE | re.IGNORECASE,
)
_CLOSE = re.compile(rf"</{_NAMES}>|\[/THINK\]|◁/think▷|<\|/(?:think|thinking)\|>|<\|inner_suffix\|>", re.IGNORECASE)
# Channels (gpt-oss): with their tokens, and as they read where a server has left special tokens out.
_FINAL = re.compile(r"<\|channel\|>\s*final\b[^\n]*?<\|message\|>|^analysis(?=.*?assistantfinal)", re.DOTALL)
_CHANNEL = re.compile(r"<\|channel\|>")
_SPOKEN_FINAL = "assistantfinal"
_MESSAGE_END = re.compile(r"<\|(?:end|return|start|call)\|>")
# Ends of a turn that a server has kept in the text.
_TURN_END = re.compile(
    r"<\|(?:im_end|eot_id|eom_id|endoftext|end_of_text|end|return|user|end_of_turn)\|>|<end_of_turn>|</s>|<｜end▁of▁sentence｜>"
)


def without_thinking(text: str) -> tuple[str, bool]:
    """Return what is left of an answer without its thinking sections, and whether one of them never ends."""
    final = _last(_FINAL, text)
    if final is not None:
        if final[0].startswith("analysis"):
            return text.rpartition(_SPOKEN_FINAL)[2], False
        return _MESSAGE_END.split(text[final.end() :], maxsplit=1)[0], False
    if _CHANNEL.search(text):
        return "", True
    kept = ""
    while opening := _OPEN.search(text):
        before = text[: opening.start()]
        closing = _CLOSE.search(text, opening.end())
        if closing is None:
            return _opened_by_the_prompt(kept + before), True
        kept, text = kept + before, text[closing.end() :]
    return _TURN_END.split(_opened_by_the_prompt(kept + text), maxsplit=1)[0], False


def _opened_by_the_prompt(text: str) -> str:
    """Cut what stands before a closing tag without an opening one: the chat template had opened the section."""
    closing = _last(_CLOSE, text)
    return text if closing is None else text[closing.end() :]


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    found = None
    for match in pattern.finditer(text):
        found = match
    return found
