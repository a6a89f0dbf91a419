"""One generation, as every file of ours keeps it: a line of ``generations.jsonl``."""

import json
from dataclasses import dataclass, fields
from typing import Any, Final

from humanevalpack.completions import FINISHES
from humanevalpack.errors import InputError

GENERATED, TOO_LONG, SKIPPED = "generated", "prompt_too_long", "skipped"
# A verdict is never among them: what is read here has still to be judged.
GENERATION_STATUSES = (GENERATED, TOO_LONG, SKIPPED)
COMPLETION: Final = "completion"
PROGRAM: Final = "program"
FORMS = (COMPLETION, PROGRAM)
"""``completion``: the text after the prompt, as the model gave it. ``program``: another harness post-processed it."""

Key = tuple[str, str, int]
"""Task, task_id and number of the sample: what a generation is known by."""

_TYPES: dict[str, Any] = {"sample": int, "description": str | None, "finish": str | None}
_VOCABULARY: dict[str, tuple[str | None, ...]] = {
    "status": GENERATION_STATUSES,
    "finish": (*FINISHES, None),
    "form": FORMS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRow:
    """One generation with what it answers."""

    task: str
    task_id: str
    sample: int
    prompt: str
    generation: str
    status: str
    """``generated``, ``prompt_too_long`` (the model was not asked: the prompt leaves no room) or ``skipped``."""
    description: str | None = None
    """explainsynthesize: the description that the prompt holds."""
    finish: str | None = None
    form: str = COMPLETION

    @property
    def key(self) -> Key:
        """Return what no two rows of a run have in common."""
        return self.task, self.task_id, self.sample

    @classmethod
    def read(cls, record: object, place: str) -> "KeptRow":
        """Check one record; raises InputError that names the place and the field."""
        if not isinstance(record, dict):
            raise InputError(f"{place}: expected a JSON object, found {type(record).__name__}")
        record = {"form": COMPLETION, **record}
        for field in fields(cls):
            value = record.get(field.name)
            allowed = _TYPES.get(field.name, str)
            if not isinstance(value, allowed) or isinstance(value, bool):
                kind = getattr(allowed, "__name__", "text or null")
                raise InputError(f"{place}: field {field.name!r} must be {kind}, found {value!r:.60}")
        if record["sample"] < 0:
            raise InputError(f"{place}: field 'sample' must be at least 0, found {record['sample']}")
        for name, words in _VOCABULARY.items():
            if record.get(name) not in words:
                allowed_words = ", ".join(str(word) for word in words if word is not None)
                raise InputError(f"{place}: {name} is {record[name]!r}; allowed: {allowed_words}")
        values: dict[str, Any] = {field.name: record.get(field.name) for field in fields(cls)}
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Return the row as plain JSON types; what is as usual (no ``finish``, form ``completion``) is left out."""
        record = {field.name: getattr(self, field.name) for field in fields(self)}
        if self.finish is None:
            del record["finish"]
        if self.form == COMPLETION:
            del record["form"]
        return record

    def to_line(self) -> str:
        """Return the row as one line of JSON, plain ASCII."""
        return json.dumps(self.to_dict()) + "\n"


def writable(text: str) -> str:
    """Replace halves of surrogate pairs, which JSON can hold and no UTF-8 file can, by U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
