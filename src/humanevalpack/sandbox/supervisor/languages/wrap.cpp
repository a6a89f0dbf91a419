// The trusted main of a C++ or Rust program, linked with --wrap=main: an exit before the end of main, from wherever,
// leaves no proof. TESTS, where it is defined, names a function that says whether the tests, too, came to their end, and
// ENDED one that the test calls at its end.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <unistd.h>

namespace {

enum { TOKEN_FD = 3, PROOF_FD = 4, LONGEST = 64 };

struct Secret {
    unsigned char pad[LONGEST], masked[LONGEST];
    ssize_t size;
    int proof;
    pid_t self;
    bool entered;
};

Secret *secret;

// Runs before every constructor and initialiser of the program: this object is the first one that is linked (Rust's
// programs cannot bring a section). What stays in memory is not what came through the pipe.
void take_token(int, char **, char **) {
    // nobody but root opens this process's memory, be it through /proc/self/mem or as a debugger
    prctl(PR_SET_DUMPABLE, 0);
    void *page = mmap(nullptr, sizeof(Secret), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) _exit(1);
    secret = static_cast<Secret *>(page);
    if (getrandom(secret->pad, LONGEST, 0) != LONGEST) _exit(1);
    secret->size = read(TOKEN_FD, secret->masked, LONGEST);
    for (int i = 0; i < LONGEST; i++) secret->masked[i] ^= secret->pad[i];
    close(TOKEN_FD);
    secret->proof = fcntl(PROOF_FD, F_DUPFD_CLOEXEC, 100 + secret->pad[0] % 100);
    if (secret->proof < 0) _exit(1);
    close(PROOF_FD);
    secret->self = getpid();
}

__attribute__((section(".preinit_array"), used)) void (*first)(int, char **, char **) = take_token;

bool prove() {
    char token[LONGEST];
    for (int i = 0; i < secret->size; i++) token[i] = secret->masked[i] ^ secret->pad[i];
    return secret->size <= 0 || write(secret->proof, token, secret->size) == secret->size;
}

}  // namespace

extern "C" int __real_main(int, char **, char **);
#if defined TESTS
extern "C" int TESTS();
#elif defined ENDED
static int ended;
void ENDED() { ended = 1; }
static int TESTS() { return ended; }
#else
static int TESTS() { return 1; }
#endif

extern "C" int __wrap_main(int argc, char **argv, char **envp) {
    if (secret->entered) _exit(1);  // the program called it itself
    secret->entered = true;
    int code = __real_main(argc, argv, envp);
    if (code == 0 && getpid() == secret->self && TESTS() && !prove()) return 1;
    return code;
}

#ifndef TESTS
// A failed assertion is told on the same channel, so that a handler of its abort proves nothing; a program that brings
// a function of this name does not link.
extern "C" void __assert_fail(const char *text, const char *file, unsigned line, const char *function) noexcept {
    const char *name = program_invocation_short_name;
    fprintf(stderr, "%s: %s:%u: %s: Assertion `%s' failed.\n", name, file, line, function, text);
    if (write(secret->proof, "assertion failed\n", 17) != 17) _exit(1);
    abort();
}
#endif
