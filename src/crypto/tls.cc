#include "crypto/tls.h"

#include <openssl/err.h>

#include <algorithm>
#include <cstring>

#include "base/file.h"
#include "crypto/openssl_handles.h"

namespace sutler::crypto {

using base::Code;
using base::fail;
using base::Result;

struct TlsContext::Impl {
  SslContext context;
};

TlsContext::TlsContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsContext::~TlsContext() = default;

namespace {

std::string last_openssl_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "unknown reason" : reason;
}

// http/1.1 or nothing: a client that offers only other protocols is told so (RFC 7301 3.2).
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned int in_size, void*) {
  static constexpr unsigned char kOurs[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kOurs, sizeof kOurs - 1, in, in_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

void configure(SSL_CTX* context) {
  require(SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1);
  require(SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_CLEANSE_PLAINTEXT |
                                   SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // Tickets only: no session of a client is kept here.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  require(SSL_CTX_set_num_tickets(context, 1) == 1);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::load(const std::filesystem::path& certificate,
                                                           const std::filesystem::path& key) {
  for (const auto& path : {certificate, key}) {
    if (auto readable = base::read_file(path, 1024 * 1024); !readable) return pass(readable);
  }
  auto impl = std::make_unique<Impl>();
  impl->context.reset(SSL_CTX_new(TLS_server_method()));
  require(impl->context != nullptr);
  SSL_CTX* context = impl->context.get();
  configure(context);
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1) {
    return fail(Code::kInvalid,
                "certificate " + certificate.string() + " cannot be used: " + last_openssl_error(),
                "it must be a PEM file: the server's certificate, then its chain");
  }
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return fail(Code::kInvalid,
                "private key " + key.string() + " cannot be used with certificate " +
                    certificate.string() + ": " + last_openssl_error(),
                "it must be the PEM key, without passphrase, of that certificate");
  }
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(impl)));
}

struct TlsSession::Impl {
  std::shared_ptr<const TlsContext> context;
  Ssl ssl;
  std::string_view input;
  std::string output;
  bool failed = false;
};

namespace {

// The BIO that stands where the socket would be: reads what was fed, writes to the pending output.
struct Pipe {
  std::string_view* input;
  std::string* output;
};

int pipe_read(BIO* bio, char* out, int size) {
  auto* pipe = static_cast<Pipe*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (pipe->input->empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const std::size_t count = std::min(pipe->input->size(), static_cast<std::size_t>(size));
  std::memcpy(out, pipe->input->data(), count);
  pipe->input->remove_prefix(count);
  return static_cast<int>(count);
}

int pipe_write(BIO* bio, const char* bytes, int size) {
  auto* pipe = static_cast<Pipe*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  pipe->output->append(bytes, static_cast<std::size_t>(size));
  return size;
}

long pipe_control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH || command == BIO_CTRL_PUSH || command == BIO_CTRL_POP ? 1 : 0;
}

int pipe_create(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

int pipe_destroy(BIO* bio) {
  delete static_cast<Pipe*>(BIO_get_data(bio));
  return 1;
}

const BIO_METHOD* pipe_method() {
  static const BioMethod method = [] {
    BioMethod made(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sutler pipe"));
    require(made != nullptr);
    BIO_meth_set_read(made.get(), pipe_read);
    BIO_meth_set_write(made.get(), pipe_write);
    BIO_meth_set_ctrl(made.get(), pipe_control);
    BIO_meth_set_create(made.get(), pipe_create);
    BIO_meth_set_destroy(made.get(), pipe_destroy);
    return made;
  }();
  return method.get();
}

}  // namespace

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context)
    : impl_(std::make_unique<Impl>()) {
  impl_->context = std::move(context);
  impl_->ssl.reset(SSL_new(impl_->context->impl_->context.get()));
  require(impl_->ssl != nullptr);
  BIO* bio = BIO_new(pipe_method());
  require(bio != nullptr);
  BIO_set_data(bio, new Pipe{&impl_->input, &impl_->output});
  SSL_set_bio(impl_->ssl.get(), bio, bio);
  SSL_set_accept_state(impl_->ssl.get());
}

TlsSession::~TlsSession() = default;

void TlsSession::feed(std::string_view ciphertext) { impl_->input = ciphertext; }

TlsSession::Status TlsSession::read(char* out, std::size_t size, std::size_t& got) {
  got = 0;
  if (impl_->failed) return Status::kFailed;
  ERR_clear_error();
  const int result = SSL_read_ex(impl_->ssl.get(), out, size, &got);
  if (result == 1) return Status::kOk;
  switch (SSL_get_error(impl_->ssl.get(), result)) {
    case SSL_ERROR_WANT_READ: return Status::kWantInput;
    case SSL_ERROR_ZERO_RETURN: return Status::kClosed;
    default:
      impl_->failed = true;
      ERR_clear_error();
      return Status::kFailed;
  }
}

TlsSession::Status TlsSession::write(std::string_view plaintext) {
  if (impl_->failed) return Status::kFailed;
  ERR_clear_error();
  while (!plaintext.empty()) {
    std::size_t written = 0;
    if (SSL_write_ex(impl_->ssl.get(), plaintext.data(), plaintext.size(), &written) != 1) {
      impl_->failed = true;
      ERR_clear_error();
      return Status::kFailed;
    }
    plaintext.remove_prefix(written);
  }
  return Status::kOk;
}

void TlsSession::shut_down() {
  if (impl_->failed || !handshake_done()) return;
  ERR_clear_error();
  (void)SSL_shutdown(impl_->ssl.get());
  ERR_clear_error();
}

bool TlsSession::take_output(std::string& out) {
  out.clear();
  // A large answer must not leave its buffer behind on an idle connection.
  if (out.capacity() > 64 * 1024) std::string().swap(out);
  out.swap(impl_->output);
  return !out.empty();
}

bool TlsSession::handshake_done() const { return SSL_is_init_finished(impl_->ssl.get()) == 1; }

}  // namespace sutler::crypto
