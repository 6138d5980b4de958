#include "http/exchange.h"

#include <utility>

#include "http/session.h"

namespace sutler::http {

Reply::~Reply() {
  if (session_) session_->abandon();
}

void Reply::send(Response&& response) {
  const auto session = std::exchange(session_, nullptr);
  session->respond(std::move(response));
}

void Reply::send_secret_json(std::size_t body_bytes, const std::function<bool(char*)>& fill) {
  const auto session = std::exchange(session_, nullptr);
  session->respond_secret_json(body_bytes, fill);
}

const Request& Reply::request() const { return session_->request(); }

}  // namespace sutler::http
