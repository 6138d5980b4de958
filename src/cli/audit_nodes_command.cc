// `sutler audit nodes`, and proving what the store has of the logs of all nodes.
#include <algorithm>
#include <charconv>
#include <utility>

#include "audit/chain_verifier.h"
#include "cli/admin_client.h"
#include "cli/audit_page.h"
#include "cli/commands.h"
#include "cli/json_body.h"
#include "cli/json_view.h"
#include "cli/output.h"

namespace sutler::cli {
namespace {

struct Chain {
  std::string node, name;
  audit::ChainVerifier verifier;
  std::string wrong;  // empty: nothing so far
};

std::string shown_name(const boost::json::value& node) {
  const std::string name = shown(node, "name");
  return name.empty() ? "-" : name;
}

base::Result<AdminClient::Answer> ask_nodes(const Context& context) {
  return ask_server(context, "GET", api_path({"audit", "nodes"}));
}

base::Result<int> list_nodes(const Context& context) {
  auto answer = ask_nodes(context);
  if (!answer) return base::pass(answer);
  Table table({"NODE", "ID", "STATE", "BEHIND", "SEEN"});
  for (const auto* node : items(answer->tree, "nodes")) {
    const std::string lines = shown(*node, "behind_lines");
    const bool behind = lines != "0" && !lines.empty();
    table.add({shown_name(*node), shown(*node, "node"), shown(*node, "state"),
               behind ? lines + " records, " + shown(*node, "behind_seconds") + " s" : "-",
               shown(*node, "seen")});
  }
  return print_answer(
      context, *answer,
      table.empty() ? "this store has one node, with the log in its files" : table.text());
}

std::uint64_t seq_of(std::string_view line) {
  std::uint64_t seq = 0;
  constexpr std::string_view kSeq = R"({"seq":)";
  if (!line.starts_with(kSeq)) return 0;
  std::from_chars(line.data() + kSeq.size(), line.data() + line.size(), seq);
  return seq;
}

// Feeds all lines that the store has of that node; what is wrong with them is put down.
base::Result<void> read_chain(const Context& context, Chain& chain) {
  for (std::uint64_t after = 0;;) {
    auto answer = ask_server(
        context, "GET",
        api_path({"audit", "lines"}) + "?node=" + chain.node + "&after=" + std::to_string(after));
    if (!answer && answer.error().name == "audit_row_damaged") {
      chain.wrong = answer.error().message;
      return {};
    }
    if (!answer) return base::pass(answer);
    const AuditPage page = read_audit_page(*answer);
    for (const std::string& line : page.lines) {
      if (auto good = chain.verifier.check_line(line); !good) {
        chain.wrong = "seq " + std::to_string(seq_of(line)) + ": " + good.error().message;
        return {};
      }
    }
    const std::uint64_t last = page.lines.empty() ? after : seq_of(page.lines.back());
    if (last <= after) return {};
    after = last;
  }
}

std::string chain_json(const Chain& chain) {
  const audit::Verified& verified = chain.verifier.verified();
  JsonBody json;
  json.text("node", chain.node).text("name", chain.name);
  json.raw("ok", chain.wrong.empty() ? "true" : "false");
  json.number("lines", static_cast<std::int64_t>(verified.lines));
  json.number("first_seq", static_cast<std::int64_t>(verified.first_seq));
  json.number("last_seq", static_cast<std::int64_t>(verified.last_seq));
  json.number("checkpoints", static_cast<std::int64_t>(verified.checkpoints));
  if (!chain.wrong.empty()) json.text("error", chain.wrong);
  return json.done();
}

base::Result<int> tell(const Context& context, const std::vector<Chain>& chains) {
  std::string json;
  Table table({"NODE", "LINES", "FROM", "TO", "CHECKPOINTS", "RESULT"});
  bool good = true;
  for (const Chain& chain : chains) {
    const audit::Verified& verified = chain.verifier.verified();
    good = good && chain.wrong.empty();
    json += (json.empty() ? "" : ",") + chain_json(chain);
    table.add({chain.name.empty() ? chain.node : chain.name, std::to_string(verified.lines),
               std::to_string(verified.first_seq), std::to_string(verified.last_seq),
               std::to_string(verified.checkpoints), chain.wrong.empty() ? "ok" : chain.wrong});
  }
  const std::string flag = good ? "true" : "false";
  auto printed =
      print_line(context.json ? R"({"ok":)" + flag + R"(,"nodes":[)" + json + "]}" : table.text());
  if (!printed) return base::pass(printed);
  if (good) return 0;
  return base::fail(base::Code::kCorrupt, "the audit log in the store is not as it was written",
                    "the files of the nodes may still have the lines: `sutler audit verify` there");
}

}  // namespace

base::Result<int> verify_audit_in_store(const Context& context,
                                        const std::optional<std::string>& public_key) {
  auto answer = ask_nodes(context);
  if (!answer) return base::pass(answer);
  std::vector<Chain> chains;
  std::vector<audit::LetGo> let_go;
  for (const auto* node : items(answer->tree, "nodes")) {
    chains.push_back(
        {shown(*node, "node"), shown(*node, "name"), audit::ChainVerifier(public_key, 1), {}});
    if (auto read = read_chain(context, chains.back()); !read) return base::pass(read);
    std::ranges::copy(chains.back().verifier.let_go(), std::back_inserter(let_go));
    // What a node has copied must still be there.
    std::uint64_t copied = 0;
    const std::string said = shown(*node, "copied_seq");
    std::from_chars(said.data(), said.data() + said.size(), copied);
    const std::uint64_t there = chains.back().verifier.verified().last_seq;
    if (chains.back().wrong.empty() && there < copied) {
      chains.back().wrong = "it ends with seq " + std::to_string(there) + ", the node has copied " +
                            std::to_string(copied) + ": what came after was removed";
    }
  }
  if (chains.empty()) {
    return base::fail(base::Code::kInvalid, "this store has one node, and keeps no log of it",
                      "the log is in its files: sutler audit verify");
  }
  for (Chain& chain : chains) {
    const std::string& named = chain.verifier.verified().node;
    if (chain.wrong.empty() && !named.empty() && named != chain.node) {
      chain.wrong = "these are the lines of the node " + named;
    }
    if (!chain.wrong.empty()) continue;
    if (auto start = chain.verifier.check_start(let_go); !start) {
      chain.wrong = start.error().message;
    }
  }
  return tell(context, chains);
}

void add_audit_nodes_command(CLI::App& audit, Context& context) {
  add_command(audit, context,
              {.name = "nodes",
               .purpose = "Lists the nodes of the store, and how far their records can be seen",
               .example = "sutler audit nodes"},
              Talks::kToServer, [&context] { return list_nodes(context); });
}

}  // namespace sutler::cli
