"""The stage that writes over secrets and personal data, and reports where they were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from octopack_data.manifests import sha256_of, version_of
from octopack_data.parts import PartResult, Stage
from octopack_data.rows import RowWriter, schema_of, text_rows
from octopack_data.sampling import Sample, make_sample
from octopack_data.secrets import RULES, Redactor, load_rules
from octopack_data.settings import RowSettings, written_settings
from octopack_data.sources import Part


class RedactSettings(RowSettings):
    """Settings of ``commitpack redact``."""

    columns: tuple[str, ...] = ("old_contents", "new_contents", "subject", "message")
    """Columns that are looked through; a value is written over alike in all of them (may be given several times)."""
    personal: bool = True
    """Look for e-mail addresses and public IP addresses, too."""
    generic: bool = False
    """Look for values that look random and are given to names like password or token, too: many are no secrets."""
    rules: str = ""
    """A file of rules in gitleaks' format (its own gitleaks.toml, say) instead of ours."""


@dataclass(frozen=True)
class _Redact:
    settings: RedactSettings
    sample: Sample

    def __call__(self, part: Part, output: Path) -> PartResult:
        counts: Counter[str] = Counter(rows=0, kept=0, changed=0)
        written, report = f"data/{part.name}.{self.settings.format}", f"found/{part.name}.jsonl"
        with (
            RowWriter(output / written, lambda: schema_of(part.path)) as writer,
            RowWriter(output / report) as finds,
        ):
            for row, found in self._redacted(part, counts):
                counts["changed"] += bool(found)
                writer.write(row)
                for find in found:
                    counts[f"found_{find['kind']}"] += 1
                    finds.write({name: row[name] for name in ("commit", "new_file") if name in row} | find)
        counts["kept"] = writer.rows
        return PartResult(((written, writer.rows), (report, finds.rows)), counts)

    def _redacted(self, part: Part, counts: Counter[str]) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
        redactor = _redactor(self.settings)
        columns = self.settings.columns
        for row in self.sample.rows(text_rows(part.path, columns, every=True), counts):
            texts, found = redactor.redact({name: row[name] for name in columns})
            yield row | texts, [asdict(find) for find in found]


def _redactor(settings: RedactSettings) -> Redactor:
    path = Path(settings.rules) if settings.rules else RULES
    return _made(settings, path, version_of(path))


@lru_cache(maxsize=1)
def _made(settings: RedactSettings, path: Path, _version: tuple[int, int]) -> Redactor:
    return Redactor(load_rules(path, personal=settings.personal, generic=settings.generic))


def redact_stage(parts: Sequence[Part], output: Path, settings: RedactSettings) -> Stage:
    """Return the stage that writes over secrets and personal data; raises InputError for wrong rules.

    ``found/<part>.jsonl`` has a line for each value that was written over: commit, file, column, kind, place in the
    text before (characters) and a hash. Keep it as private as the source: addresses can be guessed from a hash.
    Memory: one row.
    """
    _redactor(settings)  # wrong rules are said before anything is begun
    rules = Path(settings.rules or RULES)
    files = {rules: sha256_of(rules)}
    said = written_settings(settings) | {"rules_sha256": files[rules]}
    work = _Redact(settings, make_sample(settings.sample, parts))
    return Stage("redact", work, tuple(parts), output, said, files, folders=("data", "found"))
