#include "cli/man_page.h"

#include <gtest/gtest.h>

#include "cli/command.h"

namespace sutler::cli {
namespace {

TEST(ManPage, TellsWhatHelpTells) {
  CLI::App root;
  Context context;
  std::string name;
  root.name("sutler");
  auto& show = add_command(root, context,
                           {.name = "show",
                            .purpose = "Shows a thing",
                            .example = "sutler show x > y",
                            .more = "With a `word` and a back\\slash."},
                           Talks::kToServer, [] { return 0; });
  add_word(show, name, "THING", "which");
  EXPECT_EQ(man_page_name(show), "sutler-show.1");
  const std::string page = man_page(show, "2026-01-31");
  EXPECT_TRUE(page.starts_with(".TH SUTLER-SHOW 1 2026-01-31 ")) << page;
  for (const auto* part :
       {".SH NAME\nsutler\\-show \\- Shows a thing\n", ".B sutler show THING [options]\n",
        "With a \\(gaword\\(ga and a back\\eslash.", ".SH ARGUMENTS\n.TP\n\\fBTHING\\fR\nwhich\n",
        "\\fB\\-\\-json\\fR", ".nf\nsutler show x > y\n.fi\n", ".SH EXIT STATUS\n"}) {
    EXPECT_TRUE(page.contains(part)) << part << "\n" << page;
  }
}

TEST(ManPage, NoTextBecomesARequest) {
  EXPECT_EQ(roff_text(".so /etc/passwd"), "\\&.so /etc/passwd");
  EXPECT_EQ(roff_text("'x"), "\\&\\(aqx");
  EXPECT_EQ(roff_text("a\\b--c"), "a\\eb\\-\\-c");
}

}  // namespace
}  // namespace sutler::cli
