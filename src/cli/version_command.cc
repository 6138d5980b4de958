// `sutler version`.
#include "cli/commands.h"
#include "cli/json_body.h"
#include "cli/output.h"

namespace sutler::cli {

std::string version_text() { return std::string("sutler ") + SUTLER_VERSION; }

void add_version_command(CLI::App& root, Context& context) {
  add_command(root, context,
              {.name = "version",
               .purpose = "Prints the version of this program",
               .example = "sutler version"},
              Talks::kToNobody, [&context]() -> base::Result<int> {
                auto printed =
                    print_line(context.json ? JsonBody().text("version", SUTLER_VERSION).done()
                                            : version_text());
                if (!printed) return base::pass(printed);
                return 0;
              });
}

}  // namespace sutler::cli
