#include "kernels/entrywise.hpp"

#include "kernels/thrust_stream.hpp"

namespace kronvec::kernels {
namespace {

/// Which entry of which item a thread computes.
struct Place {
  std::int64_t item, row, col;
};

template <class T> KRONVEC_HOST_DEVICE T read(const Entries<const T> &x, Place p) {
  const T *item = x.data + p.item * x.stride;
  return x.rows * x.cols == 1 ? *item : item[p.col * x.ld + p.row];
}

/// y(p) = operation(p) for entry k, counted down the columns of one item after the other.
template <class T, class Operation> struct Tabulate {
  Entries<T> y;
  Operation operation;

  KRONVEC_HOST_DEVICE void operator()(std::int64_t k) const {
    Place p{0, k, 0};
    if (y.cols != 1 || y.count != 1) { // one long column needs no division
      p.row = k % y.rows, p.col = k / y.rows;
      p.item = p.col / y.cols, p.col %= y.cols;
    }
    y.data[p.item * y.stride + p.col * y.ld + p.row] = operation(p);
  }
};

template <class T> struct Fill {
  T value;
  KRONVEC_HOST_DEVICE T operator()(Place) const { return value; }
};
template <class T> struct Unit {
  std::int64_t first;
  KRONVEC_HOST_DEVICE T operator()(Place p) const { return p.row == first + p.col ? T(1) : T(0); }
};
template <class T> struct Copy {
  Entries<const T> x;
  KRONVEC_HOST_DEVICE T operator()(Place p) const { return read(x, p); }
};
template <class T> struct Add {
  T alpha;
  Entries<const T> a;
  T beta;
  Entries<const T> b;
  KRONVEC_HOST_DEVICE T operator()(Place p) const { return alpha * read(a, p) + beta * read(b, p); }
};
template <class T> struct Combine {
  Binary op;
  Entries<const T> a, b;
  KRONVEC_HOST_DEVICE T operator()(Place p) const { return apply(op, read(a, p), read(b, p)); }
};
template <class T> struct Map {
  Function f;
  T exponent;
  Entries<const T> x;
  KRONVEC_HOST_DEVICE T operator()(Place p) const { return apply(f, exponent, read(x, p)); }
};

template <class T> std::int64_t size(const Entries<T> &x) { return x.rows * x.cols * x.count; }
/// Whether the operand, read along one long column of n entries, gives what it gives place by place.
template <class T> bool reads_as_run(const Entries<const T> &x, std::int64_t n) {
  return (x.rows * x.cols == 1 && x.count == 1) || (is_run(x) && size(x) == n);
}
template <class T> Entries<T> as_run(const Entries<T> &x) { return {x.data, size(x), 1, size(x), 1, 0}; }

/// make(operands…) says what to compute; where everything is one run it is computed as one long column.
template <class T, class Make, class... X>
cudaError_t tabulate(Entries<T> y, cudaStream_t stream, Make make, const X &...operands) {
  const std::int64_t n = size(y);
  const auto go = [&](Entries<T> result, const X &...x) {
    const auto operation = make(x...);
    return for_each_index(n, Tabulate<T, std::remove_const_t<decltype(operation)>>{result, operation}, stream);
  };
  if (is_run(y) && (reads_as_run(operands, n) && ...)) return go(as_run(y), as_run(operands)...);
  return go(y, operands...);
}

} // namespace

template <class T> cudaError_t Entrywise<T>::fill(T value, Entries<T> y, cudaStream_t stream) {
  return tabulate(y, stream, [=] { return Fill<T>{value}; });
}

template <class T> cudaError_t Entrywise<T>::unit_columns(std::int64_t first, Entries<T> y, cudaStream_t stream) {
  return for_each_index(size(y), Tabulate<T, Unit<T>>{y, {first}}, stream);
}

template <class T> cudaError_t Entrywise<T>::copy(Entries<const T> x, Entries<T> y, cudaStream_t stream) {
  return tabulate(
      y, stream, [](const auto &u) { return Copy<T>{u}; }, x);
}

template <class T> cudaError_t Entrywise<T>::add(T alpha, Entries<const T> a, T beta, Entries<const T> b, Entries<T> c,
                                                 cudaStream_t stream) {
  return tabulate(
      c, stream,
      [=](const auto &u, const auto &v) {
        return Add<T>{alpha, u, beta, v};
      },
      a, b);
}

template <class T>
cudaError_t Entrywise<T>::binary(Binary op, Entries<const T> a, Entries<const T> b, Entries<T> c, cudaStream_t stream) {
  return tabulate(
      c, stream,
      [=](const auto &u, const auto &v) {
        return Combine<T>{op, u, v};
      },
      a, b);
}

template <class T>
cudaError_t Entrywise<T>::elementwise(Function f, T exponent, Entries<const T> x, Entries<T> y, cudaStream_t stream) {
  return tabulate(
      y, stream,
      [=](const auto &u) {
        return Map<T>{f, exponent, u};
      },
      x);
}

template struct Entrywise<float>;
template struct Entrywise<double>;

} // namespace kronvec::kernels
