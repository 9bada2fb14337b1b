#include "kernels/permutation.hpp"

#include "kernels/elementwise.hpp"
#include "kernels/thrust_stream.hpp"

namespace kronvec::kernels {
namespace {

using std::int64_t;

template <class T> struct CommuteColumns {
  int64_t m, n;
  Entries<const T> x;
  Entries<T> y;
  KRONVEC_HOST_DEVICE void operator()(int64_t k) const {
    const int64_t row = k % y.rows, column = k / y.rows % y.cols, item = k / y.rows / y.cols;
    const int64_t from = column / m + column % m * n;
    y.data[item * y.stride + column * y.ld + row] = x.data[item * x.stride + from * x.ld + row];
  }
};

/// Where entry (i, j), i ≥ j, of an n×n matrix lies in its vech.
KRONVEC_HOST_DEVICE int64_t in_vech(int64_t i, int64_t j, int64_t n) { return j * n - j * (j - 1) / 2 + i - j; }

/// Counted over the whole square, since a triangle is easier to see from there.
template <class T> struct Vech {
  Entries<const T> x;
  Entries<T> y;
  KRONVEC_HOST_DEVICE void operator()(int64_t k) const {
    const int64_t n = x.rows, i = k % n, j = k / n % n, item = k / n / n;
    if (i >= j) y.data[item * y.stride + in_vech(i, j, n)] = x.data[item * x.stride + j * x.ld + i];
  }
};

template <class T> struct Unvech {
  Entries<const T> x;
  Entries<T> y;
  KRONVEC_HOST_DEVICE void operator()(int64_t k) const {
    const int64_t n = y.rows, i = k % n, j = k / n % n, item = k / n / n;
    y.data[item * y.stride + j * y.ld + i] = i >= j ? x.data[item * x.stride + in_vech(i, j, n)] : T(0);
  }
};

} // namespace

cudaError_t commute_columns(int64_t m, int64_t n, Entries<const float> x, Entries<float> y, cudaStream_t s) {
  return for_each_index(y.rows * y.cols * y.count, CommuteColumns<float>{m, n, x, y}, s);
}
cudaError_t commute_columns(int64_t m, int64_t n, Entries<const double> x, Entries<double> y, cudaStream_t s) {
  return for_each_index(y.rows * y.cols * y.count, CommuteColumns<double>{m, n, x, y}, s);
}
cudaError_t vech(Entries<const float> x, Entries<float> y, cudaStream_t s) {
  return for_each_index(x.rows * x.cols * y.count, Vech<float>{x, y}, s);
}
cudaError_t vech(Entries<const double> x, Entries<double> y, cudaStream_t s) {
  return for_each_index(x.rows * x.cols * y.count, Vech<double>{x, y}, s);
}
cudaError_t unvech(Entries<const float> x, Entries<float> y, cudaStream_t s) {
  return for_each_index(y.rows * y.cols * y.count, Unvech<float>{x, y}, s);
}
cudaError_t unvech(Entries<const double> x, Entries<double> y, cudaStream_t s) {
  return for_each_index(y.rows * y.cols * y.count, Unvech<double>{x, y}, s);
}

} // namespace kronvec::kernels
