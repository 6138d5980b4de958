#include "admin/openapi_api.h"

#include <cstddef>

namespace sutler::admin {

// Of the file that the build makes from docs/openapi.yaml (cmake/embed.cmake).
extern const char kOpenApiYaml[];
extern const std::size_t kOpenApiYamlBytes;

std::string_view openapi_yaml() { return {kOpenApiYaml, kOpenApiYamlBytes}; }

base::Result<http::Response> show_openapi(const Context&, const Call&, Action&) {
  http::Response response;
  response.content_type = "application/yaml";
  response.body = base::Secret(openapi_yaml());
  return response;
}

}  // namespace sutler::admin
