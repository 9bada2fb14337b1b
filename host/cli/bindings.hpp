#pragma once
/// Values from the command line: NAME=file.npy, NAME=4x3, NAME=[1,2;3,4], NAME=eye(4), NAME=2.5, NAME=-.

#include "kronvec/kronvec.hpp"

#include <iosfwd>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace kronvec::cli {

/// Standard input, which can be read once. `reader` says for what. Throws Error for the second reader.
std::istream &standard_input(const std::string &reader);

/// The parts of "4x3" or "4x3:7": a size is a number or a small letter; the seed may be missing.
struct SizedText {
  std::string_view rows, cols, seed;
};
/// Nothing for any other text.
std::optional<SizedText> sized_text(std::string_view text);

/// The matrix that a value denotes. `name` is that of a symbol or an option, and seeds random numbers. Throws Error,
/// IoError, OutOfMemory.
template <class T> Matrix<T> value_of(const std::string &name, const std::string &text);

/// The symbols of a command with their values.
template <class T> struct Bindings {
  std::map<std::string, Matrix<T>> matrices;
  Symbols symbols;
  /// Values without a symbol in the function get a warning: note_unused.
  Values<T> values() const {
    Values<T> all;
    for (const auto &[name, symbol] : symbols)
      all.push_back({symbol, matrices.at(name)});
    return all.allow_unused();
  }
};

/// The names of a list such as "X,Y".
std::vector<std::string> names_in(const std::string &list);
/// The texts of the values. Throws Error for an argument that is not NAME=VALUE, or a name given twice.
std::map<std::string, std::string> named_values(const std::vector<std::string> &arguments);
/// The value of a symbol in `varying` consists of `points` values side by side.
template <class T> Bindings<T> bindings_of(const std::vector<std::string> &arguments, Index points = 1,
                                           const std::set<std::string> &varying = {});

/// Warns on standard error about bound names that occur neither in the expression nor in `also`, a list such as X,Y.
void note_unused(const Symbols &bound, const std::string &expression, const std::string &also = "");

} // namespace kronvec::cli
