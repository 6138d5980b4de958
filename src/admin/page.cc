#include "admin/page.h"

#include "base/encoding.h"

namespace sutler::admin {

base::Result<Page> Page::read(const Query& query) {
  Page page;
  auto limit = query.number("limit");
  if (!limit) return base::pass(limit);
  if (*limit) {
    if (**limit == 0 || **limit > kPageItemsMax) {
      return base::fail(base::Code::kInvalid,
                        "query parameter \"limit\" must be 1 to " + std::to_string(kPageItemsMax),
                        "next_cursor of the answer leads to the items after these");
    }
    page.limit_ = static_cast<std::size_t>(**limit);
  }
  if (!query.has("cursor")) return page;
  auto place = base::base64url_decode(query.text("cursor"));
  if (!place || place->empty()) {
    return base::fail(base::Code::kInvalid,
                      "query parameter \"cursor\" is none that this list gave",
                      "send next_cursor of the page before as it is, or start without one");
  }
  page.after_ = std::move(*place);
  return page;
}

bool Page::full() {
  more_ = count_ == limit_;
  return more_;
}

void Page::stop_at(std::string_view place) {
  last_ = place;
  more_ = true;
}

void Page::add(std::string_view place, std::string_view json) {
  last_ = place;
  items_.raw(json);
  ++count_;
}

std::string Page::done() {
  JsonObject page;
  page.raw("items", items_.done());
  if (more_) page.text("next_cursor", base::base64url_encode(last_));
  return page.done();
}

}  // namespace sutler::admin
