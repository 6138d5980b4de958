#include "resolve/template.h"

#include <optional>
#include <utility>

#include "base/encoding.h"
#include "base/json.h"

namespace sutler::resolve {
namespace {

using base::Code;
using base::Result;

void append_filtered(std::string& out, std::string_view value, Filter filter) {
  switch (filter) {
    case Filter::kNone: out.append(value); return;
    case Filter::kUrlencode: base::append_percent_encoded(out, value); return;
    case Filter::kBase64: base::append_base64(out, value); return;
    case Filter::kJson: base::append_json_string(out, value); return;
  }
}

std::string_view field_of(const model::Workload& workload, WorkloadPart::Field field) {
  switch (field) {
    case WorkloadPart::Field::kProjectId: return workload.project_id;
    case WorkloadPart::Field::kObjectId: return workload.object_id;
    case WorkloadPart::Field::kObjectType: return workload.object_type;
  }
  return {};
}

// Appends one part after another to its own text, which is wiped when it is dropped half-way.
class Renderer {
 public:
  Renderer(const model::Template& value, const model::Workload& workload, const Lookup& variable)
      : value_(value), workload_(workload), variable_(variable) {}

  Result<base::Secret> run(const std::vector<Part>& parts) {
    for (const Part& part : parts) {
      Result<void> done = std::visit([this](const auto& p) { return append(p); }, part);
      if (done && out_.size() > kRenderedBytesMax) {
        done = base::fail(
            Code::kTooLarge,
            "its template gives more than " + std::to_string(kRenderedBytesMax) + " bytes", {},
            "bundle_too_large");
      }
      if (!done) {
        base::wipe(out_);
        return pass(done);
      }
    }
    return base::Secret(std::move(out_));
  }

 private:
  Result<void> append(const TextPart& part) {
    out_ += part.text;
    return {};
  }
  Result<void> append(const VariablePart& part) {
    Result<std::string_view> found = variable_(part.name);
    if (!found) return pass(found);
    append_filtered(out_, *found, part.filter);
    return {};
  }
  Result<void> append(const WorkloadPart& part) {
    append_filtered(out_, field_of(workload_, part.field), part.filter);
    return {};
  }
  Result<void> append(const RandomPart&) {
    if (next_random_ == value_.generated.size()) {
      return base::fail(Code::kCorrupt, "its template lacks a generated secret",
                        "save the group again", "corrupt");
    }
    out_.append(value_.generated[next_random_++].expose());
    return {};
  }

  const model::Template& value_;
  const model::Workload& workload_;
  const Lookup& variable_;
  std::string out_;
  std::size_t next_random_ = 0;
};

}  // namespace

Result<base::Secret> render_template(const model::Template& value, const model::Workload& workload,
                                     const Lookup& variable) {
  Result<std::vector<Part>> parts = parse_template(value.text.expose());
  if (!parts) return pass(parts);
  return Renderer(value, workload, variable).run(*parts);
}

}  // namespace sutler::resolve
