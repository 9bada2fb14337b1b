#pragma once
/// Support for public types that hold containers of the standard library. libstdc++'s debug mode (-D_GLIBCXX_DEBUG)
/// gives containers a different layout, so a program in debug mode must not share them with a library built without it.

/// Marks a type that holds containers. In debug mode the type has another name for the linker, so a program that passes
/// it to a library built without debug mode fails to link instead of reading wrong memory. The cure: build kronvec with
/// the same flag.
#ifdef _GLIBCXX_DEBUG
#define KRONVEC_HOLDS_CONTAINERS __attribute__((abi_tag("glibcxx_debug")))
#else
#define KRONVEC_HOLDS_CONTAINERS
#endif
