/// The interpreter of programs: one call of a primitive per step.

#include "calculus/jacobian_plan.hpp"

#include <algorithm>

namespace kronvec::detail {
namespace {

template <class T> class Interpreter {
public:
  Interpreter(const Program &program, Stage stage, const Backend &backend, T *arena, const Batch<T> &batch)
      : program_(program), stage_(stage), backend_(backend), primitives_(backend.primitives(T{})), arena_(arena),
        batch_(batch) {}

  void run(const Step &s) const {
    switch (s.opcode) {
    case Opcode::fill:
      return primitives_.fill(T(s.alpha), out(s.out));
    case Opcode::unit:
      return primitives_.unit_columns(0, out(s.out)[0]);
    case Opcode::data:
      return load(*s.entries, out(s.out)[0]);
    case Opcode::copy:
      return primitives_.copy(in(s.a), out(s.out));
    case Opcode::transpose:
      return primitives_.transpose(in(s.a), out(s.out));
    case Opcode::multiply:
      return primitives_.multiply(T(s.alpha), op(s.transpose_a()), in(s.a), op(s.transpose_b()), in(s.b), out(s.out));
    case Opcode::add:
      return primitives_.add(T(s.alpha), in(s.a), T(s.beta), in(s.b), out(s.out));
    case Opcode::binary:
      return primitives_.binary(static_cast<Binary>(s.variant), in(s.a), in(s.b), out(s.out));
    case Opcode::elementwise:
      return primitives_.elementwise(static_cast<Function>(s.variant), T(s.alpha), in(s.a), out(s.out));
    case Opcode::inner:
      return primitives_.inner(in(s.a), in(s.b), out(s.out));
    case Opcode::inverse:
      return primitives_.inverse(in(s.a), out(s.out));
    }
  }

private:
  static Op op(bool transpose) { return transpose ? Op::transpose : Op::none; }

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
