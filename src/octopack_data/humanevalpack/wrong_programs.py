"""Programs that are wrong on purpose: a test that one of them passes cannot see that fault.

Nothing is parsed: what does not build is a failed program, and so says nothing about the test.
"""

import re
from collections.abc import Iterator

from humanevalpack.problems import Problem

# What a function of each language holds that aborts at once, and what stands behind a body.
_ABORTS = {
    "python": "    raise RuntimeError",
    "js": "  throw new Error('')",
    "cpp": "    std::abort();",
    "java": "        throw new RuntimeException();",
    "go": '    panic("")',
    "rust": '    panic!("");',
}
_CLOSES = {"python": "\n", "js": "\n}\n", "cpp": "\n}\n", "java": "\n    }\n}", "go": "\n}\n", "rust": "\n}\n"}
_RETURN = {"python": "    return {}", "js": "  return {}", "go": "    return {}"}

# Constants by the type that the signature returns: the first pattern that matches counts. Python and JavaScript declare
# none, or none that binds.
_ANY = r""
_CONSTANTS: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "python": ((_ANY, ("None", "True", "False", "''", "[]")),),
    "js": ((_ANY, ("undefined", "null", "true", "false", "0", "1", "''", "[]")),),
    "cpp": ((r"^bool\b", ("true", "false")), (r"^(?:int|long|double|float)\b", ("0", "1")), (_ANY, ("{}",))),
    "java": (
        (r"^(?:boolean|Boolean)\b", ("true", "false")),
        (r"^(?:int|long|Integer|Long)\b", ("0", "1")),
        (r"^(?:double|Double|float)\b", ("0.0", "1.0")),
        (r"^String\b", ('""',)),
        (r"^Optional\b", ("Optional.empty()",)),
        (r"^List\b", ("new ArrayList<>()",)),
        (_ANY, ("null",)),
    ),
    "go": (
        (r"^bool$", ("true", "false")),
        (r"^(?:u?int\d*|float\d*)$", ("0", "1")),
        (r"^string$", ('""',)),
        (r"^(?P<type>\[.*|map\[.*)$", (r"\g<type>{}",)),
        (_ANY, ("nil",)),
    ),
    "rust": (
        (r"^bool$", ("true", "false")),
        (r"^[iu](?:\d+|size)$", ("0", "1")),
        (r"^f\d+$", ("0.0", "1.0")),
        (_ANY, ("Default::default()",)),
    ),
}
# How a value is made wrong, by its type.
_OFF = {
    r"^(?:bool|boolean|Boolean)\b": "!({})",
    r"^(?:int|long|Integer|Long|[iu](?:\d+|size)|u?int\d*)\b": "({}) + 1",
    r"^(?:double|Double|float\d*|f\d+)\b": "({}) + 0.5",
    r"^(?:String|string)\b": '({}) + "x"',
}
_TYPE = {
    "cpp": re.compile(r"^(?P<type>.+?)[\s&*]+\w+\s*\("),
    "java": re.compile(r"^(?:(?:public|private|static|final)\s+)*(?P<type>.+?)\s+\w+\s*\("),
    "go": re.compile(r"\)\s*(?P<type>[^()]+|\([^()]*\))$"),
    "rust": re.compile(r"->\s*(?P<type>.+)$"),
}
_PYTHON_OFF = """

def _off(function):
    def wrong(*arguments):
        value = function(*arguments)
        if isinstance(value, bool):
            return not value
        if isinstance(value, (int, float)):
            return value + 0.5
        return value + "x" if isinstance(value, str) else [value] if value is None else None

    return wrong


{name} = _off({name})
"""
_JS_OFF = """
function wrongOnPurpose(value) {{
  if (typeof value === 'boolean') return !value
  if (typeof value === 'number') return value + 0.5
  return typeof value === 'string' ? value + 'x' : undefined
}}
"""


def return_type(problem: Problem) -> str:
    """Return the type that a problem's signature says its function returns; "" where it says none."""
    pattern = _TYPE.get(problem.language)
    found = pattern.search(problem.signature.strip()) if pattern else None
    return found["type"].strip() if found else ""


def wrong_programs(problem: Problem) -> Iterator[tuple[str, str, str]]:
    """Yield (kind of the fault if it passes, what it does, its code) of every wrong program of a problem."""
    language = problem.language
    yield "never_called", "aborts at once", problem.prompt + _ABORTS[language] + _CLOSES[language]
    returned = return_type(problem)
    for constant in _constants(language, returned):
        line = _RETURN.get(language, "    return {};").format(constant)
        yield "constant_passes", f"always returns {constant}", problem.prompt + line + _CLOSES[language]
    off = _values_off(problem, returned)
    if off:
        yield "wrong_value_passes", "returns values that are off", problem.prompt + off


def _constants(language: str, returned: str) -> tuple[str, ...]:
    for pattern, constants in _CONSTANTS[language]:
        found = re.search(pattern, returned)
        if found:
            return tuple(found.expand(constant) if "\\" in constant else constant for constant in constants)
    return ()


def _values_off(problem: Problem, returned: str) -> str:
    solution = problem.canonical_solution
    if problem.language == "python":
        return solution + _PYTHON_OFF.format(name=problem.entry_point)
    if problem.language == "js":
        wrong = re.sub(r"\breturn\b[ \t]*([^\n;]*)", r"return wrongOnPurpose(\1)", solution)
        return wrong + _JS_OFF.format()
    form = next((form for pattern, form in _OFF.items() if re.search(pattern, returned)), "")
    end = "\n" if problem.language == "go" else ";"
    wrong = re.sub(rf"\breturn\b[ \t]*([^{end}]+)", lambda match: "return " + form.format(match[1]), solution)
    return wrong if form and wrong != solution else ""
