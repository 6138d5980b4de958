# cmake -D IN=FILE -D OUT=FILE.cc -D NAMESPACE=a::b -D NAME=kName -P cmake/embed.cmake
# Writes a C++ file with the bytes of IN as `const char NAME[]` and their number as `NAMEBytes`.
file(READ ${IN} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" bytes "${hex}")
file(WRITE ${OUT} "// Made by cmake/embed.cmake.
#include <cstddef>
namespace ${NAMESPACE} {
extern const char ${NAME}[];
extern const std::size_t ${NAME}Bytes;
const char ${NAME}[] =\n\"${bytes}\";
const std::size_t ${NAME}Bytes = sizeof ${NAME} - 1;
}  // namespace ${NAMESPACE}
")
