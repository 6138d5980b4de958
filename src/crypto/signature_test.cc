#include "crypto/signature.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "crypto/kdf.h"

namespace sutler::crypto {
namespace {

std::string bytes(std::string_view hex) { return *base::hex_decode(hex); }

// RFC 8032 section 7.1, test 2.
TEST(Ed25519, signs_as_the_rfc_says) {
  const auto key = SigningKey::from_seed(
      bytes("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));
  ASSERT_TRUE(key);
  EXPECT_EQ(base::hex_encode(key->public_key()),
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  EXPECT_EQ(base::hex_encode(key->sign("\x72")),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
}

TEST(Ed25519, refuses_another_message_key_or_length) {
  const auto key = SigningKey::generate(), other = SigningKey::generate();
  const auto signature = key.sign("message");
  EXPECT_TRUE(verify_signature(key.public_key(), "message", signature));
  EXPECT_FALSE(verify_signature(key.public_key(), "massage", signature));
  EXPECT_FALSE(verify_signature(other.public_key(), "message", signature));
  EXPECT_FALSE(verify_signature(key.public_key(), "message", signature.substr(1)));
  EXPECT_FALSE(SigningKey::from_seed("short"));
}

// RFC 5869 appendix A.3: zero-length salt and info; the first 32 bytes of its output.
TEST(Hkdf, agrees_with_the_rfc) {
  const auto key = derive_key(std::string(22, '\x0b'), "");
  EXPECT_EQ(base::hex_encode(key.expose()),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}

TEST(Hkdf, gives_independent_keys_for_other_purposes) {
  EXPECT_NE(derive_key("key", "one").expose(), derive_key("key", "two").expose());
}

TEST(Sha256, agrees_with_fips_180) {
  const auto digest = sha256("abc");
  EXPECT_EQ(base::hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()}),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
}

}  // namespace
}  // namespace sutler::crypto
