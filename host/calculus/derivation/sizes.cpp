/// Sizes with letters, represented by primes.

#include "kronvec/derivation.hpp"

#include "calculus/expression/node.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace kronvec::inline KRONVEC_ABI {
namespace {

bool is_prime(Index n) {
  for (Index k = 2; k * k <= n; ++k)
    if (n % k == 0) return false;
  return n > 1;
}

constexpr Index first_prime = 101;

} // namespace

Index SizeNames::size(const std::string &name) {
  const auto known =
      std::find_if(names_.begin(), names_.end(), [&](const auto &entry) { return entry.second == name; });
  if (known != names_.end()) return known->first;
  Index prime = names_.empty() ? first_prime : names_.rbegin()->first + 1;
  while (!is_prime(prime))
    ++prime;
  names_.emplace(prime, name);
  return prime;
}

namespace {

/// A product of names and a number, such as 2mn. A number below the first prime stands for itself.
std::optional<std::string> as_product(Index size, const std::map<Index, std::string> &names) {
  std::string letters;
  for (const auto &[prime, name] : names)
    for (; size % prime == 0; size /= prime)
      letters += name;
  if (letters.empty()) return size < first_prime ? std::optional(std::to_string(size)) : std::nullopt;
  return size == 1 ? letters : std::to_string(size) + letters;
}

} // namespace

std::string SizeNames::spelled(Index size) const {
  if (size == 0 || names_.empty() || numbers_.contains(size)) return std::to_string(size);
  for (const auto &[prime, name] : names_)
    if (size == triangle(prime)) return fmt::format("{0}({0}+1)/2", name);
  if (const auto product = as_product(size, names_)) return *product;
  for (const auto &[prime, name] : names_) {
    const auto rest = size > prime ? as_product(size - prime, names_) : std::nullopt; // of a direct sum
    if (rest) return fmt::format("{}+{}", name, *rest);
  }
  return std::to_string(size);
}

std::string SizeNames::translated(const std::string &message) const {
  std::string result;
  for (std::size_t at = 0; at < message.size();) {
    const std::size_t digits = message.find_first_not_of("0123456789", at) - at;
    const std::size_t length = std::min(digits, message.size() - at);
    if (length >= 3 && length <= 18)
      result += spelled(std::stoll(message.substr(at, length)));
    else
      result += message.substr(at, std::max<std::size_t>(length, 1));
    at += std::max<std::size_t>(length, 1);
  }
  return result;
}

} // namespace kronvec
