#pragma once
/// Unknown sizes, and what is learnt about them: unification.

#include "kronvec/matrix.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace kronvec::derivation {

/// A size: a number, a name, a combination of other sizes, or open.
using SizeId = int;

class Unification {
public:
  enum class Form { product, sum, triangle };

  SizeId open() { return add({}); }
  SizeId number(Index n) { return add({.number = n}); }
  SizeId named(const std::string &name);
  /// a·b, a + b, or a(a + 1)/2.
  SizeId made(Form form, SizeId a, SizeId b);

  /// Records that two sizes are equal. Throws ShapeError with both if they cannot be.
  void unify(SizeId a, SizeId b);
  bool is(SizeId a, Index n) const { return sizes_[at(a)].number == n; }
  bool is_open(SizeId a) const;
  void name(SizeId a, const std::string &name) { sizes_[at(a)].name = name; }
  /// The number that a size stands for. Throws ShapeError for a size that contains itself.
  Index value(SizeId a, const std::function<Index(const std::string &)> &value_of_name) const;
  std::string text(SizeId a) const { return text_of(a, 0); }

private:
  struct Size {
    std::optional<Index> number = {};
    std::string name = {};
    std::optional<Form> form = {};
    SizeId a = -1, b = -1;
    SizeId same = -1; ///< the size that represents this one
  };

  SizeId add(Size size) {
    sizes_.push_back(std::move(size));
    return static_cast<SizeId>(sizes_.size()) - 1;
  }
  std::size_t at(SizeId a) const;
  std::string text_of(SizeId a, int depth) const;
  Index value_of(SizeId a, const std::function<Index(const std::string &)> &value_of_name, int depth) const;

  std::vector<Size> sizes_;
};

} // namespace kronvec::derivation
