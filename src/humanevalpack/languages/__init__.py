"""The six languages, one small file each."""

from humanevalpack.errors import UsageError
from humanevalpack.languages.base import Language, Profile
from humanevalpack.languages.cpp import CPP
from humanevalpack.languages.go import GO
from humanevalpack.languages.java import JAVA
from humanevalpack.languages.js import JS
from humanevalpack.languages.python import PYTHON
from humanevalpack.languages.rust import RUST

__all__ = ["LANGUAGES", "PROFILES", "Language", "Profile", "check_profile", "get_language"]

_BY_NAME = {language.name: language for language in (CPP, GO, JAVA, JS, PYTHON, RUST)}
LANGUAGES = tuple(_BY_NAME)
PROFILES: tuple[Profile, ...] = ("reference", "fixed")


def get_language(name: str) -> Language:
    """Return a language by its name; raises UsageError that lists the names."""
    try:
        return _BY_NAME[name]
    except KeyError:
        raise UsageError(f"language {name!r} is not known; use one of {', '.join(LANGUAGES)}") from None


def check_profile(profile: str) -> Profile:
    """Return ``profile`` if it is one; raises UsageError that lists the names."""
    for known in PROFILES:
        if profile == known:
            return known
    raise UsageError(f"profile {profile!r} is not known; use one of {', '.join(PROFILES)}")
