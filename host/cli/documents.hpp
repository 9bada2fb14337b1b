#pragma once
/// The manual page and the completions of shells, made from the command's own options.

#include <CLI/CLI.hpp>

#include <string>

namespace kronvec::cli {

/// The manual page in roff: man(7).
std::string manual_page(const CLI::App &app);
/// A script that completes subcommands, options, and the values of options that have a list. `shell`: bash, zsh or
/// fish.
std::string completion(const CLI::App &app, const std::string &shell);

} // namespace kronvec::cli
