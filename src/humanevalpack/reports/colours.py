"""Colours of runs and of statuses, for light and for dark ground."""

LIGHT = ("#2a78d6", "#eb6834", "#1baf7a", "#9a6fd0", "#d4a000", "#d64a7f")
"""One a run; from the seventh run on they come round again."""
DARK = ("#5b9df0", "#f08a5d", "#35c08d", "#b18ce0", "#e0b52a", "#e76f9d")

STATUS_COLOURS = {
    "passed": "#2f9e6b",
    "failed": "#e0664f",
    "runtime_error": "#f0a04b",
    "compile_error": "#8f6fc9",
    "timeout": "#4f8fd6",
    "memory_limit": "#c95f9b",
    "output_limit": "#a8763e",
    "incomplete": "#c9b03a",
    "sandbox_error": "#6f7680",
}
"""The verdicts; they are read on both grounds."""
_OTHER = ("#8c939c", "#a9afb7", "#767d86", "#bcc1c7")


def run_colour(number: int) -> str:
    """Return the colour of a run on light ground."""
    return LIGHT[number % len(LIGHT)]


def status_colour(status: str, others: tuple[str, ...] = ()) -> str:
    """Return a status's colour; those that are no verdicts (``others``, in order) get shades of grey."""
    if status in STATUS_COLOURS:
        return STATUS_COLOURS[status]
    return _OTHER[others.index(status) % len(_OTHER)] if status in others else _OTHER[0]


def other_statuses(statuses: "list[str] | tuple[str, ...]") -> tuple[str, ...]:
    """Return the statuses that are no verdicts."""
    return tuple(status for status in statuses if status not in STATUS_COLOURS)
