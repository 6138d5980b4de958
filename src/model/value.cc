#include "model/value.h"

namespace sutler::model {
namespace {

std::optional<base::Secret> clone_fallback(const std::optional<base::Secret>& secret) {
  return secret ? std::optional(secret->clone()) : std::nullopt;
}

bool same(const std::optional<base::Secret>& a, const std::optional<base::Secret>& b) {
  return a.has_value() == b.has_value() && (!a || a->equals(*b));
}

struct Cloner {
  Value operator()(const Literal& literal) const { return Literal{literal.text.clone()}; }
  Value operator()(const Template& from) const {
    Template copy{from.text.clone(), {}};
    copy.generated.reserve(from.generated.size());
    for (const base::Secret& secret : from.generated) copy.generated.push_back(secret.clone());
    return copy;
  }
  Value operator()(const Reference& from) const {
    return Reference{from.from, from.ref, from.optional, clone_fallback(from.fallback),
                     from.encoding};
  }
  Value operator()(const Masked& masked) const { return masked; }
};

// Called with two values of the same alternative only.
struct Comparer {
  const Value& other;

  bool operator()(const Literal& a) const { return a.text.equals(std::get<Literal>(other).text); }
  bool operator()(const Template& a) const { return a.text.equals(std::get<Template>(other).text); }
  bool operator()(const Reference& a) const {
    const auto& b = std::get<Reference>(other);
    return a.from == b.from && a.ref == b.ref && a.optional == b.optional &&
           a.encoding == b.encoding && same(a.fallback, b.fallback);
  }
  bool operator()(const Masked&) const { return true; }
};

}  // namespace

Value clone(const Value& value) { return std::visit(Cloner{}, value); }

bool equal(const Value& a, const Value& b) {
  return a.index() == b.index() && std::visit(Comparer{b}, a);
}

}  // namespace sutler::model
