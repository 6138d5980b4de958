// Many documents by calls that take several at once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "source/driver.h"

namespace sutler::source {

// What a batch told, by the place of the locator; nothing: it is read by itself.
using BatchFound = std::span<std::optional<Answer<Document>>>;

// Answers in the order of the locators: `read_batch(locators, found)` fills what it can of up to
// `most` at a time, and `read(locator)` reads what is left.
template <class ReadBatch, class Read>
[[nodiscard]] std::vector<Answer<Document>> read_in_batches(std::span<const std::string> locators,
                                                            std::size_t most, ReadBatch read_batch,
                                                            Read read) {
  std::vector<std::optional<Answer<Document>>> found(locators.size());
  for (std::size_t from = 0; from < locators.size(); from += most) {
    const std::size_t count = std::min(most, locators.size() - from);
    read_batch(locators.subspan(from, count), BatchFound(found).subspan(from, count));
  }
  std::vector<Answer<Document>> answers;
  answers.reserve(locators.size());
  for (std::size_t i = 0; i < locators.size(); ++i) {
    answers.push_back(found[i] ? std::move(*found[i]) : read(locators[i]));
  }
  return answers;
}

}  // namespace sutler::source
