#pragma once
/// What is computed of a determinant.

namespace kronvec::kernels {

enum class Determinant { value, log_absolute, sign };

} // namespace kronvec::kernels
