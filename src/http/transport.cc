#include "http/transport.h"

#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <cerrno>

namespace sutler::http {
namespace {

constexpr std::size_t kCipherBufferBytes = 4 * 1024;

}  // namespace

Transport::Transport(boost::asio::io_context& io, int family, base::FileDescriptor& fd,
                     std::shared_ptr<const crypto::TlsContext> tls)
    : io_(io), family_(family), fd_(std::move(fd)) {
  if (!tls) return;
  tls_ = std::make_unique<crypto::TlsSession>(std::move(tls));
  cipher_in_.resize(kCipherBufferBytes);
}

Transport::Socket& Transport::waitable() {
  if (socket_) return *socket_;
  socket_.emplace(io_);
  boost::system::error_code failed;
  socket_->assign(boost::asio::generic::stream_protocol(family_, 0), fd_.get(), failed);
  // Not registered, it stays ours to close, and the first operation on the socket fails.
  if (!failed) (void)fd_.release();
  return *socket_;
}

Transport::Outcome Transport::read_now(char* plain, std::size_t size, std::size_t& plain_bytes) {
  char* into = tls_ ? cipher_in_.data() : plain;
  const std::size_t room = tls_ ? cipher_in_.size() : size;
  const ssize_t got = ::recv(fd(), into, room, MSG_DONTWAIT);
  if (got < 0) {
    const bool nothing_yet = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    return nothing_yet ? Outcome::kPending : Outcome::kFailed;
  }
  if (got == 0) return Outcome::kFailed;
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
    const ssize_t sent = ::send(fd(), rest_.data(), rest_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) {
      return errno == EAGAIN || errno == EWOULDBLOCK ? Outcome::kPending : Outcome::kFailed;
    }
    rest_.remove_prefix(static_cast<std::size_t>(sent));
  }
  return Outcome::kDone;
}

Transport::Outcome Transport::flush() {
  if (in_flight_) return Outcome::kPending;
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
  if (!tls_ || fd() < 0) return;
  tls_->shut_down();
  (void)flush();
}

void Transport::shut_down_sending() { (void)::shutdown(fd(), SHUT_WR); }

void Transport::close() {
  fd_.close();
  if (!socket_) return;
  boost::system::error_code ignored;
  socket_->close(ignored);
}

}  // namespace sutler::http
