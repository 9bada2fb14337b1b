#pragma once
/// Emission on the CPU.

#include "devices/emission.hpp"

#include <memory>

namespace kronvec::cpu {

template <class T> std::unique_ptr<Emitter<T>> emitter(Emission emission);

} // namespace kronvec::cpu
