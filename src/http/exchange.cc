#include "http/exchange.h"

#include <boost/asio/post.hpp>
#include <memory>
#include <utility>

#include "http/loop.h"
#include "http/session.h"

namespace sutler::http {

Reply::~Reply() {
  if (session_) session_->abandon();
}

void Reply::send(Response&& response) {
  const auto session = std::exchange(session_, nullptr);
  session->respond(std::move(response));
}

void Reply::send_from_anywhere(Response&& response) {
  auto& io = session_->loop().io();
  auto reply = std::make_shared<Reply>(std::move(*this));
  auto kept = std::make_shared<Response>(std::move(response));
  boost::asio::post(io, [reply, kept] { reply->send(std::move(*kept)); });
}

void Reply::send_secret_json(std::size_t body_bytes, const std::function<bool(char*)>& fill) {
  const auto session = std::exchange(session_, nullptr);
  session->respond_secret_json(body_bytes, fill);
}

const Request& Reply::request() const { return session_->request(); }

}  // namespace sutler::http
