// The bytes of one connection, plain or through TLS: reading into a buffer and writing all of a
// buffer. Belongs to its session and lives exactly as long.
//
// Waiting is the loop's Readiness: a connection whose request is there when it is accepted, and
// which ends with its answer, is never even registered there.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/file.h"
#include "crypto/tls.h"
#include "http/readiness.h"

namespace sutler::http {

class Transport {
 public:
  enum class Outcome { kDone, kPending, kFailed };

  // `owner` is told of what read() and flush() wait for, and passes it to note().
  Transport(Readiness& readiness, Readiness::Watched& owner, base::FileDescriptor& fd,
            std::shared_ptr<const crypto::TlsContext> tls);
  ~Transport() { close(); }
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  [[nodiscard]] bool is_tls() const { return tls_ != nullptr; }
  [[nodiscard]] bool handshake_done() const { return !tls_ || tls_->handshake_done(); }

  // What the socket has: kDone with a plain connection's bytes in `plain`, or, of TLS, with bytes
  // that have still to be taken (`plain_bytes` 0). kPending: nothing now, and the owner will be
  // told. kFailed: the connection is over. After a few reads in one turn the others have theirs.
  [[nodiscard]] Outcome read(char* plain, std::size_t size, std::size_t& plain_bytes);
  // What the owner was told. True: output that had to wait may go on (flush()).
  [[nodiscard]] bool note(std::uint32_t events);
  // TLS: plaintext that has come already. kPending: more is needed from the socket (a plain
  // connection always says that).
  [[nodiscard]] Outcome take(char* plain, std::size_t size, std::size_t& got);
  // Sends what is left and what TLS itself wants to say (handshake, alerts), as far as the socket
  // takes it. kPending: the owner will be told when it takes more.
  [[nodiscard]] Outcome flush();

  // Starts sending; kDone when all of it went out at once. `bytes` must stay until it did (plain)
  // and may be wiped at once (TLS).
  [[nodiscard]] Outcome write(std::string_view bytes);
  // Between a kPending of write() or flush() and the note() that ends it.
  [[nodiscard]] bool is_writing() const { return blocked_; }

  // What is written from now on is the last: the kernel keeps its end back until
  // shut_down_sending(), which must follow at once, so that the FIN travels with it. With close()
  // alone it would be lost where something unread has come (tcp(7): a reset).
  void end_follows() { more_ = MSG_MORE; }
  void say_goodbye();  // close_notify, if anybody listens
  void shut_down_sending();
  void close();

 private:
  [[nodiscard]] Outcome send_rest();
  [[nodiscard]] Outcome wait_for_room();
  [[nodiscard]] Outcome wait_for_bytes();

  Readiness& readiness_;
  Readiness::Watched& owner_;
  base::FileDescriptor fd_;
  std::unique_ptr<crypto::TlsSession> tls_;
  std::string cipher_in_;
  std::string cipher_out_;  // TLS: what rest_ points into; what comes after it waits in the session
  std::string_view rest_;   // what is still to be sent
  bool watches_reading_ = false, watches_writing_ = false;
  bool may_have_bytes_ = true;  // an edge was told, and no read has found the end of it since
  bool ended_ = false;          // the peer sends no more: a short read is not the end of it
  bool blocked_ = false;        // the socket takes no more of rest_ now
  int reads_left_;              // of this turn
  int more_ = 0;                // a flag of send(2)
};

}  // namespace sutler::http
