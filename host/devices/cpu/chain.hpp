#pragma once
/// Runs chains over packed entries, serially.

#include "devices/cpu/simd.hpp"

#include <algorithm>
#include <array>

namespace kronvec::cpu {

/// Entries of an operand along a column, `step` apart. A step of 0 repeats one entry.
template <class T> struct Strand {
  const T *data;
  Index step;
};

/// The strand along column j of item b. One row is broadcast to all rows, one column to all columns.
template <class T> Strand<T> strand(const BatchView<const T> &m, Index b, Index j) {
  return {m[b].data() + (m.cols == 1 ? 0 : j * m.ld), m.rows == 1 ? 0 : 1};
}

template <class T> using Inputs = std::array<Strand<T>, Chain<T>::max_inputs>;
template <class T> using Results = std::array<T *, Chain<T>::max_outputs>;

/// c[i] = link(a[i], b[i]) for n entries.
template <class T> void run_link(const Link<T> &link, Strand<T> a, Strand<T> b, T *c, Index n) {
  switch (link.kind) {
  case Link<T>::Kind::affine:
    return add(link.alpha, a.data, a.step, T(1), &link.beta, 0, c, n);
  case Link<T>::Kind::add:
    return add(link.alpha, a.data, a.step, link.beta, b.data, b.step, c, n);
  case Link<T>::Kind::binary:
    return binary(link.op, a.data, a.step, b.data, b.step, c, n);
  case Link<T>::Kind::elementwise:
    if (a.step == 1) return elementwise(link.function, link.alpha, a.data, c, n);
    T value;
    elementwise(link.function, link.alpha, a.data, &value, 1);
    std::fill_n(c, n, value);
  }
}

/// Runs a chain over n entries, in pieces whose intermediate values stay in the first-level cache. The results of a
/// piece are written after all its inputs have been read, because they may share memory.
template <class T> void run_chain(const Chain<T> &chain, const Inputs<T> &inputs, const Results<T> &results, Index n) {
  constexpr Index most = 512;
  alignas(64) T values[Chain<T>::max_links][most];
  for (Index first = 0; first < n; first += most) {
    const Index m = std::min(most, n - first);
    std::array<Strand<T>, Chain<T>::max_inputs + Chain<T>::max_links> registers;
    for (int i = 0; i < chain.inputs; ++i)
      registers[i] = {inputs[i].data + first * inputs[i].step, inputs[i].step};
    for (int k = 0; k < chain.links; ++k) {
      run_link(chain.link[k], registers[chain.link[k].a], registers[chain.link[k].b], values[k], m);
      registers[chain.inputs + k] = {values[k], 1};
    }
    for (int r = 0; r < chain.outputs; ++r)
      std::copy_n(registers[chain.output[r]].data, m, results[r] + first);
  }
}

/// The same, but a single link writes directly to its result.
template <class T> void run(const Chain<T> &chain, const Inputs<T> &inputs, const Results<T> &results, Index n) {
  if (chain.links > 1) return run_chain(chain, inputs, results, n);
  run_link(chain.link[0], inputs[chain.link[0].a], inputs[chain.link[0].b], results[0], n);
}

} // namespace kronvec::cpu
