"""Stop strings for models that take only a few."""

from collections.abc import Sequence

# What most often follows a finished function comes first; a template's own words (ends of turns) come before all these.
_BY_IMPORTANCE = ("\ndef", "\nclass", "\nif", "\nprint", "\n#", "\nassert", "\n@", "\nfunc", "\n//", "struct")
_LAST = ("<|endoftext|>",)


def by_importance(words: Sequence[str]) -> list[str]:
    """Return the words in order of importance, without those that a shorter one covers.

    Nothing depends on which of them the server stops at: the whole list is applied again to what comes back.
    """
    needed = [word for word in words if not any(other != word and other in word for other in words)]
    ranks = {word: rank for rank, word in enumerate((*_BY_IMPORTANCE, *_LAST), start=1)}
    return sorted(needed, key=lambda word: ranks.get(word, 0))
