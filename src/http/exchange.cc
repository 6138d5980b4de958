#include "http/exchange.h"

#include <boost/asio/post.hpp>
#include <memory>
#include <mutex>
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

void LoopCaller::call(std::function<void()> work) const {
  const std::scoped_lock lock(door_->mutex);
  if (door_->loop == nullptr) return;
  // The loop runs what is posted to it, so that it is still there then.
  boost::asio::post(door_->loop->io(),
                    [loop = door_->loop, handler = handler_, work = std::move(work)] {
                      const auto there = handler.lock();
                      if (!there) return;
                      loop->schedule_turn_end(there);
                      work();
                    });
}

LoopCaller Reply::caller() const { return {session_->loop().door(), session_->handler()}; }

const Request& Reply::request() const { return session_->request(); }

}  // namespace sutler::http
