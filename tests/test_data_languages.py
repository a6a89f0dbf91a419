"""octopack_data.languages: the language of a file by its name, as published and mended."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humanevalpack.errors import InputError, UsageError
from octopack_data.languages import (
    UNKNOWN,
    detected,
    display_name,
    folder_of,
    has_known_extension,
    language_by_suffix,
    language_of,
    languages,
    load_detector,
)
from octopack_data.records import Mode

# path: (language as published, language as fixed)
LANGUAGES = {
    "a/b.py": ("Python", "Python"),
    "x.C": ("C++", "C++"),
    "x.H": ("C++", "C++"),
    "x.c": ("C", "C"),
    "x.h": ("C", "C"),
    "x.pl": ("Perl", "Perl"),
    "x.t": ("Perl", "Perl"),
    "x.no": ("Text", "Text"),
    "x.ron": ("Markdown", "Markdown"),
    "Cargo.lock": ("JSON", "JSON"),
    "x.meta": ("Unity3D Asset", "Unity3D Asset"),
    "x.PY": (UNKNOWN, UNKNOWN),
    "LICENSE": (UNKNOWN, UNKNOWN),
    "a/Makefile": ("Makefile", "Makefile"),
    "a.d/Makefile": (UNKNOWN, "Makefile"),
    "GNUMakefile": (UNKNOWN, UNKNOWN),
    "foo.rs.in": (UNKNOWN, "Rust"),
    "pom.xml.dist": (UNKNOWN, "XML"),
    "notes.rst.txt": ("Text", "reStructuredText"),
    "a.py/": (UNKNOWN, UNKNOWN),
    "py": (UNKNOWN, UNKNOWN),
    "": (UNKNOWN, UNKNOWN),
}


@pytest.mark.parametrize("path", LANGUAGES)
def test_language_of_a_path(path: str) -> None:
    assert (language_of(path, "published"), language_of(path, "fixed")) == LANGUAGES[path]


# path: (passes as published, passes as fixed)
PASSES = {
    "a/b.py": (True, True),
    "GNUMakefile": (True, False),
    "x/MyDockerfile": (True, False),
    "foo.rs.in": (True, True),
    "a.d/Makefile": (True, True),
    "x.PY": (False, False),
    "LICENSE": (False, False),
}


@pytest.mark.parametrize("path", PASSES)
def test_paths_whose_content_is_fetched(path: str) -> None:
    assert (has_known_extension(path, "published"), has_known_extension(path, "fixed")) == PASSES[path]


def test_the_map_is_the_release_s() -> None:
    assert len(languages()) == 358
    assert sum(map(len, languages().values())) == len(language_by_suffix()) == 853
    assert [suffix for suffix in language_by_suffix() if not suffix.startswith(".")] == ["Dockerfile", "Makefile"]
    assert sum(suffix.count(".") > 1 for suffix in language_by_suffix()) == 14


@pytest.mark.parametrize("mode", ["published", "fixed"])
def test_every_suffix_of_one_dot_gives_its_language(mode: Mode) -> None:
    single = {suffix: language for suffix, language in language_by_suffix().items() if suffix.count(".") == 1}
    assert {suffix: language_of(f"a/b{suffix}", mode) for suffix in single} == single


def test_every_suffix_of_two_dots_gives_its_language_once_mended() -> None:
    double = {suffix: language for suffix, language in language_by_suffix().items() if suffix.count(".") > 1}
    assert {suffix: language_of(f"a/b{suffix}", "fixed") for suffix in double} == double


@given(st.text("./aMpyrsin", max_size=12))
def test_what_has_a_language_is_fetched(path: str) -> None:
    for mode in ("published", "fixed"):
        assert has_known_extension(path, mode) or language_of(path, mode) == UNKNOWN


FOLDERS = {
    "Python": "python",
    "Common Lisp": "common-lisp",
    "C++": "c++",
    "Cap'n Proto": "capn-proto",
    "Graphviz (DOT)": "graphviz-dot",
    "Ren'Py": "renpy",
    UNKNOWN: "unknown",
}


@pytest.mark.parametrize("language", FOLDERS)
def test_folder_of_a_language_and_back(language: str) -> None:
    assert folder_of(language) == FOLDERS[language]
    assert display_name(folder_of(language)) == language


def test_no_two_languages_share_a_folder() -> None:
    assert len({folder_of(language) for language in languages()}) == 358


def header_language(path: str, content: str, language: str) -> str:
    if not path.endswith(".h"):
        return language
    return "C++" if "class " in content else "Klingon" if "qap" in content else language


def test_a_detector_decides_by_the_content() -> None:
    detector = load_detector(f"{__name__}:header_language")
    assert detected("a.h", "class A {};", "C", detector) == "C++"
    assert detected("a.h", "int a;", "C", detector) == "C"
    assert detected("a.py", "class A: pass", "Python", detector) == "Python"


def test_a_detector_must_say_a_listed_language() -> None:
    with pytest.raises(InputError, match=r"a\.h: the detector said 'Klingon'"):
        detected("a.h", "qap", "C", load_detector(f"{__name__}:header_language"))


@pytest.mark.parametrize("name", ["json:no_such", "no_such_module:f", "json", ":f"])
def test_a_detector_that_is_not_there(name: str) -> None:
    with pytest.raises(UsageError, match=r"package\.module:function"):
        load_detector(name)
