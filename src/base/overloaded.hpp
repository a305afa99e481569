#pragma once
// Builds a visitor out of lambdas: std::visit(overloaded{[](const A&) {}, [](const B&) {}},
// variant).

namespace dragoman {

template <class... F>
struct overloaded : F... {
  using F::operator()...;
};
template <class... F>
overloaded(F...) -> overloaded<F...>;

}  // namespace dragoman
