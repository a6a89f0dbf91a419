"""Chat answers, rule by rule: thinking sections, blocks, which of them counts, what is said about how it was found."""

import pytest

import humanevalpack as hep
from humanevalpack.completions.fences import fenced_blocks
from humanevalpack.completions.thinking import without_thinking

PYTHON = hep.load_problems("python", "mini")[0]
NAME = PYTHON.entry_point
HEAD = PYTHON.declaration.rstrip()
GOOD = f"{HEAD}\n    return 1"
BAD = f"{HEAD}\n    return 0"


def extract(answer: str, finish: str | None = None) -> tuple[str, str]:
    found = hep.extract_answer(PYTHON, "fixtests", answer, prompt="chat", finish=finish)
    return found.candidate, found.status


THOUGHTS = [
    ("<think>a</think>b", "b", False),
    ("<THINK>a</THINK>b", "b", False),
    ("  <thinking>a\n</thinking>\nb", "\nb", False),
    ("<reasoning>a</reasoning><thought>b</thought>c", "c", False),
    ("a\n<think>b</think>c", "a\nc", False),
    ("a</think>b", "b", False),
    ("a</think>b</think>c", "c", False),
    ("<think>a <think>b</think>c", "c", False),
    ("<think>a", "", True),
    ("a\n<think>b", "a\n", True),
    ("say <think> and go on", "say <think> and go on", False),
    ("[THINK]a[/THINK]b", "b", False),
    ("◁think▷a◁/think▷b", "b", False),
    ("<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>b<|return|>", "b", False),
    ("<|channel|>analysis<|message|>a", "", True),
    ("<|channel|>final <|constrain|>code<|message|>b", "b", False),
    ("analysisI think.assistantfinalb", "b", False),
    ("analysis of the code", "analysis of the code", False),
    ("b<|im_end|>\n<|im_start|>user", "b", False),
    ("", "", False),
]


@pytest.mark.parametrize(("answer", "rest", "unfinished"), THOUGHTS)
def test_thinking_sections_are_taken_out(answer: str, rest: str, unfinished: bool) -> None:
    assert without_thinking(answer) == (rest, unfinished)


BLOCKS = [
    ("```py\na\n```", [("py", "a", True)]),
    ("```\na\n```", [("", "a", True)]),
    ("~~~ python\na\n```\n~~~", [("python", "a\n```", True)]),
    ("````\n```\na\n```\n````", [("", "```\na\n```", True)]),
    ("- ```py\n  a\n  ```", [("py", "  a", True)]),
    ("  ```py\n  a\n    b\n  ```", [("py", "a\n  b", True)]),
    ("> ```py\n> a\n> ```", [("py", "a", True)]),
    ("```py\na", [("py", "a", False)]),
    ("```py\na\n```py\nb\n```", [("py", "a", False), ("py", "b", True)]),
    ("```py\na\n```\nand\n```js\nb\n```", [("py", "a", True), ("js", "b", True)]),
    ("```py\na```", [("py", "a", True)]),
    ("code: ```py\na\n```", [("py", "a", True)]),
    ("```py a = 1```", [("py", "a = 1", True)]),
    ("Use `a` and ``b``, not ```c```.", []),
    ("```C++ {.line}\na\n```", [("c++", "a", True)]),
    ("no fence", []),
]


@pytest.mark.parametrize(("answer", "blocks"), BLOCKS)
def test_blocks_are_read_as_models_write_them(answer: str, blocks: list[tuple[str, str, bool]]) -> None:
    assert [(block.word, block.code, block.closed) for block in fenced_blocks(answer)] == blocks


def block(code: str, word: str = "python") -> str:
    return f"```{word}\n{code}\n```\n"


CHOICES = [
    ("the last block that defines it", block(BAD) + block(GOOD), GOOD, "several_blocks"),
    ("a closed block before an open one", block(GOOD) + f"```python\n{HEAD}\n    retu", GOOD, "several_blocks"),
    ("not one that only calls it", block(GOOD) + block(f"print({NAME}(1, 2))"), GOOD, "several_blocks"),
    ("not one of another language", block(GOOD) + block(BAD, "text"), GOOD, "fenced"),
    (
        "helpers of another block",
        block("def h():\n    return 1") + block(f"{HEAD}\n    return h()"),
        None,
        "several_blocks",
    ),
    ("no helper that it does not use", block("def h():\n    return 1") + block(GOOD), GOOD, "several_blocks"),
    ("a body", block("    return 1"), GOOD, "fenced"),
    ("a body without its indentation", block("return 1"), GOOD, "fenced"),
    ("what continues the head", "\n    return 1\n\nThat is all.", GOOD, "no_fence"),
    ("the head's own answer before a block", "\n    return 1\n```\nBefore:\n" + block(BAD), GOOD, "fenced"),
    ("an unclosed block", f"```python\n{GOOD}", GOOD, "unclosed_fence"),
    ("the function between sentences", f"Here:\n\n{GOOD}\n\nDone.", GOOD, "no_fence"),
    ("no block of thoughts", f"<think>{block(BAD)}</think>\n" + block(GOOD), GOOD, "fenced"),
    (
        "another function rather than nothing",
        block("def other():\n    return 1"),
        "def other():\n    return 1",
        "fenced",
    ),
]


@pytest.mark.parametrize(
    ("answer", "kept", "status"), [case[1:] for case in CHOICES], ids=[case[0] for case in CHOICES]
)
def test_the_code_is(answer: str, kept: str | None, status: str) -> None:
    wanted = f"def h():\n    return 1\n\n{HEAD}\n    return h()" if kept is None else kept
    assert extract(answer) == (wanted, status)


TIDY = [
    ("imports and constants stay", f"import os\nLIMIT = 3\n\n{GOOD}", None),
    ("the main block goes", f'{GOOD}\n\nif __name__ == "__main__":\n    exit(1)', GOOD),
    ("asserts go", f"{GOOD}\n\nassert {NAME}(1, 2) == 5", GOOD),
    ("what prints goes", f"{GOOD}\n\nx = {NAME}(1, 2)\nprint(x)\nfor i in range(3):\n    print(i)", GOOD),
    ("test functions go", f"{GOOD}\n\ndef test_it():\n    assert False", GOOD),
    ("what sets the machine up stays", f"import sys\nsys.setrecursionlimit(10**6)\n{GOOD}", None),
    ("another name for it stays", f"{GOOD}\n{NAME} = memo({NAME})", None),
    ("a broken end goes", f"{GOOD}\n\nprint({NAME}(", GOOD),
    ("code that is broken stays", f"{HEAD}\n    return ((", None),
    ("tabs and a common indentation", "\n".join(f"    {line}" for line in GOOD.split("\n")), GOOD),
]


@pytest.mark.parametrize(("code", "kept"), [case[1:] for case in TIDY], ids=[case[0] for case in TIDY])
def test_of_a_python_block(code: str, kept: str | None) -> None:
    assert extract(block(code))[0] == (code if kept is None else kept)


NONE = [
    ("", None, "empty"),
    (" \n", "stop", "empty"),
    ("<think>Done.</think>\n", "stop", "empty"),
    ("<think>I should", None, "length_cut"),
    ("", "length", "length_cut"),
    ("", "refusal", "refusal"),
    ("I'm sorry, but I can't assist with that.", "stop", "refusal"),
    ("I cannot help with this request.", None, "refusal"),
    ("As an AI language model, I do not run code.", None, "refusal"),
    ("The function is fine.", "stop", "no_code"),
    (block("pip install numpy", "bash"), "stop", "no_code"),
    (block(f"{NAME}(1, 2)"), "stop", "no_code"),
    ("The function", "length", "length_cut"),
]


@pytest.mark.parametrize(("answer", "finish", "status"), NONE)
def test_an_answer_without_code_says_why(answer: str, finish: str | None, status: str) -> None:
    assert extract(answer, finish) == ("", status)


def test_a_cut_counts_where_the_code_may_have_lost_its_end() -> None:
    assert extract(f"```python\n{GOOD}", "length") == (GOOD, "length_cut")
    assert extract(block(GOOD) + "It works bec", "length") == (GOOD, "fenced")
    assert extract("I'm sorry for the bug. " + block(GOOD), "stop") == (GOOD, "fenced")


OTHERS = [
    (
        "go",
        'package main\n\nimport (\n\t"fmt"\n\t"os"\n)\n\n{code}\n\nfunc main() {{\n\tos.Exit(1)\n}}',
        ['"fmt"'],
        ["os", "package"],
    ),
    ("go", 'import "testing"\n\n{code}\n\nfunc TestIt(t *testing.T) {{\n\tt.Fatal()\n}}', [], ["TestIt"]),
    ("java", "package a.b;\n\npublic class Main {{\n{method}\n}}", ["class Solution {"], ["package", "public class"]),
    ("java", "{method}", ["class Solution {", "import java.util.*;"], []),
    (
        "java",
        "class A {{\n}}\npublic class Foo {{\n{method}\n}}",
        ["class Solution {", "class A {"],
        ["Foo", "public class"],
    ),
    (
        "js",
        "'use strict';\n\nexport default {code}\n\nif (require.main === module) {{\n  run();\n}}",
        [],
        ["export", "run("],
    ),
    ("js", "{code}\n\ntest('a', () => {{\n  expect(1).toBe(2);\n}});\n\nexports.a = 1;", [], ["expect", "exports"]),
    ("cpp", "int main() {{\n    return 1;\n}}\n\n{code}", ["#include"], ["int main"]),
    (
        "rust",
        "use std::collections::{{HashMap, BTreeMap}};\n\n{code}",
        ["BTreeMap"],
        [],
    ),
    ("rust", "{code}\n\n#[test]\nfn it() {{\n    panic!();\n}}", [], ["panic"]),
]


@pytest.mark.parametrize(("language", "shape", "held", "gone"), OTHERS)
def test_of_a_block_in_a_bracket_language(language: str, shape: str, held: list[str], gone: list[str]) -> None:
    problem = hep.load_problems(language, "mini")[0]
    code = problem.declaration.strip() + "\n" + problem.canonical_solution.strip("\n")
    method = code.partition("class Solution {\n")[2].rstrip().removesuffix("}") if language == "java" else ""
    if language == "js":
        code = code.replace(
            "const nightBusMinutes = (departure, arrival) => {", "function nightBusMinutes(departure, arrival) {"
        )
    answer = f"```{language}\n" + shape.format(code=code, method=method) + "\n```"
    candidate = hep.extract_candidate(problem, "fixtests", answer, prompt="chat")
    assert all(text in candidate for text in held)
    assert not any(text in candidate for text in gone)
    assert problem.canonical_solution.strip().split("\n")[0] in candidate
