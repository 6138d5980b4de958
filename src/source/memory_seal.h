// Documents in memory: sealed under a key that lives as long as the process, in locked memory, each
// field apart, so that one is opened without the others.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "crypto/aead.h"
#include "crypto/hmac.h"
#include "source/driver.h"

namespace sutler::source {

// A sealed document. Immutable; outlives the MemorySeal if need be. Names of fields are open.
class Content {
 public:
  // Nothing never happens unless memory is damaged.
  [[nodiscard]] std::optional<base::Secret> bytes() const;
  [[nodiscard]] bool is_object() const { return is_object_; }
  enum class Look { kThere, kNoField, kDamaged };
  [[nodiscard]] Look field(std::string_view name, base::Secret& out) const;
  [[nodiscard]] std::optional<std::vector<Document::Field>> fields() const;
  // The whole document, for the disk.
  [[nodiscard]] std::optional<Document> document() const;

  // What it takes in memory.
  [[nodiscard]] std::size_t size() const { return size_; }
  // Keyed, of everything in the document.
  [[nodiscard]] std::string_view tag() const { return tag_; }

 private:
  friend class MemorySeal;
  struct Part {
    std::string name;
    std::string sealed;
  };
  [[nodiscard]] std::optional<base::Secret> open(const Part& part, char role) const;

  std::shared_ptr<const crypto::AeadKey> key_;
  std::string identity_;  // source and locator, the associated data
  Part bytes_;
  std::vector<Part> fields_;  // sorted by name
  bool is_object_ = false;
  std::string tag_;
  std::size_t size_ = 0;
};

// Thread-safe.
class MemorySeal {
 public:
  MemorySeal();

  // `before`, where the document is the same; else a new one.
  [[nodiscard]] base::Result<std::shared_ptr<const Content>> seal(
      std::string identity, Document document, std::shared_ptr<const Content> before);

 private:
  [[nodiscard]] base::Result<std::shared_ptr<const Content>> seal_anew(std::string identity,
                                                                       const Document& document,
                                                                       std::string tag);

  crypto::HmacKey tags_;
  std::mutex mutex_;
  std::shared_ptr<const crypto::AeadKey> key_;
};

}  // namespace sutler::source
