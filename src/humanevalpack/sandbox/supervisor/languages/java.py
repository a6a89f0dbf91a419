"""Java: javac, then java with a trusted runner that calls Main.main."""

from __future__ import annotations

import os
import shutil

from ..launch import Command
from ..limits import GIB, Job
from ..watch import Outcome
from .base import Language, Need, Places, encoded, last_line_with

JAVA = "/usr/bin/java"
JAR = "/usr/bin/jar"
_HERE = os.path.dirname(os.path.abspath(__file__))
_JVM = ("-Xshare:auto", "-Xlog:disable", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-Xmx512m")
_COMPILER = ("-XX:TieredStopAtLevel=1", "-m", "jdk.compiler/com.sun.tools.javac.Main")
_JAVAC = ("-proc:none", "-nowarn", "-encoding", "UTF-8", "-Xmaxerrs", "20")


class Java(Language):
    """OpenJDK of the system."""

    name = "java"
    run_cpu = 10
    memory = 3 * GIB // 2
    needs = (Need("java", JAVA), Need("its compiler (openjdk-17-jdk-headless)", "/usr/bin/javac"), Need("jar", JAR))
    version = ("/usr/bin/javac", "-version")
    example = """import java.util.*;

public class Main {
    public static void main(String[] arguments) {
        if (Arrays.asList(1, 2).contains(3)) throw new AssertionError();
    }
}
"""
    prepared_from = ("java.py", "Runner.java", "Training.java", JAVA, "/usr/bin/javac")

    def prepare(self, folder: str, places: Places) -> list[Command]:
        """Compile the runner and archive the classes that javac and it load: half of a JVM's start."""
        for name in ("Runner.java", "Training.java"):
            shutil.copyfile(os.path.join(_HERE, name), os.path.join(folder, name))
        archive = "-XX:ArchiveClassesAtExit="
        compiled = (*_COMPILER, *_JAVAC, "-d", "classes", "Runner.java", "Training.java")
        jar = f"{folder}/runner.jar"  # an archive of classes cannot be made from a folder
        return [
            Command((JAVA, f"{archive}{folder}/javac.jsa", *_JVM, *compiled)),
            Command((JAR, "--create", "--file", jar, "-C", "classes", ".")),
            Command((JAVA, f"{archive}{folder}/runner.jsa", *_JVM, "-cp", jar, "humanevalpack.Training")),
        ]

    def sources(self, job: Job, places: Places) -> dict[str, bytes]:
        """One file with the class Main."""
        return {"Main.java": encoded(job.text)}

    def build(self, job: Job, places: Places) -> list[Command]:
        """Compile without annotation processors: they would run code while building."""
        archive = f"-XX:SharedArchiveFile={places.warm}/javac.jsa"
        return [Command((JAVA, archive, *_JVM, *_COMPILER, *_JAVAC, "-d", ".", "Main.java"))]

    def run(self, job: Job, places: Places) -> Command:
        """Run Main through the runner; our classes come first, so that the program cannot replace them."""
        archive = f"-XX:SharedArchiveFile={places.warm}/runner.jsa"
        return Command((JAVA, archive, *_JVM, "-cp", f"{places.warm}/runner.jar:.", _RUNNER))

    def failure(self, outcome: Outcome) -> tuple[str, str]:
        """Name the uncaught exception; AssertionError is what the tests throw."""
        line = last_line_with(outcome.output, "Exception in thread")
        if "java.lang.AssertionError" in line:
            return "failed", line
        status, reason = super().failure(outcome)
        return status, line or reason


_RUNNER = "humanevalpack.Runner"
