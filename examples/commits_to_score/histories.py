"""Make git repositories whose commits mend functions, the ones of HumanEvalFix's questions in the set ``mini``.

python examples/commits_to_score/histories.py repositories/ --first 0 --problems 2
"""

import argparse
import os
import subprocess
from pathlib import Path

from humanevalpack.languages import LANGUAGES, get_language
from humanevalpack.problems import Problem, load_problems
from humanevalpack.scenarios import scenario_base, scenario_context

SUBJECT = "Fix bugs in {name} that its tests have found"
"""Five words at least, and a verb first: CommitPackFT takes no shorter ones. prompt.yaml asks in the same words."""
LICENCE = """MIT License

Copyright (c) 2026 The authors of the mini problems

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""
_PERSON = {"GIT_AUTHOR_NAME": "Ann", "GIT_AUTHOR_EMAIL": "ann@example.org"}
_PERSON |= {"GIT_COMMITTER_NAME": "Ann", "GIT_COMMITTER_EMAIL": "ann@example.org"}


def before_and_after(problem: Problem) -> tuple[str, str]:
    """Return a function with its bug and its tests, as HumanEvalFix shows them, and the same file without the bug."""
    mended = scenario_base(problem, "fixtests") + problem.canonical_solution
    return scenario_context(problem, "fixtests") + "\n", f"{mended}\n{problem.test}\n"


def make_history(folder: Path, problems: list[Problem]) -> None:
    """Make a repository in ``folder``: all bugs in its first commit, then one commit for each function."""
    ending = get_language(problems[0].language).extension
    files = [folder / f"part_{number}.{ending}" for number in range(len(problems))]
    folder.mkdir(parents=True)
    git(folder, 0, "init", "--quiet")
    git(folder, 0, "remote", "add", "origin", f"https://github.com/ann/{folder.name}")
    (folder / "LICENSE").write_text(LICENCE, "utf-8")
    for file, problem in zip(files, problems, strict=True):
        file.write_text(before_and_after(problem)[0], "utf-8")
    commit(folder, 0, "Begin")
    for number, (file, problem) in enumerate(zip(files, problems, strict=True), start=1):
        file.write_text(before_and_after(problem)[1], "utf-8")
        commit(folder, number, SUBJECT.format(name=problem.entry_point))


def commit(folder: Path, number: int, subject: str) -> None:
    """Commit everything, ``number`` minutes behind the first."""
    git(folder, number, "add", "--all")
    git(folder, number, "commit", "--quiet", "--message", subject)


def git(folder: Path, number: int, *arguments: str) -> None:
    """Run git without any settings of the user, at a fixed time: the same commits on every machine."""
    time = f"{1_750_000_000 + 60 * number} +0000"
    own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    own |= {"GIT_AUTHOR_DATE": time, "GIT_COMMITTER_DATE": time}
    subprocess.run(["git", *arguments], cwd=folder, check=True, env={**os.environ, **_PERSON, **own})


def main() -> None:
    """Make one repository a language."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path, help="folder for the repositories")
    parser.add_argument("--languages", nargs="+", choices=list(LANGUAGES), default=["python"])
    parser.add_argument("--first", type=int, default=0, help="number of the first problem")
    parser.add_argument("--problems", type=int, default=2, help="how many")
    said = parser.parse_args()
    for language in said.languages:
        problems = list(load_problems(language, "mini"))[said.first : said.first + said.problems]
        make_history(said.output / "ann" / f"parts-{language}", problems)


if __name__ == "__main__":
    main()
