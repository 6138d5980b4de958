// One request on its way to its response. The handler owns the Reply and answers exactly once, on
// the loop's own thread, now or later; a Reply that dies unanswered closes the connection.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "http/message.h"

namespace sutler::http {

class Session;
class Handler;
struct LoopDoor;

// The way from other threads back to the loop that owns a Reply. Copyable, thread-safe, and may
// outlive the reply, the handler and the server.
class LoopCaller {
 public:
  LoopCaller(std::shared_ptr<LoopDoor> door, std::weak_ptr<Handler> handler)
      : door_(std::move(door)), handler_(std::move(handler)) {}
  // Soon runs `work` on the loop's thread, and then the end of the turn, as after a request. Not
  // when loop or handler are gone by then: then `work` is let go, on whatever thread.
  void call(std::function<void()> work) const;

 private:
  std::shared_ptr<LoopDoor> door_;
  std::weak_ptr<Handler> handler_;
};

class Reply {
 public:
  explicit Reply(std::shared_ptr<Session> session) : session_(std::move(session)) {}
  Reply(Reply&&) noexcept = default;
  Reply& operator=(Reply&&) noexcept = default;
  ~Reply();

  void send(Response&& response);
  // From any thread, while the server that gave the reply is there; the loop's own thread sends it.
  void send_from_anywhere(Response&& response);
  // The fetch's way without copies: a ready 200 with a JSON body of `body_bytes`, which `fill`
  // writes in place (into `char* out`) and may refuse (false: the connection is closed without an
  // answer). Wiped once sent.
  void send_secret_json(std::size_t body_bytes, const std::function<bool(char* out)>& fill);
  [[nodiscard]] const Request& request() const;
  // For a handler that keeps the reply until another thread has what it needs.
  [[nodiscard]] LoopCaller caller() const;

 private:
  std::shared_ptr<Session> session_;
};

// What a room does with requests. Called on the thread of the loop that owns the connection.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual void handle(Reply reply) = 0;
  // Asked when a header block announces a body, before any of it is kept: an answer refuses the
  // request (and the connection is closed), nothing lets it come. The request has no body yet.
  [[nodiscard]] virtual std::optional<Response> refuse_before_body(const Request&) {
    return std::nullopt;
  }
  // A request that did not pass the gate was answered with `status` (nothing of it was parsed
  // further).
  virtual void refused(std::string_view remote, int status, std::string_view why) = 0;
  // After all requests that had arrived together were handled: the time to answer those that wait
  // for something done once for all of them.
  virtual void turn_end() {}
};

}  // namespace sutler::http
