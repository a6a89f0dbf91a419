// Included by js_host.cpp.

#pragma once

#include <node.h>
#include <libplatform/libplatform.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

namespace {

// A V8 platform without threads, which a fork would lose: V8 then does all work of the garbage collector itself. What
// insists on another thread gets one of its own, which only a program's process ever starts.
class Platform : public node::MultiIsolatePlatform {
 public:
  Platform() : inner_(node::MultiIsolatePlatform::Create(1)) {}

  int NumberOfWorkerThreads() override { return 0; }
  std::unique_ptr<v8::JobHandle> PostJob(v8::TaskPriority priority, std::unique_ptr<v8::JobTask> task) override {
    return v8::platform::NewDefaultJobHandle(this, priority, std::move(task), 0);
  }
  void CallOnWorkerThread(std::unique_ptr<v8::Task> task) override { Start(std::move(task), 0); }
  void CallDelayedOnWorkerThread(std::unique_ptr<v8::Task> task, double seconds) override {
    Start(std::move(task), seconds);
  }
  void DrainTasks(v8::Isolate* isolate) override {
    do {
      std::unique_lock<std::mutex> lock(mutex_);
      done_.wait(lock, [this] { return running_ == 0; });
      lock.unlock();
      inner_->DrainTasks(isolate);
    } while (running_ != 0);
  }

  v8::PageAllocator* GetPageAllocator() override { return inner_->GetPageAllocator(); }
  std::shared_ptr<v8::TaskRunner> GetForegroundTaskRunner(v8::Isolate* isolate) override {
    return inner_->GetForegroundTaskRunner(isolate);
  }
  bool IdleTasksEnabled(v8::Isolate* isolate) override { return inner_->IdleTasksEnabled(isolate); }
  double MonotonicallyIncreasingTime() override { return inner_->MonotonicallyIncreasingTime(); }
  double CurrentClockTimeMillis() override { return inner_->CurrentClockTimeMillis(); }
  StackTracePrinter GetStackTracePrinter() override { return inner_->GetStackTracePrinter(); }
  v8::TracingController* GetTracingController() override { return inner_->GetTracingController(); }
  bool FlushForegroundTasks(v8::Isolate* isolate) override { return inner_->FlushForegroundTasks(isolate); }
  void RegisterIsolate(v8::Isolate* isolate, uv_loop_t* loop) override { inner_->RegisterIsolate(isolate, loop); }
  void RegisterIsolate(v8::Isolate* isolate, node::IsolatePlatformDelegate* delegate) override {
    inner_->RegisterIsolate(isolate, delegate);
  }
  void UnregisterIsolate(v8::Isolate* isolate) override { inner_->UnregisterIsolate(isolate); }
  void AddIsolateFinishedCallback(v8::Isolate* isolate, void (*callback)(void*), void* data) override {
    inner_->AddIsolateFinishedCallback(isolate, callback, data);
  }

 private:
  void Start(std::unique_ptr<v8::Task> task, double seconds) {
    const bool awaited = seconds == 0;  // node does not wait for delayed tasks either
    if (awaited) ++running_;
    std::thread([this, awaited, seconds, task = std::move(task)] {
      if (!awaited) usleep(static_cast<useconds_t>(seconds * 1e6));
      task->Run();
      std::lock_guard<std::mutex> lock(mutex_);
      if (awaited && --running_ == 0) done_.notify_all();
    }).detach();
  }

  std::unique_ptr<node::MultiIsolatePlatform> inner_;
  std::mutex mutex_;
  std::condition_variable done_;
  std::atomic<int> running_{0};
};

}  // namespace
