// What of HTTP holds for every endpoint alike: the forms of bodies and answers, OPTIONS, and the
// members that every problem has.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "admin/routes.h"
#include "http/message.h"

namespace sutler::admin {

// Why a request cannot be answered in the form it asks for, or its body is not in one that the
// route takes: 406 or 415. The error's name is the problem's code.
struct MediaRefusal {
  int status = 0;
  base::Error error;
};
[[nodiscard]] std::optional<MediaRefusal> refuse_media(const http::Request& request,
                                                       const Route& route);

[[nodiscard]] http::Response media_response(const MediaRefusal& refusal);
// 405 with `Allow`.
[[nodiscard]] http::Response method_not_allowed(const std::string& allow);
// 204 with `Allow`: the answer to OPTIONS.
[[nodiscard]] http::Response options_response(const std::string& allow);
// Gives a problem its `request_id`; other answers stay as they are.
void add_request_id(http::Response& response, std::string_view id);

}  // namespace sutler::admin
