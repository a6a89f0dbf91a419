"""C++: g++ -std=c++11 with the import block precompiled; a trusted main wraps the program's."""

from __future__ import annotations

import os
import re
import shutil
from functools import lru_cache
from secrets import token_hex

from ..launch import Command
from ..limits import Job
from ..watch import Outcome
from .base import Language, Need, Places, encoded, last_line_with
from .cpp_strict import has_one_end, is_plain, strict, with_end

GXX = "/usr/bin/g++"
MOLD = "/usr/bin/mold"
_FLAGS = ("-std=c++11", "-w", "-fmax-errors=20")

BLOCK = "using namespace std;\n" + "".join(
    f"#include<{name}>\n"
    for name in (
        "stdlib.h algorithm cmath math.h numeric stdio.h vector set map queue stack list deque boost/any.hpp string "
        "climits cstring iostream sstream fstream"
    ).split()
)
"""What stands before every assembled program (evaluation.md section 6)."""

_LIBRARIES = re.compile(r"ssl|extern|asm|##|%:|\?\?|\\\s*\n")
"""How a program could come to use OpenSSL: by its headers, its own declarations, or words that are put together. Where
it does not, two libraries less are read and loaded."""
_END = b"""
#if defined main || defined __assert_fail
#error the program renames what the test is made of
#endif
"""


def linker() -> tuple[str, ...]:
    """Return the options for mold where it is installed: it links the same program in a fraction of the time.

    By itself: what its threads and its second process save is wall time, and every core has a program already.
    """
    return ("-fuse-ld=mold", "-Wl,--threads=1", "-Wl,--no-fork") if os.path.exists(MOLD) else ()


def wrapper(folder: str, *options: str, output: str = "wrap.o") -> Command:
    """Put the trusted main's source into ``folder`` and return the command that compiles it there."""
    shutil.copyfile(os.path.join(os.path.dirname(os.path.abspath(__file__)), "wrap.cpp"), f"{folder}/wrap.cpp")
    return Command((GXX, "-O1", *options, "-c", "wrap.cpp", "-o", output))


class Cpp(Language):
    """g++ of the system with Boost's headers and OpenSSL's libraries."""

    name = "cpp"
    run_cpu = 20
    needs = (
        Need("g++", GXX),
        Need("Boost's headers (libboost-dev)", "/usr/include/boost/any.hpp"),
        Need("OpenSSL's headers (libssl-dev)", "/usr/include/openssl/md5.h"),
    )
    version = (GXX, "-dumpfullversion")
    crash_marks = (b"internal compiler error", b"fatal error: Killed", b"terminated with signal", b"memory exhausted")
    example = (
        BLOCK
        + """#include<openssl/md5.h>
#undef NDEBUG
#include<assert.h>
int main(){
    unsigned char digest[16];
    MD5((const unsigned char*)"", 0, digest);
    assert(digest[0] == boost::any_cast<int>(boost::any(0xd4)));
}
"""
    )
    built = ("program", "strict")
    prepared_from = ("cpp.py", "wrap.cpp", GXX, "/usr/include/boost/version.hpp", MOLD)

    def prepare(self, folder: str, places: Places) -> list[Command]:
        """Precompile the import block and compile the trusted main, also with an end that only this folder can name."""
        with open(os.path.join(folder, "block.h"), "w", encoding="ascii") as file:
            file.write(BLOCK)
        end = f"ended_{token_hex(8)}"
        ending = wrapper(folder, f"-DENDED={end}", output=f"{end}.o")
        return [Command((GXX, *_FLAGS, "-x", "c++-header", "block.h", "-o", "block.h.gch")), wrapper(folder), ending]

    def sources(self, job: Job, places: Places) -> dict[str, bytes]:
        """One file; its last lines see the macros that the test saw. A strict form where one is needed."""
        end = _end(places) if has_one_end(job.text) else None
        sources = {"program.cpp": encoded(with_end(job.text, end) if end else job.text) + _END}
        if not is_plain(job.text, BLOCK):
            sources["strict.cpp"] = encoded(strict(job.text, BLOCK, end))
        return sources

    def build(self, job: Job, places: Places) -> list[Command]:
        """Compile and link; the precompiled block is only for a program that begins with exactly this block."""
        block = ("-include", f"{places.warm}/block.h") if job.text.startswith(BLOCK) else ()
        names = ["program"] if is_plain(job.text, BLOCK) else ["program", "strict"]
        # the trusted main comes first: so does its code before main
        main = _end(places) if has_one_end(job.text) else "wrap"
        argv = (GXX, *_FLAGS, *block, f"{places.warm}/{main}.o", "-Wl,--wrap=main", *linker())
        libraries = ("-lcrypto", "-lssl") if _LIBRARIES.search(job.text) else ()
        return [Command((*argv, f"{name}.cpp", *libraries, "-o", name)) for name in names]

    def checks(self, job: Job, places: Places) -> list[Command]:
        """Run the strict form."""
        return [] if is_plain(job.text, BLOCK) else [Command(("./strict",), sealed=True)]

    def run(self, job: Job, places: Places) -> Command:
        """Run the binary."""
        return Command(("./program",), sealed=True)

    def failure(self, outcome: Outcome) -> tuple[str, str]:
        """An abort that assert() announced is a failure of the test."""
        if outcome.signal == "SIGABRT" and (line := last_line_with(outcome.output, "Assertion `")):
            return "failed", line
        return super().failure(outcome)


@lru_cache(maxsize=8)
def _end(places: Places) -> str:
    """Return the name of the function that ``prepare`` compiled for the test's end."""
    (file,) = (name for name in os.listdir(places.warm) if name.startswith("ended_"))
    return file[: -len(".o")]
