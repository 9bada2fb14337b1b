/// Writes Matrix Market files.

#include "core/readable.hpp"
#include "core/sparse_checks.hpp"
#include "io/file.hpp"
#include "kronvec/io.hpp"

#include <fmt/format.h>

#include <iterator>

namespace kronvec::inline KRONVEC_ABI {

template <class T> void write_mtx(const std::filesystem::path &path, const CsrMatrix<T> &a) {
  constexpr std::size_t enough = 1 << 20; // bytes of text per write
  require_consistent(a);
  NewFile file(path);
  fmt::memory_buffer text;
  const auto write = [&] {
    file.write({text.data(), text.size()});
    text.clear();
  };
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "%%MatrixMarket matrix coordinate real general\n{} {} {}\n", a.rows, a.cols, a.nonzeros());
  for (Index i = 0; i < a.rows; ++i) {
    const auto row = static_cast<std::size_t>(i);
    for (auto n = static_cast<std::size_t>(a.row_start[row]); n < static_cast<std::size_t>(a.row_start[row + 1]); ++n)
      fmt::format_to(out, "{} {} {}\n", i + 1, a.col[n] + 1, without_nan_sign(a.value[n]));
    if (text.size() > enough) write();
  }
  write();
  file.commit();
}

template void write_mtx(const std::filesystem::path &, const CsrMatrix<float> &);
template void write_mtx(const std::filesystem::path &, const CsrMatrix<double> &);

} // namespace kronvec
