"""Heads of functions, as each language writes them: which language is a text plainly in?"""

import re
from collections.abc import Iterable

_HEADS = {
    language: re.compile(pattern, re.MULTILINE)
    for language, pattern in {
        "python": r"^(?:async )?def \w+\(.*:\s*(?:#.*)?$",
        "go": r"^func (?:\(.*?\) )?\w+\(",
        "rust": r"^(?:pub )?fn \w+",
        "js": r"^(?:const|let|var) \w+ = (?:async )?(?:\(.*\)|\w+) =>|^(?:async )?function\*? \w+\(",
        "java": r"^import java\.|^(?:public )?class \w+ *\{",
        "cpp": r"^#include\b|^using namespace \w+;",
    }.items()
}


def other_language(texts: Iterable[str], language: str) -> str | None:
    """Return the language whose heads all texts have, if it is another one and none has a head of ``language``."""
    found = [{name for name, head in _HEADS.items() if head.search(text)} for text in texts]
    if not found or any(language in names for names in found):
        return None
    return min(set.intersection(*found), default=None)
