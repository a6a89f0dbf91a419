"""The ways in which chat models write an answer, around any program: what a fenced answer must survive."""

from collections.abc import Callable, Mapping

from humanevalpack.languages import get_language
from humanevalpack.problems import Problem

Style = Callable[[Problem, str, str], str]
"""(problem, head, body) to an answer; head + body is the whole program."""

# What models add behind the function inside its block, to try it out.
OWN_TESTS: Mapping[str, str] = {
    "python": "\n\n# Example usage\nresult = {name}\nprint(result)\nassert {name} is not None\n\n"
    'if __name__ == "__main__":\n    import doctest\n    doctest.testmod()\n    raise SystemExit(3)\n',
    "cpp": '\n\nint main() {{\n    cout << "done }}" << endl;\n    return 1;\n}}\n',
    "go": '\n\nfunc main() {{\n\tos.Stdout.WriteString("done }}")\n}}\n',
    "java": "\n\npublic class Main {{\n"
    "    public static void main(String[] args) {{\n        System.exit(1);\n    }}\n}}\n",
    "js": '\n\nconsole.log("done }}");\nmodule.exports = {{ {name} }};\n',
    "rust": '\n\nfn main() {{\n    println!("done }}");\n}}\n\n'
    "#[cfg(test)]\nmod tests {{\n    #[test]\n    fn nothing() {{}}\n}}\n",
}
_BEFORE = {
    "go": 'package main\n\nimport (\n\t"fmt"\n\t"os"\n)\n\nvar _ = fmt.Sprint\n\n',
    "rust": "use std::collections::HashMap;\n\n",
}
THOUGHTS = "Let me think.\n```\nwrong = 1\n```\nNo. ```python\ndef wrong(): pass\n```\n"


def _word(problem: Problem) -> str:
    return get_language(problem.language).fence_names[0]


def _whole(head: str, body: str) -> str:
    return head.rstrip() + "\n" + body.strip("\n").rstrip()


def fenced(problem: Problem, head: str, body: str) -> str:
    return f"```{_word(problem)}\n{_whole(head, body)}\n```"


def _in_words(problem: Problem, head: str, body: str) -> str:
    code = fenced(problem, head, body)
    return f"Sure! Here's the code:\n\n{code}\n\nIt runs in O(n). Let me know if (or {{when}}) it fails."


def _with_own_tests(problem: Problem, head: str, body: str) -> str:
    tests = OWN_TESTS[problem.language].format(name=problem.entry_point)
    code = _whole(head, body)
    if problem.language == "rust" and "HashMap" not in problem.declaration:
        return fenced(problem, head, body + tests)
    imported = "" if problem.language == "go" and "import" in code else _BEFORE.get(problem.language, "")
    return fenced(problem, imported + head, body + (tests if imported or problem.language != "go" else ""))


def _buggy_first(problem: Problem, head: str, body: str) -> str:
    buggy = f"```{_word(problem)}\n{_whole(head, problem.buggy_solution)}\n```"
    return f"The bug is here:\n\n{buggy}\n\nFixed:\n\n{fenced(problem, head, body)}\n\nUsage:\n\n```bash\nrun it\n```\n"


def _in_a_list(problem: Problem, head: str, body: str) -> str:
    lines = "\n".join(f"   {line}" if line else "" for line in fenced(problem, head, body).split("\n"))
    return f"1. The code:\n\n{lines}\n\n2. That is all."


def _harmony(problem: Problem, head: str, body: str) -> str:
    final = f"<|start|>assistant<|channel|>final<|message|>{fenced(problem, head, body)}<|return|>"
    return f"<|channel|>analysis<|message|>{THOUGHTS}<|end|>{final}"


STYLES: dict[str, Style] = {
    "fence": fenced,
    "in words": _in_words,
    "own tests": _with_own_tests,
    "buggy code first": _buggy_first,
    "in a list": _in_a_list,
    "channels": _harmony,
    "no info string": lambda p, h, b: f"```\n{_whole(h, b)}\n```",
    "tildes": lambda p, h, b: f"~~~ {_word(p)}\n{_whole(h, b)}\n~~~",
    "four ticks": lambda p, h, b: f"````{_word(p)}\n{_whole(h, b)}\n````",
    "capital": lambda p, h, b: f'```{_word(p).capitalize()} title="a.txt"\n{_whole(h, b)}\n```',
    "carriage returns": lambda p, h, b: fenced(p, h, b).replace("\n", "\r\n"),
    "never closed": lambda p, h, b: f"Here:\n```{_word(p)}\n{_whole(h, b)}",
    "closed on the last line": lambda p, h, b: f"```{_word(p)}\n{_whole(h, b)}```",
    "opened behind words": lambda p, h, b: f"Here is the code: ```{_word(p)}\n{_whole(h, b)}\n```",
    "thinks first": lambda p, h, b: f"<think>\n{THOUGHTS}</think>\n\n{fenced(p, h, b)}",
    "the prompt opened the thinking": lambda p, h, b: f"{THOUGHTS}</think>\n{fenced(p, h, b)}",
    "thinks in other tags": lambda p, h, b: (
        f"<reasoning>{THOUGHTS}</reasoning>[THINK]{THOUGHTS}[/THINK]\n{fenced(p, h, b)}"
    ),
    "channels without tokens": lambda p, h, b: f"analysis{THOUGHTS}assistantfinal{fenced(p, h, b)}",
    "body alone in a fence": lambda p, h, b: f"Replace the body:\n```{_word(p)}\n{b}\n```",
    "prefilled head": lambda p, h, b: "\n" + b.strip("\n"),
    "prefilled head in a fence": lambda p, h, b: "\n" + b.strip("\n") + "\n```\n\nThis works, e.g.:\n\n```\n42\n```",
    "prefilled, its first white space lost": lambda p, h, b: b.strip(),
    "no fence": lambda p, h, b: f"Sure, here it is:\n\n{_whole(h, b)}\n\nThis is what was asked for.",
    "nothing but code": lambda p, h, b: _whole(h, b),
}
