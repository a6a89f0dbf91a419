"""Java's compile server: it says what a javac of its own would say, and nothing that happens to it decides."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import humanevalpack as hep
from humanevalpack.programs import program_text
from humanevalpack.sandbox import process
from humanevalpack.sandbox.supervisor.languages import LANGUAGES
from humanevalpack.sandbox.supervisor.languages.base import Places
from humanevalpack.sandbox.supervisor.launch import environment
from humanevalpack.sandbox.supervisor.limits import GIB, Job, Limits
from humanevalpack.sandbox.supervisor.server import Built, Server
from humanevalpack.sandbox.supervisor.servers import Servers
from humanevalpack.sandbox.supervisor.watch import Output
from humanevalpack.sandbox.warm import prepared, warm_root

pytestmark = [pytest.mark.toolchain("java"), pytest.mark.namespaces, pytest.mark.xdist_group("programs-java")]
JAVA = LANGUAGES["java"]
MAIN = "public class Main { public static void main(String[] a) { %s } %s }\n"
EXAMPLE = Job("java", JAVA.example, "reference")


def main(body: str = "", members: str = "") -> str:
    return MAIN % (body, members)


TEXTS = {
    "every canonical kind of class": main(
        "Runnable r = () -> {}; r.run(); new Object() {}; class Local {} var x = switch (a.length) { default -> 1; };",
        "record R(int i) {} enum E { A { } } sealed interface S permits T {} static final class T implements S {}",
    ),
    "text block and unicode escapes": main('String s = """\n  \\u0041 ä 😀\n"""; int \\u0061b = 1;'),
    "string switch and concatenation": main('switch (a[0] + 1 + "x") { case "y": break; }'),
    "several classes in one file": main() + "class A { class B { class C {} } } interface D {} class E extends A {}",
    "thousands of classes": main() + "".join(f"class C{number} {{}}\n" for number in range(2000)),
    "modules beyond java.base": "import java.sql.*; import javax.swing.*; import java.util.logging.*;\n" + main(),
    "a module that is not resolved": "import jdk.incubator.vector.*;\n" + main(),
    "an internal class": main("jdk.internal.misc.Unsafe u = null;"),
    "the server's own classes": main("humanevalpack.CompileServer s = null;"),
    "unchecked and deprecated": main("java.util.List l = new java.util.ArrayList(); l.add(new Integer(1));"),
    "an annotation": "@Deprecated @SuppressWarnings({}) " + main(),
    "no class Main": "class Other { Missing m; }",
    "only a comment": "// nothing",
    "another public class": "public class Solution {}\n" + main(),
    "two classes of one name": main() + "class A {} class A {}",
    "names that meet in a file": main() + "class A$B {} class A { class B {} }",
    "a module": "module m {}",
    "module annotations": "import java.util.*; open module m { requires java.sql; exports p; }",
    "a class of a missing package": "import com.example.*; import org.junit.Test;\n"
    + main("Missing m = new Missing();"),
    "more errors than are told": main("".join(f"x{number} = 1; " for number in range(40))),
    "errors of several phases": main("int i; int j = i; String s = 1; return 2;", "int f() {} final int g;"),
    "syntax": main("int = ;"),
    "open comment": main() + "/* no end",
    "open string": main('String s = "no end;'),
    "the end is missing": main()[:-3],
    "a byte order mark": "\ufeff" + main(),
    "control-Z at the end": main() + "\x1a",
    "a null character": main("\0"),
    "windows line ends": main("int i = 1;\r\n int = ;\r\n"),
    "a tab before the error": main("\t\tint\ti = x;"),
    "an unmappable-looking identifier": main("int ä = 1, ß = ä, 变量 = ß; 变 = 1;"),
    "preview features": main("Object o = a; switch (o) { case String s -> {} default -> {} }"),
    "a method that is too long": main("".join("a[0] += a[1]; " for _ in range(9000))),
    "own java.lang names": main() + "class String {} class Object {} class Integer {}",
    "inference": main("var m = java.util.Map.of(1, java.util.List.of('x', 2.0)); m.foo();"),
    "lub of interfaces": main('var x = a.length > 0 ? 1 : "s"; var y = java.util.List.of(1, "s", \'c\'); x.foo();'),
}
"""What is compiled, and what is not: both ways must end alike, to the byte."""
BOMBS = {
    "stack": main("int i = " + "(" * 20000 + "1" + ")" * 20000 + ";"),
    "stack, after an error": main("x = 1; int i = " + "-~" * 30000 + "1;"),
    "memory": main(
        "",
        'static final String A0 = "0123456789abcdef0123456789abcdef";'
        + "".join(f"static final String A{n + 1} = A{n} + A{n} + A{n} + A{n};" for n in range(14)),
    ),
}


@pytest.fixture(scope="module")
def warm() -> tuple[str, str]:
    """(folder of all warm folders, name of Java's)."""
    root, _ = warm_root()
    return str(root), prepared("java", root, lambda preparing: process.start({}, None, preparing))


class Desk:
    """A long-lived process and its keepers in one: asks the server, and lets it be replaced."""

    def __init__(self, warm: tuple[str, str]) -> None:
        self.served = JAVA.served
        assert self.served is not None
        self.warm = warm
        self.servers = Servers(False, warm[0], {"java": self.served})

    def server(self) -> Server:
        server = self.servers.offer("java")
        assert server is not None
        return server

    def build(self, text: str) -> Built | None:
        assert self.served is not None
        built = self.served.build(Job("java", text, "reference", warm=self.warm[1]), self.server())
        self.servers.settle()
        return built

    def plain(self, text: str, box: Path) -> tuple[int, bytes, dict[str, bytes]]:
        """Return (exit code, kept output, class files) of the plain way."""
        job = Job("java", text, "reference")
        places = Places("", str(Path(*self.warm)))
        for name, data in JAVA.sources(job, places).items():
            (box / name).write_bytes(data)
        (command,) = JAVA.build(job, places)
        done = subprocess.run(command.argv, cwd=box, env=environment(str(box)), capture_output=True, check=False)
        files = {str(file.relative_to(box)): file.read_bytes() for file in box.rglob("*.class")}
        output = Output()
        output.add(done.stdout + done.stderr)
        return done.returncode, output.kept(), files


@pytest.fixture
def desk(warm: tuple[str, str]) -> Iterator[Desk]:
    desk = Desk(warm)
    yield desk
    desk.servers.close()


def same(desk: Desk, text: str, box: Path) -> None:
    """Both ways end alike: exit code, messages, and on success the class files."""
    box.mkdir()
    code, output, files = desk.plain(text, box)
    built = desk.build(text)
    assert built is not None, "the server did not answer"
    assert built.outcome.output == output
    assert (built.outcome.exit_code == 0) == (code == 0)
    assert built.files == files if code == 0 else not built.files


@pytest.mark.root
def test_both_ways_say_the_same_to_the_byte(desk: Desk, tmp_path: Path) -> None:
    for number, text in enumerate(TEXTS.values()):
        same(desk, text, tmp_path / str(number))


@pytest.mark.root
@pytest.mark.parametrize(
    "text",
    ["package p; class A {}", "package p.q; " + main(), main("", f"class {'L' * 250} {{}}"), "class Other { Main m; }"],
)
def test_files_that_do_not_lie_in_the_box_itself_are_left_to_the_plain_way(desk: Desk, text: str) -> None:
    assert desk.build(text) is None


@pytest.mark.root
def test_a_text_that_is_no_utf8_or_very_large_or_names_internal_classes_is_not_asked_about(desk: Desk) -> None:
    assert desk.build(main() + "// \ud800") is None
    assert desk.build(main() + "// " + "x" * (1 << 20)) is None
    assert desk.build(main("sun.misc.Unsafe u = null;")) is None
    assert desk.server().fresh


@pytest.mark.root
def test_nothing_of_a_program_is_seen_by_the_next(desk: Desk) -> None:
    helper = "class Helper { static int answer() { return 42; } }\n"
    user = main("Helper.answer();")
    for text in (helper + user, "package java.util.function; class Helper {}", helper + user):
        desk.build(text)
    alone = desk.build(user)
    assert alone is not None
    assert alone.outcome.exit_code == 1
    assert b"cannot find symbol" in alone.outcome.output
    shadowed = desk.build(TEXTS["own java.lang names"] + "class List {}")
    assert shadowed is not None
    after = desk.build("import java.util.*;\n" + main('List<String> l = List.of("x"); Integer i = 1; Object o = l;'))
    assert after is not None
    assert after.outcome.exit_code == 0


@pytest.mark.root
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_gets_no_answer_and_the_next_program_a_fresh_server(desk: Desk, name: str) -> None:
    assert desk.build(JAVA.example) is not None
    first = desk.server().process
    assert desk.build(BOMBS[name]) is None
    assert not Path("/proc", str(first)).exists()
    built = desk.build(JAVA.example)
    assert built is not None
    assert built.outcome.exit_code == 0
    assert desk.server().process != first


@pytest.mark.root
@pytest.mark.parametrize("limits", [Limits(0.02, 60, GIB), Limits(60, 0.05, GIB), Limits(60, 60, 1)])
def test_what_goes_beyond_a_limit_is_given_up_and_ended(desk: Desk, limits: Limits) -> None:
    server = desk.server()
    assert server.ask(JAVA.example.encode(), desk.warm[1], limits) is None
    desk.servers.heed()
    assert not Path("/proc", str(server.process)).exists()
    assert desk.build(JAVA.example) is not None


@pytest.mark.root
def test_a_keeper_that_ends_in_the_middle_costs_the_server(desk: Desk) -> None:
    server = desk.server()
    keeper = os.fork()
    if keeper == 0:
        signal.alarm(1)
        server.ask(TEXTS["thousands of classes"].encode() * 40, desk.warm[1], Limits(600, 600, GIB))
        os._exit(0)
    os.waitpid(keeper, 0)
    desk.servers.settle()
    assert not Path("/proc", str(server.process)).exists()
    assert desk.build(JAVA.example) is not None


@pytest.mark.root
def test_a_server_starts_whatever_descriptors_are_open_beside_it(warm: tuple[str, str]) -> None:
    for lowest in range(94, 108):
        first = os.dup(0)
        others = [os.dup(0) for _ in range(first, lowest)]
        desk = Desk(warm)
        built = desk.build(JAVA.example)
        desk.servers.close()
        for number in (first, *others):
            os.close(number)
        assert built is not None, f"with {lowest} descriptors open"


@pytest.mark.root
def test_a_server_that_cannot_start_is_tried_more_and_more_rarely(warm: tuple[str, str]) -> None:
    desk = Desk((warm[0], "not-there"))
    offered = []
    for _ in range(40):
        server = desk.servers.offer("java")
        offered.append(server is not None)
        if server is not None:
            assert server.ask(b"", "not-there", Limits(60, 60, GIB)) is None
        desk.servers.settle()
    assert [number for number, was in enumerate(offered) if was] == [0, 1, 3, 7, 15, 31]
    desk.servers.close()


@pytest.mark.full
@pytest.mark.real_data
@pytest.mark.root
def test_the_real_programs_compile_to_the_same_bytes(desk: Desk, tmp_path: Path, shared: Path) -> None:
    for problem in hep.load_problems("java", shared / "humanevalpack"):
        for form, solution in (("c", problem.canonical_solution), ("b", problem.buggy_solution)):
            same(desk, program_text(problem, problem.prompt + solution), tmp_path / f"{problem.index}{form}")
