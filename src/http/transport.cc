#include "http/transport.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>

namespace sutler::http {
namespace {

constexpr std::size_t kCipherBufferBytes = 4 * 1024;
constexpr int kReadsPerTurn = 8;

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK; }

}  // namespace

Transport::Transport(Readiness& readiness, Readiness::Watched& owner, base::FileDescriptor& fd,
                     std::shared_ptr<const crypto::TlsContext> tls)
    : readiness_(readiness), owner_(owner), fd_(std::move(fd)), reads_left_(kReadsPerTurn) {
  if (!tls) return;
  tls_ = std::make_unique<crypto::TlsSession>(std::move(tls));
  cipher_in_.resize(kCipherBufferBytes);
}

bool Transport::note(std::uint32_t events) {
  reads_left_ = kReadsPerTurn;
  constexpr std::uint32_t kOver = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  if ((events & kOver) != 0) ended_ = true;
  if ((events & (EPOLLIN | kOver)) != 0) may_have_bytes_ = true;
  if (!blocked_ || (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) == 0) return false;
  blocked_ = false;
  return true;
}

Transport::Outcome Transport::wait_for_bytes() {
  if (!watches_reading_) watches_reading_ = readiness_.watch_reading(fd_.get(), owner_);
  return watches_reading_ ? Outcome::kPending : Outcome::kFailed;
}

Transport::Outcome Transport::wait_for_room() {
  if (wait_for_bytes() == Outcome::kFailed) return Outcome::kFailed;
  if (!watches_writing_) watches_writing_ = readiness_.watch_writing_too(fd_.get(), owner_);
  blocked_ = watches_writing_;
  return blocked_ ? Outcome::kPending : Outcome::kFailed;
}

Transport::Outcome Transport::read(char* plain, std::size_t size, std::size_t& plain_bytes) {
  if (!may_have_bytes_) return wait_for_bytes();
  if (reads_left_ == 0) {
    readiness_.again(owner_);
    return Outcome::kPending;
  }
  --reads_left_;
  char* into = tls_ ? cipher_in_.data() : plain;
  const std::size_t room = tls_ ? cipher_in_.size() : size;
  ssize_t got = 0;
  do {
    got = ::recv(fd_.get(), into, room, MSG_DONTWAIT);
  } while (got < 0 && errno == EINTR);
  if (got == 0 || (got < 0 && !would_block())) return Outcome::kFailed;
  // Less than there was room for is all there was; what comes later is told (epoll(7)).
  may_have_bytes_ = ended_ || got == static_cast<ssize_t>(room);
  if (got < 0) return wait_for_bytes();
  const auto bytes = static_cast<std::size_t>(got);
  if (tls_) tls_->feed({cipher_in_.data(), bytes});
  plain_bytes = tls_ ? 0 : bytes;
  return Outcome::kDone;
}

Transport::Outcome Transport::take(char* plain, std::size_t size, std::size_t& got) {
  if (!tls_) return Outcome::kPending;
  switch (tls_->read(plain, size, got)) {
    case crypto::TlsSession::Status::kOk: return Outcome::kDone;
    case crypto::TlsSession::Status::kWantInput: return Outcome::kPending;
    default: return Outcome::kFailed;
  }
}

Transport::Outcome Transport::send_rest() {
  while (!rest_.empty()) {
    const ssize_t sent =
        ::send(fd_.get(), rest_.data(), rest_.size(), MSG_DONTWAIT | MSG_NOSIGNAL | more_);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) {
      return would_block() ? wait_for_room() : Outcome::kFailed;
    }
    rest_.remove_prefix(static_cast<std::size_t>(sent));
  }
  return Outcome::kDone;
}

Transport::Outcome Transport::flush() {
  if (blocked_) return Outcome::kPending;
  for (;;) {
    const Outcome outcome = send_rest();
    if (outcome != Outcome::kDone || !tls_ || !tls_->take_output(cipher_out_)) return outcome;
    rest_ = cipher_out_;
  }
}

Transport::Outcome Transport::write(std::string_view bytes) {
  if (!tls_) {
    rest_ = bytes;
  } else if (tls_->write(bytes) != crypto::TlsSession::Status::kOk) {
    return Outcome::kFailed;
  }
  return flush();
}

void Transport::say_goodbye() {
  if (!tls_ || !fd_.is_open()) return;
  tls_->shut_down();
  (void)flush();
}

void Transport::shut_down_sending() { (void)::shutdown(fd_.get(), SHUT_WR); }

void Transport::close() {
  if (!fd_.is_open()) return;  // the loop may be gone by now
  readiness_.remove(owner_);
  fd_.close();
}

}  // namespace sutler::http
