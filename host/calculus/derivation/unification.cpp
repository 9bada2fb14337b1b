/// Unifies sizes, and evaluates what they stand for.

#include "calculus/derivation/unification.hpp"

#include "calculus/expression/node.hpp"

#include <algorithm>

namespace kronvec::derivation {
namespace {

/// Max nesting depth of sizes. Only a size that contains itself nests deeper.
constexpr int deepest = 1000;

} // namespace

std::size_t Unification::at(SizeId a) const {
  while (sizes_[static_cast<std::size_t>(a)].same >= 0)
    a = sizes_[static_cast<std::size_t>(a)].same;
  return static_cast<std::size_t>(a);
}

SizeId Unification::named(const std::string &name) {
  const auto known = std::ranges::find(sizes_, name, &Size::name);
  return known == sizes_.end() ? add({.name = name}) : static_cast<SizeId>(known - sizes_.begin());
}

SizeId Unification::made(Form form, SizeId a, SizeId b) {
  const auto &x = sizes_[at(a)].number, &y = sizes_[at(b)].number;
  if (form == Form::product && x == 1) return b;
  if (form == Form::product && y == 1) return a;
  if (x && y) {
    if (form == Form::product) return number(Shape{*x, *y}.size());
    return number(form == Form::sum ? *x + *y : triangle(*x));
  }
  return add({.form = form, .a = a, .b = b});
}

bool Unification::is_open(SizeId a) const {
  const Size &size = sizes_[at(a)];
  return !size.number && size.name.empty() && !size.form;
}

void Unification::unify(SizeId a, SizeId b) {
  const std::size_t i = at(a), k = at(b);
  if (i == k) return;
  if (is_open(a)) {
    sizes_[i].same = static_cast<SizeId>(k);
    return;
  }
  if (is_open(b)) {
    sizes_[k].same = static_cast<SizeId>(i);
    return;
  }
  const Size x = sizes_[i], y = sizes_[k];
  const bool alike = (x.number && x.number == y.number) || (!x.name.empty() && x.name == y.name);
  if (!alike && !(x.form && x.form == y.form)) throw ShapeError("sizes do not agree: " + text(a) + " and " + text(b));
  if (x.form) {
    unify(x.a, y.a);
    if (x.form != Form::triangle) unify(x.b, y.b);
  }
  sizes_[i].same = static_cast<SizeId>(k);
}

std::string Unification::text_of(SizeId a, int depth) const {
  const Size &size = sizes_[at(a)];
  if (size.number) return std::to_string(*size.number);
  if (!size.name.empty()) return size.name;
  if (!size.form || depth > 4) return "?";
  const std::string x = text_of(size.a, depth + 1), y = text_of(size.b, depth + 1);
  if (size.form == Form::triangle) return x + "(" + x + "+1)/2";
  return size.form == Form::product ? x + y : x + "+" + y;
}

Index Unification::value(SizeId a, const std::function<Index(const std::string &)> &value_of_name) const {
  return value_of(a, value_of_name, 0);
}

Index Unification::value_of(SizeId a, const std::function<Index(const std::string &)> &value_of_name, int depth) const {
  if (depth > deepest) throw ShapeError("a size would have to be larger than itself");
  const Size &size = sizes_[at(a)];
  if (size.number) return *size.number;
  if (!size.form) return value_of_name(size.name);
  const Index x = value_of(size.a, value_of_name, depth + 1);
  if (size.form == Form::triangle) return triangle(x);
  const Index y = value_of(size.b, value_of_name, depth + 1);
  return size.form == Form::product ? Shape{x, y}.size() : x + y;
}

} // namespace kronvec::derivation
