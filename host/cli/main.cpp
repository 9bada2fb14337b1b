/// The command `kronvec`: its options and exit statuses. `start/start.cpp` loads and calls it.

#include "cli/bindings.hpp"
#include "cli/commands.hpp"
#include "cli/documents.hpp"
#include "cli/interruption.hpp"
#include "cli/output.hpp"
#include "cli/start/no_memory.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <csignal>
#include <iostream>
#include <iterator>
#include <optional>
#include <sstream>

namespace {

using kronvec::cli::Request;

/// Exit statuses: 0 done, 1 a comparison failed, 2 the request was wrong or refused, 3 a system error.
enum Status { done = 0, wrong = 2, machine = 3 };

struct Command {
  const char *name, *what, *examples;
};
constexpr Command commands[] = {
    {"evaluate", "prints the value of an expression", R"~(
  kronvec evaluate 'A*exp(X*B)' A=4x3 B=2x5 X=3x2      random matrices
  kronvec evaluate 'A*X' 'A=[1,2;3,4]' X=x.npy --out y.npy
  kronvec evaluate "X'" X=4x3 --out - | kronvec evaluate 'Y*Z' Y=- Z=4x2 --json    through a pipe)~"},
    {"jacobian", "prints the dense Jacobian ∂vec F/∂(vec X)ᵀ, or writes it to a file", R"~(
  kronvec jacobian 'A*exp(X*B)' --wrt X A=4x3 B=2x5 X=x.npy --out J.npy --picture J.png
  kronvec jacobian 'A*exp(X*B)' --wrt X A=64x32 B=48x40 X=32x48 --explain
  kronvec jacobian "X'*X" --wrt X X=200x100 --out J.mtx                   sparse
  kronvec jacobian 'exp(S)*S' --wrt S --symmetric 'S=[1,2;2,3]'
  kronvec jacobian 'A*exp(X*B)' --wrt X --points 1000 A=4x3 B=2x5 X=3x2000 --out J.npy   1000 values of X)~"},
    {"gradient", "prints the gradient of a scalar: the shape of X, or a column", R"~(
  kronvec gradient 'logdet(X)' --wrt X 'X=[2,1;1,3]')~"},
    {"hessian", "prints the dense Hessian of a scalar", R"~(
  kronvec hessian "log(1+exp(z'*w))" --wrt w z=4x1 w=4x1)~"},
    {"jvp", "multiplies the Jacobian by a tangent, without forming the Jacobian", R"~(
  kronvec jvp 'A*exp(X*B)' --wrt X A=4x3 B=2x5 X=3x2 --tangent dx.npy)~"},
    {"vjp", "multiplies the transposed Jacobian by a cotangent, without forming the Jacobian", R"~(
  kronvec vjp 'A*exp(X*B)' --wrt X A=4x3 B=2x5 X=3x2 --cotangent 4x5)~"},
    {"compare", "compares the Jacobian by every method on every device with the element method", R"~(
  kronvec compare 'A*exp(X*B)' --wrt X A=64x32 B=48x40 X=32x48
  kronvec compare 'logdet(X)' --wrt X X=5x5 --device cpu)~"},
    {"apply", "multiplies a matrix by an operator in Kronecker structure, without forming the operator", R"~(
  kronvec apply 'kron(A,B)*K(4,3)' A=4x3 B=5x4 --to 12x1
  kronvec apply 'K(300,200)' --to x.npy --out y.npy)~"},
    {"simplify", "rewrites an operator by the identities that save work, and names them", R"~(
  kronvec simplify 'K(5,4)*kron(A,B)*K(3,2)' A=4x3 B=5x2)~"},
    {"derive", "derives the differential step by step, and the Jacobian as mathematics; needs no numbers", R"~(
  kronvec derive 'A*exp(X*B)' --wrt X
  kronvec derive "x'*A*x" --wrt x --format latex)~"},
    {"info", "lists devices and versions", R"~(
  kronvec info)~"},
    {"completion", "prints a script with which a shell completes the arguments of kronvec", R"~(
  source <(kronvec completion bash)
  kronvec completion zsh > ~/.zfunc/_kronvec
  kronvec completion fish > ~/.config/fish/completions/kronvec.fish)~"},
    {"manual", "prints the manual page", R"~(
  kronvec manual | man -l -)~"},
};

void add_common(CLI::App &command, Request &r, const char *example) {
  command.add_option("expression", r.expression, std::string("such as ") + example)->required();
  command.add_option("bindings", r.bindings,
                     "NAME=x.npy, x.csv, - (standard input), 4x3, 4x3:SEED, [1,2;3,4], eye(4), zeros(4,3), ones(4,3) "
                     "or 2.5");
  command.add_option("--device", r.device, "auto, reference, cpu, cuda, cuda:1 or cuda-emulated");
  command.add_option("--dtype", r.dtype, "the type of entries")->check(CLI::IsMember({"float64", "float32"}));
}

void add_json(CLI::App &command, Request &r) {
  command.add_flag("--json", r.delivery.json, "print the result as JSON, for programs");
}

void add_result(CLI::App &command, Request &r) {
  command.add_option("--out", r.delivery.out,
                     "a .npy file for the result, replaced if it is there, or - for its bytes on standard output (text "
                     "there otherwise)");
}

void add_points(CLI::App &command, Request &r) {
  command.add_option("--points", r.points,
                     "compute at this many points: some symbols have one value per point, side by "
                     "side; so has the result");
  command
      .add_option("--varying", r.varying, "the symbols with one value per point, as in X,B (the variable otherwise)")
      ->needs("--points");
}

void add_derive(CLI::App &command, Request &r) {
  command.add_option("expression", r.expression, "such as 'A*exp(X*B)'")->required();
  command.add_option("bindings", r.bindings,
                     "shapes, none of which is needed: X=mxn, X=4x3, or a value as elsewhere; a name that begins with "
                     "a small letter is a column otherwise");
  command.add_option("--format", r.format, "the form of the derivation")
      ->check(CLI::IsMember({"text", "latex", "json"}));
}

void add_variable(CLI::App &command, Request &r) { command.add_option("--wrt", r.wrt, "the variable")->required(); }

void add_variables(CLI::App &command, Request &r) {
  command.add_option("--wrt", r.wrt, "the variable, or several as in X,Y: their blocks or entries one after the other")
      ->required();
  command.add_flag("--symmetric", r.symmetric, "the variables are symmetric: derivatives by their vech");
}

void add_dense(CLI::App &command, Request &r) {
  add_variables(command, r);
  command.add_option("--out", r.delivery.out,
                     "a .npy file for the result, or a .mtx file (Matrix Market) for a sparse one, of which nothing "
                     "dense is formed, or - for the bytes of a .npy file on standard output (text there otherwise)");
  command.add_option("--layout", r.layout, "J, or its transpose")->check(CLI::IsMember({"numerator", "denominator"}));
  command.add_flag("--explain", r.explain, "print how J would be written, and do not write it");
  command.add_option("--method", r.method, "how it is computed")
      ->check(CLI::IsMember({"auto", "structured", "forward", "reverse", "numeric", "complex", "reference"}));
  command.add_option("--picture", r.picture, "a .png file that shows the result instead of printing it");
  command.add_option(
      "--max-memory", r.max_memory,
      "as in 2GiB: a larger result goes to --out FILE.npy by ranges of columns, and is refused without it");
}

/// Splits off an expression that begins with a minus sign, so that the option parser does not take it for an option.
std::vector<std::string> arguments_of(int argc, char **argv, std::string &expression) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() < 2) return arguments;
  std::string &first = arguments[1];
  if (first.size() > 1 && first[0] == '-' && first[1] != '-' && first != "-h") {
    expression = first;
    first = "-";
  }
  return arguments;
}

bool has_command(const std::string &name) {
  return std::any_of(std::begin(commands), std::end(commands), [&](const Command &c) { return c.name == name; });
}

std::string command_names() {
  std::vector<std::string> names;
  for (const Command &command : commands)
    names.push_back(command.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

/// Declares the subcommands and the options, which set the fields of `request`.
void declare(CLI::App &app, Request &request) {
  app.set_version_flag("--version", fmt::format("kronvec {}", kronvec::version()));
  app.require_subcommand(1);
  app.name("kronvec");
  app.footer(
      fmt::format("exit status: {}\nkronvec COMMAND --help shows examples of a command", kronvec::cli::exit_statuses));
  for (const Command &command : commands)
    app.add_subcommand(command.name, command.what)->footer(std::string("examples:") + command.examples);
  const auto of = [&](const char *name) { return app.get_subcommand(name); };
  for (const char *name : {"evaluate", "jacobian", "gradient", "hessian", "jvp", "vjp", "compare"})
    add_common(*of(name), request, "'A*exp(X*B)'");
  for (const char *name : {"apply", "simplify"})
    add_common(*of(name), request, "'kron(A,B)*K(4,3)'");
  for (const char *name : {"evaluate", "gradient", "jvp", "vjp", "apply"})
    add_result(*of(name), request);
  for (const char *name : {"evaluate", "jacobian", "hessian", "jvp", "vjp"})
    add_points(*of(name), request);
  for (const char *name :
       {"evaluate", "jacobian", "gradient", "hessian", "jvp", "vjp", "compare", "apply", "simplify", "info"})
    add_json(*of(name), request);
  add_derive(*of("derive"), request);
  for (const char *name : {"compare", "derive"})
    add_variable(*of(name), request);
  for (const char *name : {"gradient", "jvp", "vjp"})
    add_variables(*of(name), request);
  for (const char *name : {"jacobian", "hessian"})
    add_dense(*of(name), request);
  of("evaluate")
      ->add_option("--graph", request.graph,
                   "a .svg file that shows the program of the expression, which is not evaluated then");
  of("jvp")->add_option("--tangent", request.tangent, "dX, a file or a value as in a binding")->required();
  of("vjp")
      ->add_option("--cotangent", request.cotangent, "U of F's shape, a file or a value as in a binding")
      ->required();
  of("apply")->add_option("--to", request.to, "X, a file or a value as in a binding")->required();
  of("apply")->add_flag("--transposed", request.transposed, "apply the operator's transpose");
  of("completion")
      ->add_option("shell", request.shell, "the shell")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

/// The expression that standard input holds, without the end of the line.
std::string expression_from_standard_input() {
  std::string text(std::istreambuf_iterator<char>(kronvec::cli::standard_input("the expression")), {});
  while (text.ends_with('\n'))
    text.pop_back();
  return text;
}

/// The first argument that looks like an option and is none of the command's.
std::optional<std::string> unknown_option(const CLI::App &command, const std::vector<std::string> &arguments) {
  for (const std::string &argument : arguments) {
    const std::string name = argument.substr(0, argument.find('='));
    if (name.starts_with("--") && name != "--" && !command.get_option_no_throw(name)) return name;
  }
  return std::nullopt;
}

/// `place` has further lines, which show where the error is.
int report(const std::string &message, Status status, const std::string &place = {}) {
  using namespace kronvec::cli;
  const std::string prefix = coloured("kronvec:", Colour::red, stderr);
  std::fputs(fmt::format("{} {}\n{}", prefix, readable_line(message), place).c_str(), stderr);
  return status;
}

int run(const CLI::App &app, const Request &request) {
  if (request.command == "completion") return kronvec::cli::print(kronvec::cli::completion(app, request.shell)), 0;
  if (request.command == "manual") return kronvec::cli::print(kronvec::cli::manual_page(app)), 0;
  return kronvec::cli::run(request);
}

/// Parses the arguments, and runs the command. `request` keeps the expression for messages.
int answer(int argc, char **argv, Request &request) {
  CLI::App app("Matrix calculus at the speed of memory");
  declare(app, request);
  if (argc == 1) return report(fmt::format("no command; the commands are {}", command_names()), wrong);
  if (argv[1][0] != '-' && !has_command(argv[1]))
    return report(fmt::format("no command '{}'; the commands are {}", argv[1], command_names()), wrong);
  std::string expression;
  std::vector<std::string> arguments = arguments_of(argc, argv, expression);
  if (has_command(argv[1])) // CLI11 would rather complain of what is missing
    if (const auto option = unknown_option(*app.get_subcommand(argv[1]), arguments))
      return report(fmt::format("{0} has no option {1}; kronvec {0} --help lists them", argv[1], *option), wrong);
  std::reverse(arguments.begin(), arguments.end()); // CLI11 takes them from the back
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError &e) {
    if (e.get_exit_code() != 0) return report(e.what(), wrong);
    std::ostringstream text; // of --help or --version
    app.exit(e, text, text);
    return kronvec::cli::print(text.str()), 0;
  }
  if (!expression.empty()) request.expression = expression;
  if (request.expression == kronvec::cli::standard) request.expression = expression_from_standard_input();
  request.command = app.get_subcommands().front()->get_name();
  return run(app, request);
}

/// Turns what `answer` throws into a message and an exit status.
int answer_or_say_why(int argc, char **argv) {
  Request request;
  try {
    return answer(argc, argv, request);
  } catch (const kronvec::cli::MachineError &e) {
    return report(e.what(), machine);
  } catch (const kronvec::Error &e) {
    const auto *place = dynamic_cast<const kronvec::Positioned *>(&e);
    return report(e.what(), wrong, place ? kronvec::cli::caret(request.expression, place->position()) : "");
  } catch (const kronvec::cli::Interrupted &e) {
    std::signal(e.signal, SIG_DFL);
    return std::raise(e.signal); // the parent process sees that a signal ended the command
  } catch (const std::bad_alloc &) {
    throw;
  } catch (const std::exception &e) {
    return report(e.what(), machine);
  }
}

} // namespace

extern "C" int kronvec_command(int argc, char **argv) {
  std::signal(SIGPIPE, SIG_IGN); // a closed pipe makes `print` fail with an error
  std::signal(SIGXFSZ, SIG_IGN); // so does a file that exceeds the size limit
  try {
    return answer_or_say_why(argc, argv);
  } catch (...) { // even the message of an error needs memory
    return kronvec::cli::out_of_memory();
  }
}
