/// The interpreter of programs: one call of a primitive per step.

#include "calculus/jacobian_plan.hpp"

#include <algorithm>
#include <array>

namespace kronvec::detail {
namespace {

template <class T> class Interpreter {
public:
  Interpreter(const Program &program, Stage stage, const Backend &backend, T *arena, const Batch<T> &batch)
      : program_(program), stage_(stage), backend_(backend), primitives_(backend.primitives(T{})), arena_(arena),
        batch_(batch) {}

  void run(const Step &s) const {
    const BatchView<T> y = out(s.out[0]);
    switch (s.opcode) {
    case Opcode::fill:
      return primitives_.fill(T(s.alpha), y);
    case Opcode::unit:
      return primitives_.unit_columns(0, y[0]);
    case Opcode::data:
      return load(*s.entries, y[0]);
    case Opcode::copy:
      return primitives_.copy(in(s.in[0]), y);
    case Opcode::extract:
      return primitives_.copy(windowed(in(s.in[0]), s.window, y.rows, y.cols), y);
    case Opcode::embed: {
      const BatchView<const T> x = in(s.in[0]);
      primitives_.fill(0, y);
      return primitives_.copy(x, windowed(y, s.window, x.rows, x.cols));
    }
    case Opcode::permute:
      return permute(s.middle, in(s.in[0]), y);
    case Opcode::vech:
      return primitives_.pack_triangle({}, 1, 0, in(s.in[0]), y);
    case Opcode::unvech:
      return primitives_.unpack_triangle({}, 1, 0, in(s.in[0]), y);
    case Opcode::column_max:
      return primitives_.column_max(in(s.in[0]), y);
    case Opcode::transpose:
      return primitives_.transpose(in(s.in[0]), y);
    case Opcode::multiply:
      return primitives_.multiply(T(s.alpha), op(s.transpose_a()), in(s.in[0]), op(s.transpose_b()), in(s.in[1]), y);
    case Opcode::chain:
      return run_chain(s);
    case Opcode::inner:
      return primitives_.inner(in(s.in[0]), in(s.in[1]), y);
    case Opcode::lu:
      return primitives_.lu(in(s.in[0]), s.variant, y);
    case Opcode::lu_solve:
      return primitives_.lu_solve(op(s.variant), in(s.in[0]), in(s.in[1]), y);
    case Opcode::determinant:
      return primitives_.determinant(s.variant, in(s.in[0]), y);
    case Opcode::adjugate:
      return primitives_.adjugate(in(s.in[0]), y);
    case Opcode::cholesky:
      return primitives_.cholesky(in(s.in[0]), y);
    case Opcode::expm:
      return primitives_.expm(in(s.in[0]), y);
    case Opcode::inverse:
      return primitives_.inverse(in(s.in[0]), y);
    case Opcode::emit:
    case Opcode::jacobian:
      return emit(s, y[0]);
    }
  }

private:
  static Op op(bool transpose) { return transpose ? Op::transpose : Op::none; }

  template <class U> static BatchView<U> windowed(const BatchView<U> &m, Window window, Index rows, Index cols) {
    return {m.data + window.offset, rows, cols, window.step, m.count, m.stride};
  }

  /// (I ⊗ K[m,n] ⊗ I) vec X: the columns of many inner×mn matrices, which follow one another, are permuted.
  void permute(Middle k, const BatchView<const T> &x, const BatchView<T> &y) const {
    const Index each = k.inner * k.m * k.n, items = each == 0 ? 0 : y.rows * y.cols / each;
    for (Index b = 0; b < y.count; ++b)
      primitives_.commute_columns(k.n, k.m, {x[b].data(), k.inner, k.m * k.n, k.inner, items, each},
                                  {y[b].data(), k.inner, k.m * k.n, k.inner, items, each});
  }

  void run_chain(const Step &s) const {
    Chain<T> chain{.inputs = static_cast<int>(s.in.size()),
                   .links = static_cast<int>(s.links.size()),
                   .outputs = static_cast<int>(s.out.size())};
    std::transform(s.links.begin(), s.links.end(), chain.link, [](const Link<double> &link) {
      return Link<T>{.kind = static_cast<typename Link<T>::Kind>(link.kind),
                     .op = link.op,
                     .function = link.function,
                     .a = link.a,
                     .b = link.b,
                     .alpha = T(link.alpha),
                     .beta = T(link.beta)};
    });
    std::copy(s.results.begin(), s.results.end(), chain.output);
    std::array<BatchView<const T>, Chain<T>::most_inputs> inputs;
    std::array<BatchView<T>, Chain<T>::most_outputs> results;
    std::transform(s.in.begin(), s.in.end(), inputs.begin(), [&](SlotId u) { return in(u); });
    std::transform(s.out.begin(), s.out.end(), results.begin(), [&](SlotId u) { return out(u); });
    primitives_.chain(chain, {inputs.data(), s.in.size()}, {results.data(), s.out.size()});
  }

  void emit(const Step &s, MatrixView<T> y) const {
    Buffers<T> buffers;
    for (const SlotId u : s.in)
      buffers.push_back(in(u).data);
    const auto number = static_cast<std::size_t>(&s - program_.steps(stage_).data());
    batch_.emitters[number]->run(buffers.span(), 0, 0, y);
  }

  void load(const std::vector<double> &entries, MatrixView<T> y) const {
    std::vector<T> cast(entries.size());
    std::transform(entries.begin(), entries.end(), cast.begin(), [](double x) { return static_cast<T>(x); });
    transfer<T>(backend_, MatrixView<const T>(cast.data(), y.rows(), y.cols()), y);
  }

  BatchView<const T> in(SlotId id) const {
    const SlotId memory = program_.memory(id);
    if (!batched(id) || !program_.slots()[memory].input) return out(id);
    const Shape shape = program_.slots()[id].shape;
    return {batch_.input.data, shape.rows, shape.cols, shape.rows, batch_.count, batch_.input.stride};
  }

  BatchView<T> out(SlotId id) const {
    if (id == program_.output(stage_)) return batch_.output;
    const Slot &slot = program_.slots()[id];
    if (!batched(id)) return {arena_ + slot.offset, slot.shape.rows, slot.shape.cols, slot.shape.rows, 1, 0};
    return {batch_.workspace + slot.offset * batch_.count,
            slot.shape.rows,
            slot.shape.cols,
            slot.shape.rows,
            batch_.count,
            slot.shape.size()};
  }

  bool batched(SlotId id) const { return program_.slots()[id].stage > Stage::values; }

  const Program &program_;
  Stage stage_;
  const Backend &backend_;
  const Primitives<T> &primitives_;
  T *arena_;
  const Batch<T> &batch_;
};

} // namespace

template <class T>
void run(const Program &program, Stage stage, const Backend &backend, T *arena, const Batch<T> &batch) {
  const Interpreter<T> interpreter(program, stage, backend, arena, batch);
  for (const Step &step : program.steps(stage))
    interpreter.run(step);
}

template void run(const Program &, Stage, const Backend &, float *, const Batch<float> &);
template void run(const Program &, Stage, const Backend &, double *, const Batch<double> &);

} // namespace kronvec::detail
