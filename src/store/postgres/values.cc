// PostgreSQL's binary form of values: numbers in network order; arrays as array_send of its
// utils/adt/arrayfuncs.c writes them.
#include <libpq-fe.h>

#include <bit>
#include <cstring>

#include "store/postgres/connection.h"

namespace sutler::store::postgres {
namespace {

// Object ids of types (pg_type.dat); they never change.
constexpr unsigned kBool = 16, kBytes = 17, kNumber = 20, kText = 25;
constexpr unsigned kBoolArray = 1000, kBytesArray = 1001, kNumberArray = 1016;

template <class Integer>
void append(std::string& out, Integer value) {
  const Integer swapped = std::byteswap(value);
  out.append(reinterpret_cast<const char*>(&swapped), sizeof swapped);
}

template <class Integer>
Integer read(const char* from) {
  Integer value;
  std::memcpy(&value, from, sizeof value);
  return std::byteswap(value);
}

// One dimension, from index 1, without NULL.
std::string array_head(unsigned element, std::size_t count) {
  std::string out;
  append<std::uint32_t>(out, count == 0 ? 0 : 1);
  append<std::uint32_t>(out, 0);
  append<std::uint32_t>(out, element);
  if (count == 0) return out;
  append<std::uint32_t>(out, static_cast<std::uint32_t>(count));
  append<std::uint32_t>(out, 1);
  return out;
}

}  // namespace

Values& Values::bytes(std::string_view value) {
  types_.push_back(kBytes);
  values_.emplace_back(value);
  return *this;
}

Values& Values::text(std::string_view value) {
  types_.push_back(kText);
  values_.emplace_back(value);
  return *this;
}

Values& Values::number(std::uint64_t value) {
  types_.push_back(kNumber);
  append(values_.emplace_back(), value);
  return *this;
}

Values& Values::number_column(const std::vector<std::uint64_t>& values) {
  types_.push_back(kNumberArray);
  std::string& out = values_.emplace_back(array_head(kNumber, values.size()));
  for (const std::uint64_t value : values) {
    append<std::uint32_t>(out, sizeof value);
    append(out, value);
  }
  return *this;
}

Values& Values::flag_column(std::vector<char> values) {
  types_.push_back(kBoolArray);
  std::string& out = values_.emplace_back(array_head(kBool, values.size()));
  for (const char value : values) {
    append<std::uint32_t>(out, 1);
    out += value != 0 ? '\1' : '\0';
  }
  return *this;
}

Values& Values::bytes_column(const std::vector<std::string_view>& values) {
  types_.push_back(kBytesArray);
  std::string& out = values_.emplace_back(array_head(kBytes, values.size()));
  for (const std::string_view value : values) {
    append<std::uint32_t>(out, static_cast<std::uint32_t>(value.size()));
    out.append(value);
  }
  return *this;
}

std::optional<std::uint64_t> Row::number(int column) const {
  if (PQftype(result_, column) != kNumber || PQgetisnull(result_, row_, column) != 0) return {};
  if (PQgetlength(result_, row_, column) != sizeof(std::uint64_t)) return {};
  const auto value = read<std::uint64_t>(PQgetvalue(result_, row_, column));
  if (value > static_cast<std::uint64_t>(INT64_MAX)) return {};
  return value;
}

std::optional<std::string_view> Row::bytes(int column) const {
  if (PQftype(result_, column) != kBytes || PQgetisnull(result_, row_, column) != 0) return {};
  return std::string_view(PQgetvalue(result_, row_, column),
                          static_cast<std::size_t>(PQgetlength(result_, row_, column)));
}

std::optional<bool> Row::flag(int column) const {
  if (PQftype(result_, column) != kBool || PQgetisnull(result_, row_, column) != 0) return {};
  return *PQgetvalue(result_, row_, column) != 0;
}

}  // namespace sutler::store::postgres
