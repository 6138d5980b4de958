#include "cli/workload_options.h"

#include "cli/json_body.h"

namespace sutler::cli {

void add_workload_options(CLI::App& command, WorkloadOptions& options) {
  add_text(command, options.project, {"--project", "ID", "project of the workload"}).required();
  add_text(command, options.object, {"--object", "ID", "its service or job"}).required();
  add_text(command, options.type, {"--type", "TYPE", "what it is: service, job or another word"})
      .required();
}

std::string workload_body(const WorkloadOptions& options, Reveal reveal) {
  JsonBody body;
  body.text("project", options.project).text("object", options.object).text("type", options.type);
  if (reveal == Reveal::kYes) body.yes("reveal");
  return body.done();
}

}  // namespace sutler::cli
