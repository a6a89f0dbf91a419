"""The languages that the supervisor can build and run."""

from __future__ import annotations

from .base import Language
from .cpp import Cpp
from .go import Go
from .java import Java
from .js import JavaScript
from .python import Python
from .rust import Rust

LANGUAGES: dict[str, Language] = {
    language.name: language for language in (Cpp(), Go(), Java(), JavaScript(), Python(), Rust())
}
