"""The languages that the supervisor can build and run."""

from __future__ import annotations

from .base import Language
from .cpp import Cpp
from .java import Java
from .js import JavaScript
from .python import Python

LANGUAGES: dict[str, Language] = {language.name: language for language in (Cpp(), Java(), JavaScript(), Python())}
