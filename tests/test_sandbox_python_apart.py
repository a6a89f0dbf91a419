"""A Python test in a process apart from the candidate gives an honest answer the verdict that it has in one process."""

from functools import cache

import pytest

from humanevalpack import run_programs
from humanevalpack.languages.python import IMPORTS
from humanevalpack.programs import Program
from humanevalpack.sandbox import Verdict
from humanevalpack.sandbox.supervisor.languages.python_test import test_place as place_of_the_test

pytestmark = [pytest.mark.namespaces, pytest.mark.toolchain("python")]

ONE_PROCESS = "    keep = lambda: None\n"
"""In a test's body this keeps the test with the candidate."""

# candidate, the test's lines, verdict
CASES: dict[str, tuple[str, str, str]] = {
    "numpy number": ("def f(): return np.int64(3)", "assert f() == 3", "passed"),
    "numpy truth": ("def f(): return np.bool_(True)", "assert f() == True", "passed"),
    "numpy truth is not True": ("def f(): return np.bool_(True)", "assert f() is True", "failed"),
    "numpy array": ("def f(): return np.array([1, 2])", "assert list(f()) == [1, 2]", "passed"),
    "numpy array compared": ("def f(): return np.array([1, 2])", "assert f() == [1, 2]", "runtime_error"),
    "numpy float": ("def f(): return np.float64(0.1) + np.float64(0.2)", "assert abs(f() - 0.3) < 1e-6", "passed"),
    "truth as a number": ("def f(): return True", "assert f() == 1", "passed"),
    "whole float": ("def f(): return 3.0", "assert f() == 3", "passed"),
    "not a number": ("def f(): return float('nan')", "assert f() == f()", "failed"),
    "negative zero": ("def f(): return -0.0", "assert math.copysign(1, f()) == -1", "passed"),
    "large number": ("def f(): return 7 ** 5000", "assert f() == 7 ** 5000", "passed"),
    "tuple is no list": ("def f(): return (1, 2)", "assert f() == [1, 2]", "failed"),
    "tuple made one": ("def f(): return [1, 2]", "assert tuple(f()) == (1, 2)", "passed"),
    "named tuple": ("P = namedtuple('P', 'x y')\ndef f(): return P(1, 2)", "assert f() == (1, 2)", "passed"),
    "counter": ("def f(): return Counter('aab')", "assert f() == {'a': 2, 'b': 1}", "passed"),
    "counter with a missing key": ("def f(): return Counter('a')", "assert f()['b'] == 0", "passed"),
    "ordered dictionary": ("def f(): return OrderedDict(b=1, a=2)", "assert f() == {'a': 2, 'b': 1}", "passed"),
    "default dictionary": ("def f(): return defaultdict(int, a=1)", "assert f() == {'a': 1}", "passed"),
    "keys": ("def f(): return {1: 2}.keys()", "assert f() == {1}", "passed"),
    "deque is no list": ("def f(): return deque([1])", "assert f() == [1]", "failed"),
    "text of an enumeration": (
        "import enum\nclass E(str, enum.Enum): A = 'a'\ndef f(): return E.A", "assert f() == 'a'", "passed",
    ),
    "number of an enumeration": (
        "import enum\nclass E(enum.IntEnum): A = 1\ndef f(): return [E.A]", "assert f() == [1]", "passed",
    ),
    "generator is no list": ("def f(): yield 1", "assert f() == [1]", "failed"),
    "generator looked through": ("def f():\n  yield 1\n  yield 2", "assert list(f()) == [1, 2]", "passed"),
    "map looked through": ("def f(): return map(str, [1, 2])", "assert ''.join(f()) == '12'", "passed"),
    "generator that raises": ("def f():\n  yield 1\n  raise ValueError", "assert list(f()) == [1]", "runtime_error"),
    "set": ("def f(): return {1, 2}", "assert f() == {2, 1}", "passed"),
    "lone surrogate": ("def f(): return '\\ud800'", "assert f() == '\\ud800'", "passed"),
    "fraction": ("import fractions\ndef f(): return fractions.Fraction(1, 2)", "assert f() == 0.5", "passed"),
    "date": ("def f(): return datetime.date(2020, 1, 2)", "assert f() == datetime.date(2020, 1, 2)", "passed"),
    "complex": ("def f(): return 1j", "assert f() == 1j", "passed"),
    "own class": ("class C: pass\ndef f(): return C()", "assert f() == 1", "failed"),
    "own class that is true": ("class C: pass\ndef f(): return C()", "assert f()", "passed"),
    "nested deep": ("def f():\n  x = 1\n  for _ in range(5000): x = [x]\n  return x", "assert len(f()) == 1", "passed"),
    "itself inside": ("def f():\n  x = []\n  x.append(x)\n  return x", "assert len(f()) == 1", "passed"),
    "changes what it is given": (
        "def f(a): a[0].append(1); a[1].clear()",
        "a = [[3], {5: 6}]\n    b = a[0]\n    f(a)\n    assert a == [[3, 1], {}]\n    assert b == [3, 1]", "passed",
    ),
    "sorts in place": ("def f(a): a.sort()", "a = [3, 1]\n    f(a)\n    assert a == [1, 3]", "passed"),
    "keeps state": ("n = 0\ndef f():\n  global n\n  n += 1\n  return n", "f()\n    assert f() == 2", "passed"),
    "helper": ("def f(): return 1\ndef g(x): return x + 1", "assert g(f()) == 2", "passed"),
    "helper is missing": ("def f(): return 1", "assert g(f()) == 2", "runtime_error"),
    "candidate is missing": ("def h(): return 1", "assert f() == 1", "runtime_error"),
    "lambda": ("f = lambda: 1", "assert f() == 1", "passed"),
    "callable object": ("class C:\n  def __call__(self): return 1\nf = C()", "assert f() == 1", "passed"),
    "assertion of its own": ("def f(): assert False, 'x'", "assert f() == 1", "failed"),
    "error of its own": ("class E(ValueError): pass\ndef f(): raise E('x')", "assert f() == 1", "runtime_error"),
    "caught error": (
        "def f(): raise KeyError('x')",
        "try:\n        f()\n    except KeyError:\n        return\n    assert False", "passed",
    ),
    "recursion": ("def f(n=900): return n and f(n - 1)", "assert f() == 0", "passed"),
    "endless recursion": ("def f(): return f()", "assert f() == 0", "runtime_error"),
    "exit in the middle": ("def f(): exit()", "assert f() == 1", "incomplete"),
    "error exit": ("def f(): sys.exit(3)", "assert f() == 1", "runtime_error"),
    "killed": ("import os\ndef f(): os.kill(os.getpid(), 11)", "assert f() == 1", "runtime_error"),
    "syntax": ("def f(:", "assert f() == 1", "compile_error"),
    "threads": (
        "import concurrent.futures as c\ndef f():\n  with c.ThreadPoolExecutor(2) as p: return sum(p.map(int, '12'))",
        "assert f() == 3", "passed",
    ),
    "processes": (
        "import multiprocessing as m\ndef f():\n  with m.get_context('fork').Pool(1) as p: return p.map(int, '12')",
        "assert f() == [1, 2]", "passed",
    ),
    "output stays": ("print('here')\ndef f(): print('there'); return 1", "assert f() == 1", "passed"),
    "own abs beside": ("def abs(x): return -1\ndef f(): return 2", "assert f() == 2", "passed"),
    "long answer": ("def f(): return 'x' * 3000000", "assert len(f()) == 3000000", "passed"),
    "many calls": ("def f(x): return x", "for i in range(3000):\n        assert f(i) == i", "passed"),
}  # fmt: skip


def program(name: str, *, apart: bool) -> str:
    code, lines, _ = CASES[name]
    test = f"def check(f):\n{'' if apart else ONE_PROCESS}    {lines}\n\ncheck(f)\n"
    text = f"{IMPORTS}{code}\n\n\n{test}"
    assert (place_of_the_test(text, None) is not None) == apart
    return text


@cache
def verdicts() -> dict[tuple[str, bool], Verdict]:
    keys = [(name, apart) for name in CASES for apart in (True, False)]
    programs = [
        Program(text=program(name, apart=apart), language="python", problem=None, profile="reference")
        for name, apart in keys
    ]
    return dict(zip(keys, run_programs(programs, sandbox="local", time_limit=5), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_the_verdict_is_that_of_one_process(name: str) -> None:
    for apart in (True, False):
        verdict = verdicts()[name, apart]
        assert verdict.status == CASES[name][2], f"apart={apart}: {verdict.reason}\n{verdict.output}"


def test_the_output_is_the_programs() -> None:
    assert verdicts()["output stays", True].output == "here\nthere\n"


@pytest.mark.parametrize(
    "test",
    [
        "class C: pass\ndef check(f):\n    assert f(C())\n\ncheck(f)\n",
        "def helper(x):\n    return x\n\ndef check(f):\n    assert f(helper)\n\ncheck(f)\n",
        "def check(f):\n    assert f(lambda: 1)\n\ncheck(f)\n",
        "def check(f):\n    assert f.__name__\n\ncheck(f)\n",
    ],
)
def test_a_test_with_objects_of_its_own_stays_with_the_candidate(test: str) -> None:
    candidate = "def f(x): return 1\n\n"
    assert place_of_the_test(candidate + test, len(candidate)) is None


def test_a_test_of_unknown_origin_is_found_at_the_very_end_only() -> None:
    test = "def check(f):\n    assert f() == 1\n\ncheck(f)\n"
    assert place_of_the_test(f"{test}\n{test}", None) == len(test) + 1
    assert place_of_the_test(f"{test}\nassert f() == 1\n", None) is None


ANSWERS = {
    "a value of exponential size": "b'\\x80\\x05' + b'\\x8c\\x08executedK\\x05})' + b'2\\x86' * 27 + b'Ns\\x87.'",
    "a short answer": "sent(('executed',))",
    "a status of another form": "sent(('executed', 7))",
    "a deep key": "b'\\x80\\x05})' + b'\\x85' * 3_000_000 + b'Ns.'",
    "no pickle": "b'?'",
    "a huge value": "sent(('executed', Huge()))",
}
"""What a candidate writes in the place of an answer before it ends."""
WRITES = """
import io, os, pickle, struct
class Huge: pass
class Writer(pickle.Pickler):
    def persistent_id(self, value):
        return ("bytearray", 3 * 10**9) if isinstance(value, Huge) else None
def sent(value):
    file = io.BytesIO()
    Writer(file, 5).dump(value)
    return file.getvalue()
data = {data}
try:
    os.write(4, struct.pack("<Q", len(data)) + data)
finally:
    os._exit(0)
"""


def test_what_a_candidate_answers_harms_no_other_program() -> None:
    honest = "def f(): return {number}\n\ndef check(f):\n    assert f() == {number}\n\ncheck(f)\n"
    texts = []
    for number, data in enumerate(ANSWERS.values()):
        right = honest.format(number=number)
        texts += [WRITES.format(data=data) + right, right]
    programs = [Program(text=text, language="python", problem=None, profile="reference") for text in texts]
    seen = list(run_programs(programs, sandbox="local", workers=1))
    assert [verdict.status for verdict in seen] == ["incomplete", "passed"] * len(ANSWERS)
