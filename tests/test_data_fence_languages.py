"""octopack_data.fence_languages: which language a text's first fence names, as in the release and as in Markdown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octopack_data.fence_languages import fence_language, fence_words, language_called
from octopack_data.languages import folder_of, languages

CASES = {
    # text, its language in mode published, in mode fixed
    "none": ("no code", "", ""),
    "a name": ("A\n```python\nx\n```", "python", "python"),
    "an alias": ("A\n```py\nx\n```", "python", "python"),
    "capitals and spaces": ("```  JavaScript \nx\n```", "javascript", "javascript"),
    "a sign": ("```C++\nx\n```", "c++", "c++"),
    "a shell": ("```bash\nls\n```", "shell", "shell"),
    "no tag": ("```\nx\n```", "", ""),
    "the first of two": ("```sql\nx\n```\n```py\nx\n```", "sql", "sql"),
    "the first has no tag": ("```\nx\n```\n```py\nx\n```", "", ""),
    "no language": ("```output\nx\n```", "", ""),
    "more words behind it": ("```python title=a\nx\n```", "", "python"),
    "in braces": ("```{.python}\nx\n```", "", "python"),
    "with a file": ("```go:main.go\nx\n```", "", "go"),
    "a name with a space": ("```visual basic\nx\n```", "visual-basic", ""),
    "inline": ("say ```python\nx\n``` now", "python", "python"),
    "tildes": ("~~~ruby\nx\n~~~", "", "ruby"),
    "a word of ours": ("```golang\nx\n```", "", "go"),
    "cut off behind the tag": ("```python", "", "python"),
    "cut off, a letter more": ("```pyx", "python", ""),
    "code on the line": ("```import os\nx\n```", "", ""),
    "mark-up": ("```<html>\nx\n```", "", ""),
}


@pytest.mark.parametrize("case", CASES)
def test_the_first_fence_names_the_language(case: str) -> None:
    text, *wanted = CASES[case]
    assert [fence_language(text, "published"), fence_language(text, "fixed")] == wanted


@pytest.mark.parametrize(
    "info",
    ["python*", "c{", "c}", "py`", "py:", "py\\", "python.", "import c", "let c", "pythonimport", "using c", ")c", "<c",
     "html<c", "type=c", "c" * 21],
)  # fmt: skip
def test_what_the_release_takes_for_no_language(info: str) -> None:
    assert fence_language(f"```{info}\nx\n```", "published") == ""


def test_the_release_knows_30_words() -> None:
    assert len(fence_words("published")) == 30


@pytest.mark.parametrize("mode", ["published", "fixed"])
def test_every_word_is_small_and_names_a_listed_language(mode: str) -> None:
    folders = {folder_of(language) for language in languages()}
    words = fence_words("published" if mode == "published" else "fixed")
    assert set(words.values()) <= folders
    assert [word for word in words if word != word.strip().lower()] == []


@given(st.sampled_from(sorted(languages())), st.sampled_from(["published", "fixed"]))
def test_every_language_is_known_by_its_name(language: str, mode: str) -> None:
    found = language_called(language, "published" if mode == "published" else "fixed")
    assert found == fence_words("fixed").get(language.lower(), folder_of(language))


@given(st.text(), st.sampled_from(["published", "fixed"]))
def test_any_text_has_a_listed_language_or_none(text: str, mode: str) -> None:
    found = fence_language("```" + text, "published" if mode == "published" else "fixed")
    assert found == "" or found in {folder_of(language) for language in languages()}
