#include "audit/line.h"

#include <algorithm>
#include <charconv>

#include "base/encoding.h"
#include "base/json.h"
#include "crypto/hash.h"

namespace sutler::audit {
namespace {

using base::Code;
using base::fail;

constexpr std::string_view kSeqStart = R"({"seq":)";
constexpr std::string_view kNodeStart = R"(,"node":")";
constexpr std::string_view kPrevStart = R"(,"prev":")";
constexpr std::string_view kHashStart = R"(,"hash":")";
constexpr std::string_view kHashEnd = R"("})";
constexpr std::size_t kHashTailBytes = kHashStart.size() + kHashDigits + kHashEnd.size();
// 9999-12-31T23:59:59.999999Z: what the four digits of the year can hold.
constexpr std::int64_t kLastMicrosecond = 253'402'300'799'999'999;

std::string_view word_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kOk: return "ok";
    case Outcome::kDenied: return "denied";
    case Outcome::kFailed: return "failed";
    case Outcome::kIntent: return "intent";
  }
  return "failed";
}

void append_number(std::string& out, std::uint64_t number) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

void append_text_member(std::string& out, std::string_view start, std::string_view text) {
  if (text.empty()) return;
  out += start;
  base::append_json_string(out, text);
}

void append_number_member(std::string& out, std::string_view start, std::uint64_t number) {
  if (number == 0) return;
  out += start;
  append_number(out, number);
}

void append_json_member(std::string& out, std::string_view start, std::string_view json) {
  if (json.empty()) return;
  out += start;
  out += json;
}

void append_start(std::string& out, std::uint64_t seq, base::UnixTime time, std::string_view event,
                  Outcome outcome) {
  out += kSeqStart;
  append_number(out, seq);
  out += R"(,"time":")";
  base::append_rfc3339(out, {std::clamp<std::int64_t>(time.microseconds, 0, kLastMicrosecond)});
  out += R"(","event":)";
  base::append_json_string(out, event);
  out += R"(,"outcome":")";
  out += word_of(outcome);
  out += '"';
}

void append_prev(std::string& out, const Chain& chain, std::string_view node) {
  append_text_member(out, R"(,"node":)", node);
  out += kPrevStart;
  out += chain.hash();
  out += '"';
}

// Hashes what was written since `start`, ends the line and moves the chain on.
void finish(std::string& out, std::size_t start, Chain& chain) {
  const auto digest = crypto::sha256(std::string_view(out).substr(start));
  out += kHashStart;
  base::append_hex(out, {reinterpret_cast<const char*>(digest.data()), digest.size()});
  chain = Chain(chain.seq() + 1, std::string_view(out).substr(out.size() - kHashDigits));
  out += kHashEnd;
  out += '\n';
}

}  // namespace

Chain::Chain(std::uint64_t seq, std::string_view hash) : seq_(seq) {
  hash_.fill('0');
  std::copy_n(hash.begin(), std::min(hash.size(), kHashDigits), hash_.begin());
}

void append_event_line(std::string& out, Chain& chain, const Event& event, std::string_view node) {
  const std::size_t start = out.size();
  append_start(out, chain.seq() + 1, event.time, event.event, event.outcome);
  append_text_member(out, R"(,"team":)", event.team);
  if (!event.project_id.empty() || !event.object_id.empty() || !event.object_type.empty()) {
    out += R"(,"workload":{"projectId":)";
    base::append_json_string(out, event.project_id);
    out += R"(,"nfObjectId":)";
    base::append_json_string(out, event.object_id);
    out += R"(,"nfObjectType":)";
    base::append_json_string(out, event.object_type);
    out += '}';
  }
  append_text_member(out, R"(,"operator":)", event.operator_name);
  append_text_member(out, R"(,"remote":)", event.remote);
  append_text_member(out, R"(,"request_id":)", event.request_id);
  append_number_member(out, R"(,"revision":)", event.revision);
  append_json_member(out, R"(,"groups":)", event.groups_json);
  append_json_member(out, R"(,"keys":)", event.keys_json);
  append_text_member(out, R"(,"source":)", event.source);
  append_text_member(out, R"(,"ref":)", event.ref);
  append_text_member(out, R"(,"reason":)", event.reason);
  append_text_member(out, R"(,"key_id":)", event.key_id);
  append_number_member(out, R"(,"count":)", event.count);
  if (event.pruned_seq > 0) {
    out += R"(,"pruned":{)";
    if (!event.pruned_node.empty()) {
      out += R"("node":)";
      base::append_json_string(out, event.pruned_node);
      out += ',';
    }
    out += R"("seq":)";
    append_number(out, event.pruned_seq);
    out += R"(,"hash":")";
    out += event.pruned_hash;
    out += R"("})";
  }
  append_prev(out, chain, node);
  finish(out, start, chain);
}

void append_checkpoint_line(std::string& out, Chain& chain, base::UnixTime time,
                            const crypto::SigningKey& key, std::string_view node) {
  const std::size_t start = out.size();
  const std::uint64_t seq = chain.seq() + 1;
  append_start(out, seq, time, kCheckpointEvent, Outcome::kOk);
  append_prev(out, chain, node);
  out += R"(,"public_key":")";
  base::append_hex(out, key.public_key());
  out += R"(","signature":")";
  base::append_hex(out, key.sign(checkpoint_message(seq, chain.hash())));
  out += '"';
  finish(out, start, chain);
}

std::string checkpoint_message(std::uint64_t seq, std::string_view prev) {
  std::string message = "sutler-audit-v1\n";
  append_number(message, seq);
  message += '\n';
  message += prev;
  message += '\n';
  return message;
}

namespace {

bool is_hex(std::string_view text, std::size_t digits) {
  return text.size() == digits && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

// The node that is named right before that byte, where `prev` starts.
std::string_view node_before(std::string_view body, std::size_t prev) {
  const std::size_t bytes = kNodeStart.size() + kNodeDigits + 1;
  if (prev < bytes) return {};
  const std::string_view member = body.substr(prev - bytes, bytes);
  if (!member.starts_with(kNodeStart) || !member.ends_with('"')) return {};
  const std::string_view node = member.substr(kNodeStart.size(), kNodeDigits);
  return is_node_id(node) ? node : std::string_view();
}

}  // namespace

bool is_hash(std::string_view text) { return is_hex(text, kHashDigits); }
bool is_node_id(std::string_view text) { return is_hex(text, kNodeDigits); }

base::Result<LineHead> read_line_head(std::string_view line) {
  LineHead head;
  if (line.size() < kHashTailBytes || !line.ends_with(kHashEnd)) {
    return fail(Code::kCorrupt, "the line does not end with its hash");
  }
  const std::string_view body = line.substr(0, line.size() - kHashTailBytes);
  const std::string_view tail = line.substr(body.size());
  head.hash = tail.substr(kHashStart.size(), kHashDigits);
  if (!tail.starts_with(kHashStart) || !is_hash(head.hash)) {
    return fail(Code::kCorrupt, "the line does not end with its hash");
  }
  const auto digest = crypto::sha256(body);
  if (base::hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()}) !=
      head.hash) {
    return fail(Code::kCorrupt, "the line was changed: its bytes do not give its hash");
  }
  // A quote inside a JSON string is always escaped, so what follows finds members, never text.
  const char* const digits = body.data() + std::min(kSeqStart.size(), body.size());
  const auto number = std::from_chars(digits, body.data() + body.size(), head.seq);
  if (!body.starts_with(kSeqStart) || number.ec != std::errc() || number.ptr == digits ||
      head.seq == 0 || *digits == '0' || *number.ptr != ',') {
    return fail(Code::kCorrupt, "the line does not start with its seq");
  }
  const std::size_t prev = body.rfind(kPrevStart);
  if (prev != std::string_view::npos) {
    head.prev = body.substr(prev + kPrevStart.size()).substr(0, kHashDigits);
    head.node = node_before(body, prev);
  }
  if (!is_hash(head.prev)) return fail(Code::kCorrupt, "the line has no prev");
  head.checkpoint = body.find(R"(,"event":"checkpoint",)") != std::string_view::npos;
  return head;
}

}  // namespace sutler::audit
