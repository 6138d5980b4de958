// Lists in pages, one form for all: `?limit=&cursor=` in, `{"items":[…],"next_cursor"?}` out.
//
// A cursor is the place of the last item that was given. Items are in the order of their places, so
// that one which is added or deleted meanwhile neither repeats nor hides another.
//
//   auto page = Page::read(call.query);
//   for (item : sorted by place) {
//     if (place <= page->after()) continue;
//     if (page->full()) break;
//     page->add(place, json);
//   }
//   return json_response(200, page->done());
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "admin/json_io.h"
#include "admin/query.h"
#include "base/result.h"

namespace sutler::admin {

inline constexpr std::array<std::string_view, 2> kPageQuery = {"limit", "cursor"};
inline constexpr std::size_t kPageItemsDefault = 100;
inline constexpr std::size_t kPageItemsMax = 1'000;

class Page {
 public:
  // kInvalid for a limit outside of 1 to kPageItemsMax, and for what can be no cursor.
  [[nodiscard]] static base::Result<Page> read(const Query& query);

  // The place after which the page starts; empty: at the start.
  [[nodiscard]] const std::string& after() const { return after_; }
  // Asked before each item: true when there is no room for it, and thus another page.
  [[nodiscard]] bool full();
  // The next page starts after that place, although there was room: it was not looked further.
  void stop_at(std::string_view place);
  // `json` is one item. `place` is unique in the list and not empty.
  void add(std::string_view place, std::string_view json);
  [[nodiscard]] std::string done();

 private:
  Page() = default;
  std::size_t limit_ = kPageItemsDefault;
  std::string after_;
  std::string last_;
  std::size_t count_ = 0;
  bool more_ = false;
  JsonArray items_;
};

}  // namespace sutler::admin
