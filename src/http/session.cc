#include "http/session.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "base/limits.h"
#include "base/wipe.h"

namespace sutler::http {
namespace {

constexpr std::size_t kFirstBufferBytes = 2 * 1024;
constexpr std::size_t kKeptBufferBytesMax = 64 * 1024;
constexpr std::size_t kLingerBytesMax = 256 * 1024;
constexpr std::size_t kWriteBytesPerSecond = 64 * 1024;
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

}  // namespace

Session::Session(Loop& loop, Peer& peer, std::shared_ptr<const crypto::TlsContext> tls,
                 std::shared_ptr<Handler> handler, const GateOptions& gate)
    : loop_(loop),
      transport_(loop.readiness(), *this, peer.fd, std::move(tls)),
      handler_(std::move(handler)),
      gate_(gate),
      remote_(peer.address),
      peer_uid_(peer.uid),
      peer_login_uid_(peer.login_uid) {
  in_.resize(kFirstBufferBytes);
}

Session::~Session() = default;

void Session::start() {
  loop_.add(shared_from_this());
  idle_order_ = loop_.next_idle_order();
  // The first request is due at once: whoever connects has something to ask.
  enter(State::kIdle, loop_.options().timeouts.header);
  // Often it is there already, and no wait is needed at all.
  process();
}

void Session::on_ready(std::uint32_t events) {
  const auto self = shared_from_this();
  if (transport_.note(events)) on_flushed(transport_.flush());
  if (state_ == State::kLinger) return linger_on();
  if (!transport_.is_writing()) process();
}

void Session::enter(State state, std::chrono::milliseconds limit) {
  state_ = state;
  deadline_ms_ = loop_.now_ms() + limit.count();
}

void Session::check_deadline(std::int64_t now_ms) {
  if (now_ms > deadline_ms_) close();
}

std::uint64_t Session::waiting_order() const {
  if (state_ == State::kLinger) return 1;  // before all others: its answer is out
  return state_ == State::kIdle || state_ == State::kHead ? idle_order_ : 0;
}

void Session::drain() {
  if (state_ != State::kIdle && state_ != State::kHead) return;
  const auto soon = loop_.now_ms() + loop_.options().timeouts.drain_idle.count();
  deadline_ms_ = std::min(deadline_ms_, soon);
}

void Session::close() {
  if (state_ == State::kClosed) return;
  const auto self = shared_from_this();
  if (state_ == State::kHandling) --loop_.in_flight;
  state_ = State::kClosed;
  deadline_ms_ = kNever;
  transport_.close();
  loop_.limits().leave(remote_);
  loop_.remove(this);
}

void Session::shut_down() {
  close();
  handler_.reset();
}

// Reads what the state waits for and goes on until it has to wait.
void Session::process() {
  if (processing_) return;
  processing_ = true;
  while (state_ == State::kIdle || state_ == State::kHead || state_ == State::kBody) {
    if (advance() == Advance::kAgain) continue;
    if (state_ == State::kHandling || state_ == State::kWriting || state_ == State::kClosed ||
        state_ == State::kLinger) {
      break;
    }
    if (take_decrypted()) continue;
    if (state_ == State::kClosed || transport_.is_writing() || !read_more()) break;
  }
  processing_ = false;
}

// Takes what the socket has; false: nothing, and the session is told when there is something.
bool Session::read_more() {
  make_room(1);
  std::size_t plain_bytes = 0;
  const auto outcome = transport_.read(in_.data() + in_end_, in_.size() - in_end_, plain_bytes);
  if (outcome == Transport::Outcome::kFailed) close();
  in_end_ += plain_bytes;
  return outcome == Transport::Outcome::kDone;
}

bool Session::take_decrypted() {
  if (!transport_.is_tls()) return false;
  make_room(1);
  std::size_t got = 0;
  const auto outcome = transport_.take(in_.data() + in_end_, in_.size() - in_end_, got);
  push_tls_output();
  if (outcome == Transport::Outcome::kFailed) close();
  in_end_ += got;
  return outcome == Transport::Outcome::kDone;
}

// Handshake messages and tickets nearly always fit the socket at once; where not, they follow.
void Session::push_tls_output() {
  if (state_ != State::kClosed) on_flushed(transport_.flush());
}

// What has been sent so far. Whoever waits for the socket, an answer or the handshake, there is one
// write under way at most, and it carries on with all that has come since.
void Session::on_flushed(Transport::Outcome outcome) {
  if (state_ == State::kClosed) return;
  if (outcome == Transport::Outcome::kFailed) return close();
  if (outcome == Transport::Outcome::kPending) return;  // on_ready() goes on
  if (state_ == State::kWriting) return answer_is_out();
  process();  // which does not read while a peer that does not listen has us write
}

void Session::make_room(std::size_t bytes) {
  if (in_start_ == in_end_) in_start_ = in_end_ = 0;
  if (in_.size() - in_end_ >= bytes) return;
  const std::size_t used = in_end_ - in_start_;
  if (in_start_ > 0) {
    in_.erase(0, in_start_);
    in_start_ = 0;
    in_end_ = used;
  }
  std::size_t wanted = std::max(used + bytes, in_.size());
  if (state_ == State::kBody) {
    // Doubled as the body comes in: a stranger's Content-Length alone takes no memory.
    const auto whole = head_bytes_ + static_cast<std::size_t>(head_.content_length);
    wanted = std::max(wanted, std::min(whole, 2 * used));
  } else {
    wanted = std::max(wanted, used < kFirstBufferBytes
                                  ? kFirstBufferBytes
                                  : base::limits::kRequestHeaderBytesMax + kFirstBufferBytes);
  }
  in_.resize(wanted);
}

Session::Advance Session::advance() {
  switch (state_) {
    case State::kIdle:
      if (arrived().empty()) return Advance::kWait;
      enter(State::kHead, loop_.options().timeouts.header);
      scan_next_ = 0;
      return Advance::kAgain;
    case State::kHead: return read_head();
    case State::kBody: return read_body();
    default: return Advance::kWait;
  }
}

Session::Advance Session::read_head() {
  const Scan scan = scan_head(arrived(), scan_next_);
  if (scan.state == Scan::State::kIncomplete) {
    scan_next_ = scan.next;
    return Advance::kWait;
  }
  Refused refused = scan.refused;
  const bool good =
      scan.state == Scan::State::kComplete &&
      parse_head(arrived().substr(0, scan.head_bytes), gate_, head_, fields_, refused);
  if (!good) {
    refuse(refused);
    return Advance::kWait;
  }
  head_bytes_ = scan.head_bytes;
  return head_.content_length == 0 ? hand_over() : await_body();
}

Session::Advance Session::await_body() {
  set_request({});
  if (auto refusal = handler_->refuse_before_body(request_)) {
    refused_ = true;  // its body is not waited for, so nothing after it can be read
    refusal->after = Response::After::kClose;
    state_ = State::kHandling;
    ++loop_.in_flight;
    respond(std::move(*refusal));
    return Advance::kWait;
  }
  enter(State::kBody, loop_.options().timeouts.body);
  const bool body_is_here = arrived().size() >= head_bytes_ + head_.content_length;
  if (head_.expects_continue && head_.minor_version == 1 && !body_is_here &&
      transport_.write("HTTP/1.1 100 Continue\r\n\r\n") != Transport::Outcome::kDone) {
    close();
    return Advance::kWait;
  }
  return Advance::kAgain;
}

Session::Advance Session::read_body() {
  const std::size_t whole = head_bytes_ + static_cast<std::size_t>(head_.content_length);
  if (arrived().size() >= whole) return hand_over();
  return Advance::kWait;
}

// Gives the request to the room that serves it. Its views point into in_, which is not touched
// until the answer is out; the header is parsed again because reading the body may have moved it.
Session::Advance Session::hand_over() {
  Refused refused;
  if (head_.content_length > 0 &&
      !parse_head(arrived().substr(0, head_bytes_), gate_, head_, fields_, refused)) {
    refuse(refused);
    return Advance::kWait;
  }
  set_request(arrived().substr(head_bytes_, head_.content_length));
  state_ = State::kHandling;
  deadline_ms_ = kNever;
  if (++loop_.in_flight > loop_.options().limits.in_flight_max) {
    Response busy = problem(503, "busy", "too many requests are being answered");
    busy.extra_fields = "Retry-After: 1\r\n";
    respond(std::move(busy));
  } else {
    handler_->handle(Reply(shared_from_this()));
  }
  if (state_ == State::kHandling) loop_.schedule_turn_end(handler_);
  return state_ == State::kIdle ? Advance::kAgain : Advance::kWait;
}

void Session::set_request(std::string_view body) {
  loop_.next_request_id(request_id_);
  request_ = Request{.method = head_.method,
                     .path = head_.path,
                     .query = head_.query,
                     .minor_version = head_.minor_version,
                     .fields = fields_,
                     .authorization = head_.authorization,
                     .body = body,
                     .remote = remote_,
                     .id = {request_id_, sizeof request_id_},
                     .peer_uid = peer_uid_,
                     .peer_login_uid = peer_login_uid_,
                     .tls = transport_.is_tls(),
                     .has_authorization = head_.has_authorization};
  close_after_ = head_.persistence == Persistence::kClose;
}

void Session::refuse(const Refused& refused) {
  base::count(loop_.counts().refused);
  handler_->refused(remote_, refused.status, refused.why);
  refused_ = true;
  close_after_ = true;
  // Its answer has no body where the method is known to forbid one.
  const bool has_body = head_.method != "HEAD" || refused.why == "bad_method";
  head_ = Head{};
  loop_.next_request_id(request_id_);
  const Response response =
      problem(refused.status, "bad_request", "the request was not understood");
  begin_answer(refused.status, response.content_type, {}, response.body.size());
  if (has_body) out_ += response.body.expose();
  send();
}

void Session::respond(Response&& response) {
  if (state_ != State::kHandling) return;
  --loop_.in_flight;
  close_after_ = close_after_ || response.after == Response::After::kClose;
  begin_answer(response.status, response.content_type, response.extra_fields, response.body.size());
  if (head_.method != "HEAD") out_ += response.body.expose();
  send();
}

void Session::respond_secret_json(std::size_t body_bytes, const std::function<bool(char*)>& fill) {
  if (state_ != State::kHandling) return;
  begin_answer(200, "application/json", {}, body_bytes);
  if (head_.method != "HEAD") {
    const std::size_t head_end = out_.size();
    out_.resize(head_end + body_bytes);
    if (!fill(out_.data() + head_end)) return close();
  }
  --loop_.in_flight;
  send();
}

void Session::abandon() {
  if (state_ == State::kHandling) close();
}

void Session::begin_answer(int status, std::string_view content_type, std::string_view extra,
                           std::size_t body_bytes) {
  close_after_ = close_after_ || loop_.draining();
  // One reservation: a string that grows leaves copies of a secret behind.
  out_.reserve(512 + extra.size() + body_bytes);
  if (status == 200) {
    out_ = "HTTP/1.1 200 OK\r\n";
  } else {
    ((out_ = "HTTP/1.1 ") += std::to_string(status)) += ' ';
    (out_ += reason_phrase(status)) += "\r\n";
  }
  out_ += loop_.date_line();
  if (status != 204) {  // which has neither (RFC 9110 section 8.6)
    (out_ += "Content-Type: ") += content_type;
    out_ += "\r\nContent-Length: ";
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, body_bytes).ptr;
    out_.append(digits, static_cast<std::size_t>(end - digits));
    out_ += "\r\n";
  }
  out_ += "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nX-Request-Id: ";
  out_.append(request_id_, sizeof request_id_);
  out_ += "\r\n";
  out_ += extra;
  if (close_after_) {
    out_ += "Connection: close\r\n";
  } else if (head_.minor_version == 0) {
    out_ += "Connection: keep-alive\r\n";
  }
  out_ += "\r\n";
}

void Session::send() {
  const auto size = out_.size();
  enter(State::kWriting,
        loop_.options().timeouts.write + std::chrono::seconds(size / kWriteBytesPerSecond));
  if (close_after_) transport_.end_follows();
  const auto outcome = transport_.write(out_);
  if (transport_.is_tls()) base::wipe(out_.data(), size);  // it is encrypted by now
  on_flushed(outcome);
}

void Session::answer_is_out() {
  base::wipe(out_.data(), out_.size());
  base::wipe_registers();
  out_.clear();
  if (out_.capacity() > kKeptBufferBytesMax) std::string().swap(out_);
  if (!refused_) {
    const std::size_t used = head_bytes_ + static_cast<std::size_t>(head_.content_length);
    // A request holds a token, and on the admin side secrets.
    base::wipe(in_.data() + in_start_, used);
    in_start_ += used;
    head_ = Head{};  // its views pointed there
    if (in_.size() > kKeptBufferBytesMax && in_start_ == in_end_) {
      std::string(kFirstBufferBytes, '\0').swap(in_);
      in_start_ = in_end_ = 0;
    }
  }
  if (close_after_) {
    transport_.say_goodbye();
    if (refused_ || in_start_ != in_end_) return linger();
    transport_.shut_down_sending();
    return close();
  }
  idle_order_ = loop_.next_idle_order();
  const auto& timeouts = loop_.options().timeouts;
  enter(State::kIdle, loop_.draining() ? timeouts.drain_idle : timeouts.idle);
  process();
}

// Closing with unread bytes in the socket would reset the connection and could destroy the answer
// on its way.
void Session::linger() {
  enter(State::kLinger, loop_.options().timeouts.linger);
  transport_.shut_down_sending();
  linger_on();
}

void Session::linger_on() {
  for (;;) {
    in_start_ = in_end_ = 0;
    std::size_t ignored = 0;
    const auto outcome = transport_.read(in_.data(), in_.size(), ignored);
    if (outcome == Transport::Outcome::kPending) return;
    lingered_bytes_ += kFirstBufferBytes;
    if (outcome == Transport::Outcome::kFailed || lingered_bytes_ > kLingerBytesMax) {
      return close();
    }
  }
}

}  // namespace sutler::http
