#pragma once
/// Emission on the reference device.

#include "devices/emitter.hpp"

#include <memory>

namespace kronvec::reference {

/// Serial, in double, on the host.
template <class T> std::unique_ptr<Emitter<T>> emitter(Emission emission);

} // namespace kronvec::reference
