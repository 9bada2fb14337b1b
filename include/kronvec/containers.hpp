#pragma once
/// Public types that hold containers of the standard library. libstdc++'s debug mode (-D_GLIBCXX_DEBUG) gives
/// containers another layout, so a program in debug mode must not share them with a library built without it.

/// Marks such a type. In debug mode the type has another name for the linker: a program that passes it to a library
/// built without debug mode does not link, instead of reading wrong memory. Build kronvec with the same flag, then.
#ifdef _GLIBCXX_DEBUG
#define KRONVEC_HOLDS_CONTAINERS __attribute__((abi_tag("glibcxx_debug")))
#else
#define KRONVEC_HOLDS_CONTAINERS
#endif
