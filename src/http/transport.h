// The bytes of one connection, plain or through TLS: reading into a buffer and writing all of a
// buffer. Belongs to its session and lives exactly as long.
//
// The descriptor is handed to Asio only when it has to be waited for: a connection whose request is
// there when it is accepted, and which ends with its answer, never costs the reactor anything.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.h"
#include "crypto/tls.h"

namespace sutler::http {

class Transport {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;
  enum class Outcome { kDone, kPending, kFailed };

  Transport(boost::asio::io_context& io, int family, base::FileDescriptor& fd,
            std::shared_ptr<const crypto::TlsContext> tls);

  [[nodiscard]] bool is_tls() const { return tls_ != nullptr; }
  [[nodiscard]] bool handshake_done() const { return !tls_ || tls_->handshake_done(); }

  // What is there already, without waiting: kDone with bytes as async_read() gives them, kPending:
  // nothing yet, kFailed: the connection is over.
  [[nodiscard]] Outcome read_now(char* plain, std::size_t size, std::size_t& plain_bytes);
  // Waits for bytes from the socket, then calls `done(bool open, std::size_t plain_bytes)`: not
  // open means that the connection is over; a plain connection's bytes are in `plain`, those of TLS
  // have still to be taken.
  template <class Done>
  void async_read(char* plain, std::size_t size, Done&& done);
  // TLS: plaintext that has come already. kPending: more is needed from the socket (a plain
  // connection always says that).
  [[nodiscard]] Outcome take(char* plain, std::size_t size, std::size_t& got);
  // Sends what is left and what TLS itself wants to say (handshake, alerts), as far as the socket
  // takes it. kPending also while an async_write_rest() is under way: that one goes on with it.
  [[nodiscard]] Outcome flush();

  // Starts sending; kDone when all of it went out at once. `bytes` must stay until it did (plain)
  // and may be wiped at once (TLS).
  [[nodiscard]] Outcome write(std::string_view bytes);
  // Goes on after kPending; `done(Outcome)` says how far it came. Only one
  // at a time: is_writing().
  [[nodiscard]] bool is_writing() const { return in_flight_; }
  template <class Done>
  void async_write_rest(Done&& done);

  void say_goodbye();  // close_notify, if anybody listens
  void shut_down_sending();
  void close();

 private:
  [[nodiscard]] Outcome send_rest();
  [[nodiscard]] int fd() { return socket_ ? socket_->native_handle() : fd_.get(); }
  // Makes it Asio's.
  [[nodiscard]] Socket& waitable();

  boost::asio::io_context& io_;
  const int family_;
  base::FileDescriptor fd_;       // until the first wait
  std::optional<Socket> socket_;  // from then on
  std::unique_ptr<crypto::TlsSession> tls_;
  std::string cipher_in_;
  std::string cipher_out_;  // TLS: what rest_ points into; what comes after it waits in the session
  std::string_view rest_;   // what is still to be sent
  bool in_flight_ = false;  // the socket has rest_: it must not be touched
};

template <class Done>
void Transport::async_read(char* plain, std::size_t size, Done&& done) {
  char* into = tls_ ? cipher_in_.data() : plain;
  const std::size_t room = tls_ ? cipher_in_.size() : size;
  waitable().async_read_some(boost::asio::buffer(into, room),
                             [this, done = std::forward<Done>(done)](
                                 const boost::system::error_code& ec, std::size_t bytes) mutable {
                               if (!ec && tls_) tls_->feed({cipher_in_.data(), bytes});
                               done(!ec && bytes > 0, tls_ ? std::size_t{0} : bytes);
                             });
}

template <class Done>
void Transport::async_write_rest(Done&& done) {
  in_flight_ = true;
  waitable().async_write_some(boost::asio::buffer(rest_.data(), rest_.size()),
                              [this, done = std::forward<Done>(done)](
                                  const boost::system::error_code& ec, std::size_t bytes) mutable {
                                in_flight_ = false;
                                if (ec) return done(Outcome::kFailed);
                                rest_.remove_prefix(bytes);
                                done(flush());
                              });
}

}  // namespace sutler::http
