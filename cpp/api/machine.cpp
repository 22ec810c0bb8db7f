#include "api/machine.h"

#include <algorithm>
#include <cstdio>
#include <string>

namespace nrw::api {

namespace {

// The whole of a small file of /proc or /sys; empty if it cannot be read.
std::string text_of(const std::string& path) {
  std::string text;
  if (FILE* file = std::fopen(path.c_str(), "r")) {
    char buffer[4096];
    for (size_t got; (got = std::fread(buffer, 1, sizeof buffer, file)) != 0;) text.append(buffer, got);
    std::fclose(file);
  }
  return text;
}

// The number after `key` at the start of a line, or `otherwise` if there is none ("max" is not a number). An empty key
// stands for the first line.
uint64_t number_in(const std::string& path, const std::string& key, uint64_t otherwise) {
  const std::string text = text_of(path);
  for (size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
    unsigned long long value = 0;
    if (text.compare(at, key.size(), key) == 0 && std::sscanf(text.c_str() + at + key.size(), " %llu", &value) == 1) {
      return value;
    }
    if (text.find('\n', at) == std::string::npos) break;
  }
  return otherwise;
}

// The limits of a control group and of all groups that contain it. The kernel counts its cache of files as used memory,
// but frees it on demand, so it is added to the available memory.
void apply_limits(MachineMemory& memory, const std::string& root, std::string group, const char* limit_file,
                  const char* usage_file, const char* cache_field) {
  for (;;) {
    const std::string folder = root + group + "/";
    const uint64_t limit = number_in(folder + limit_file, "", ~uint64_t{0});
    if (limit < memory.total) {
      const uint64_t used = number_in(folder + usage_file, "", 0);
      const uint64_t cache = number_in(folder + "memory.stat", std::string(cache_field) + " ", 0);
      const uint64_t held = used - std::min(used, cache);
      memory.total = limit;
      memory.available = std::min(memory.available, limit - std::min(limit, held));
    }
    if (group.empty()) return;
    group.erase(group.rfind('/'));
  }
}

}  // namespace

MachineMemory machine_memory() {
  MachineMemory memory;
  memory.total = number_in("/proc/meminfo", "MemTotal:", 0) * 1024;
  memory.available = number_in("/proc/meminfo", "MemAvailable:", 0) * 1024;

  const std::string groups = text_of("/proc/self/cgroup");
  for (size_t at = 0, end; (end = groups.find('\n', at)) != std::string::npos; at = end + 1) {
    // `number:controllers:/path`; in version 2 the list of controllers is empty
    const std::string line = groups.substr(at, end - at);
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    std::string path = line.substr(second + 1);
    if (path == "/" || path.empty() || path[0] != '/') path.clear();
    if (controllers == ",,") {
      apply_limits(memory, "/sys/fs/cgroup", path, "memory.max", "memory.current", "inactive_file");
    } else if (controllers.find(",memory,") != std::string::npos) {
      apply_limits(memory, "/sys/fs/cgroup/memory", path, "memory.limit_in_bytes", "memory.usage_in_bytes",
                   "total_inactive_file");
    }
  }
  return memory;
}

}  // namespace nrw::api
