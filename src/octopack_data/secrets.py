"""Secrets and personal data in a row: found by rules that are data, written over in every text of the row alike.

The rules are in the format of gitleaks (MIT), so that its own list of some 200 (``gitleaks.toml``) or a team's may be
given instead of ours; they run on RE2, which matches in a time linear in the text, whatever text an attacker commits.
One pass of Aho-Corasick over a text says which rules need to be tried at all. Looked at and not taken: detect-secrets
(regular expressions that go back, a plugin call for each line and rule, no release for years) and datatrove's
PIIFormatter (takes turns among its replacements, so that one address gets two in the old and the new text).
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError

RULES = Path(__file__).with_name("data") / "secrets.toml"


@dataclass(frozen=True)
class Allowlist:
    """What is no secret after all: ``target`` (secret, match or line) holds one of the expressions or words."""

    target: str
    expressions: tuple[Any, ...]
    words: tuple[bytes, ...]

    def allows(self, text: bytes, match: Any, secret: tuple[int, int]) -> bool:
        """Say whether a find is allowed."""
        start, end = secret if self.target == "secret" else match.span()
        if self.target == "line":
            start, end = text.rfind(b"\n", 0, start) + 1, text.find(b"\n", end)
        # A line is looked at as far as it matters: some files are one line of megabytes.
        seen = text[max(start, secret[0] - 200) : (end if end >= 0 else len(text))][:20_000]
        lower = seen.lower()
        return any(e.search(seen) for e in self.expressions) or any(word in lower for word in self.words)


@dataclass(frozen=True)
class Rule:
    """One kind of secret or personal data."""

    name: str
    expression: Any
    """Compiled by RE2."""
    group: int
    keywords: tuple[str, ...]
    entropy: float
    replacement: str
    public_address: bool
    allowlists: tuple[Allowlist, ...]

    def finds(self, text: bytes) -> Iterator[tuple[int, int]]:
        """Yield start and end of each value."""
        at = 0
        while match := self.expression.search(text, at):
            start, end = match.span(self.group or _filled(match))
            # What stands behind a value may stand before the next one, too.
            at = max(end, match.start() + 1)
            if start < end and self._is_one(text, match, (start, end)):
                yield start, end

    def _is_one(self, text: bytes, match: Any, secret: tuple[int, int]) -> bool:
        value = text[slice(*secret)]
        if self.entropy and entropy(value) < self.entropy:
            return False
        if self.public_address and not _is_public(value):
            return False
        return not any(allowlist.allows(text, match, secret) for allowlist in self.allowlists)


def _filled(match: Any) -> int:
    """The first group that is not empty; 0 (the whole match) if there is none."""
    return next((number for number, value in enumerate(match.groups(), start=1) if value), 0)


def entropy(value: bytes) -> float:
    """Return Shannon's entropy in bits a character."""
    return -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values()) if value else 0.0


def _is_public(value: bytes) -> bool:
    try:
        address = ipaddress.ip_address(value.decode())
    except ValueError:
        return False
    return address.is_global and not address.is_multicast


@dataclass(frozen=True)
class Found:
    """One place of one value: in which text, of which kind, where (in characters), and a hash of the value."""

    column: str
    kind: str
    start: int
    end: int
    sha256: str
    """The first 16 digits: enough to see that two places hold the same value, without the value."""


@dataclass(frozen=True)
class Redactor:
    """Rules, made ready to be used on texts."""

    rules: tuple[Rule, ...]
    _automaton: Any = field(init=False, repr=False)
    _owners: tuple[tuple[int, ...], ...] = field(init=False, repr=False)
    _always: tuple[int, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        import ahocorasick_rs

        owners: dict[str, list[int]] = {}
        for number, rule in enumerate(self.rules):
            for word in rule.keywords:
                owners.setdefault(word, []).append(number)
        always = tuple(number for number, rule in enumerate(self.rules) if not rule.keywords)
        object.__setattr__(self, "_automaton", ahocorasick_rs.BytesAhoCorasick([word.encode() for word in owners]))
        object.__setattr__(self, "_owners", tuple(map(tuple, owners.values())))
        object.__setattr__(self, "_always", always)

    def _tried(self, text: bytes) -> list[Rule]:
        """The rules whose keywords occur, in their order."""
        lower = text.lower()
        found = {match[0] for match in self._automaton.find_matches_as_indexes(lower, overlapping=True)}
        numbers = {number for keyword in found for number in self._owners[keyword]}
        return [self.rules[number] for number in sorted({*numbers, *self._always})]

    def _places(self, text: bytes) -> list[tuple[int, int, Rule]]:
        """The values of a text in their order, none of them inside another: the first rule has it."""
        taken: list[tuple[int, int, Rule]] = []
        for rule in self._tried(text):
            for start, end in rule.finds(text):
                if all(end <= begun or start >= ended for begun, ended, _ in taken):
                    taken.append((start, end, rule))
        return sorted(taken, key=lambda place: place[:2])

    def redact(self, texts: Mapping[str, str]) -> tuple[dict[str, str], list[Found]]:
        """Return the texts without secrets, and what was found.

        The same value is written over by the same words in every text, another value by others: a change of a key
        stays a change. Nothing depends on anything but the texts.
        """
        packed = {name: text.encode() for name, text in texts.items()}
        places = {name: found for name, text in packed.items() if (found := self._places(text))}
        if not places:
            return dict(texts), []
        written = _Written(b"\n".join(packed.values()))
        changed, said = dict(texts), []
        for name, found in places.items():
            text, pieces, last = packed[name], [], 0
            for start, end, rule in found:
                value = text[start:end]
                pieces += [text[last:start], written.over(rule, value)]
                last = end
                begin = len(text[:start].decode())
                length = len(value.decode("utf-8", "replace"))
                said.append(Found(name, rule.name, begin, begin + length, hashlib.sha256(value).hexdigest()[:16]))
            changed[name] = b"".join([*pieces, text[last:]]).decode()
        return changed, said


@dataclass
class _Written:
    """The replacements of one row: numbered by kind in the order of the first appearance."""

    texts: bytes
    words: dict[tuple[str, bytes], bytes] = field(default_factory=dict)
    numbers: Counter[str] = field(default_factory=Counter)

    def over(self, rule: Rule, value: bytes) -> bytes:
        key = (rule.name, value)
        while key not in self.words:
            self.numbers[rule.name] += 1
            word = rule.replacement.format(number=self.numbers[rule.name]).encode()
            if word not in self.texts:  # else two different things would become one
                self.words[key] = word
        return self.words[key]


def load_rules(path: Path = RULES, *, personal: bool = True, generic: bool = False) -> tuple[Rule, ...]:
    """Read rules in gitleaks' format; raises InputError that names the rule.

    Rules marked ``personal`` or ``generic`` come on request. Rules without a regex (of paths) and allowlists of commits
    and paths are passed over: a row is one file of one commit.
    """
    import tomllib

    try:
        said = tomllib.loads(path.read_text("utf-8"))
        shared = [*said.get("allowlists", []), *([said["allowlist"]] if "allowlist" in said else [])]
        rows = [row for row in said["rules"] if "regex" in row]
        wanted = {"personal": personal, "generic": generic}
        rows = [row for row in rows if all(on or not row.get(kind) for kind, on in wanted.items())]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: not a file of rules in gitleaks' format ({error!r})") from error
    return tuple(_rule(row, shared, path) for row in rows)


def _rule(row: Mapping[str, Any], shared: Sequence[Mapping[str, Any]], path: Path) -> Rule:
    name = str(row.get("id", ""))
    place = f"{path}, rule {name!r}"
    own = [*row.get("allowlists", []), *([row["allowlist"]] if "allowlist" in row else [])]
    return Rule(
        name,
        _compiled(row["regex"], place),
        int(row.get("secretGroup", 0)),
        tuple(word.lower() for word in row.get("keywords", [])),
        float(row.get("entropy", 0.0)),
        _replacement(row, name, place),
        bool(row.get("public_address", False)),
        tuple(_allowlist(said, place) for said in (*own, *shared) if said.get("regexes") or said.get("stopwords")),
    )


def _replacement(row: Mapping[str, Any], name: str, place: str) -> str:
    """The words to write, with a number: else two values became one, and words that a text has already stayed."""
    said = str(row.get("replacement", "REDACTED_" + name.upper().replace("-", "_") + "_{number}"))
    if said.count("{") != 1 or "{number}" not in said or said.count("}") != 1:
        raise InputError(f"{place}: replacement {said!r} must hold {{number}} once and no other braces")
    return said


def _allowlist(said: Mapping[str, Any], place: str) -> Allowlist:
    return Allowlist(
        str(said.get("regexTarget", "secret")),
        tuple(_compiled(text, place) for text in said.get("regexes", [])),
        tuple(word.lower().encode() for word in said.get("stopwords", [])),
    )


@cache
def _compiled(expression: str, place: str) -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    options.max_mem = 64 << 20  # gitleaks' longest rules need more than the default of 8 MB
    try:
        return re2.compile(expression.encode(), options)
    except re2.error as error:
        raise InputError(f"{place}: not a regular expression of RE2 ({error}): {expression[:80]}") from error
