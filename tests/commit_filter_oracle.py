"""A second CommitPackFT filter (mode published), written from the description alone, as one plain script would be.

It shares no code with octopack_data but the list of verbs and the draw for version bumps, which is ours by definition.
"""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import zstandard

from octopack_data.draws import draw
from octopack_data.rules.presets import VERBS_FILE

VERBS = [line.strip().strip('"') for line in VERBS_FILE.read_text().splitlines() if not line.startswith("#")]
STARTS = tuple(verb + " " for verb in VERBS)
BAD = ["readme", "update", "dummy", "updated", "test", "update readme", "update readme.md", "updated readme.md"]
BAD.append("updated readme")
BAD_PARTS = ["auto commit", "update contributing", "<?xml", "merge branch", "merge pull request", "signed-off-by"]
LISTED = {
    "python": ["py"], "java": ["java"], "javascript": ["js"], "rust": ["rs"], "go": ["go"], "c++": ["cpp"],
    "c": ["c", "h"], "html": ["html"], "xml": ["xml"], "shell": ["sh", "bash", "zsh", "csh", "slurm"],
}  # fmt: skip
COLUMNS = ["commit", "old_file", "new_file", "old_contents", "new_contents", "subject", "message", "lang", "license"]
COLUMNS.append("repos")


def length(subject: str) -> bool:
    return 10 < len(subject) < 1000 and 4 < len(subject.split()) < 1000


def first_reason(row: dict[str, Any], seed: int = 0, tokens: Any = None) -> str:
    """Return the reason why a row is dropped, "" for a kept one; tidies its subject in place."""
    if not len(row["old_contents"]) < 50000:
        return "old_too_long"
    if len(row["new_contents"]) == 0:
        return "new_empty"
    if row["old_contents"] == row["new_contents"]:
        return "unchanged"
    if "#" in row["subject"]:
        return "hash_sign"
    listed = LISTED.get(row["lang"].lower(), [])
    parts = row["new_file"].split(".")
    if listed and not (len(parts) > 1 and parts[-1] in listed):
        return "extension"
    if not listed and len(parts) < 2:
        return "extension"
    base = row["new_file"].split("/")[-1].split(".")
    if len(base) >= 2 and base[-2] in row["subject"]:
        return "stem_in_subject"
    if not length(row["subject"]):
        return "length"
    words = row["subject"].strip().replace("[skip ci]", "").split()
    if words and words[0].startswith("[") and words[0].endswith("]"):
        del words[0]
    if words and words[0].endswith(":"):
        del words[0]
    if words and words[-1].startswith("[") and words[-1].endswith("]"):
        del words[-1]
    row["subject"] = " ".join(words)
    if not length(row["subject"]):
        return "length_tidy"
    if not row["subject"][0].isupper():
        return "not_capitalised"
    if tokens and not 50 <= tokens(row["old_contents"] + "<|endoftext|>" + row["new_contents"]) <= 768:
        return "tokens"
    lower = row["subject"].lower()
    if not lower.startswith(STARTS):
        return "verb"
    if lower in BAD:
        return "bad_subject"
    if any(part in lower for part in BAD_PARTS):
        return "bad_substring"
    if re.match(r"v?\d+\.\d+\.\d+($|\S)", lower):
        return "version_like"
    if re.fullmatch(r"[a-f0-9]+(-[a-f0-9]+)*", lower):
        return "hash_like"
    return second_pass(row, seed)


def second_pass(row: dict[str, Any], seed: int) -> str:
    if "cherry picked from commit" in row["subject"]:
        return "cherry_pick"
    if re.search("[a-f0-9]{40}", row["subject"]):
        return "sha"
    row["subject"] = row["subject"].replace("[ci skip]", "").strip()
    subject, lower = row["subject"], row["subject"].lower()
    if (
        subject.startswith(("Bump", "Set version", "Update version"))
        and draw("version bump", row["commit"], seed) >= 2**64 / 10
    ):
        return "bump"
    if " i " in lower or "i've" in lower or "i'm" in lower:
        return "first_person"
    if "thanks to" in lower and "for" in subject:
        return "thanks"
    if "code review" in lower:
        return "code_review"
    if any(re.search(word + r"\s*\d+", lower, re.IGNORECASE) for word in ("issue", "bug", "feature")):
        return "issue_ref"
    if "cdpcp" in lower:
        return "cdpcp"
    if "//codereview" in lower:
        return "codereview_url"
    if "work in progress" in lower or "wip" in lower:
        return "wip"
    if "http://" in lower or "https://" in lower:
        return "url"
    if "| leetcode" in lower:
        return "leetcode"
    if len(subject.split()) < 4:
        return "few_words"
    return ""


def filter_file(source: Path, output: Path, reason_of: Any = first_reason) -> Counter[str]:
    """Filter a zstd file of JSON lines into one file a language, as a script of an afternoon does."""
    counts: Counter[str] = Counter()
    files: dict[str, Any] = {}
    with zstandard.open(source, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            reason = reason_of(row)
            counts[reason] += 1
            if reason == "":
                if row["lang"] not in files:
                    path = output / "data" / row["lang"].lower() / "data.jsonl.zst"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    files[row["lang"]] = zstandard.open(path, "wt", encoding="utf-8")
                out = {name: row[name] for name in COLUMNS}
                files[row["lang"]].write(json.dumps(out, ensure_ascii=False) + "\n")
    for file in files.values():
        file.close()
    return counts
