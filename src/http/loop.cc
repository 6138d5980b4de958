#include "http/loop.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <cstring>
#include <ctime>

#include "crypto/random.h"
#include "http/session.h"

namespace sutler::http {
namespace {

constexpr std::chrono::milliseconds kTick{250};

std::uint64_t random_number() {
  std::uint64_t number = 0;
  crypto::random_fill({reinterpret_cast<unsigned char*>(&number), sizeof number});
  return number;
}

}  // namespace

Loop::Loop(const Options& options, ConnectionLimits& limits)
    : options_(options),
      limits_(limits),
      connections_max_(std::max<std::size_t>(
          1, options.limits.files_max / std::max<std::size_t>(1, options.threads))),
      id_prefix_(random_number()) {
  door_->loop = this;
  update_now();
}

Loop::~Loop() { close_door(); }

void Loop::close_door() {
  const std::scoped_lock lock(door_->mutex);
  door_->loop = nullptr;
}

void Loop::update_now() {
  using namespace std::chrono;
  now_ms_ = duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
  const std::time_t second = std::time(nullptr);
  if (second == date_second_) return;
  date_second_ = second;
  std::tm parts{};
  ::gmtime_r(&second, &parts);
  char text[64];
  // IMF-fixdate (RFC 9110 5.6.7); the C locale's names are the ones it wants.
  const std::size_t size =
      std::strftime(text, sizeof text, "Date: %a, %d %b %Y %T GMT\r\n", &parts);
  date_line_.assign(text, size);
}

void Loop::next_request_id(char* out) {
  constexpr std::string_view digits = "0123456789abcdef";
  // A bijection of the counter keeps ids of one loop apart, the prefix those of different loops.
  const std::uint64_t id = id_prefix_ + std::uint64_t{++id_counter_} * 0x9e3779b97f4a7c15ULL;
  for (int i = 0; i < 16; ++i) out[i] = digits[id >> (60 - 4 * i) & 15];
}

void Loop::run() {
  readiness_.start([this] { end_turn(); });
  tick();
  io_.run();
}

void Loop::stop() { io_.stop(); }

void Loop::tick() {
  update_now();
  // A session that times out removes itself, which moves the last one into its place.
  for (std::size_t i = sessions_.size(); i-- > 0;) {
    if (i < sessions_.size()) sessions_[i]->check_deadline(now_ms_);
  }
  timer_.expires_after(kTick);
  timer_.async_wait([this](const boost::system::error_code& ec) {
    if (!ec) tick();
  });
}

void Loop::add(const std::shared_ptr<Session>& session) {
  session->position = sessions_.size();
  sessions_.push_back(session);
}

void Loop::remove(Session* session) {
  const std::size_t at = session->position;
  if (at >= sessions_.size() || sessions_[at].get() != session) return;
  std::swap(sessions_[at], sessions_.back());
  sessions_[at]->position = at;
  sessions_.pop_back();
}

void Loop::schedule_turn_end(const std::shared_ptr<Handler>& handler) {
  if (turn_.empty() || turn_.back() != handler) turn_.push_back(handler);
  if (turn_scheduled_ || readiness_.is_telling()) return;
  turn_scheduled_ = true;
  boost::asio::post(io_, [this] {
    turn_scheduled_ = false;
    end_turn();
  });
}

void Loop::end_turn() {
  if (turn_.empty()) return;
  std::vector<std::shared_ptr<Handler>> turn;
  turn.swap(turn_);
  for (const auto& waiting : turn) waiting->turn_end();
  if (turn_.empty()) {
    turn.clear();
    turn_.swap(turn);  // keeps the capacity
  }
}

void Loop::drain() {
  draining_ = true;
  const auto all = sessions_;  // a session that closes leaves the list
  for (const auto& session : all) session->drain();
}

bool Loop::make_room() {
  Session* first = nullptr;
  for (const auto& session : sessions_) {
    const std::uint64_t order = session->waiting_order();
    if (order == 0) continue;
    if (first == nullptr || order < first->waiting_order()) first = session.get();
  }
  if (first != nullptr) first->close();
  return first != nullptr;
}

bool Loop::may_tell_of_exhaustion() {
  constexpr std::int64_t kMinuteMs = 60'000;
  if (told_of_exhaustion_ms_ > 0 && now_ms_ - told_of_exhaustion_ms_ < kMinuteMs) return false;
  told_of_exhaustion_ms_ = now_ms_;
  return true;
}

void Loop::shut_down() {
  close_door();
  turn_.clear();
  while (!sessions_.empty()) {
    const auto session = sessions_.back();  // leaves the list when it closes
    session->shut_down();
  }
}

}  // namespace sutler::http
