"""Programs of every language and how they end, for every kind of sandbox."""

from humanevalpack.sandbox.supervisor.languages.cpp import BLOCK

CPP_TEST = "\n#undef NDEBUG\n#include<assert.h>\nint main(){\n  assert(answer() == 42);\n}\n"
JS_TEST = "\nconst test = () => { console.assert(answer() === 42) }\ntest()\n"
JAVA_TEST = """
public class Main {
    public static void main(String[] args) {
        if (new Solution().answer() != 42) throw new AssertionError();
    }
}
"""
GO_HEAD = 'package main\nimport (\n    "testing"\n    "github.com/stretchr/testify/assert"\n)\n'
GO_TEST = "\nfunc TestAnswer(t *testing.T) {\n    assert := assert.New(t)\n    assert.Equal(42, Answer())\n}\n"
RUST_TEST = """
#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn test_answer() { assert_eq!(answer(), 42); }
}
"""


def cpp(code: str) -> str:
    return BLOCK + code + CPP_TEST


def java(body: str, members: str = "") -> str:
    return f"import java.util.*;\nclass Solution {{ {members} int answer() {{ {body} }} }}\n" + JAVA_TEST


def go(code: str, imports: str = "") -> str:
    return GO_HEAD + imports + code + GO_TEST


def rust(code: str) -> str:
    return "fn main(){}\n" + code + RUST_TEST


def python(code: str) -> str:
    return code + "\ndef check(answer):\n    assert answer() == 42\ncheck(answer)\n"


CASES: dict[str, dict[str, tuple[str, str]]] = {
    "python": {
        "right": (python("def answer(): return 42"), "passed"),
        "right with output": (python("print('hello')\ndef answer(): return 42"), "passed"),
        "numpy is there": (python("import numpy as np\ndef answer(): return int(np.array([40, 2]).sum())"), "passed"),
        "windows line ends": (python("def answer():\r\n  return 42\r\n"), "passed"),
        "lone surrogate printed": (python("print('\\ud800')\ndef answer(): return 42"), "passed"),
        "main guard does not run": (python("def answer(): return 42\nif __name__ == '__main__': answer = 1"), "passed"),
        "doctest finds nothing": (python("import doctest\ndoctest.testmod()\ndef answer(): return 42"), "passed"),
        "opens its output": (python("open('/dev/stdout', 'w').write('x')\ndef answer(): return 42"), "passed"),
        "wrong": (python("def answer(): return 41"), "failed"),
        "wrong and json replaced": (
            python("import json\njson.dumps = lambda value: ''\ndef answer(): return 41"),
            "failed",
        ),
        "wrong without stderr": (python("import sys\nsys.stderr = None\ndef answer(): return 41"), "failed"),
        "exception that exits": (
            python("class E(Exception):\n    def __str__(self): raise SystemExit(0)\ndef answer(): raise E"),
            "runtime_error",
        ),
        "exception": (python("def answer(): return 1 / 0"), "runtime_error"),
        "error exit": (python("import sys\ndef answer(): sys.exit(3)"), "runtime_error"),
        "syntax": (python("def answer(:"), "compile_error"),
        "null character": (python("def answer(): return 42\n\0"), "compile_error"),
        "lone surrogate": (python("def answer(): return 42 # \ud800"), "compile_error"),
        "exit": (python("import sys\ndef answer(): sys.exit(0)"), "incomplete"),
        "builtin exit": (python("def answer(): exit(0)"), "incomplete"),
        "os._exit": (python("import os\ndef answer(): os._exit(0)"), "incomplete"),
        "os._exit at the top": (python("import os\nos._exit(0)"), "incomplete"),
        "exit from a thread": (
            python("import os, threading, time\nthreading.Thread(target=lambda: os._exit(0)).start()\ntime.sleep(9)"),
            "incomplete",
        ),
        "fork goes on": (python("import os\nif os.fork(): os._exit(0)\ndef answer(): return 42"), "incomplete"),
        "loop": (python("def answer():\n    while True: pass"), "timeout"),
        "memory": (python("def answer(): return [0] * 10**9"), "memory_limit"),
        "memory of children": (
            python("import os, time\nfor _ in range(3): os.fork()\nx = bytearray(2**28)\ntime.sleep(60)"),
            "memory_limit",
        ),
        "output": (python("while True: print('x' * 1000)"), "output_limit"),
    },
    "cpp": {
        "right": (cpp("int answer(){ return 42; }\n"), "passed"),
        "right without the block": ("int answer(){ return 42; }\n" + CPP_TEST, "passed"),
        "right with output": (cpp('int answer(){ cout << "hello" << endl; return 42; }\n'), "passed"),
        "boost and openssl": (
            cpp(
                "#include<openssl/md5.h>\nint answer(){ boost::any a = 42; unsigned char d[16];\n"
                'MD5((const unsigned char*)"x", 1, d); return boost::any_cast<int>(a); }\n'
            ),
            "passed",
        ),
        "wrong": (cpp("int answer(){ return 41; }\n"), "failed"),
        "opens its output": (cpp('int answer(){ return ofstream("/dev/stdout") << 1 ? 42 : 41; }\n'), "passed"),
        "another main": (cpp("int answer(){ return 41; }\nint main(){}\n#define main other\n"), "compile_error"),
        "assertion replaced": (
            cpp(
                'extern "C" void __assert_fail(const char*, const char*, unsigned, const char*) throw() {}\n'
                "int answer(){ return 41; }\n"
            ),
            "compile_error",
        ),
        "assertion renamed": (
            cpp("#include<assert.h>\n#define __assert_fail(a, b, c, d) (void)0\nint answer(){ return 41; }\n"),
            "compile_error",
        ),
        "assertion survived": (
            cpp(
                "#include<signal.h>\n#include<setjmp.h>\njmp_buf back;\nint answer(){\n"
                "signal(SIGABRT, [](int){ longjmp(back, 1); });\nreturn setjmp(back) ? 42 : 41; }\n"
            ),
            "incomplete",
        ),
        "segmentation fault": (cpp("int answer(){ return *(volatile int*)0; }\n"), "runtime_error"),
        "exception": (cpp("int answer(){ return vector<int>().at(1); }\n"), "runtime_error"),
        "syntax": (cpp("int answer(){ return }\n"), "compile_error"),
        "newer standard": (cpp("auto answer(){ return 42; }\n"), "compile_error"),
        "exit": (cpp("int answer(){ exit(0); }\n"), "incomplete"),
        "_exit": (cpp("#include<unistd.h>\nint answer(){ _exit(0); }\n"), "incomplete"),
        "quick_exit": (cpp("int answer(){ quick_exit(0); }\n"), "incomplete"),
        "exit before main": (cpp("struct S { S(){ exit(0); } } s;\nint answer(){ return 42; }\n"), "incomplete"),
        "exit from a thread": (
            cpp("#include<thread>\nint answer(){ thread([]{ exit(0); }).detach(); for(;;); }\n"),
            "incomplete",
        ),
        "loop": (cpp("int answer(){ volatile int i = 0; for(;;) i = 1; }\n"), "timeout"),
        "memory": (cpp("int answer(){ vector<vector<int>> v; for(;;) v.emplace_back(1 << 20, 1); }\n"), "memory_limit"),
        "output": (cpp("int answer(){ for(;;) puts(string(1000, 'x').c_str()); }\n"), "output_limit"),
        "template bomb": (
            cpp(
                "template<int N, int M> struct T { enum { v = T<N - 1, M>::v + T<N - 1, M + 1>::v }; };\n"
                "template<int M> struct T<0, M> { enum { v = M }; };\nint answer(){ return T<800, 0>::v; }\n"
            ),
            "compile limits",
        ),
    },
    "js": {
        "right": ("const answer = () => 42;" + JS_TEST, "passed"),
        "md5": ("const md5 = require('js-md5'); const answer = () => md5('') && 42;" + JS_TEST, "passed"),
        "asynchronous work ends first": ("setTimeout(() => {}, 50); const answer = () => 42;" + JS_TEST, "passed"),
        "prints": ("const answer = () => { console.log('x'); return 42 };" + JS_TEST, "failed"),
        "wrong": ("const answer = () => 41;" + JS_TEST, "failed"),
        "wrong and silenced": ("process.stderr.write = () => true; const answer = () => 41;" + JS_TEST, "failed"),
        "wrong and replaced": ("console.assert = () => {}; const answer = () => 41;" + JS_TEST, "failed"),
        "wrong and redirected": ("globalThis.console = {assert(){}}; const answer = () => 41;" + JS_TEST, "failed"),
        "wrong and shadowed": ("const console = {assert(){}}; const answer = () => 41;" + JS_TEST, "incomplete"),
        "return at the top": ("return; const answer = () => 41;" + JS_TEST, "incomplete"),
        "errors swallowed": (
            "process.on('uncaughtException', () => {}); const answer = () => nothing.here;" + JS_TEST,
            "incomplete",
        ),
        "the same console": ("const console = require('console'); const answer = () => 42;" + JS_TEST, "passed"),
        "exception": ("const answer = () => nothing.here;" + JS_TEST, "runtime_error"),
        "syntax": ("const answer = ( => 42;" + JS_TEST, "runtime_error"),
        "exit": ("const answer = () => process.exit(0);" + JS_TEST, "incomplete"),
        "exit at the top": ("process.exit(0); const answer = () => 42;" + JS_TEST, "incomplete"),
        "reallyExit": ("const answer = () => process.reallyExit(0);" + JS_TEST, "incomplete"),
        "forged end": (
            "process.emit('beforeExit', 0); const answer = () => process.reallyExit(0);" + JS_TEST,
            "incomplete",
        ),
        "loop": ("const answer = () => { for (;;); };" + JS_TEST, "timeout"),
        "memory": ("const a = []; for (;;) a.push(Buffer.alloc(1 << 20, 1));" + JS_TEST, "memory_limit"),
    },
    "java": {
        "right": (java("return 42;"), "passed"),
        "right with output": (java('System.out.println("x"); return 42;'), "passed"),
        "wrong": (java("return 41;"), "failed"),
        "exception": (java("int[] a = {}; return a[1];"), "runtime_error"),
        "stack overflow": (java("return answer();"), "runtime_error"),
        "heap": (java("List<long[]> a = new ArrayList<>(); while (true) a.add(new long[1 << 20]);"), "runtime_error"),
        "syntax": (java("return 42"), "compile_error"),
        "exit": (java("System.exit(0); return 42;"), "incomplete"),
        "halt": (java("Runtime.getRuntime().halt(0); return 42;"), "incomplete"),
        "exit in an initialiser": (java("return 42;", "static { System.exit(0); }"), "incomplete"),
        "exit from a thread": (
            java("new Thread(() -> System.exit(0)).start(); while (true) Thread.yield();"),
            "incomplete",
        ),
        "loop": (java("while (true) {}"), "timeout"),
    },
    "go": {
        "right": (go("func Answer() int { return 42 }\n"), "passed"),
        "right with output": (go('func Answer() int { println("x"); return 42 }\n'), "passed"),
        "wrong": (go("func Answer() int { return 41 }\n"), "failed"),
        "unsafe": (
            go("func Answer() int { return 41 + int(unsafe.Sizeof(true)) }\n", 'import "unsafe"\n'),
            "passed",
        ),
        "panic": (go("func Answer() int { var a []int; return a[1] }\n"), "runtime_error"),
        "syntax": (go("func Answer() int { return }\n"), "compile_error"),
        "unused import": (go("func Answer() int { return 42 }\n", 'import "os"\n'), "compile_error"),
        "vet: wrong verb": (
            go('func Answer() int { fmt.Printf("%d", "x"); return 42 }\n', 'import "fmt"\n'),
            "compile_error",
        ),
        "unknown package": (go("func Answer() int { return 42 }\n", 'import _ "rand"\n'), "compile_error"),
        "internal package": (go("func Answer() int { return 42 }\n", 'import _ "internal/abi"\n'), "compile_error"),
        "exit": (go("func Answer() int { os.Exit(0); return 42 }\n", 'import "os"\n'), "incomplete"),
        "exit in init": (
            go("func init() { os.Exit(0) }\nfunc Answer() int { return 42 }\n", 'import "os"\n'),
            "incomplete",
        ),
        "exit by a system call": (
            go("func Answer() int { syscall.Exit(0); return 42 }\n", 'import "syscall"\n'),
            "incomplete",
        ),
        "no test": (GO_HEAD + "var _ *testing.T\nvar _ = assert.New\n", "incomplete"),
        "skips itself": (
            GO_HEAD + "var _ = assert.New\nfunc TestAnswer(t *testing.T) { t.Skip() }\n",
            "incomplete",
        ),
        "own TestMain": (
            go("func TestMain(m *testing.M) { os.Exit(0) }\nfunc Answer() int { return 41 }\n", 'import "os"\n'),
            "failed",
        ),
        "loop": (go("func Answer() int { for {} }\n"), "timeout"),
        "memory": (
            go(
                "func Answer() int { a := [][]byte{}; for { a = append(a, make([]byte, 1<<20)); "
                "for i := range a[len(a)-1] { a[len(a)-1][i] = 1 } } }\n"
            ),
            "memory_limit",
        ),
    },
    "rust": {
        "right": (rust("fn answer() -> i32 { 42 }\n"), "passed"),
        "crates": (
            rust(
                "use rand::Rng;\nuse regex::Regex;\nuse md5;\nfn answer() -> i32 {\n"
                'let _ = md5::compute(b"x"); assert!(Regex::new("^a+$").unwrap().is_match("aa"));\n'
                "rand::thread_rng().gen_range(42, 43) }\n"
            ),
            "passed",
        ),
        "wrong": (rust("fn answer() -> i32 { 41 }\n"), "failed"),
        "doc comment before the tests": (rust("fn answer() -> i32 { 42 }\n/// The tests.\n"), "passed"),
        "tests switched off": (
            rust("fn answer() -> i32 { 41 }\n#[cfg(test)] mod other { #[test] fn empty() {} }\n#[cfg(any())]"),
            "failed",
        ),
        "assertion replaced": (
            rust("fn answer() -> i32 { 41 }\nmacro_rules! assert_eq { ($($t:tt)*) => {} }\n"),
            "failed",
        ),
        "panic": (rust("fn answer() -> i32 { let a: Vec<i32> = vec![]; a[1] }\n"), "runtime_error"),
        "overflow": (
            rust("fn answer() -> i32 { i32::MAX.wrapping_add(0) + std::env::args().count() as i32 }\n"),
            "runtime_error",
        ),
        "syntax": (rust("fn answer() -> i32 { 42 \n"), "compile_error"),
        "type": (rust("fn answer() -> i32 { true }\n"), "compile_error"),
        "exit": (rust("fn answer() -> i32 { std::process::exit(0) }\n"), "incomplete"),
        "exit from a thread": (
            rust("fn answer() -> i32 { std::thread::spawn(|| std::process::exit(0)); loop {} }\n"),
            "incomplete",
        ),
        "no test": ("fn main(){}\n", "incomplete"),
        "loop": (rust("fn answer() -> i32 { loop {} }\n"), "timeout"),
    },
}
"""language -> name -> (program, status). "compile limits" stands for several statuses, see SETS."""

SETS = {
    "compile limits": {"compile_error", "timeout", "memory_limit"},
}

LOOKS_FOR_OTHERS = """
import re
another = re.compile(b"another[ ]program's[ ]test")  # does not match itself
for line in open("/proc/self/maps"):
    begin, end = (int(place, 16) for place in line.split()[0].split("-"))
    if line.split()[1].startswith("r") and "[v" not in line:
        with open("/proc/self/mem", "rb", 0) as memory:
            memory.seek(begin)
            assert not another.search(memory.read(end - begin))
"""
"""A Python program that passes unless its memory holds the words "another program's test"."""
