// node inside the supervisor: started once, up to the point where it would load a program, then forked for each.
//
// prepare() runs in a long-lived process, become() and run() in the forked one after that has given up its rights.
// js_host.js does the part that is JavaScript: what node knew of the long-lived process is renewed in the program's.
//
// Compiled against Debian's libnode 18 with its public headers; the few further symbols of node's are declared below.
// libuv across a fork: https://docs.libuv.org/en/v1.x/loop.html#c.uv_loop_fork

#include <fcntl.h>
#include <node.h>
#include <openssl/rand.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "js_memory.h"
#include "js_platform.h"

namespace node {
namespace per_process {
extern uint64_t node_start_time;
}
namespace performance {
extern const uint64_t timeOrigin;
extern uint64_t performance_v8_start;
}  // namespace performance
}  // namespace node

namespace {

constexpr int kFirstDescriptor = 200;  // above those of every program: see reopen_descriptors
constexpr int kSignals = 65;
constexpr uintptr_t kStack = 984 * 1024;  // V8's --stack-size

const char* const kNode = "/usr/bin/node";
double time_origin_in_milliseconds;

node::CommonEnvironmentSetup* setup;
v8::Global<v8::Function> renew;     // (process id) => [Module, path of the program]
v8::Global<v8::Function> run_main;  // (Module, path) => undefined
struct sigaction actions[kSignals];
sigset_t mask;
int lock_pipe[2] = {-1, -1};

// Swap this process's signal handling with what is kept here: node's own while it is not at work.
void swap_signals() {
  for (int number = 1; number < kSignals; ++number) {
    if (number == SIGKILL || number == SIGSTOP) continue;
    struct sigaction kept = actions[number];
    sigaction(number, nullptr, &actions[number]);
    sigaction(number, &kept, nullptr);
  }
  sigset_t kept = mask;
  pthread_sigmask(SIG_SETMASK, &kept, &mask);
}

// Find the pipe that libuv uses as its signal lock: the one of the first loop's pipes with a byte waiting in it.
bool find_lock_pipe() {
  uv_loop_t first;
  if (uv_loop_init(&first) != 0) return false;
  for (int end = kFirstDescriptor; end < kFirstDescriptor + 32 && lock_pipe[0] < 0; ++end) {
    struct stat found, next;
    int waiting = 0;
    if (fstat(end, &found) != 0 || !S_ISFIFO(found.st_mode) || ioctl(end, FIONREAD, &waiting) != 0) continue;
    if (waiting != 1 || fstat(end + 1, &next) != 0 || next.st_ino != found.st_ino) continue;
    if ((fcntl(end, F_GETFL) & O_ACCMODE) != O_RDONLY) continue;
    lock_pipe[0] = end;
    lock_pipe[1] = end + 1;
  }
  return uv_loop_close(&first) == 0 && lock_pipe[0] >= 0;
}

// Give this process descriptors of its own where libuv expects some. All are closed here: the numbers of the
// long-lived process's lie so high that they cannot have been taken by a program's since.
bool reopen_descriptors() {
  int fresh[2];
  if (pipe2(fresh, O_CLOEXEC) != 0) return false;
  for (int end = 0; end < 2; ++end) {
    if (dup3(fresh[end], lock_pipe[end], O_CLOEXEC) < 0) return false;
    close(fresh[end]);
  }
  if (write(lock_pipe[1], "*", 1) != 1) return false;
  if (uv_loop_fork(setup->event_loop()) != 0) return false;
  uv_disable_stdio_inheritance();  // as node does with what it inherits
  return true;
}

// No two programs may see the same random numbers. OpenSSL would notice the fork by the process id alone, which is the
// same in many namespaces. V8 seeds Math.random at its first use in a context.
bool renew_randomness() {
  unsigned char seed[64];
  unsigned first;
  if (getrandom(seed, sizeof seed, 0) != sizeof seed) return false;
  if (getrandom(&first, sizeof first, 0) != sizeof first) return false;
  RAND_seed(seed, sizeof seed);
  const std::string flag = "--random-seed=" + std::to_string((first >> 1) | 1);
  v8::V8::SetFlagsFromString(flag.c_str(), flag.size());
  return true;
}

void start_clocks() {
  const uint64_t now = uv_hrtime();
  node::per_process::node_start_time = now;
  node::performance::performance_v8_start = now;
  *const_cast<volatile uint64_t*>(&node::performance::timeOrigin) = now;
  timespec clock;
  clock_gettime(CLOCK_REALTIME, &clock);
  time_origin_in_milliseconds = clock.tv_sec * 1e3 + clock.tv_nsec / 1e6;
  uv_update_time(setup->event_loop());
}

// Return the value of a script; its place is what an error's stack will show.
v8::Local<v8::Value> evaluate(v8::Local<v8::Context> context, const std::string& text, const char* name, int line,
                              int column) {
  v8::Isolate* isolate = context->GetIsolate();
  const auto string = [isolate](const char* chars) { return v8::String::NewFromUtf8(isolate, chars).ToLocalChecked(); };
  v8::ScriptOrigin origin(isolate, string(name), line, column);
  v8::ScriptCompiler::Source source(string(text.c_str()), origin);
  return v8::ScriptCompiler::Compile(context, &source).ToLocalChecked()->Run(context).ToLocalChecked();
}

// Go as far as node does before it loads the program, and warm up what comes after: see js_host.js.
v8::MaybeLocal<v8::Value> start(const node::StartExecutionCallbackInfo& info, const std::string& text) {
  v8::Local<v8::Context> context = setup->context();
  v8::Isolate* isolate = setup->isolate();
  v8::Local<v8::Value> arguments[] = {info.native_require};
  v8::Local<v8::Value> started;
  const auto host = evaluate(context, text, "node:internal/main/js_host", 0, 0).As<v8::Function>();
  if (!host->Call(context, v8::Undefined(isolate), 1, arguments).ToLocal(&started)) return {};
  renew.Reset(isolate, started.As<v8::Function>());
  // the last frame of every stack that begins in a program, where node has it
  const auto last = evaluate(context, "((a, b) => { a.runMain(b); })", "node:internal/main/run_main_module", 27, 33);
  run_main.Reset(isolate, last.As<v8::Function>());
  return started;
}

const char* failed(const std::string& what) { return strdup(what.c_str()); }

}  // namespace

// The two that follow stand before node's and libuv's own: the loader finds this library first.

extern "C" int uv_exepath(char* buffer, size_t* size) {
  const size_t length = std::min(strlen(kNode), *size - 1);
  memcpy(buffer, kNode, length);
  buffer[length] = '\0';
  *size = length;
  return 0;
}

namespace node {
namespace performance {
void GetTimeOriginTimeStamp(const v8::FunctionCallbackInfo<v8::Value>& call) {
  call.GetReturnValue().Set(time_origin_in_milliseconds);
}
}  // namespace performance
}  // namespace node

// Make node ready to run "program.js" with `prelude` required before it. `script` is the text of js_host.js.
// Return what failed, or nullptr.
extern "C" const char* prepare(const char* prelude, const char* script) {
  std::vector<int> held;
  int end;
  while ((end = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0 && end < kFirstDescriptor) held.push_back(end);
  close(end);
  for (int number = 1; number < kSignals; ++number) sigaction(number, nullptr, &actions[number]);
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  if (!find_lock_pipe()) return failed("libuv's signal lock is not where it is in libuv 1.44");

  // process.title lives in the memory of the arguments, one behind the other
  static std::string memory;
  const std::vector<std::string> as_told{kNode, "--single-threaded", "--require", prelude, "program.js"};
  std::vector<size_t> places;
  for (const std::string& argument : as_told) {
    places.push_back(memory.size());
    memory += argument + '\0';
  }
  std::vector<char*> pointers;
  for (size_t place : places) pointers.push_back(&memory[place]);
  pointers.push_back(nullptr);
  uv_setup_args(static_cast<int>(as_told.size()), pointers.data());

  using namespace node::ProcessInitializationFlags;
  // without the prelude, which belongs into each program's process
  const auto result = node::InitializeOncePerProcess(
      {kNode, "--single-threaded", "program.js"},
      {kNoStdioInitialization, kNoAdjustResourceLimits, kDisableNodeOptionsEnv, kNoInitializeV8,
       kNoInitializeNodeV8Platform, kNoUseLargePages});
  if (result->early_return() || !result->errors().empty()) {
    return failed(result->errors().empty() ? "node does not start" : result->errors()[0]);
  }
  Platform* platform = new Platform;
  v8::V8::InitializePlatform(platform);
  v8::V8::Initialize();
  std::vector<std::string> errors;
  const std::vector<std::string> options(as_told.begin() + 1, as_told.end() - 1);
  setup = node::CommonEnvironmentSetup::Create(platform, &errors, result->args(), options).release();
  if (setup == nullptr) return failed(errors.empty() ? "node makes no environment" : errors[0]);
  uv_loop_configure(setup->event_loop(), UV_METRICS_IDLE_TIME);
  {
    v8::Isolate* isolate = setup->isolate();
    v8::Locker locker(isolate);
    v8::Isolate::Scope isolate_scope(isolate);
    v8::HandleScope handle_scope(isolate);
    v8::Context::Scope context_scope(setup->context());
    const auto callback = [script](const node::StartExecutionCallbackInfo& info) { return start(info, script); };
    if (node::LoadEnvironment(setup->env(), callback).IsEmpty()) return failed("js_host.js does not run");
    platform->DrainTasks(isolate);  // a collection of garbage that has come due is not left to every program
  }
  share_pages();
  gather_library();
  swap_signals();
  for (int one : held) close(one);
  return nullptr;
}

// Make the forked process one of its own; return whether that was possible.
extern "C" int become() {
  prctl(PR_SET_NAME, "node");
  swap_signals();
  return reopen_descriptors() && renew_randomness();
}

// Run the program in the working directory, as `node` would; never returns.
extern "C" void run() {
  char here;
  start_clocks();
  v8::Isolate* isolate = setup->isolate();
  node::Environment* environment = setup->env();
  v8::Locker locker(isolate);
  v8::Isolate::Scope isolate_scope(isolate);
  v8::HandleScope handle_scope(isolate);
  v8::Local<v8::Context> context = setup->context();
  v8::Context::Scope context_scope(context);
  isolate->SetStackLimit(reinterpret_cast<uintptr_t>(&here) - kStack);
  node::SetProcessExitHandler(environment, [](node::Environment*, int code) { _exit(code); });
  {
    node::CallbackScope callback_scope(isolate, v8::Object::New(isolate), {1, 0});
    v8::TryCatch caught(isolate);  // reported as uncaught; the scope above then still does what is queued, as in node
    caught.SetVerbose(true);
    v8::Local<v8::Value> undefined = v8::Undefined(isolate);
    v8::Local<v8::Value> main, own_id = v8::Integer::New(isolate, getpid());
    if (renew.Get(isolate)->Call(context, undefined, 1, &own_id).ToLocal(&main)) {
      const auto pair = main.As<v8::Array>();
      v8::Local<v8::Value> arguments[] = {pair->Get(context, 0).ToLocalChecked(),
                                          pair->Get(context, 1).ToLocalChecked()};
      static_cast<void>(run_main.Get(isolate)->Call(context, undefined, 2, arguments));
    }
  }
  _exit(node::SpinEventLoop(environment).FromMaybe(1));
}
