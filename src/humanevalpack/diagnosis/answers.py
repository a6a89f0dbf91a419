"""What an answer looks like where it should be nothing but code: chat tokens, fences, sentences, the head once more."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from humanevalpack.completions.items import blanked
from humanevalpack.languages import get_language
from humanevalpack.results import ScoredSample

TOKENS, FENCE, PROSE, HEAD = "chat_tokens", "fenced_answer", "prose_answer", "repeated_head"

# Turns and ends of turns of chat formats; <|endoftext|> is a stop word of every template.
_TOKEN = re.compile(
    r"<\|(?!endoftext)[A-Za-z_]+\|>|<[|｜][^<>\s]{1,30}[|｜]>|\[/?INST\]|<</?SYS>>|</?s>|<(?:start|end)_of_turn>"
    r"|^#{2,3} (?:Instruction|Response|Human|Assistant)\b:?|^(?:Human|User|Assistant|Question|Answer):",
    re.MULTILINE,
)
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)[^\n`]*$", re.MULTILINE)
_CODE_SIGNS = re.compile(r"[;{}=<>\[\]|\\]|^\s*(?://|#|/\*|\*|--)|^\s*(?:import|from|use|using|package|return)\b")
_WORDS_OF_PROSE = 4
_DEFINES = {
    "python": r"^[ \t]*(?:async[ \t]+)?def[ \t]+({name})[ \t]*\(",
    "js": r"^[ \t]*(?:export[ \t]+)?(?:(?:const|let|var)[ \t]+({name})[ \t]*=|(?:async )?function[ \t]+({name})\b)",
    "go": r"^[ \t]*func[ \t]+({name})[ \t]*[(\[]",
    "rust": r"^[ \t]*(?:pub[ \t]+)?fn[ \t]+({name})\b",
    "java": r"^[ \t]*(?:(?:public|private|protected|static)[ \t]+)+[\w<>,\[\]?\t ]*?[ \t]({name})[ \t]*\([^;\n]*$",
    "cpp": r"^[ \t]*(?!return\b|else\b)[\w:<>,&*][\w:<>,&* \t]*?[\s&*>]({name})[ \t]*\([^;\n]*$",
}
_DOCSTRING = re.compile(r"\"\"\".*?(?:\"\"\"|\Z)|'''.*?(?:'''|\Z)|#[^\n]*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Shape:
    """What stands where code should: one of the codes above, and what was seen."""

    code: str
    sign: str


def shape(sample: ScoredSample, words: Sequence[str]) -> Shape | None:
    """Return what stands before the code of an answer; what follows the code is cut off and does no harm."""
    before = lead(sample.generation)
    # On a line of code a token goes into the program.
    kept = sample.candidate if sample.verdict else ""
    for token in (match[0] for text in (before, kept) for match in _TOKEN.finditer(text)):
        if token not in sample.prompt and not any(token in word for word in words):
            return Shape(TOKENS, token)
    if (fence := _FENCE.search(before)) and not any("```" in word for word in words):
        return Shape(FENCE, fence[0].strip())
    if name := repeated_head(sample.prompt, sample.generation, sample.language):
        return Shape(HEAD, name)
    return Shape(PROSE, "") if any(map(is_prose, before.split("\n"))) else None


def lead(text: str) -> str:
    """Return an answer's lines before its code, which begins at the first line that is indented or closes a bracket."""
    lines = text.split("\n")
    code = (
        number
        for number, line in enumerate(lines)
        if number and line.strip() and (line[0] in " \t}" and not _FENCE.match(line))
    )
    return "\n".join(lines[: next(code, len(lines))])


def is_prose(line: str) -> bool:
    """Whether a line that is not indented is a sentence."""
    if not line.strip() or line[0].isspace() or _CODE_SIGNS.search(line):
        return False
    words = line.split()
    plain = [word for word in words if re.fullmatch(r"[(\"'`*]*[A-Za-z][A-Za-z'’-]*[)\"'`*.,:;!?]*", word)]
    return len(plain) >= _WORDS_OF_PROSE and len(plain) >= 0.7 * len(words)


def repeated_head(prompt: str, answer: str, language: str) -> str:
    """Return the function's name if the answer defines once more what its prompt has begun; else nothing."""
    heads = list(re.finditer(_DEFINES[language].format(name=r"[\w$]+"), prompt, re.MULTILINE))
    if not heads:
        return ""
    name = str(next(filter(None, heads[-1].groups())))
    again = re.search(_DEFINES[language].format(name=re.escape(name)), answer, re.MULTILINE)
    if again is None or _has_code(answer[: again.start()], language):
        return ""
    return name


def _has_code(text: str, language: str) -> bool:
    """Whether a body begins in what stands before a definition."""
    silent = _DOCSTRING.sub("", text) if language == "python" else blanked(text, get_language(language))
    lines = [line for line in silent.split("\n")[1:] if line.strip() and not _FENCE.match(line)]
    return any(line[0] in " \t}" for line in lines)
