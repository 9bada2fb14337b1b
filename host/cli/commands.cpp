/// Chooses the command, and checks where its results go.

#include "cli/commands.hpp"

#include "core/readable.hpp"
#include "io/file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

namespace kronvec::cli {
namespace {

/// Checks an output's name and directory before the work begins.
void require_target(const std::string &out, const char *option, const std::vector<const char *> &extensions) {
  if (out.empty()) return;
  const std::filesystem::path path(out);
  if (std::find(extensions.begin(), extensions.end(), path.extension()) == extensions.end())
    throw Error(fmt::format("{} {}: its name must end in {}", option, out, fmt::join(extensions, " or ")));
  const auto parent = path.parent_path();
  if (!parent.empty() && !std::filesystem::is_directory(parent))
    throw Error(fmt::format("{} {}: there is no directory {}", option, out, parent.string()));
  writing([&] { require_writable(path); });
}

int info(const Request &request) {
  const double free = static_cast<double>(Device::cpu().bytes_free());
  if (request.delivery.json) {
    std::vector<std::string> devices;
    for (const Device device : Device::all())
      devices.push_back(fmt::format("{{\"name\": {}, \"description\": {}}}", json_string(device.name()),
                                    json_string(device.description())));
    print(fmt::format("{{\"version\": {}, \"devices\": [{}], \"free_bytes\": {:.0f}}}\n", json_string(version()),
                      fmt::join(devices, ", "), free));
    return 0;
  }
  print(fmt::format("kronvec {}\n", version()));
  for (const Device device : Device::all())
    print(fmt::format("{:<14} {}\n", device.name(), device.description()));
  print(fmt::format("{:<14} {} free\n{:<14} .npy and .csv in; .npy, .mtx, .png and .svg out\n", "memory",
                    readable_bytes(free), "files"));
  return 0;
}

} // namespace

int run(const Request &request) {
  const std::string &command = request.command, &out = request.delivery.out;
  const bool dense = command == "jacobian" || command == "hessian";
  if (out != standard)
    require_target(out, "--out", dense ? std::vector<const char *>{".npy", ".mtx"} : std::vector<const char *>{".npy"});
  require_target(request.picture, "--picture", {".png"});
  require_target(request.graph, "--graph", {".svg"});
  if (request.delivery.json && !out.empty()) throw Error("--json prints the result: leave out --out");
  if (command == "info") return info(request);
  if (command == "derive") return derive(request), 0;
  if (command == "apply" || command == "simplify") return run_operator(request);
  return dense ? (run_dense(request), 0) : run_value(request);
}

} // namespace kronvec::cli
