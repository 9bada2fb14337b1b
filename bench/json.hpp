#pragma once
/// A JSON writer with what the results need.

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kronvec::bench {

/// An object, built key by key. All strings are our own; only `"` and `\` need escaping.
class Json {
public:
  Json &add(std::string_view key, double value) {
    return raw(key, std::isfinite(value) ? fmt::format("{:.6g}", value) : "null");
  }
  Json &add(std::string_view key, std::int64_t value) { return raw(key, std::to_string(value)); }
  Json &add(std::string_view key, int value) { return raw(key, std::to_string(value)); }
  Json &add(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }
  Json &add(std::string_view key, const char *value) { return add(key, std::string_view(value)); }
  Json &add(std::string_view key, std::string_view value) {
    std::string quoted = "\"";
    for (const char c : value) {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += c == '\n' ? ' ' : c;
    }
    return raw(key, quoted + '"');
  }
  Json &add(std::string_view key, const Json &value) { return raw(key, value.text()); }
  Json &raw(std::string_view key, std::string_view json) {
    members_ += fmt::format("{}\"{}\": {}", members_.empty() ? "" : ", ", key, json);
    return *this;
  }
  std::string text() const { return '{' + members_ + '}'; }

private:
  std::string members_;
};

inline std::string list(const std::vector<std::string> &items, std::string_view separator = ",\n ") {
  return fmt::format("[{}]", fmt::join(items, separator));
}

} // namespace kronvec::bench
