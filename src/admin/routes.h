// Which endpoint answers which method and path.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "admin/context.h"
#include "admin/rights.h"

namespace sutler::admin {

enum class Body { kNone, kJson };

struct Route {
  std::string_view method;  // GET serves HEAD too
  std::string_view
      pattern;  // `{team}` is the team, the first other `{…}` the name, a second the item
  Endpoint endpoint;
  std::string_view event =
      {};  // of the audit record that each call leaves; empty: the endpoint says
  Right right = Right::kOwn;
  Body body = Body::kNone;
  std::span<const std::string_view> query = {};    // the parameters it takes
  std::string_view produces = "application/json";  // problems apart
};

struct Found {
  const Route* route = nullptr;  // null: the path is known and the method is not
  bool path_is_known = false;
  bool open = false;  // no credentials are asked for: of the route, or of every method of the path
  std::string allow;  // "GET, HEAD, POST, OPTIONS"
  std::string team;
  std::string name;
  std::string item;
};

[[nodiscard]] Found find_route(std::string_view method, std::string_view path);

// Whether it plans and makes changes, of which there is one at a time; the others wait for nobody.
[[nodiscard]] bool takes_a_turn(const Route& route);

// All of them, for the tests that must not forget one.
[[nodiscard]] std::span<const Route> all_routes();

}  // namespace sutler::admin
