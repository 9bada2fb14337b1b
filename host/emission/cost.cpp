#include "emission/cost.hpp"

#include "emission/labels.hpp"

#include <algorithm>

namespace kronvec::inline KRONVEC_ABI {
namespace {

/// Number of values of a product's labels: of the summed labels, or of the others.
double volume(const Product &p, bool summed) {
  double values = 1;
  for (int q = 0; q < p.labels; ++q)
    if (p.summed(q) == summed) values *= static_cast<double>(p.extent[q]);
  return values;
}

bool same_places(const Product &p, const Product &r) { return p.row == r.row && p.col == r.col; }

} // namespace

Cost cost_of(const Emission &emission) {
  Cost cost;
  const double entries = static_cast<double>(emission.rows.size) * static_cast<double>(emission.cols.size);
  for (auto p = emission.products.begin(); p != emission.products.end(); ++p) {
    const double places = volume(*p, false), values = volume(*p, true);
    const auto summed = std::count_if(p->factors.begin(), p->factors.end(), [&](const auto &f) { return sums(*p, f); });
    const double others = static_cast<double>(p->factors.size()) - static_cast<double>(summed);
    if (summed > 0) {
      cost.flops += static_cast<double>(summed) * places * values;
      cost.time +=
          static_cast<double>(summed) * places * values / (summed == 2 ? rates::product_flops : rates::entrywise);
    }
    const double entrywise = places * std::max(0.0, others - (summed == 0));
    cost.flops += entrywise;
    const bool again = std::any_of(emission.products.begin(), p, [&](const Product &r) { return same_places(*p, r); });
    if (again) { // added in the same pass over J
      cost.flops += places;
      cost.time += places / rates::entrywise;
    } else {
      cost.written += places;
      cost.time += places >= entries ? places : places / rates::scattered;
    }
  }
  if (cost.written < entries) cost.time += (entries - cost.written) / rates::zeros;
  cost.written = std::min(cost.written, entries);
  return cost;
}

} // namespace kronvec
