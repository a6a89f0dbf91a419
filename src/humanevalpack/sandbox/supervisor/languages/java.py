"""Java: javac, then java with a trusted runner that calls Main.main."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping

from ..launch import Command
from ..limits import GIB, Job
from ..watch import Outcome
from .base import Language, Need, Places, encoded, last_line_with
from .java_classes import judged_by_values
from .java_server import CompileServer

JAVA = "/usr/bin/java"
_HERE = os.path.dirname(os.path.abspath(__file__))
_ANY_JVM = ("-Xshare:auto", "-Xlog:disable", "-XX:-UsePerfData", "-Xmx512m")
_JVM = (
    *_ANY_JVM,
    # the archive's graph of modules, a third of a start, is for this collector only; with threads for one core
    *("-XX:+UseG1GC", "-XX:ParallelGCThreads=1", "-XX:ConcGCThreads=1", "-XX:G1ConcRefinementThreads=0", "-Xms32m"),
    # mapped where it was made, the archive is shared memory that nobody has to write to
    *("-XX:+UnlockDiagnosticVMOptions", "-XX:ArchiveRelocationMode=0"),
)
_COMPILER = (*_ANY_JVM, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-m", "jdk.compiler/com.sun.tools.javac.Main")
_JAVAC = ("-proc:none", "-nowarn", "-encoding", "UTF-8", "-Xmaxerrs", "20")
_SOURCES = ("Runner.java", "Equality.java", "Reach.java", "Training.java")
_PLAIN = ("-XDstringConcat=inline",)  # code that is made at run time would cost more than all the rest of the runner
_ALONE = "-XX:+DisableAttachMechanism"
"""No other process, of the program's making, loads an agent into its machine."""
_SERVER = CompileServer(JAVA, _JAVAC)


class Java(Language):
    """OpenJDK of the system."""

    name = "java"
    run_cpu = 10
    memory = 3 * GIB // 2
    needs = (Need("java", JAVA), Need("its compiler (openjdk-17-jdk-headless)", "/usr/bin/javac"))
    version = ("/usr/bin/javac", "-version")
    crash_marks = (
        b"exception has occurred in the compiler",
        b"# A fatal error",
        b"OutOfMemoryError",
        b"insufficient memory",
    )
    example = """import java.util.*;

public class Main {
    public static void main(String[] arguments) {
        if (Arrays.asList(1, 2).contains(3)) throw new AssertionError();
    }
}
"""
    served = _SERVER
    finished = ".class"
    prepared_from = ("java.py", "java_server.py", *_SOURCES, *_SERVER.sources, JAVA, "/usr/bin/javac")

    def prepare(self, folder: str, places: Places) -> list[Command]:
        """Compile the runner, and archive the classes of the system that javac, the server and programs load.

        Nothing of ours is in an archive, so that it fits wherever the folder lies.
        """
        for name in _SOURCES:
            shutil.copyfile(os.path.join(_HERE, name), os.path.join(folder, name))
        classes = f"-XX:DumpLoadedClassList={folder}/runner.classes"
        archive = (f"-XX:SharedClassListFile={folder}/runner.classes", f"-XX:SharedArchiveFile={folder}/runner.jsa")
        compiler = (JAVA, f"-XX:ArchiveClassesAtExit={folder}/javac.jsa", *_COMPILER, *_JAVAC)
        return [
            Command((*compiler, *_PLAIN, "-d", "runner", *_SOURCES)),
            Command((JAVA, classes, *_JVM, "-cp", f"{folder}/runner", "humanevalpack.Training", _RUNNER)),
            Command((JAVA, "-Xshare:dump", *archive, *_JVM[1:])),
            *_SERVER.prepare(folder, (JAVA, *_COMPILER, *_JAVAC)),
        ]

    def sources(self, job: Job, places: Places) -> dict[str, bytes]:
        """One file with the class Main."""
        return {"Main.java": encoded(job.text)}

    def build(self, job: Job, places: Places) -> list[Command]:
        """Compile without annotation processors: they would run code while building."""
        archive = f"-XX:SharedArchiveFile={places.warm}/javac.jsa"
        return [Command((JAVA, archive, *_COMPILER, *_JAVAC, "-d", ".", "Main.java"))]

    def finish(self, files: Mapping[str, bytes]) -> dict[str, bytes]:
        """Make the test's class one that judges by values."""
        named = {name.removesuffix(".class"): data for name, data in files.items()}
        return {f"{name}.class": data for name, data in judged_by_values(named).items()}

    def run(self, job: Job, places: Places) -> Command:
        """Run Main through the runner; our classes come first, so that the program cannot replace them."""
        archive = f"-XX:SharedArchiveFile={places.warm}/runner.jsa"
        return Command((JAVA, archive, *_JVM, _ALONE, "-cp", f"{places.warm}/runner:.", _RUNNER))

    def failure(self, outcome: Outcome) -> tuple[str, str]:
        """Name the uncaught exception; AssertionError is what the tests throw."""
        line = last_line_with(outcome.output, "Exception in thread")
        if "java.lang.AssertionError" in line:
            return "failed", line
        status, reason = super().failure(outcome)
        return status, line or reason


_RUNNER = "humanevalpack.Runner"
