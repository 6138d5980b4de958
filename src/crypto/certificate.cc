#include "crypto/certificate.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

#include <ctime>

#include "base/file.h"
#include "crypto/openssl_handles.h"

namespace sutler::crypto {
namespace {

constexpr std::size_t kFileBytesMax = 1024 * 1024;

using Bio = std::unique_ptr<BIO, Deleter<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;

}  // namespace

base::Result<base::UnixTime> certificate_expiry(const std::filesystem::path& file) {
  auto content = base::read_file(file, kFileBytesMax);
  if (!content) return base::pass(content);
  const std::string_view pem = content->expose();
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  std::tm parts{};
  if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &parts) != 1) {
    return base::fail(base::Code::kInvalid, file.string() + " holds no certificate");
  }
  return base::UnixTime::from_seconds(::timegm(&parts));
}

}  // namespace sutler::crypto
