/// The command `kronvec`: its options and exit statuses. `start/start.cpp` loads and calls it.

#include "cli/commands.hpp"
#include "cli/interruption.hpp"
#include "cli/output.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <csignal>

namespace {

using kronvec::cli::Request;

/// Exit statuses: 0 done, 1 a comparison failed, 2 the request was wrong or refused, 3 a system error.
enum Status { done = 0, wrong = 2, machine = 3 };

void add_common(CLI::App &command, Request &r, const char *example) {
  command.add_option("expression", r.expression, std::string("such as ") + example)->required();
  command.add_option("bindings", r.bindings,
                     "NAME=x.npy, x.csv, 4x3, 4x3:SEED, [1,2;3,4], eye(4), zeros(4,3), ones(4,3) or 2.5");
  command.add_option("--device", r.device, "auto, reference, cpu, cuda, cuda:1 or cuda-emulated");
  command.add_option("--dtype", r.dtype)->check(CLI::IsMember({"float64", "float32"}));
}

void add_result(CLI::App &command, Request &r) {
  command.add_option("--out", r.out, "a .npy file for the result, replaced if it is there (standard output otherwise)");
}

void add_derive(CLI::App &command, Request &r) {
  command.add_option("expression", r.expression, "such as 'A*exp(X*B)'")->required();
  command.add_option("bindings", r.bindings,
                     "shapes, none of which is needed: X=mxn, X=4x3, or a value as elsewhere; a name that begins with "
                     "a small letter is a column otherwise");
  command.add_option("--format", r.format)->check(CLI::IsMember({"text", "latex", "json"}));
}

void add_variable(CLI::App &command, Request &r) { command.add_option("--wrt", r.wrt, "the variable")->required(); }

void add_jacobian(CLI::App &command, Request &r) {
  command.add_option("--wrt", r.wrt, "the variable, or several as in X,Y: their blocks side by side")->required();
  command.add_flag("--symmetric", r.symmetric, "the variable is symmetric: derivatives by its vech");
  command.add_option("--out", r.out,
                     "a .npy file for the result, or a .mtx file (Matrix Market) for a sparse one, of which nothing "
                     "dense is formed (standard output otherwise)");
  command.add_option("--layout", r.layout)->check(CLI::IsMember({"numerator", "denominator"}));
  command.add_flag("--explain", r.explain, "print how J would be written, and do not write it");
  command.add_option("--method", r.method, "auto, structured, forward, reverse, numeric, complex or reference");
  command.add_option("--picture", r.picture, "a .png file that shows the Jacobian");
  command.add_option(
      "--max-memory", r.max_memory,
      "as in 2GiB: a larger Jacobian goes to --out FILE.npy by ranges of columns, and is refused without it");
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

bool has_command(CLI::App &app, const std::string &name) {
  const auto commands = app.get_subcommands([](CLI::App *) { return true; });
  return std::any_of(commands.begin(), commands.end(), [&](auto *command) { return command->get_name() == name; });
}

int report(const std::string &message, Status status) {
  kronvec::cli::say("kronvec: {}", message);
  return status;
}

int answer(const Request &request) {
  try {
    return kronvec::cli::run(request);
  } catch (const kronvec::cli::MachineError &e) {
    return report(e.what(), machine);
  } catch (const kronvec::Error &e) {
    const auto *place = dynamic_cast<const kronvec::Positioned *>(&e);
    return report(place ? fmt::format("{}\n{}", e.what(), kronvec::cli::caret(request.expression, place->position()))
                        : e.what(),
                  wrong);
  } catch (const kronvec::cli::Interrupted &e) {
    return std::raise(e.signal); // the parent process sees that a signal ended the command
  } catch (const std::bad_alloc &) {
    return report("out of memory", machine);
  } catch (const std::exception &e) {
    return report(e.what(), machine);
  }
}

} // namespace

extern "C" int kronvec_command(int argc, char **argv) {
  std::signal(SIGPIPE, SIG_IGN); // a closed pipe makes `print` fail with an error
  std::signal(SIGXFSZ, SIG_IGN); // so does a file that exceeds the size limit
  Request request;
  CLI::App app("Matrix calculus at the speed of memory");
  app.set_version_flag("--version", fmt::format("kronvec {}", kronvec::version()));
  app.require_subcommand(1);
  app.name("kronvec");
  app.footer("example: kronvec jacobian 'A*exp(X*B)' --wrt X A=4x3 B=2x5 X=3x2");
  const auto add = [&](const char *name, const char *what) { return app.add_subcommand(name, what); };
  auto *evaluate = add("evaluate", "the value of an expression");
  auto *jacobian = add("jacobian", "the dense Jacobian, ∂vec F/∂(vec X)ᵀ");
  auto *gradient = add("gradient", "the gradient matrix of a scalar, of the variable's shape");
  auto *hessian = add("hessian", "the dense Hessian of a scalar");
  auto *jvp = add("jvp", "the Jacobian times a tangent, without forming it");
  auto *vjp = add("vjp", "the transposed Jacobian times a cotangent, without forming it");
  auto *compare = add("compare", "the Jacobian by every method on every device against the element method");
  auto *apply = add("apply", "an operator in Kronecker structure times a matrix, without forming it");
  auto *simplify = add("simplify", "an operator rewritten by the identities that save work, with each of them");
  auto *derive = add("derive", "the differential step by step, and the Jacobian as mathematics; no numbers needed");
  add("info", "devices and versions");
  for (auto *command : {evaluate, jacobian, gradient, hessian, jvp, vjp, compare})
    add_common(*command, request, "'A*exp(X*B)'");
  for (auto *command : {apply, simplify})
    add_common(*command, request, "'kron(A,B)*K(4,3)'");
  for (auto *command : {evaluate, gradient, hessian, jvp, vjp, apply})
    add_result(*command, request);
  add_derive(*derive, request);
  for (auto *command : {gradient, hessian, jvp, vjp, compare, derive})
    add_variable(*command, request);
  add_jacobian(*jacobian, request);
  jvp->add_option("--tangent", request.tangent, "dX, a file or a value as in a binding")->required();
  vjp->add_option("--cotangent", request.cotangent, "U of F's shape, a file or a value as in a binding")->required();
  apply->add_option("--to", request.to, "X, a file or a value as in a binding")->required();
  apply->add_flag("--transposed", request.transposed, "apply the operator's transpose");

  if (argc > 1 && argv[1][0] != '-' && !has_command(app, argv[1]))
    return report(fmt::format("no command '{}'; there are evaluate, jacobian, gradient, hessian, jvp, vjp, compare, "
                              "apply, simplify, derive and info",
                              argv[1]),
                  wrong);
  std::string expression;
  std::vector<std::string> arguments = arguments_of(argc, argv, expression);
  std::reverse(arguments.begin(), arguments.end()); // CLI11 takes them from the back
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError &e) {
    if (e.get_exit_code() == 0) return app.exit(e);
    return report(e.what(), wrong);
  }
  if (!expression.empty()) request.expression = expression;
  request.command = app.get_subcommands().front()->get_name();
  return answer(request);
}
