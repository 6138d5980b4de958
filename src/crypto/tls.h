// TLS 1.2 and 1.3 (RFC 8446) for servers without any I/O: bytes go in, bytes come out. Whoever
// has the socket moves them. OpenSSL stays behind this header.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sutler::crypto {

// Certificate chain, key and settings: AEAD with forward secrecy only, no renegotiation, no
// compression, ALPN http/1.1, session tickets whose keys OpenSSL makes for this context.
// Immutable, shared by sessions; replaced as a whole on reload.
class TlsContext {
 public:
  // Both files PEM. The error names the file; a key that does not fit its certificate is refused.
  [[nodiscard]] static base::Result<std::shared_ptr<const TlsContext>> load(
      const std::filesystem::path& certificate, const std::filesystem::path& key);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

 private:
  friend class TlsSession;
  struct Impl;
  explicit TlsContext(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// One connection's side of TLS. Not thread-safe. After kFailed or kClosed only pending output may
// still be sent.
class TlsSession {
 public:
  enum class Status { kOk, kWantInput, kClosed, kFailed };

  explicit TlsSession(std::shared_ptr<const TlsContext> context);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // Ciphertext from the socket. The view must stay valid until read() said kWantInput: it is
  // not copied.
  void feed(std::string_view ciphertext);
  // Goes on with the handshake, then reads plaintext into `out`. kOk: `got` bytes were read;
  // kWantInput: all that was fed is used up (`got` is 0).
  [[nodiscard]] Status read(char* out, std::size_t size, std::size_t& got);
  // Encrypts all of the plaintext into the pending output. Only after the handshake.
  [[nodiscard]] Status write(std::string_view plaintext);
  // Queues close_notify.
  void shut_down();

  // What is to be sent, in place of what `out` held; false when there is nothing. The session
  // forgets it.
  [[nodiscard]] bool take_output(std::string& out);
  [[nodiscard]] bool handshake_done() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sutler::crypto
