"""The stage ``oasst pairs``: dialogues to prompts with completions, the first two turns of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from octopack_data.dialogue_filters import OasstSettings, failed_filter, need_facts, phrase_in, read_phrases
from octopack_data.dialogue_pairs import Candidate, excluded_pairs, pair_sample, pair_schema, read_candidates
from octopack_data.exclusions import Excluded
from octopack_data.manifests import sha256_of, version_of
from octopack_data.parts import PartResult, Stage
from octopack_data.rows import RowWriter, place
from octopack_data.sampling import WHOLE, Sample
from octopack_data.settings import written_settings
from octopack_data.sources import Part

Phrases = tuple[tuple[str, str], ...]


def pairs_stage(parts: Sequence[Part], output: Path, settings: OasstSettings) -> Stage:
    """Return the stage; raises UsageError and InputError for settings that cannot work."""
    phrases_of(settings)  # faults of the file are said before any row is read
    files = {settings.phrases: sha256_of(settings.phrases)} if settings.phrases else {}
    said = written_settings(settings) | ({"phrases_sha256": files[settings.phrases]} if settings.phrases else {})
    work = PairsWork(settings, pair_sample(parts, settings, settings.replies))
    return Stage("oasst pairs", work, tuple(parts), output, said, files)


def phrases_of(settings: OasstSettings) -> Phrases:
    """Return the phrases that settings name, read anew if the file has changed; raises InputError."""
    return _phrases(settings, version_of(settings.phrases)) if settings.phrases else ()


@lru_cache(maxsize=4)
def _phrases(settings: OasstSettings, _version: tuple[int, int]) -> Phrases:
    assert settings.phrases is not None
    return read_phrases(settings.phrases, settings.mode)


@dataclass(frozen=True)
class PairsWork:
    """The work of the stage on one file."""

    settings: OasstSettings
    sample: Sample = WHOLE

    def __call__(self, part: Part, output: Path) -> PartResult:
        """Write the pairs that stay, and count them, also by the language of their code (``code.<language>``)."""
        settings, phrases = self.settings, phrases_of(self.settings)
        counts: Counter[str] = Counter(rows=0, kept=0)
        name = f"data/{part.name}.{settings.format}"
        with (
            RowWriter(output / name, pair_schema) as kept,
            excluded_pairs(output, part.name, settings) as excluded,
        ):
            for one in read_candidates(part, settings, settings.replies):
                counts["rows"] += 1
                pair = one.pair
                if not self.sample.holds(pair.id):
                    counts["dropped_sample"] += 1
                elif (why := self._why_not(one, phrases)) is not None:
                    counts[f"dropped_{why.reason}"] += 1
                    excluded.write(asdict(pair), why)
                else:
                    counts.update(("kept", f"code.{pair.code_language or 'none'}"))
                    kept.write(asdict(pair))
        return PartResult(((name, kept.rows), *excluded.files), counts)

    def _why_not(self, one: Candidate, phrases: Phrases) -> Excluded | None:
        if one.fault:
            return Excluded(one.fault)
        need_facts(one.dialogue, self.settings, place(one.path, one.dialogue.line))
        if reason := failed_filter(one.dialogue, self.settings):
            return Excluded(reason)
        if (phrase := phrase_in(one.dialogue, phrases)) is not None:
            return Excluded("phrase", {"phrase": phrase})
        return Excluded("no_code") if self.settings.code == "fenced" and not one.pair.code_language else None
