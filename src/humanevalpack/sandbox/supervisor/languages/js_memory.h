// The memory of node's process, made ready for the forks that programs are; included by js_host.cpp.

#pragma once

#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

namespace {

constexpr uintptr_t kHuge = 2 << 20;
constexpr int kCollapse = 25;  // MADV_COLLAPSE of Linux 6.1

// V8 keeps its pages from forked processes (MADV_DONTFORK); here they are what the fork is for.
void share_pages() {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    unsigned long begin, end;
    if (sscanf(line.c_str(), "%lx-%lx", &begin, &end) == 2) {
      madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DOFORK);
    }
  }
}

// Copy a range of whole huge pages into such pages, in its place; leave it as it is where the kernel makes none.
void gather(uintptr_t begin, size_t size, int access) {
  const int kind = MAP_PRIVATE | MAP_ANONYMOUS;
  char* room = static_cast<char*>(mmap(nullptr, size + kHuge, PROT_READ | PROT_WRITE, kind, -1, 0));
  if (room == MAP_FAILED) return;
  char* copy = room + (kHuge - reinterpret_cast<uintptr_t>(room) % kHuge) % kHuge;
  madvise(copy, size, MADV_HUGEPAGE);
  memcpy(copy, reinterpret_cast<void*>(begin), size);
  if (madvise(copy, size, kCollapse) != 0 || mprotect(copy, size, access) != 0) {
    munmap(room, size + kHuge);
    return;
  }
  mremap(copy, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, begin);
  if (copy > room) munmap(room, copy - room);
  munmap(copy + size, room + kHuge - copy);
}

// Have node's code and constants in huge pages: a fork has them all at once then, where it would meet a file's page by
// page.
void gather_library() {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    uintptr_t begin, end;
    char rights[5];
    if (line.find("libnode.so") == std::string::npos) continue;
    if (sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, rights) != 3 || strncmp(rights, "r-", 2) != 0) continue;
    begin = (begin + kHuge - 1) / kHuge * kHuge;
    end = end / kHuge * kHuge;
    if (begin < end) gather(begin, end - begin, PROT_READ | (rights[2] == 'x' ? PROT_EXEC : 0));
  }
}

}  // namespace
