"""octopack_data.statistics, language_table and figures: Table 4 and its figure, from the facts and from a run."""

import csv
import io
import shutil
from pathlib import Path

import pytest

from data_rows import commit, write
from humanevalpack.errors import InputError, UsageError
from octopack_data.figures.languages import distribution, draw_language_frame, draw_languages, sizes_of_frame
from octopack_data.figures.look import Style
from octopack_data.language_table import language_table
from octopack_data.parts import run_stage
from octopack_data.rows import write_rows
from octopack_data.shards import ShardSettings, line_bytes, shard_stage
from octopack_data.sources import find_parts
from octopack_data.statistics import LanguageSizes, by_size, measured_sizes, read_sizes, total

PYTHON, GO = LanguageSizes("python", 3000, 30, 1000, 10), LanguageSizes("go", 5000, 20, 0, 0)


def test_the_released_totals() -> None:
    rows = read_sizes()
    assert total(rows) == LanguageSizes("total", 3_709_175_780, 57_700_105, 1_545_020, 702_062)
    assert len(rows) == 350
    assert sum(row.ft_samples > 0 for row in rows) == 277
    assert f"{100 * total(rows).ft_samples / total(rows).raw_samples:.2f}" == "1.22"


def test_the_six_languages_of_humanevalpack() -> None:
    six = [row for row in read_sizes() if row.language in ("python", "javascript", "java", "go", "c++", "rust")]
    assert (total(six).raw_samples, total(six).ft_samples) == (19_218_035, 142_641)


def test_the_smallest_languages_have_one_row_each() -> None:
    single = [row.language for row in read_sizes() if row.raw_samples == 1]
    assert sorted(single) == ["bison", "idl", "m", "numpy", "objdump", "omgrofl", "realbasic"]


@pytest.mark.real_data
def test_the_shipped_facts_are_those_that_were_given(shared: Path) -> None:
    given = (shared / "spec" / "table4_facts.csv").read_text().splitlines()
    rows = read_sizes()
    as_text = [",".join(map(str, (r.language, r.raw_kb, r.raw_samples, r.ft_kb, r.ft_samples))) for r in rows]
    assert [line for line in given[1:] if not line.startswith("total,")] == as_text


# lines of the paper's table
PRINTED = """
total,3709175.78,57700105,100.00,1545.02,702062,100.00
json,583293.82,3495038,15.73,86.74,39777,5.61
xml,279208.68,1923159,7.53,23.68,9337,1.53
objective-c++,239009.30,32227,6.44,0.38,86,0.02
python,234311.56,6189601,6.32,132.68,56025,8.59
c++,186585.26,2402294,5.03,14.14,4992,0.91
yaml,100466.64,2592787,2.71,190.88,114320,12.35
ruby,35830.74,2928702,0.97,195.29,69413,12.64
rust,15011.30,296214,0.40,7.24,2996,0.47
""".split()


def test_table_4_as_csv() -> None:
    lines = language_table(read_sizes(), "csv").splitlines()
    assert lines[0] == (
        "name,raw_megabytes,raw_samples,raw_percent,filtered_megabytes,filtered_samples,filtered_percent"
    )
    assert lines[1] == PRINTED[0]
    assert [line for line in lines if line in PRINTED] == PRINTED
    assert len(lines) == 352


def test_table_4_as_markdown() -> None:
    lines = language_table(read_sizes(), "markdown").splitlines()
    assert lines[2] == "| total | 3709175.78 | 57700105 | 100.00 | 1545.02 | 702062 | 100.00 |"
    assert len({line.count("|") for line in lines}) == 1


def test_markdown_with_four_decimals_has_the_share_of_the_samples() -> None:
    text = language_table(read_sizes(), "markdown-shares")
    raw, filtered = text.split("Filtered\n")
    assert "| json | 583293.8160 | 15.7257% | 3495038 | 6.0572% |\n" in raw
    assert "| ruby | 195.2920 | 12.6401% | 69413 | 9.8870% |\n" in filtered
    assert len(filtered.strip().splitlines()) == 2 + 1 + 277


def test_sizes_as_text_are_read_back(tmp_path: Path) -> None:
    (tmp_path / "sizes.csv").write_text(language_table(read_sizes(), "sizes"))
    assert read_sizes(tmp_path / "sizes.csv") == read_sizes()


def test_table_4_as_latex() -> None:
    lines = language_table(read_sizes(), "latex").splitlines()
    rows = [line for line in lines if line.endswith(r"\\") and "multicolumn" not in line]
    assert rows[1] == r"total & 3709175.78 & 57700105 & 100.00 & 1545.02 & 702062 & 100.00 \\"
    assert {line.count(" & ") for line in rows} == {6}
    assert any(line.startswith(r"c\# & ") for line in rows)


def test_the_largest_language_comes_first_and_the_total_before_it() -> None:
    lines = list(csv.reader(io.StringIO(language_table([PYTHON, GO], "csv"))))
    assert [line[0] for line in lines] == ["name", "total", "go", "python"]
    assert lines[2] == ["go", "5.00", "20", "62.50", "0.00", "0", "0.00"]


def test_a_table_of_nothing_filtered_divides_by_nothing() -> None:
    assert language_table([GO], "csv").splitlines()[1] == "total,5.00,20,100.00,0.00,0,0.00"


def shards(folder: Path, form: str, rows: dict[str, int]) -> Path:
    for language, count in rows.items():
        write(folder / f"in/{language}.jsonl", [commit(n, new_contents="x" * n) for n in range(count)])
    settings = ShardSettings(format=form, shard_bytes=1000)  # type: ignore[arg-type]
    run_stage(shard_stage(find_parts(folder / "in"), folder / form, settings), progress=False)
    return folder / form


@pytest.mark.parametrize("form", ["jsonl", "jsonl.zst", "parquet"])
def test_sizes_of_a_run_are_exact_whatever_the_format(form: str, tmp_path: Path) -> None:
    raw = shards(tmp_path / "raw", form, {"go": 3, "python": 9})
    filtered = shards(tmp_path / "ft", form, {"python": 2})
    text = [sum(line_bytes(commit(n, new_contents="x" * n)) for n in range(rows)) / 1000 for rows in (9, 2, 3)]
    expected = [LanguageSizes("python", text[0], 9, text[1], 2), LanguageSizes("go", text[2], 3, 0, 0)]
    assert measured_sizes(raw, filtered) == expected
    for folder in (raw, filtered):
        (folder / "manifest.json").unlink()
        shutil.rmtree(folder / ".parts")
    assert measured_sizes(raw, filtered) == expected


def test_disk_blocks_are_counted_as_in_the_release(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write_rows(folder / "data/go/go-0001.jsonl", [{"x": "y" * 5000}])
    write_rows(folder / "data/go/go-0002.jsonl", [{"x": "y"}])
    write_rows(folder / "data/m/m-0001.jsonl", [{"x": "y"}])
    assert measured_sizes(folder, blocks=True) == [LanguageSizes("go", 16, 2, 0, 0), LanguageSizes("m", 8, 1, 0, 0)]


WRONG = {
    "other columns": ("language,kb\ngo,1\n", "must be CSV with the columns language, raw_kb"),
    "no rows": ("language,raw_kb,raw_samples,ft_kb,ft_samples\n", "at least one row"),
    "no number": ("language,raw_kb,raw_samples,ft_kb,ft_samples\ngo,1,many,0,0\n", "line 2: sizes and samples"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_table_of_sizes(case: str, tmp_path: Path) -> None:
    (tmp_path / "sizes.csv").write_text(WRONG[case][0])
    with pytest.raises(InputError, match=WRONG[case][1]):
        read_sizes(tmp_path / "sizes.csv")


def test_the_bars_of_the_published_figure() -> None:
    bars = distribution(read_sizes())
    assert len(bars) == 46
    assert bars[-1] == ("Other (305 lang.)", 2_496_348, 39_718)
    first = "Markdown, Python, JavaScript, Java, JSON, Ruby, C, YAML, PHP, C++"
    assert ", ".join(name for name, _, _ in bars[:10]) == first


def test_few_languages_have_no_other_bar() -> None:
    assert distribution([GO, PYTHON]) == [("Python", 30, 10), ("Go", 20, 0)]


def test_a_data_frame_is_drawn_like_rows() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(read_sizes()).sample(frac=1, random_state=1)
    assert by_size(sizes_of_frame(frame))[0] == read_sizes()[0]
    assert distribution(sizes_of_frame(frame)) == distribution(read_sizes())
    with pytest.raises(UsageError, match="no column 'ft_kb'"):
        sizes_of_frame(frame.drop(columns="ft_kb"))


@pytest.mark.parametrize("style", ["default", "paper"])
def test_the_known_languages_of_counted_rows_are_drawn(tmp_path: Path, style: Style) -> None:
    pandas = pytest.importorskip("pandas")
    rows = {"not detected": 90, "python": 7, "go": 1, "no fenced block": 2}
    frame = pandas.DataFrame(rows.items(), columns=["language", "rows"])
    files = draw_language_frame(frame, tmp_path, style=style)
    assert [file.name for file in files] == ["languages.pdf", "languages.png"]
    with pytest.raises(UsageError, match="there are no samples to draw"):
        draw_language_frame(frame[:1], tmp_path / "none", style=style)


@pytest.mark.parametrize("style", ["default", "paper"])
def test_the_figure_is_written_as_pdf_and_png(style: str, tmp_path: Path) -> None:
    files = draw_languages(read_sizes(), tmp_path, style=style)  # type: ignore[arg-type]
    assert [file.name for file in files] == ["languages.pdf", "languages.png"]
    assert files[0].read_bytes().startswith(b"%PDF")
    assert files[1].read_bytes().startswith(b"\x89PNG")


def test_the_same_rows_give_the_same_figure(tmp_path: Path) -> None:
    first = [file.read_bytes() for file in draw_languages([GO, PYTHON], tmp_path)]
    with pytest.raises(UsageError, match="is there already"):
        draw_languages([GO, PYTHON], tmp_path)
    assert [file.read_bytes() for file in draw_languages([GO, PYTHON], tmp_path, overwrite=True)] == first


def test_nothing_to_draw_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no samples"):
        draw_languages([LanguageSizes("go", 0, 0, 0, 0)], tmp_path)
