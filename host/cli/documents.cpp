#include "cli/documents.hpp"

#include "cli/commands.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace kronvec::cli {
namespace {

std::vector<const CLI::App *> subcommands(const CLI::App &app) {
  return app.get_subcommands([](const CLI::App *) { return true; });
}

/// Options that begin with a minus sign, or the others.
std::vector<const CLI::Option *> options(const CLI::App &app, bool positional) {
  return app.get_options([positional](const CLI::Option *o) { return o->get_positional() == positional; });
}

bool takes_value(const CLI::Option &option) { return option.get_items_expected_max() > 0; }

/// The values that the option allows, or none if it allows any. CLI11 names its type "TEXT:{numerator,denominator}".
std::vector<std::string> allowed(const CLI::Option &option) {
  const std::string type = option.get_type_name();
  const std::size_t open = type.find('{'), close = type.rfind('}');
  if (open == std::string::npos || close == std::string::npos) return {};
  return CLI::detail::split(type.substr(open + 1, close - open - 1), ',');
}

std::vector<std::string> long_names(const CLI::App &command) {
  std::vector<std::string> names;
  for (const CLI::Option *option : options(command, false))
    for (const std::string &name : option->get_lnames())
      names.push_back("--" + name);
  return names;
}

std::string replaced(std::string text, const std::string &what, const std::string &by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

/// As a line of roff: no escape, no option that could be broken at its hyphens, no request at the beginning.
std::string roff(std::string text) {
  text = replaced(replaced(std::move(text), "\\", "\\e"), "-", "\\-");
  return text.find_first_of(".'") == 0 ? "\\&" + text : text;
}

std::string roff_lines(const std::string &text) {
  std::string lines;
  for (const std::string &line : CLI::detail::split(text, '\n'))
    lines += roff(line) + '\n';
  return lines;
}

std::string manual_of_option(const CLI::Option &option) {
  std::string text = ".TP\n.B " + roff(option.get_name(false, true)) + '\n';
  if (!option.get_description().empty()) text += roff(option.get_description()) + '\n';
  if (const auto values = allowed(option); !values.empty()) text += fmt::format("({})\n", fmt::join(values, ", "));
  return text;
}

std::string manual_of_command(const CLI::App &command) {
  std::string synopsis = command.get_name();
  for (const CLI::Option *option : options(command, true))
    synopsis += ' ' + option->get_name();
  std::string text = ".SS " + roff(synopsis) + '\n' + roff(command.get_description()) + ".\n";
  for (const bool positional : {true, false})
    for (const CLI::Option *option : options(command, positional))
      text += manual_of_option(*option);
  if (!command.get_footer().empty()) text += ".PP\n.nf\n" + roff_lines(command.get_footer()) + ".fi\n";
  return text;
}

/// In single quotes of a shell.
std::string quoted(const std::string &text) { return '\'' + replaced(text, "'", "'\\''") + '\''; }

std::string bash(const CLI::App &app) {
  std::string names, of_commands, of_options;
  for (const CLI::App *command : subcommands(app)) {
    const std::string &name = command->get_name();
    names += name + ' ';
    of_commands += fmt::format("  {}) options='{}'", name, fmt::join(long_names(*command), " "));
    for (const CLI::Option *option : options(*command, true))
      if (const auto list = allowed(*option); !list.empty())
        of_commands += fmt::format(" values='{}'", fmt::join(list, " "));
    of_commands += " ;;\n";
    for (const CLI::Option *option : options(*command, false))
      if (const auto list = allowed(*option); !list.empty())
        of_options += fmt::format("  '{} {}') values='{}' ;;\n", name, option->get_name(), fmt::join(list, " "));
  }
  return fmt::format(R"(# bash completion of kronvec
_kronvec() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} command=${{COMP_WORDS[1]}} options= values=
  case "$command" in
{}  esac
  case "$command $before" in
{}  esac
  ((COMP_CWORD > 1)) || values='{}--help --version'
  [[ $word != -* || $COMP_CWORD == 1 ]] || values=$options
  COMPREPLY=() # without candidates, bash completes file names
  [[ -z $values ]] || mapfile -t COMPREPLY < <(compgen -W "$values" -- "$word")
}}
complete -o default -F _kronvec kronvec
)",
                     of_commands, of_options, names);
}

std::string zsh(const CLI::App &app) {
  const auto plain = [](const std::string &text) {
    return replaced(replaced(replaced(text, "[", "\\["), "]", "\\]"), ":", "\\:");
  };
  std::string names, cases;
  for (const CLI::App *command : subcommands(app)) {
    names += "  " + quoted(plain(command->get_name()) + ':' + command->get_description()) + '\n';
    cases += "  " + command->get_name() + ")\n    _arguments";
    for (const CLI::Option *option : options(*command, false)) {
      const auto list = allowed(*option);
      const std::string action = !takes_value(*option) ? ""
                                 : list.empty()        ? ":value:_files"
                                                       : fmt::format(":value:({})", fmt::join(list, " "));
      for (const std::string &name : option->get_lnames())
        cases += " \\\n      " + quoted(fmt::format("--{}[{}]{}", name, plain(option->get_description()), action));
    }
    std::string action = "_files";
    for (const CLI::Option *option : options(*command, true))
      if (const auto list = allowed(*option); !list.empty()) action = fmt::format("({})", fmt::join(list, " "));
    cases += " \\\n      " + quoted("*:value:" + action) + "\n    ;;\n";
  }
  return fmt::format(R"(#compdef kronvec
local -a commands=(
{})
if ((CURRENT == 2)); then
  _describe command commands
  return
fi
local command=$words[2]
shift words
((CURRENT--))
case $command in
{}esac
)",
                     names, cases);
}

std::string fish(const CLI::App &app) {
  std::string text = "# fish completion of kronvec\n";
  for (const CLI::App *command : subcommands(app)) {
    const std::string within =
        fmt::format("complete -c kronvec -n '__fish_seen_subcommand_from {}'", command->get_name());
    text += fmt::format("complete -c kronvec -f -n __fish_use_subcommand -a {} -d {}\n", command->get_name(),
                        quoted(command->get_description()));
    for (const bool positional : {true, false})
      for (const CLI::Option *option : options(*command, positional)) {
        const auto list = allowed(*option);
        const std::string values = list.empty() ? "" : fmt::format(" -a '{}'", fmt::join(list, " "));
        if (positional && !list.empty()) text += fmt::format("{} -f{}\n", within, values);
        for (const std::string &name : option->get_lnames())
          text += fmt::format("{} -l {}{}{} -d {}\n", within, name,
                              !takes_value(*option) ? ""
                              : list.empty()        ? " -r"
                                                    : " -x",
                              values, quoted(option->get_description()));
      }
  }
  return text;
}

} // namespace

std::string manual_page(const CLI::App &app) {
  std::string text = fmt::format(".TH KRONVEC 1 \"\" \"kronvec {}\"\n.SH NAME\nkronvec \\- {}\n", version(),
                                 roff(app.get_description()));
  text += ".SH SYNOPSIS\n.B kronvec\n.I COMMAND\n[\\fIARGUMENTS\\fR]\n.SH COMMANDS\n";
  for (const CLI::App *command : subcommands(app))
    text += manual_of_command(*command);
  return text + ".SH EXIT STATUS\n" + roff_lines(exit_statuses);
}

std::string completion(const CLI::App &app, const std::string &shell) {
  return shell == "bash" ? bash(app) : shell == "zsh" ? zsh(app) : fish(app);
}

} // namespace kronvec::cli
