/// The interpreter of programs: one call of a primitive per step.

#include "calculus/program/run.hpp"

#include "kernels/entries.hpp"

#include <algorithm>
#include <array>

namespace kronvec::detail {
namespace {

template <class T> class Interpreter {
public:
  Interpreter(const Program &program, Stage stage, const Backend &backend, const RunMemory<T> &memory)
      : program_(program), stage_(stage), backend_(backend), primitives_(backend.primitives(T{})), memory_(memory) {}

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
    case Opcode::norm2:
      return primitives_.norm2(in(s.in[0]), y);
    case Opcode::column_shift:
      return primitives_.column_shift(in(s.in[0]), y);
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
      return primitives_.determinant(static_cast<Determinant>(s.variant), in(s.in[0]), y);
    case Opcode::adjugate:
      return primitives_.adjugate(in(s.in[0]), y);
    case Opcode::adjugate_factors:
      return primitives_.adjugate_factors(in(s.in[0]), y);
    case Opcode::cholesky:
      return primitives_.cholesky(in(s.in[0]), y);
    case Opcode::expm:
      return primitives_.expm(in(s.in[0]), y);
    case Opcode::inverse:
      return primitives_.inverse(in(s.in[0]), y);
    case Opcode::emit:
    case Opcode::jacobian:
      return emit(s, y);
    }
  }

private:
  static Op op(bool transpose) { return transpose ? Op::transpose : Op::none; }

  template <class U> static BatchView<U> windowed(const BatchView<U> &m, Window window, Index rows, Index cols) {
    return {m.data + window.offset, rows, cols, window.step, m.count, m.stride};
  }

  /// (I ⊗ K[m,n] ⊗ I) vec X: permutes the columns of many consecutive inner×mn matrices.
  void permute(MiddleCommutation k, const BatchView<const T> &x, const BatchView<T> &y) const {
    const Index each = k.inner * k.m * k.n, items = each == 0 ? 0 : y.rows * y.cols / each;
    const auto permuted = [&](const T *from, T *to, Index count) {
      primitives_.commute_columns(k.n, k.m, {from, k.inner, k.m * k.n, k.inner, count, each},
                                  {to, k.inner, k.m * k.n, k.inner, count, each});
    };
    if (x.count == y.count && kernels::is_run(x) && kernels::is_run(y))
      return permuted(x.data, y.data, items * y.count);
    for (Index b = 0; b < y.count; ++b)
      permuted(x[b].data(), y[b].data(), items);
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
    std::array<BatchView<const T>, Chain<T>::max_inputs> inputs;
    std::array<BatchView<T>, Chain<T>::max_outputs> results;
    std::transform(s.in.begin(), s.in.end(), inputs.begin(), [&](SlotId u) { return in(u); });
    std::transform(s.out.begin(), s.out.end(), results.begin(), [&](SlotId u) { return out(u); });
    primitives_.chain(chain, {inputs.data(), s.in.size()}, {results.data(), s.out.size()});
  }

  void emit(const Step &s, BatchView<T> y) const {
    Buffers<T> buffers;
    for (const SlotId u : s.in)
      buffers.push_back(in(u));
    const auto number = static_cast<std::size_t>(&s - program_.steps(stage_).data());
    memory_.emitters[number]->run(buffers.span(), 0, 0, y);
  }

  void load(const std::vector<double> &entries, MatrixView<T> y) const {
    std::vector<T> cast(entries.size());
    std::transform(entries.begin(), entries.end(), cast.begin(), [](double x) { return static_cast<T>(x); });
    transfer<T>(backend_, MatrixView<const T>(cast.data(), y.rows(), y.cols()), y);
  }

  BatchView<const T> in(SlotId id) const {
    const SlotId whole = program_.memory(id);
    const bool batched = program_.slots()[id].stage > Stage::dense;
    if (!batched || !program_.slots()[whole].input) return out(id);
    const Shape shape = program_.slots()[id].shape;
    return {memory_.input.data, shape.rows, shape.cols, shape.rows, memory_.input.count, memory_.input.stride};
  }

  BatchView<T> out(SlotId id) const {
    return id == program_.output(stage_) ? memory_.output : memory_.slot(program_, id);
  }

  const Program &program_;
  Stage stage_;
  const Backend &backend_;
  const Primitives<T> &primitives_;
  const RunMemory<T> &memory_;
};

} // namespace

Varying::Varying(const Program &program, const std::vector<SlotId> &symbols) : varies_(program.slots().size()) {
  const auto varies = [&](SlotId u) { return has(program.memory(u)); };
  for (const SlotId u : symbols)
    varies_[static_cast<std::size_t>(u)] = true;
  for (const Stage stage : {Stage::values, Stage::dense})
    for (const Step &step : program.steps(stage))
      if (std::any_of(step.in.begin(), step.in.end(), varies))
        for (const SlotId u : step.out)
          varies_[static_cast<std::size_t>(u)] = true;
  for (SlotId u = 0; u < static_cast<SlotId>(varies_.size()); ++u) {
    varies_[static_cast<std::size_t>(u)] = varies(u);
    const Slot &slot = program.slots()[u];
    if (has(u) && slot.stage <= Stage::values && slot.stored && slot.memory_of == no_slot)
      per_point_ += slot.shape.size();
  }
}

void Varying::place(const Program &program, Index points) {
  offset_.assign(varies_.size(), 0), elements_ = 0;
  for (SlotId u = 0; u < static_cast<SlotId>(varies_.size()); ++u) {
    const Slot &slot = program.slots()[u];
    if (!has(u) || slot.stage > Stage::values || !slot.stored || slot.memory_of != no_slot) continue;
    offset_[static_cast<std::size_t>(u)] = elements_;
    elements_ += aligned(slot.shape.size() * points);
  }
  for (SlotId u = 0; u < static_cast<SlotId>(varies_.size()); ++u)
    offset_[static_cast<std::size_t>(u)] = offset_[static_cast<std::size_t>(program.memory(u))];
}

template <class T> BatchView<T> RunMemory<T>::slot(const Program &program, SlotId u) const {
  const Slot &slot = program.slots()[u];
  const auto [rows, cols] = slot.shape;
  const Index size = rows * cols;
  const bool varies = varying && varying->has(u);
  if (slot.stage <= Stage::values && varies)
    return {values + varying->offset(u) + first * size, rows, cols, rows, count, size};
  if (slot.stage <= Stage::values) return {arena + slot.offset, rows, cols, rows, 1, 0};
  if (slot.stage == Stage::dense && !varies) return {once + slot.offset, rows, cols, rows, 1, 0};
  return {workspace + slot.offset * count, rows, cols, rows, count, size};
}

namespace {

template <class M> std::array<std::intptr_t, 6> words(const M &m) {
  return {reinterpret_cast<std::intptr_t>(m.data), m.rows, m.cols, m.ld, m.count, m.stride};
}

/// The key of a run: all that it depends on, except the numbers in its memory. Emitters and the varying slots do not
/// change during the life of a point.
template <class T> Recordings::Key key_of(Stage stage, StepSelection selection, const RunMemory<T> &memory) {
  const auto address = [](const T *data) { return reinterpret_cast<std::intptr_t>(data); };
  Recordings::Key key{static_cast<std::intptr_t>(stage),
                      static_cast<std::intptr_t>(selection),
                      address(memory.arena),
                      address(memory.once),
                      address(memory.workspace),
                      address(memory.values),
                      memory.count,
                      memory.first};
  const auto input = words(memory.input), output = words(memory.output);
  std::copy(output.begin(), output.end(), std::copy(input.begin(), input.end(), key.begin() + 8));
  return key;
}

} // namespace

template <class T> void run(const Program &program, Stage stage, const Backend &backend, const RunMemory<T> &memory,
                            StepSelection selection) {
  const Interpreter<T> interpreter(program, stage, backend, memory);
  const std::vector<Step> &steps = program.steps(stage);
  const auto one = [&](const Step &step) {
    const bool selected =
        selection == StepSelection::all || memory.varying->has(step) == (selection == StepSelection::varying);
    if (!selected) return false;
    try {
      interpreter.run(step);
    } catch (const DomainError &error) {
      throw DomainError(std::string(error.what()) + ": " + program.text(step.in[0]));
    }
    return true;
  };
  if (memory.recordings && backend.records())
    return memory.recordings->run(backend, key_of(stage, selection, memory), static_cast<int>(steps.size()),
                                  [&](int i) { return one(steps[static_cast<std::size_t>(i)]); });
  std::for_each(steps.begin(), steps.end(), one);
}

template struct RunMemory<float>;
template struct RunMemory<double>;
template void run(const Program &, Stage, const Backend &, const RunMemory<float> &, StepSelection);
template void run(const Program &, Stage, const Backend &, const RunMemory<double> &, StepSelection);

} // namespace kronvec::detail
