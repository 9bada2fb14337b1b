#pragma once
/// The emitter of the CPU device.

#include "devices/cpu/emission/plan.hpp"
#include "devices/emitter.hpp"

#include <memory>

namespace kronvec::cpu {

template <class T> std::unique_ptr<Emitter<T>> emitter(Emission emission, const Limits &limits = {});

} // namespace kronvec::cpu
