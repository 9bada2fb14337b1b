#include "core/readable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace kronvec::inline KRONVEC_ABI {

std::string readable_bytes(double bytes) {
  const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  int unit = 0;
  for (; bytes >= 1024 && unit < 6; ++unit)
    bytes /= 1024;
  return unit == 0 ? fmt::format("{} bytes", bytes) : fmt::format("{:.1f} {}", bytes, units[unit]);
}

std::string json_string(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) {
      result += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
      continue;
    }
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

namespace {

bool continues_a_character(char c) { return (c & 0xc0) == 0x80; }

/// The length of the UTF-8 character at the start of a text; 0 for a control character, or if there is none.
std::size_t printable_character(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return first >= 0x20 && first != 0x7f;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  if (!std::ranges::all_of(text.substr(1, length - 1), continues_a_character)) return 0;
  const bool control = first == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0;
  return control ? 0 : length;
}

} // namespace

std::string printable(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t length = printable_character(text);
    if (length == 0) result += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
    result += text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return result;
}

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, std::not_fn(continues_a_character)));
}

std::string first_bytes(const std::string &text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && continues_a_character(text[most]))
    --most;
  return text.substr(0, most) + "…";
}

std::string both_ends(const std::string &text, std::size_t most) {
  if (text.size() <= 2 * most) return text;
  std::size_t end = text.size() - most;
  while (end < text.size() && continues_a_character(text[end]))
    ++end;
  return first_bytes(text, most) + text.substr(end);
}

} // namespace kronvec
