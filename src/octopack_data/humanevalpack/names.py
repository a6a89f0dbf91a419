"""What a problem's function is called in each language, made from the name that it has in HumanEval."""

from functools import lru_cache
from pathlib import Path

_FILE = Path(__file__).resolve().parents[1] / "data" / "humanevalpack_names.yaml"


def entry_point(name: str, language: str, text: str) -> str:
    """Return the name as ``text`` (declaration and prompt) of the language writes it.

    Go: CamelCase; Java and JavaScript: camelCase; others unchanged. A name that does not occur in ``text`` then is
    looked up in the table of renames. The name that comes out may still not occur: that is the caller's to say.
    """
    made = _cased(name, language)
    return made if made in text else _renames().get(made, made)


def _cased(name: str, language: str) -> str:
    if language not in ("go", "java", "js"):
        return name
    words = "".join(word.title() for word in name.split("_"))
    return words if language == "go" else words[:1].lower() + words[1:]


@lru_cache(maxsize=1)
def _renames() -> dict[str, str]:
    import yaml

    return {row["from"]: row["to"] for row in yaml.safe_load(_FILE.read_text("utf-8"))}
