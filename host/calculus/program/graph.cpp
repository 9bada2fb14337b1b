/// Draws a function's program as a graph.

#include "calculus/program/evaluation.hpp"
#include "calculus/program/step_text.hpp"
#include "calculus/rewriting/rewriter.hpp"
#include "core/readable.hpp"
#include "io/file.hpp"
#include "kronvec/io.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

namespace kronvec::detail {
namespace {

/// A box: an input or a result of a step. Its layer is one below its lowest operand.
struct Box {
  std::string text, shape;
  std::vector<std::size_t> operands;
  Index layer = 0;
  bool input = false;
  bool drawn = false; ///< not for a constant that no step reads, because it became part of another step
  double x = 0;       ///< of its middle
};

class Graph {
public:
  explicit Graph(const Expression &f) : plan_(rewritten(f)) {
    plan_.program.allocate();
    for (const auto &input : plan_.inputs)
      add_input(input.slot, input.symbol->name);
    for (const Stage stage : {Stage::constants, Stage::values})
      for (const Step &step : plan_.program.steps(stage))
        add_step(step);
    place();
  }

  std::string svg() const {
    std::string edges, boxes;
    for (const Box &to : boxes_) {
      for (const std::size_t from : to.operands)
        edges += edge(boxes_[from], to);
      if (to.drawn) boxes += box(to);
    }
    const double height = y(layers_ - 1) + box_height + margin;
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} "
        "{1:.0f}\" font-family=\"sans-serif\" font-size=\"13\" text-anchor=\"middle\">\n"
        "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n{2}{3}</svg>\n",
        width_, height, edges, boxes);
  }

private:
  static constexpr double box_height = 40, gap = 24, layer_gap = 44, margin = 16, letter = 7.6;

  Box &add(SlotId slot, const std::string &name, const std::string &text, const std::vector<SlotId> &operands) {
    Box box;
    box.text = text, box.shape = to_string(plan_.program.slots()[slot].shape);
    for (const SlotId u : operands) {
      const std::size_t operand = box_of_.at(plan_.program.memory(u));
      boxes_[operand].drawn = true;
      box.layer = std::max(box.layer, boxes_[operand].layer + 1);
      if (std::ranges::find(box.operands, operand) == box.operands.end()) box.operands.push_back(operand);
    }
    layers_ = std::max(layers_, box.layer + 1);
    box_of_[slot] = boxes_.size(), names_[slot] = name;
    return boxes_.emplace_back(std::move(box));
  }

  void add_input(SlotId slot, const std::string &name) {
    Box &box = add(slot, name, name, {});
    box.input = box.drawn = true;
  }

  void add_step(const Step &step) {
    const auto results = formulas(step, [this](SlotId u) { return names_.at(plan_.program.memory(u)); });
    for (std::size_t k = 0; k < results.size(); ++k) {
      const SlotId slot = step.out[k];
      const bool number = step.opcode == Opcode::fill;
      const bool last = plan_.program.memory(plan_.value) == slot;
      const std::string name = number ? results[k] : last ? "F" : fmt::format("T{}", ++made_);
      add(slot, name, number ? results[k] : name + " = " + first_bytes(results[k], 60), step.in).drawn = last;
    }
  }

  static double width(const Box &box) { return std::max(48.0, letter * static_cast<double>(width_of(box.text)) + 16); }
  static double y(Index layer) { return margin + static_cast<double>(layer) * (box_height + layer_gap); }

  /// Rows of boxes, layer by layer, each row centred; within a row by the mean place of the operands.
  void place() {
    std::vector<std::vector<Box *>> rows(static_cast<std::size_t>(layers_));
    for (Box &box : boxes_)
      if (box.drawn) rows[static_cast<std::size_t>(box.layer)].push_back(&box);
    const auto width_of_row = [](const std::vector<Box *> &row) {
      double total = -gap;
      for (const Box *box : row)
        total += width(*box) + gap;
      return total;
    };
    for (const auto &row : rows)
      width_ = std::max(width_, width_of_row(row) + 2 * margin);
    const auto mean = [this](const Box *box) {
      double sum = 0;
      for (const std::size_t u : box->operands)
        sum += boxes_[u].x;
      return box->operands.empty() ? 0 : sum / static_cast<double>(box->operands.size());
    };
    for (auto &row : rows) {
      std::ranges::stable_sort(row, {}, mean);
      double left = (width_ - width_of_row(row)) / 2;
      for (Box *box : row)
        box->x = left + width(*box) / 2, left += width(*box) + gap;
    }
  }

  static std::string escaped(const std::string &text) {
    std::string result;
    for (const char c : text)
      result += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
    return result;
  }

  static std::string box(const Box &b) {
    const double w = width(b), top = y(b.layer);
    return fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{}\" rx=\"{}\" fill=\"{}\" "
                       "stroke=\"#555\"/>\n<text x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n"
                       "<text x=\"{:.1f}\" y=\"{:.1f}\" font-size=\"11\" fill=\"#666\">{}</text>\n",
                       b.x - w / 2, top, w, box_height, b.input ? 20 : 4, b.input ? "#dfe8f5" : "#f5f5f5", b.x,
                       top + 17, escaped(b.text), b.x, top + 33, b.shape);
  }

  static std::string edge(const Box &from, const Box &to) {
    const double above = y(from.layer) + box_height, below = y(to.layer), bend = layer_gap / 2;
    return fmt::format("<path d=\"M {0:.1f} {1:.1f} C {0:.1f} {2:.1f} {3:.1f} {4:.1f} {3:.1f} {5:.1f}\" fill=\"none\" "
                       "stroke=\"#999\"/>\n",
                       from.x, above, above + bend, to.x, below - bend, below);
  }

  FunctionPlan plan_;
  std::vector<Box> boxes_;
  std::map<SlotId, std::size_t> box_of_;
  std::map<SlotId, std::string> names_;
  Index layers_ = 1;
  double width_ = 0;
  int made_ = 0;
};

} // namespace
} // namespace kronvec::detail

namespace kronvec::inline KRONVEC_ABI {

void write_graph(const std::filesystem::path &path, const Expression &f) {
  const std::string svg = detail::Graph(f).svg();
  NewFile file(path);
  file.write(svg);
  file.commit();
}

} // namespace kronvec
