"""octopack_data.settings: one class, and a YAML file, options and a manifest as its forms."""

from pathlib import Path
from typing import Annotated, Literal

import pytest
import typer
from typer.testing import CliRunner

from humanevalpack.errors import InputError, UsageError
from octopack_data.commands.settings_options import with_settings
from octopack_data.settings import Settings, make_settings, read_settings, written_settings


class Inner(Settings):
    limit: int = 3
    """Rows."""


class Cooking(Settings):
    mode: Literal["published", "fixed"] = "fixed"
    """How it is cooked."""
    pots: int = 2
    """Pots on the stove."""
    names: tuple[str, ...] = ()
    """Names of the guests."""
    list_of: Path | None = None
    """File with the guests."""
    salt: bool = True
    """Salt in the water."""


class Meal(Settings):
    cooking: Cooking = Cooking()
    """How it is made."""
    inner: Inner
    """What is in it."""


def test_a_file_is_read_and_written_back(tmp_path: Path) -> None:
    path = tmp_path / "meal.yaml"
    path.write_text("inner: {limit: 5}\ncooking: {mode: published, names: [a, b]}\n")
    meal = read_settings(Meal, path)
    assert meal.cooking.names == ("a", "b")
    assert written_settings(meal)["cooking"] == {
        "mode": "published", "pots": 2, "names": ["a", "b"], "list_of": None, "salt": True,
    }  # fmt: skip
    assert make_settings(Meal, written_settings(meal)) == meal


WRONG = {
    "unknown": ("inner: {limit: 5}\ncoking: {}", r"meal.yaml: no setting 'coking'; there are cooking, inner"),
    "unknown inside": ("inner: {limt: 5}", r"no setting 'inner.limt'; there are limit"),
    "missing": ("cooking: {}", r"setting 'inner' is missing"),
    "wrong word": ("inner: {}\ncooking: {mode: fried}", r"setting 'cooking.mode' is 'fried'.*'published' or 'fixed'"),
    "wrong type": ("inner: {limit: many}", r"setting 'inner.limit' is 'many'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_setting_is_named(tmp_path: Path, case: str) -> None:
    text, said = WRONG[case]
    (tmp_path / "meal.yaml").write_text(text)
    with pytest.raises(UsageError, match=said):
        read_settings(Meal, tmp_path / "meal.yaml")


@pytest.mark.parametrize("text", ["- a\n", "a: [", "\x00"])
def test_a_file_that_holds_no_settings_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "meal.yaml").write_text(text)
    with pytest.raises(InputError, match=r"meal.yaml"):
        read_settings(Meal, tmp_path / "meal.yaml")


@pytest.mark.parametrize("text", ["inner:\n  limit: 5\n  limit: 6", "a: [1, &b {c: 1}]\nd: *b\na: 2"])
def test_a_key_that_stands_twice_is_named_with_its_line(tmp_path: Path, text: str) -> None:
    """YAML's reader would take the second one without a word."""
    (tmp_path / "meal.yaml").write_text(text)
    with pytest.raises(InputError, match=r"meal.yaml, line 3: '(limit|a)' is there already: name it once"):
        read_settings(Meal, tmp_path / "meal.yaml")


def command() -> typer.Typer:
    app = typer.Typer(rich_markup_mode=None)

    @app.command()
    @with_settings(Cooking)
    def cook(dish: Annotated[str, typer.Argument()], settings: Cooking) -> None:
        """Cook a dish."""
        typer.echo(f"{dish} {settings.model_dump_json()}")

    return app


def said(*arguments: str) -> str:
    result = CliRunner().invoke(command(), arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_every_setting_is_an_option_with_its_default() -> None:
    text = said("--help")
    for words in ("--mode", "published|fixed", "How it is cooked. [default: fixed]", "--no-salt", "--config"):
        assert words in " ".join(text.split()), text


def test_an_option_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("pots: 4\nmode: published\nnames: [x]")
    assert '"mode":"fixed","pots":4,"names":["x"]' in said("soup", "--config", str(path), "--mode", "fixed")
    assert '"names":["a","b"],"list_of":null,"salt":false' in said("soup", "--names", "a", "--names", "b", "--no-salt")


def test_a_wrong_value_is_refused() -> None:
    result = CliRunner().invoke(command(), ["soup", "--mode", "fried"])
    assert result.exit_code == 2
    assert "'fried' is not one of 'published', 'fixed'" in " ".join(result.output.split())
