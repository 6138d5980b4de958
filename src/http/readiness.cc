#include "http/readiness.h"

#include <sys/epoll.h>

#include <array>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <system_error>
#include <utility>

namespace sutler::http {
namespace {

constexpr int kEventsPerTurn = 128;
// While so many connections are ready at once the kernel is asked again within the turn, so that
// those who came meanwhile share its end, which writes to the audit.
constexpr int kBusyFrom = 2;
constexpr int kLooksATurn = 4;
constexpr std::uint32_t kReading = EPOLLIN | EPOLLRDHUP | EPOLLET;

bool control(int epoll, int operation, int fd, Readiness::Watched& watched, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watched;
  return ::epoll_ctl(epoll, operation, fd, &event) == 0;
}

int make_epoll() {
  const int fd = ::epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  return fd;
}

}  // namespace

Readiness::Readiness(boost::asio::io_context& io) : io_(io), epoll_(io, make_epoll()) {}

void Readiness::start(std::function<void()> turn_end) {
  turn_end_ = std::move(turn_end);
  wait();
}

void Readiness::wait() {
  epoll_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                    [this](const boost::system::error_code& failed) {
                      if (failed) return;  // the loop is going
                      take_turn();
                      wait();
                    });
}

bool Readiness::watch_reading(int fd, Watched& watched) {
  return control(epoll_.native_handle(), EPOLL_CTL_ADD, fd, watched, kReading);
}

bool Readiness::watch_writing_too(int fd, Watched& watched) {
  return control(epoll_.native_handle(), EPOLL_CTL_MOD, fd, watched, kReading | EPOLLOUT);
}

void Readiness::remove(const Watched& watched) {
  for (auto* list : {&turn_, &again_}) {
    for (Event& event : *list) {
      if (event.watched == &watched) event.watched = nullptr;
    }
  }
}

void Readiness::again(Watched& watched) {
  if (again_.empty()) boost::asio::post(io_, [this] { take_turn(); });
  again_.push_back({&watched, 0});
}

void Readiness::take_turn() {
  is_telling_ = true;
  for (int i = 0; i < kLooksATurn && tell_all() >= kBusyFrom; ++i) {
  }
  is_telling_ = false;
  turn_end_();
}

// Whoever is told may remove others, close and so remove itself, or ask for another turn.
int Readiness::tell_all() {
  std::array<epoll_event, kEventsPerTurn> events;  // filled by the kernel as far as it says
  const int found = ::epoll_wait(epoll_.native_handle(), events.data(), kEventsPerTurn, 0);
  for (int i = 0; i < found; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    turn_.push_back({static_cast<Watched*>(event.data.ptr), event.events});
  }
  turn_.insert(turn_.end(), again_.begin(), again_.end());
  again_.clear();
  for (std::size_t i = 0; i < turn_.size(); ++i) {
    if (auto* watched = std::exchange(turn_[i].watched, nullptr))
      watched->on_ready(turn_[i].events);
  }
  turn_.clear();
  return found;
}

}  // namespace sutler::http
