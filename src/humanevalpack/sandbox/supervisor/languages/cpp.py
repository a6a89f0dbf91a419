"""C++: g++ -std=c++11 with the import block precompiled; a trusted main wraps the program's."""

from __future__ import annotations

import os

from ..launch import PROOF_FD, TOKEN_FD, Command
from ..limits import Job
from ..watch import Outcome
from .base import Language, Need, Places, encoded, last_line_with

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

WRAP = f"""
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
extern "C" int __real_main(int, char **, char **);
extern "C" int __wrap_main(int argc, char **argv, char **envp) {{
    pid_t self = getpid();
    int code = __real_main(argc, argv, envp);
    if (code == 0 && getpid() == self) {{
        char token[64];
        ssize_t size = read({TOKEN_FD}, token, sizeof token);
        if (size > 0 && write({PROOF_FD}, token, size) != size) return 1;
    }}
    return code;
}}
extern "C" void __assert_fail(const char *text, const char *file, unsigned line, const char *function) {{
    const char *name = program_invocation_short_name;
    fprintf(stderr, "%s: %s:%u: %s: Assertion `%s' failed.\\n", name, file, line, function, text);
    if (write({PROOF_FD}, "assertion failed\\n", 17) != 17) _exit(1);
    abort();
}}
"""
"""Linked with --wrap=main (for Rust too): an exit before the end of main, from wherever, leaves no proof.

An assertion that failed is told on the same channel, so that a handler of its abort proves nothing; a program that
brings an ``__assert_fail`` of its own does not link.
"""
_END = b"""
#if defined main || defined __assert_fail
#error the program renames what the test is made of
#endif
"""


def linker() -> tuple[str, ...]:
    """Return the option for mold where it is installed: it links the same program in a fraction of the time."""
    return ("-fuse-ld=mold",) if os.path.exists(MOLD) else ()


def wrapper(folder: str) -> Command:
    """Write the trusted main into ``folder`` and return the command that compiles it to ``wrap.o`` there."""
    with open(os.path.join(folder, "wrap.cpp"), "w", encoding="ascii") as file:
        file.write(WRAP)
    return Command((GXX, "-O1", "-c", "wrap.cpp", "-o", "wrap.o"))


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
    prepared_from = ("cpp.py", GXX, "/usr/include/boost/version.hpp", MOLD)

    def prepare(self, folder: str, places: Places) -> list[Command]:
        """Precompile the import block and compile the trusted main."""
        with open(os.path.join(folder, "block.h"), "w", encoding="ascii") as file:
            file.write(BLOCK)
        return [Command((GXX, *_FLAGS, "-x", "c++-header", "block.h", "-o", "block.h.gch")), wrapper(folder)]

    def sources(self, job: Job, places: Places) -> dict[str, bytes]:
        """One file; its last lines see the macros that the test saw."""
        return {"program.cpp": encoded(job.text) + _END}

    def build(self, job: Job, places: Places) -> list[Command]:
        """Compile and link; the precompiled block is only for a program that begins with exactly this block."""
        block = ("-include", f"{places.warm}/block.h") if job.text.startswith(BLOCK) else ()
        wrap = f"{places.warm}/wrap.o"
        argv = (GXX, *_FLAGS, *block, "program.cpp", wrap, "-Wl,--wrap=main", *linker())
        return [Command((*argv, "-lcrypto", "-lssl", "-o", "program"))]

    def run(self, job: Job, places: Places) -> Command:
        """Run the binary."""
        return Command(("./program",))

    def failure(self, outcome: Outcome) -> tuple[str, str]:
        """An abort that assert() announced is a failure of the test."""
        if outcome.signal == "SIGABRT" and (line := last_line_with(outcome.output, "Assertion `")):
            return "failed", line
        return super().failure(outcome)
