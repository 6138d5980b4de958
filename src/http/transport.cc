#include "http/transport.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

namespace sutler::http {
namespace {

constexpr std::size_t kCipherBufferBytes = 4 * 1024;

}  // namespace

Transport::Transport(boost::asio::io_context& io, int family, base::FileDescriptor& fd,
                     std::shared_ptr<const crypto::TlsContext> tls)
    : socket_(io) {
  socket_.assign(boost::asio::generic::stream_protocol(family, 0), fd.get());
  fd.release();  // only now is it the socket's to close
  boost::system::error_code ignored;
  socket_.non_blocking(true, ignored);
  if (!tls) return;
  tls_ = std::make_unique<crypto::TlsSession>(std::move(tls));
  cipher_in_.resize(kCipherBufferBytes);
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
    boost::system::error_code ec;
    const std::size_t bytes =
        socket_.write_some(boost::asio::buffer(rest_.data(), rest_.size()), ec);
    if (ec == boost::asio::error::would_block) return Outcome::kPending;
    if (ec) return Outcome::kFailed;
    rest_.remove_prefix(bytes);
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
  if (!tls_ || !socket_.is_open()) return;
  tls_->shut_down();
  (void)flush();
}

void Transport::shut_down_sending() {
  boost::system::error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
}

void Transport::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace sutler::http
