#pragma once
#if __cplusplus < 202002L
#error "kronvec needs C++20: g++ -std=c++20"
#endif
/// What a program and the library that it is linked with must agree on.

/// The inline namespace of all names that belong to `namespace kronvec`. It carries the version: a program does not
/// link with a library whose headers it was not compiled with.
#define KRONVEC_ABI v0_1

/// Marks what a shared library exports: the names of the public headers, and the few others that the CUDA devices and
/// the command need. All others are hidden, unless the library is built with its tests or benchmarks, which call them.
/// The public headers mark their namespace, and each function template, whose instances a namespace does not reach.
#define KRONVEC_API __attribute__((visibility("default")))

/// Marks a function whose result refers to its object, so that clang warns if the result outlives a temporary object.
#ifdef __clang__
#define KRONVEC_LIFETIMEBOUND [[clang::lifetimebound]]
#else
#define KRONVEC_LIFETIMEBOUND
#endif

/// Marks a type that holds containers of the standard library. libstdc++'s debug mode (-D_GLIBCXX_DEBUG) gives
/// containers a different layout. So in debug mode the type has another name for the linker, and a program that passes
/// it to a library built without debug mode fails to link instead of reading wrong memory. The cure: build kronvec with
/// the same flag.
#ifdef _GLIBCXX_DEBUG
#define KRONVEC_HOLDS_CONTAINERS __attribute__((abi_tag("glibcxx_debug")))
#else
#define KRONVEC_HOLDS_CONTAINERS
#endif
