"""octopack_data.secrets: what each rule finds and leaves alone, and how a row's texts are written over."""

import random
import re
import string
from pathlib import Path

import pytest
import yaml

from code_rows import STDLIB
from humanevalpack import LANGUAGES, load_problems
from humanevalpack.errors import InputError
from octopack_data.secrets import RULES, Redactor, load_rules

EXAMPLES = yaml.safe_load((Path(__file__).parent / "secret_examples.yaml").read_text("utf-8"))
OURS = Redactor(load_rules())
LETTERS = {"": string.ascii_letters + string.digits, "U": string.ascii_uppercase + "234567", "D": string.digits}
LETTERS |= {"L": string.ascii_letters, "H": string.digits + "abcdef"}


def written(text: str) -> str:
    """``{U16}``: 16 characters of a kind that look random, the same for the same braces; other braces stay."""

    def made(match: re.Match[str]) -> str:
        return "".join(random.Random(match[0]).choices(LETTERS[match[1]], k=int(match[2])))

    return re.sub(r"\{([UDLH]?)(\d+)\}", made, text)


def table(kind: str) -> list[tuple[str, object]]:
    return [(name, example) for name, said in EXAMPLES.items() for example in said[kind]]


def found(redactor: Redactor, text: str) -> list[tuple[str, str]]:
    return [(find.kind, text[find.start : find.end]) for find in redactor.redact({"text": text})[1]]


def of(name: str) -> Redactor:
    return Redactor(tuple(rule for rule in load_rules(generic=True) if rule.name == name))


def test_every_rule_has_examples_and_a_source() -> None:
    names = [rule.name for rule in load_rules(generic=True)]
    assert names == list(EXAMPLES)
    assert RULES.read_text("utf-8").count("\nsource = ") == len(names)


@pytest.mark.parametrize(("name", "example"), table("find"))
def test_a_rule_finds_the_value_and_no_more(name: str, example: list[str]) -> None:
    text, value = map(written, example)
    assert found(of(name), text) == [(name, value)]


@pytest.mark.parametrize(("name", "example"), table("leave"))
def test_a_rule_leaves_alone_what_only_looks_like_it(name: str, example: str) -> None:
    assert found(of(name), written(example)) == []


def test_a_value_is_written_over_alike_in_all_texts_and_another_value_otherwise() -> None:
    old, new, message = "mail jo@corp.io, al@corp.io", "é: al@corp.io", "jo@corp.io to al@corp.io"
    texts, finds = OURS.redact({"old": old, "new": new, "message": message})
    assert texts == {
        "old": "mail user1@example.com, user2@example.com",
        "new": "é: user2@example.com",
        "message": "user1@example.com to user2@example.com",
    }
    assert len({find.sha256 for find in finds}) == 2
    assert [(find.column, find.start, find.end) for find in finds][2] == ("new", 3, 13)


def test_a_changed_key_stays_a_change() -> None:
    old, new = written("key = 'AKIA{U16}'"), written("key = 'ASIA{U16}'")
    texts, _ = OURS.redact({"old": old, "new": new})
    assert texts == {"old": "key = 'REDACTED_AWS_ACCESS_KEY_1'", "new": "key = 'REDACTED_AWS_ACCESS_KEY_2'"}


def test_words_that_stand_in_the_text_already_are_not_used_for_another_value() -> None:
    texts, _ = OURS.redact({"new": "user1@example.com jo@corp.io"})
    assert texts["new"] == "user1@example.com user2@example.com"


def test_written_over_texts_have_nothing_more_to_find() -> None:
    examples = {str(number): written(str(example[0])) for number, (_, example) in enumerate(table("find"))}  # type: ignore[index]
    redactor = Redactor(load_rules(generic=True))
    texts, finds = redactor.redact(examples)
    assert len(finds) >= len(examples)
    assert redactor.redact(texts) == (texts, [])


def test_many_addresses_after_each_other_are_all_found() -> None:
    assert len(found(OURS, ",".join(f"a{n}@corp.io" for n in range(300)))) == 300
    assert len(found(OURS, " ".join(f"52.14.3.{n}" for n in range(256)))) == 256


@pytest.mark.parametrize("language", LANGUAGES)
def test_code_without_secrets_stays_as_it_is(language: str) -> None:
    for problem in load_problems(language, "mini"):
        texts = {**problem.row()}
        assert Redactor(load_rules(generic=True)).redact(texts) == (texts, [])


def test_of_the_standard_library_only_addresses_are_written_over() -> None:
    kinds = []
    for path in sorted(STDLIB.glob("*.py")):
        kinds += [kind for kind, _ in found(Redactor(load_rules(generic=True)), path.read_text("utf-8"))]
    assert {kind: kinds.count(kind) for kind in set(kinds)}.keys() <= {"email", "ipv4"}
    assert kinds.count("email") <= 100
    assert kinds.count("ipv4") <= 10


HOSTILE = {
    "no end of a local part": "a" * 1_000_000,
    "dots and signs": "a.-" * 300_000,
    "at signs": "a@" * 500_000,
    "domains": "a@" + "b." * 500_000,
    "digits and dots": "1.1." * 250_000,
    "colons": "2000:" * 200_000,
    "keys that never end": "-----BEGIN PRIVATE KEY-----\n" * 30_000,
    "tokens that never end": "eyJ" + "a" * 1_000_000,
    "URLs that never end": "a://b:" * 160_000,
    "assignments that never end": "password = '" + "a1" * 500_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_of_a_megabyte_hold_nothing_up(text: str) -> None:
    # RE2 is linear in the text by construction; an engine that goes back would not end within a test's patience.
    redactor = Redactor(load_rules(generic=True))
    assert {type(rule.expression).__module__ for rule in redactor.rules} == {"re2"}
    assert redactor.redact({"text": text}) == ({"text": text}, [])


GITLEAKS = r"""
[allowlist]
stopwords = ["placeholder"]
[[rules]]
id = "acme-key"
regex = '''acme_(key|token)=([a-z0-9]{8,})'''
secretGroup = 2
entropy = 2.0
keywords = ["acme_"]
[rules.allowlist]
regexTarget = "line"
regexes = ['''# test''']
[[rules]]
id = "only-a-path"
path = '''\.p12$'''
"""


def test_a_file_of_gitleaks_is_understood(tmp_path: Path) -> None:
    (tmp_path / "gitleaks.toml").write_text(GITLEAKS)
    redactor = Redactor(load_rules(tmp_path / "gitleaks.toml"))
    assert [rule.name for rule in redactor.rules] == ["acme-key"]
    assert found(redactor, "acme_token=a1b2c3d4e5") == [("acme-key", "a1b2c3d4e5")]
    for allowed in ("acme_key=aaaaaaaa", "acme_key=a1b2c3d4e5 # test", "acme_key=placeholder12"):
        assert found(redactor, allowed) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("rules = 3", "not a file of rules in gitleaks' format"),
        ("[[rules]]\nid = 'a'\nregex = '(?=b)'", r"rule 'a': not a regular expression of RE2"),
        ("[[rules]]\nid = 'a'\nregex = 'b'\nreplacement = 'GONE'", r"rule 'a': replacement 'GONE' must hold {number}"),
    ],
)
def test_wrong_rules_are_named(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "rules.toml").write_text(content)
    with pytest.raises(InputError, match=said):
        load_rules(tmp_path / "rules.toml")
