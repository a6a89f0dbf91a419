"""Which part of a generation was kept: found again from the candidate, whatever cut it out."""

from collections.abc import Sequence

_PROBE = 24


def kept_part(generation: str, candidate: str) -> tuple[int, int]:
    """Return (begin, end) of the longest part of ``generation`` that stands in ``candidate``; (0, 0) if nothing does.

    A code answer is kept from its first character on and ends the candidate (a closing bracket may follow it); code
    from a chat answer stands somewhere inside. Characters are Python's, not UTF-16 units.
    """
    answer = generation.rstrip()
    ends = [
        _kept_prefix(answer, candidate.removesuffix(tail).rstrip())
        for tail in ("", "\n}", "}")
        if candidate.endswith(tail)
    ]
    # Both ways, because a short start of a chat answer can end a candidate by chance.
    begin, end = _kept_lines(generation, candidate)
    return (0, max(ends)) if max(ends) >= end - begin else (begin, end)


def _kept_prefix(generation: str, candidate: str) -> int:
    """Return the length of the longest start of ``generation`` that ends ``candidate`` (with a bracket or so in it)."""
    if not generation.strip() or not candidate:
        return 0
    if candidate.endswith(generation):
        return len(generation)
    for probe in (candidate[-_PROBE:], candidate[-1:]):
        at = generation.rfind(probe)
        while at >= 0:
            end = at + len(probe)
            if candidate.endswith(generation[:end]):
                return end
            at = generation.rfind(probe, 0, at + len(probe) - 1)
    return 0


def _kept_lines(generation: str, candidate: str) -> tuple[int, int]:
    """Return the longest run of lines that stands in both."""
    lines, there = generation.splitlines(keepends=True), candidate.splitlines()
    begin, size = _longest_common([line.rstrip("\r\n") for line in lines], there)
    if not "".join(lines[begin : begin + size]).strip():
        return 0, 0
    start = sum(map(len, lines[:begin]))
    return start, start + len("".join(lines[begin : begin + size]).rstrip("\r\n"))


def _longest_common(first: Sequence[str], second: Sequence[str]) -> tuple[int, int]:
    """Return (place in ``first``, length) of the longest run of lines with text that both hold."""
    places: dict[str, list[int]] = {}
    for place, line in enumerate(second):
        places.setdefault(line, []).append(place)
    best, before = (0, 0, 0), dict[int, int]()
    for place, line in enumerate(first):
        now = {there: before.get(there - 1, 0) + 1 for there in places.get(line, ())[:200]}
        for size in now.values():
            weight = sum(len(text.strip()) for text in first[place - size + 1 : place + 1]) if size > best[1] else 0
            if weight:
                best = (place - size + 1, size, weight)
        before = now
    return best[0], best[1]
