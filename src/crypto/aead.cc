#include "crypto/aead.h"

#include "crypto/openssl_handles.h"
#include "crypto/random.h"

namespace sutler::crypto {
namespace {

constexpr int kIvBytes = 12;
constexpr int kTagBytes = 16;

const EVP_CIPHER* aes_256_gcm() {
  static const Cipher cipher(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr));
  return cipher.get();
}

// One context a thread, emptied after each use so that no key schedule stays behind.
class BorrowedContext {
 public:
  BorrowedContext() {
    thread_local CipherContext mine(EVP_CIPHER_CTX_new());
    context_ = mine.get();
    require(context_ != nullptr);
  }
  ~BorrowedContext() { EVP_CIPHER_CTX_reset(context_); }
  BorrowedContext(const BorrowedContext&) = delete;
  BorrowedContext& operator=(const BorrowedContext&) = delete;
  [[nodiscard]] EVP_CIPHER_CTX* get() const { return context_; }

 private:
  EVP_CIPHER_CTX* context_;
};

int length(std::string_view bytes) { return static_cast<int>(bytes.size()); }

}  // namespace

std::string seal(std::string_view key, std::string_view associated, std::string_view plaintext) {
  require(key.size() == kAeadKeyBytes);
  std::string out(plaintext.size() + kAeadOverheadBytes, '\0');
  unsigned char* iv = as_bytes(out.data());
  unsigned char* ciphertext = iv + kIvBytes;
  random_fill({iv, kIvBytes});
  const BorrowedContext context;
  int written = 0;
  require(EVP_EncryptInit_ex2(context.get(), aes_256_gcm(), as_bytes(key.data()), iv, nullptr) ==
          1);
  require(EVP_EncryptUpdate(context.get(), nullptr, &written, as_bytes(associated.data()),
                            length(associated)) == 1);
  require(EVP_EncryptUpdate(context.get(), ciphertext, &written, as_bytes(plaintext.data()),
                            length(plaintext)) == 1);
  require(EVP_EncryptFinal_ex(context.get(), ciphertext + written, &written) == 1);
  require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes,
                              ciphertext + plaintext.size()) == 1);
  return out;
}

bool open_into(std::string_view key, std::string_view associated, std::string_view sealed,
               char* out) {
  require(key.size() == kAeadKeyBytes);
  if (sealed.size() < kAeadOverheadBytes) return false;
  const std::string_view iv = sealed.substr(0, kIvBytes);
  const std::string_view tag = sealed.substr(sealed.size() - kTagBytes);
  const std::string_view ciphertext = sealed.substr(kIvBytes, sealed.size() - kAeadOverheadBytes);
  unsigned char tag_copy[kTagBytes];
  tag.copy(reinterpret_cast<char*>(tag_copy), kTagBytes);
  const BorrowedContext context;
  int written = 0;
  require(EVP_DecryptInit_ex2(context.get(), aes_256_gcm(), as_bytes(key.data()),
                              as_bytes(iv.data()), nullptr) == 1);
  require(EVP_DecryptUpdate(context.get(), nullptr, &written, as_bytes(associated.data()),
                            length(associated)) == 1);
  require(EVP_DecryptUpdate(context.get(), as_bytes(out), &written, as_bytes(ciphertext.data()),
                            length(ciphertext)) == 1);
  require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag_copy) == 1);
  unsigned char none[kTagBytes];
  if (EVP_DecryptFinal_ex(context.get(), none, &written) == 1) return true;
  base::wipe(out, ciphertext.size());
  return false;
}

std::optional<base::Secret> open(std::string_view key, std::string_view associated,
                                 std::string_view sealed) {
  if (sealed.size() < kAeadOverheadBytes) return std::nullopt;
  std::string plaintext(sealed.size() - kAeadOverheadBytes, '\0');
  if (!open_into(key, associated, sealed, plaintext.data())) return std::nullopt;
  return base::Secret(std::move(plaintext));
}

AeadKey::AeadKey(base::LockedBytes key, std::uint64_t seals_max)
    : key_(std::move(key)), seals_max_(seals_max) {
  require(key_.size() == kAeadKeyBytes);
}

base::Result<std::string> AeadKey::seal(std::string_view associated,
                                        std::string_view plaintext) const {
  if (seals_.fetch_add(1, std::memory_order_relaxed) >= seals_max_) {
    return base::fail(base::Code::kUnavailable, "a key has sealed as often as it may",
                      "rotate the master key");
  }
  return crypto::seal(key_.expose(), associated, plaintext);
}

std::optional<base::Secret> AeadKey::open(std::string_view associated,
                                          std::string_view sealed) const {
  return crypto::open(key_.expose(), associated, sealed);
}

bool AeadKey::open_into(std::string_view associated, std::string_view sealed, char* out) const {
  return crypto::open_into(key_.expose(), associated, sealed, out);
}

}  // namespace sutler::crypto
