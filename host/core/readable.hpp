#pragma once
/// Texts for people: sizes of memory, and the beginnings of long texts.

#include "kronvec/abi.hpp"

#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>

namespace kronvec::inline KRONVEC_ABI {

/// "1.5 GiB".
KRONVEC_API std::string readable_bytes(double bytes);

/// As a string of JSON (RFC 8259), in quotes.
KRONVEC_API std::string json_string(std::string_view text);

/// Number of characters of a UTF-8 text; each takes one column.
KRONVEC_API std::size_t width_of(std::string_view text);

/// The text with control characters, and bytes that are not UTF-8, as "\x1b": it is one line, and cannot change what a
/// terminal shows.
KRONVEC_API std::string printable(std::string_view text);

/// The first `most` bytes, without a partial UTF-8 character at the end, and "…" for what is left out.
std::string first_bytes(const std::string &text, std::size_t most);

/// A number for printing: NaN has a sign, which means nothing to a reader.
template <class T> T without_nan_sign(T x) { return x == x ? x : std::abs(x); }

/// The first and the last `most` bytes of a longer text, without partial UTF-8 characters, and "…" between them.
KRONVEC_API std::string both_ends(const std::string &text, std::size_t most);

} // namespace kronvec
