/// Entrywise kernels.

#include "kernels/entrywise.hpp"

#include "kernels/thrust_stream.hpp"

namespace kronvec::kernels {
namespace {

/// The entry, and its item, that a thread computes.
struct Place {
  std::int64_t item, row, col;
};

/// Entry k, counted down the columns of one item after another.
template <class T> KRONVEC_HOST_DEVICE Place place(const Entries<T> &y, std::int64_t k) {
  if (y.cols == 1 && y.count == 1) return {0, k, 0}; // one long column needs no division
  const std::int64_t col = k / y.rows;
  return {col / y.cols, k % y.rows, col % y.cols};
}

template <class T> KRONVEC_HOST_DEVICE T read(const Entries<const T> &x, Place p) {
  return x.data[p.item * x.stride + (x.cols == 1 ? 0 : p.col * x.ld) + (x.rows == 1 ? 0 : p.row)];
}
template <class T> KRONVEC_HOST_DEVICE void write(const Entries<T> &y, Place p, T value) {
  y.data[p.item * y.stride + p.col * y.ld + p.row] = value;
}

template <class T> struct Fill {
  T value;
  Entries<T> y;
  KRONVEC_HOST_DEVICE void operator()(std::int64_t k) const { write(y, place(y, k), value); }
};
template <class T> struct Unit {
  std::int64_t first;
  Entries<T> y;
  KRONVEC_HOST_DEVICE void operator()(std::int64_t k) const {
    const Place p = place(y, k);
    write(y, p, p.row == first + p.col ? T(1) : T(0));
  }
};
template <class T> struct Copy {
  Entries<const T> x;
  Entries<T> y;
  KRONVEC_HOST_DEVICE void operator()(std::int64_t k) const {
    const Place p = place(y, k);
    write(y, p, read(x, p));
  }
};
template <class T> struct Conjugate {
  Entries<const T> x;
  Entries<T> y;
  KRONVEC_HOST_DEVICE void operator()(std::int64_t k) const {
    const Place p = place(y, k);
    write(y, p, conjugate(read(x, p)));
  }
};
template <class T> struct Scale {
  T alpha;
  Entries<const T> x;
  Entries<T> y;
  KRONVEC_HOST_DEVICE void operator()(std::int64_t k) const {
    const Place p = place(y, k);
    write(y, p, alpha * read(x, p));
  }
};
template <class T> struct Add {
  T alpha, beta;
  Entries<const T> a, b;
  Entries<T> y;
  KRONVEC_HOST_DEVICE void operator()(std::int64_t k) const {
    const Place p = place(y, k);
    write(y, p, alpha * read(a, p) + beta * read(b, p));
  }
};
template <class T> struct Hadamard {
  Entries<const T> a, b;
  Entries<T> y;
  KRONVEC_HOST_DEVICE void operator()(std::int64_t k) const {
    const Place p = place(y, k);
    write(y, p, read(a, p) * read(b, p));
  }
};
/// A chain with one link needs no array of registers.
template <class T> struct OneLink {
  Link<T> link;
  Entries<const T> a, b;
  Entries<T> y;
  KRONVEC_HOST_DEVICE void operator()(std::int64_t k) const {
    const Place p = place(y, k);
    const T u = read(a, p);
    const bool two = link.kind == Link<T>::Kind::add || link.kind == Link<T>::Kind::binary;
    write(y, p, apply(link, u, two ? read(b, p) : u));
  }
};
template <class T> struct Links {
  Chain<T> chain;
  ChainOperands<T> operands;
};

constexpr int threads = 256;
constexpr std::int64_t max_blocks = 1 << 16;

/// A kernel of our own. Thrust would copy the work, which is read at computed indices, into the local memory of each
/// thread.
template <class T> __global__ void __launch_bounds__(threads)
    run_links(const __grid_constant__ Links<T> work, std::int64_t entries) {
  const auto &[chain, operands] = work;
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * threads + threadIdx.x;
  for (std::int64_t k = first; k < entries; k += KRONVEC_STRIDE(static_cast<std::int64_t>(gridDim.x) * threads)) {
    const Place p = place(operands.output[0], k);
    T reg[Chain<T>::max_inputs + Chain<T>::max_links];
    for (int i = 0; i < chain.inputs; ++i)
      reg[i] = read(operands.input[i], p);
    for (int l = 0; l < chain.links; ++l)
      reg[chain.inputs + l] = apply(chain.link[l], reg[chain.link[l].a], reg[chain.link[l].b]);
    for (int o = 0; o < chain.outputs; ++o)
      write(operands.output[o], p, reg[chain.output[o]]);
  }
}

template <class T> std::int64_t size(const Entries<T> &x) { return x.rows * x.cols * x.count; }
/// Whether reading the operand as one column of n entries gives the same values as reading it place by place.
template <class T> bool reads_as_run(const Entries<const T> &x, std::int64_t n) {
  return (x.rows * x.cols == 1 && x.stride == 0) || (is_run(x) && size(x) == n);
}
template <class T> Entries<T> as_run(const Entries<T> &x) {
  if (x.rows * x.cols == 1 && x.stride == 0) return {x.data, 1, 1, 1, 1, 0};
  return {x.data, size(x), 1, size(x), 1, 0};
}

/// Turns operands into one long column if each of them is one run.
template <class T> void flatten(Entries<const T> *inputs, int input_count, Entries<T> *outputs, int output_count) {
  const std::int64_t n = size(outputs[0]);
  const auto run = [n](const Entries<const T> &x) { return reads_as_run(x, n); };
  if (!std::all_of(inputs, inputs + input_count, run) ||
      !std::all_of(outputs, outputs + output_count, is_run<Entries<T>>))
    return;
  std::transform(inputs, inputs + input_count, inputs, as_run<const T>);
  std::transform(outputs, outputs + output_count, outputs, as_run<T>);
}

} // namespace

template <class T> cudaError_t Entrywise<T>::fill(T value, Entries<T> y, cudaStream_t stream) {
  const std::int64_t n = size(y);
  return for_each_index(n, Fill<T>{value, is_run(y) ? as_run(y) : y}, stream);
}

template <class T> cudaError_t Entrywise<T>::unit_columns(std::int64_t first, Entries<T> y, cudaStream_t stream) {
  return for_each_index(size(y), Unit<T>{first, y}, stream);
}

template <class T> cudaError_t Entrywise<T>::copy(Entries<const T> x, Entries<T> y, cudaStream_t stream) {
  const std::int64_t n = size(y);
  flatten(&x, 1, &y, 1);
  return for_each_index(n, Copy<T>{x, y}, stream);
}

template <class T> cudaError_t run_chain(const Chain<T> &chain, const ChainOperands<T> &where, cudaStream_t stream) {
  const std::int64_t n = size(where.output[0]);
  if (n == 0) return cudaSuccess;
  ChainOperands<T> operands = where;
  flatten(operands.input, chain.inputs, operands.output, chain.outputs);
  if (chain.links > 1) {
    return launch(run_links<T>, dim3(blocks_for((n + threads - 1) / threads, max_blocks)), dim3(threads), 0, stream,
                  Links<T>{chain, operands}, n);
  }
  const Link<T> link = chain.link[0];
  return for_each_index(n, OneLink<T>{link, operands.input[link.a], operands.input[link.b], operands.output[0]},
                        stream);
}

template <class T> cudaError_t ComplexEntrywise<T>::conjugate(Entries<const T> x, Entries<T> y, cudaStream_t stream) {
  const std::int64_t n = size(y);
  flatten(&x, 1, &y, 1);
  return for_each_index(n, Conjugate<T>{x, y}, stream);
}

template <class T>
cudaError_t ComplexEntrywise<T>::scale(T alpha, Entries<const T> x, Entries<T> y, cudaStream_t stream) {
  const std::int64_t n = size(y);
  flatten(&x, 1, &y, 1);
  return for_each_index(n, Scale<T>{alpha, x, y}, stream);
}

template <class T> cudaError_t ComplexEntrywise<T>::add(T alpha, Entries<const T> a, T beta, Entries<const T> b,
                                                        Entries<T> y, cudaStream_t stream) {
  const std::int64_t n = size(y);
  Entries<const T> operands[] = {a, b};
  flatten(operands, 2, &y, 1);
  return for_each_index(n, Add<T>{alpha, beta, operands[0], operands[1], y}, stream);
}

template <class T>
cudaError_t ComplexEntrywise<T>::hadamard(Entries<const T> a, Entries<const T> b, Entries<T> y, cudaStream_t stream) {
  const std::int64_t n = size(y);
  Entries<const T> operands[] = {a, b};
  flatten(operands, 2, &y, 1);
  return for_each_index(n, Hadamard<T>{operands[0], operands[1], y}, stream);
}

template struct Entrywise<float>;
template struct Entrywise<double>;
template struct Entrywise<Complex<float>>;
template struct Entrywise<Complex<double>>;
template cudaError_t run_chain(const Chain<float> &, const ChainOperands<float> &, cudaStream_t);
template cudaError_t run_chain(const Chain<double> &, const ChainOperands<double> &, cudaStream_t);
template struct ComplexEntrywise<Complex<float>>;
template struct ComplexEntrywise<Complex<double>>;

} // namespace kronvec::kernels
