#include "kronvec/derivative.hpp"

#include <utility>
#include <vector>

namespace kronvec::inline KRONVEC_ABI {

template <class T> struct Values<T>::List { std::vector<Binding<T>> bindings; };

template <class T> Values<T>::Values() = default;
template <class T> Values<T>::Values(std::initializer_list<Binding<T>> bindings)
    : list_(std::make_unique<List>(List{{bindings}})) {}
template <class T> Values<T>::Values(const Values &other)
    : list_(other.list_ ? std::make_unique<List>(*other.list_) : nullptr), allows_unused_(other.allows_unused_) {}
template <class T> Values<T>::Values(Values &&other) noexcept = default;
template <class T> Values<T> &Values<T>::operator=(Values other) noexcept {
  std::swap(list_, other.list_);
  allows_unused_ = other.allows_unused_;
  return *this;
}
template <class T> Values<T>::~Values() = default;

template <class T> void Values<T>::push_back(const Binding<T> &binding) {
  if (!list_) list_ = std::make_unique<List>();
  list_->bindings.push_back(binding);
}
template <class T> Values<T> Values<T>::allow_unused() const {
  Values result = *this;
  result.allows_unused_ = true;
  return result;
}
template <class T> std::size_t Values<T>::size() const { return list_ ? list_->bindings.size() : 0; }
template <class T> Binding<T> *Values<T>::begin() { return list_ ? list_->bindings.data() : nullptr; }
template <class T> Binding<T> *Values<T>::end() { return begin() + size(); }
template <class T> const Binding<T> *Values<T>::begin() const { return list_ ? list_->bindings.data() : nullptr; }
template <class T> const Binding<T> *Values<T>::end() const { return begin() + size(); }

template class Values<float>;
template class Values<double>;

} // namespace kronvec
