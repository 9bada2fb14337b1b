#include "emission/print.hpp"

#include "emission/labels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string_view>

namespace kronvec::inline KRONVEC_ABI {
namespace {

/// Letters for the labels of a product: i, j, … for labels that move along rows only; k, l, … along columns; u, v, …
/// for summed labels.
std::vector<std::string> label_names(const Product &p) {
  static constexpr const char *letters[] = {"ijabcdefgh", "klmnopqrst", "uvwxyz"};
  std::vector<int> order(static_cast<std::size_t>(p.labels));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return std::pair(p.col.stride[a], p.row.stride[a]) < std::pair(p.col.stride[b], p.row.stride[b]);
  });
  std::vector<std::string> names(static_cast<std::size_t>(p.labels));
  std::size_t used[3] = {};
  for (const int q : order) {
    if (p.extent[q] == 1) continue;
    const std::size_t kind = p.summed(q) ? 2 : p.col.stride[q] ? 1 : 0, number = used[kind]++;
    const std::size_t letters_of_kind = std::string_view(letters[kind]).size();
    names[static_cast<std::size_t>(q)] = letters[kind][number % letters_of_kind];
    if (number >= letters_of_kind) names[static_cast<std::size_t>(q)] += std::to_string(number / letters_of_kind);
  }
  return names;
}

std::string affine(const AffineMap &map, const std::vector<std::string> &names) {
  std::vector<std::pair<Index, std::string>> parts;
  for (std::size_t q = 0; q < names.size(); ++q)
    if (map.stride[q]) parts.emplace_back(map.stride[q], names[q]);
  std::sort(parts.begin(), parts.end());
  std::string text;
  for (const auto &[stride, name] : parts)
    text += fmt::format("{}{}{}", text.empty() ? "" : " + ", stride == 1 ? "" : fmt::format("{}·", stride), name);
  if (map.offset || text.empty()) text += fmt::format("{}{}", text.empty() ? "" : " + ", map.offset);
  return text;
}

/// Explains the index along a side that is a vech.
std::string side(std::string_view what, const std::string &result, const Axis &axis) {
  const Index n = axis.triangle;
  return n ? fmt::format("  {} count along vec of {}, of whose entries {} has the lower triangle, as in vech\n", what,
                         to_string(Shape{n, n}), result)
           : "";
}

} // namespace

std::string in_index_notation(const std::string &result, const Emission &emission,
                              const std::function<std::string(int)> &name) {
  if (emission.products.empty()) return fmt::format("  {} = 0\n", result);
  std::string text;
  for (const Product &p : emission.products) {
    const auto names = label_names(p);
    std::string factors, sums;
    if (p.scale != 1 || p.factors.empty()) factors = fmt::format("{}", p.scale);
    for (int q = 0; q < p.labels; ++q)
      if (p.summed(q) && p.extent[q] > 1) sums += names[static_cast<std::size_t>(q)];
    for (const Product::Factor &f : p.factors)
      factors += fmt::format("{}{}[{}]", factors.empty() ? "" : " · ", name(f.buffer), affine(f.map, names));
    std::string place = affine(p.row, names);
    if (emission.cols.size > 1) place += ", " + affine(p.col, names);
    text += fmt::format("  {}[{}] {} {}{}\n", result, place,
                        text.empty() ? "=" : "+=", sums.empty() ? "" : fmt::format("Σ_{} ", sums), factors);
  }
  return text + side("rows", result, emission.rows) + side("columns", result, emission.cols);
}

} // namespace kronvec
