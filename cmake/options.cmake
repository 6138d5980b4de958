# What every target of ours is compiled with.
add_library(sutler_options INTERFACE)
target_include_directories(sutler_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(sutler_options INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast -Wno-missing-field-initializers
  $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess> -fno-omit-frame-pointer -fstack-protector-strong -fstack-clash-protection -fcf-protection)
target_compile_definitions(sutler_options INTERFACE
  BOOST_ASIO_NO_DEPRECATED SUTLER_VERSION="${PROJECT_VERSION}"
  $<$<CONFIG:Release>:_FORTIFY_SOURCE=2> $<$<NOT:$<CONFIG:Release>>:_GLIBCXX_ASSERTIONS>)
target_link_options(sutler_options INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)
if(SUTLER_SANITIZE)
  # GCC 12 sees uninitialised optionals and variants where sanitizers split the code; the sanitizers see the real ones.
  target_compile_options(sutler_options INTERFACE -Wno-maybe-uninitialized)
  target_compile_options(sutler_options INTERFACE -fsanitize=${SUTLER_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(sutler_options INTERFACE -fsanitize=${SUTLER_SANITIZE})
  target_compile_definitions(sutler_options INTERFACE SUTLER_SANITIZED)
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(SUTLER_LTO)
  set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
endif()

# One room: sutler_room(NAME FLOOR sources… USES rooms and libraries…). The floor is for the reader; test/tidy
# checks that includes point down.
function(sutler_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;USES" ${ARGN})
  add_library(sutler_${name} STATIC ${ROOM_SOURCES})
  target_link_libraries(sutler_${name} PUBLIC sutler_options ${ROOM_USES})
  if(name STREQUAL "base")
    target_precompile_headers(sutler_base PRIVATE ${CMAKE_SOURCE_DIR}/cmake/precompiled.h)
  else()
    target_precompile_headers(sutler_${name} REUSE_FROM sutler_base)
  endif()
endfunction()
