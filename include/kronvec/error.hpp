#pragma once
/// The exceptions that kronvec throws. Every message names the operation and, if shapes disagree, both shapes.

#include "kronvec/abi.hpp"

#include <cstddef>
#include <stdexcept>
#include <string>

namespace kronvec {
inline namespace KRONVEC_ABI KRONVEC_API {

/// Base of everything that kronvec throws.
class Error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Shapes that do not fit together. The message holds both.
class ShapeError : public Error {
public:
  using Error::Error;
};

/// A value outside a function's domain, such as the inverse of a singular matrix; also a symbol without a value.
class DomainError : public Error {
public:
  using Error::Error;
};

/// The base of errors in a text, beside Error: they know the offending place.
class Positioned {
public:
  explicit Positioned(std::size_t position) noexcept : position_(position) {}
  virtual ~Positioned() = default;
  /// In bytes from the start of the text.
  std::size_t position() const noexcept { return position_; }

private:
  std::size_t position_;
};

/// Text that is not an expression.
class SyntaxError : public Error, public Positioned {
public:
  SyntaxError(const std::string &message, std::size_t position) : Error(message), Positioned(position) {}
};

/// Shapes that do not fit together, at an operator or a function of a text.
class ShapeErrorAt : public ShapeError, public Positioned {
public:
  ShapeErrorAt(const std::string &message, std::size_t position) : ShapeError(message), Positioned(position) {}
};

/// A result that would not fit into memory. Thrown before any work; the message holds the needed and the free bytes.
class OutOfMemory : public Error {
public:
  using Error::Error;
};

/// A device that does not exist or has failed.
class DeviceError : public Error {
public:
  using Error::Error;
};

/// A file that cannot be read, written or understood.
class IoError : public Error {
public:
  using Error::Error;
};

/// A file that would not fit on its disk. Thrown before any work; the message holds the needed and the free bytes.
class OutOfSpace : public IoError {
public:
  using IoError::IoError;
};

} // namespace KRONVEC_ABI
} // namespace kronvec
