// RAII handles for OpenSSL objects. Only files of this room include this header.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

#include <memory>

namespace sutler::crypto {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Deleter<EVP_CIPHER_CTX_free>>;
using Cipher = std::unique_ptr<EVP_CIPHER, Deleter<EVP_CIPHER_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using SslContext = std::unique_ptr<SSL_CTX, Deleter<SSL_CTX_free>>;
using Ssl = std::unique_ptr<SSL, Deleter<SSL_free>>;
using BioMethod = std::unique_ptr<BIO_METHOD, Deleter<BIO_meth_free>>;

inline const unsigned char* as_bytes(const char* text) {
  return reinterpret_cast<const unsigned char*>(text);
}
inline unsigned char* as_bytes(char* text) { return reinterpret_cast<unsigned char*>(text); }

// A failure that only memory exhaustion or our own misuse can cause: go no further.
void require(bool ok) noexcept;  // tidy: bool because it is an assertion

}  // namespace sutler::crypto
