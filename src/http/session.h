// One connection, from accept to close.
//
// | state     | waits for                        | deadline      |
// |-----------|----------------------------------|---------------|
// | kIdle     | the first byte of a request      | idle          |
// | kHead     | the end of its header block      | header        |
// | kBody     | its body (admin)                 | body          |
// | kHandling | the room that has the Reply      | none          |
// | kWriting  | the socket to take the answer    | write         |
// | kLinger   | the client to stop sending       | linger        |
// | kClosed   | nothing                          | none          |
//
// Invariants: one request at a time; bytes that follow it stay in the buffer, unread, until its
// answer is out; after a refusal nothing is parsed any more; a deadline is set whenever a state
// other than kHandling is entered. All on the loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "http/exchange.h"
#include "http/gate.h"
#include "http/loop.h"
#include "http/transport.h"

namespace sutler::http {

struct Peer {
  base::FileDescriptor fd;  // the session takes it
  std::string address;      // "192.0.2.7", or "unix"
  std::int64_t uid = -1;    // unix sockets
  std::int64_t login_uid = -1;
};

class Session final : public std::enable_shared_from_this<Session>, public Readiness::Watched {
 public:
  Session(Loop& loop, Peer& peer, std::shared_ptr<const crypto::TlsContext> tls,
          std::shared_ptr<Handler> handler, const GateOptions& gate);
  ~Session();

  void start();
  void on_ready(std::uint32_t events) override;
  void check_deadline(std::int64_t now_ms);
  // By how long it has been waiting for a whole header block, lower is longer; what may be closed
  // to make room for others. 0: it does something else. One that has sent a part is not spared:
  // else those would be the last to go that send a part on purpose, and new ones the first. One
  // whose answer is out, and which only waits for the other side to leave, goes before all.
  [[nodiscard]] std::uint64_t waiting_order() const;
  // Closes soon if idle; else after the answer.
  void drain();
  void close();
  // When the loop has ended for good: closes, and lets go of the handler, whose unanswered Replies
  // hold this session.
  void shut_down();

  // For Reply.
  void respond(Response&& response);
  void respond_secret_json(std::size_t body_bytes, const std::function<bool(char*)>& fill);
  void abandon();
  [[nodiscard]] const Request& request() const { return request_; }
  [[nodiscard]] Loop& loop() { return loop_; }
  [[nodiscard]] const std::shared_ptr<Handler>& handler() const { return handler_; }

  std::size_t position = 0;  // in the loop's list

 private:
  enum class State { kIdle, kHead, kBody, kHandling, kWriting, kLinger, kClosed };
  enum class Advance { kAgain, kWait };

  void process();
  [[nodiscard]] bool read_more();
  void linger_on();
  [[nodiscard]] bool take_decrypted();
  void push_tls_output();
  [[nodiscard]] Advance advance();
  [[nodiscard]] Advance read_head();
  [[nodiscard]] Advance read_body();
  [[nodiscard]] Advance hand_over();
  [[nodiscard]] Advance await_body();
  void set_request(std::string_view body);
  void refuse(const Refused& refused);
  void begin_answer(int status, std::string_view content_type, std::string_view extra,
                    std::size_t body_bytes);
  void send();
  void on_flushed(Transport::Outcome outcome);
  void answer_is_out();
  void linger();
  void enter(State state, std::chrono::milliseconds limit);
  [[nodiscard]] std::string_view arrived() const {
    return {in_.data() + in_start_, in_end_ - in_start_};
  }
  void make_room(std::size_t bytes);

  Loop& loop_;
  Transport transport_;
  std::shared_ptr<Handler> handler_;
  const GateOptions gate_;
  const std::string remote_;
  const std::int64_t peer_uid_;
  const std::int64_t peer_login_uid_;

  State state_ = State::kIdle;
  std::int64_t deadline_ms_ = 0;
  std::uint64_t idle_order_ = 0;
  bool processing_ = false;
  bool close_after_ = false;
  bool refused_ = false;
  std::size_t lingered_bytes_ = 0;

  std::string in_;
  std::size_t in_start_ = 0, in_end_ = 0;
  std::size_t scan_next_ = 0;
  std::size_t head_bytes_ = 0;
  Head head_;
  std::vector<Field> fields_;
  Request request_;
  char request_id_[16];
  std::string out_;
};

}  // namespace sutler::http
