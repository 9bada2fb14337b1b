#pragma once
/// What the commands about expressions share: the function, the values of its symbols, and the device.

#include "cli/bindings.hpp"
#include "cli/commands.hpp"

namespace kronvec::cli {

template <class T> class Session {
public:
  explicit Session(const Request &r)
      : request(r), bindings(bindings_of<T>(r.bindings, r.points, varying(r))), device(Device::named(r.device)),
        f(parse(r.expression, bindings.symbols)), line(r.command) {
    note_unused(bindings.symbols, r.expression, r.wrt);
  }

  /// The symbols that --wrt names.
  std::vector<Symbol> symbols() const {
    std::vector<Symbol> all;
    for (const std::string &name : names_in(request.wrt)) {
      const auto found = bindings.symbols.find(name);
      if (found == bindings.symbols.end()) throw Error("--wrt " + request.wrt + ": no symbol '" + name + "' is bound");
      all.push_back(found->second);
    }
    return all;
  }
  /// What --wrt and --symmetric say.
  std::vector<Variable> variables() const {
    std::vector<Variable> all;
    for (const Symbol &x : symbols())
      all.push_back(request.symmetric ? symmetric(x) : Variable(x));
    return all;
  }
  /// The only one.
  Symbol symbol() const {
    const auto all = symbols();
    if (all.size() != 1) throw Error("--wrt " + request.wrt + ": " + request.command + " takes one variable");
    return all[0];
  }

  /// Delivers a result, after the line of progress has gone.
  void deliver(Matrix<T> m, const std::string &what) {
    line.clear();
    cli::deliver(on_host(std::move(m)), request.delivery, what);
  }

  const Request &request;
  const Bindings<T> bindings;
  const Device device;
  const Expression f;
  ProgressLine line;

private:
  /// The symbols with one value per point.
  static std::set<std::string> varying(const Request &r) {
    if (r.points < 1) throw Error(fmt::format("--points {}: there must be one", r.points));
    const auto names = names_in(r.varying.empty() ? r.wrt : r.varying);
    const auto values = named_values(r.bindings);
    for (const std::string &name : names)
      if (!r.varying.empty() && !values.contains(name))
        throw Error("--varying " + r.varying + ": no symbol '" + name + "' is bound");
    return {names.begin(), names.end()};
  }
};

} // namespace kronvec::cli
