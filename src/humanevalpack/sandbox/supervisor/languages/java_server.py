"""The server that compiles Java: one warm javac for program after program, from memory to memory."""

from __future__ import annotations

import os
import re
import shutil

from ..launch import Command
from ..limits import GIB, MIB, Job, Limits, backstop
from ..server import Built, Served, Server
from ..watch import Outcome, Output

_HERE = os.path.dirname(os.path.abspath(__file__))
_INTERNAL = tuple(
    f"--add-{way}=jdk.compiler/com.sun.tools.javac.{name}=ALL-UNNAMED"
    for way, name in (("exports", "api"), ("exports", "main"), ("exports", "util"), ("opens", "util"))
)
"""What CompileServer uses of javac beyond its interface: the kind of its end, and its table of names."""
_JVM = (
    *("-Xshare:auto", "-Xlog:disable", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-XX:TieredStopAtLevel=1", "-Xmx256m"),
    *("-XX:+ExitOnOutOfMemoryError", "-XX:+DisableAttachMechanism", "-XX:ErrorFile=/dev/null"),
)
_CPU = 5
"""CPU seconds of one compilation; what takes longer is compiled in the plain way, with that way's limits."""
_LARGEST = MIB
"""Bytes of a source that is worth asking for."""
_LONGEST_NAME = 255
_ELSEWHERE = b"bad source file: "
"""A message that names Main.java as the class path has it."""
_WARNS = re.compile(rb"\bsun\.[a-z]")
"""Javac warns of internal classes (sun.misc), but only where the files come through its own file manager."""


class CompileServer(Served):
    """javac, asked for one Main.java at a time; every limit is narrower than those of the plain way."""

    sources = ("CompileServer.java", "SystemFiles.java", "CompileTraining.java", "Training.java")

    def __init__(self, java: str, options: tuple[str, ...]) -> None:
        """``options`` are javac's."""
        self._java, self._options = java, options

    def prepare(self, folder: str, compiler: tuple[str, ...]) -> list[Command]:
        """Return the commands that make the server, and the archive of the system's classes that it loads."""
        for name in self.sources:
            shutil.copyfile(os.path.join(_HERE, name), os.path.join(folder, name))
        classes = f"-XX:DumpLoadedClassList={folder}/server.classes"
        archive = (f"-XX:SharedClassListFile={folder}/server.classes", f"-XX:SharedArchiveFile={folder}/server.jsa")
        trained = (self._java, classes, *_JVM, *_INTERNAL, "-cp", f"{folder}/server")
        return [
            Command((*compiler, *_INTERNAL[:-1], "-d", "server", *self.sources[:-1])),
            Command((*trained, "humanevalpack.CompileTraining", "Training.java", *self._options)),
            Command((self._java, "-Xshare:dump", *archive, "-Xmx256m", *_INTERNAL)),
        ]

    def command(self, warm: str) -> Command:
        """Start with the archive, if it fits this JVM."""
        archive = f"-XX:SharedArchiveFile={warm}/server.jsa"
        jvm = (self._java, archive, *_JVM, *_INTERNAL)
        return Command((*jvm, "-cp", f"{warm}/server", "humanevalpack.CompileServer", *self._options))

    def build(self, job: Job, server: Server) -> Built | None:
        """Compile one program; None where the answer could differ from the plain way's."""
        try:
            source = job.text.encode("utf-8")
        except UnicodeEncodeError:  # a lone surrogate: the plain javac says what it says to its bytes
            return None
        if len(source) > _LARGEST or _WARNS.search(source):
            return None
        cpu = _CPU * job.slowness
        reply = server.ask(source, job.warm, Limits(cpu, backstop(cpu, job.patience), GIB))
        if reply is None:
            return None
        failed, (printed, *rest) = reply.data[0], _parts(reply.data[1:])
        files = {name.decode("utf-8"): data for name, data in zip(rest[::2], rest[1::2], strict=True)}
        if _ELSEWHERE in printed or not all(_fits(name) for name in files):
            return None
        output = Output()
        output.add(printed)
        outcome = Outcome(
            exit_code=1 if failed else 0,
            signal=None,
            broke="",
            why="",
            doubtful=False,
            wall=reply.wall,
            cpu=reply.cpu,
            peak_memory=0,  # the server's: it says nothing of the program
            output=output.kept(),
            output_size=output.size,
            token=b"",
            proof=b"",
        )
        return Built(outcome, files)


def _fits(name: str) -> bool:
    """Whether this is the name of a class file in the box itself (a package has a folder: the plain way makes it)."""
    return name.endswith(".class") and "/" not in name and "\0" not in name and len(name.encode()) <= _LONGEST_NAME


def _parts(data: bytes) -> list[bytes]:
    """Split what is made of lengths (four bytes, the highest first) and as many bytes each."""
    parts: list[bytes] = []
    place = 0
    while place < len(data):
        size = int.from_bytes(data[place : place + 4], "big")
        parts.append(data[place + 4 : place + 4 + size])
        place += 4 + size
    return parts
