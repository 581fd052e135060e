# Downloads and builds the libuv that handoff is tested with, if HANDOFF_FETCH_LIBUV=ON. To use an
# unpacked copy instead of the download, set FETCHCONTENT_SOURCE_DIR_LIBUV to its directory.

include(FetchContent)

set(LIBUV_BUILD_TESTS OFF)
set(LIBUV_BUILD_BENCH OFF)
# libuv 1.44 declares a minimum CMake version that CMake 4 rejects without this.
set(CMAKE_POLICY_VERSION_MINIMUM 3.5)
FetchContent_Declare(libuv
  URL https://dist.libuv.org/dist/v1.44.2/libuv-v1.44.2-dist.tar.gz
  URL_HASH SHA256=8ff28f6ac0d6d2a31d2eeca36aff3d7806706c7d3f5971f5ee013ddb0bdd2e9e
  DOWNLOAD_EXTRACT_TIMESTAMP OFF)

# FetchContent_MakeAvailable would add libuv's install rules and its shared library to the build:
# EXCLUDE_FROM_ALL needs CMake 3.28 there.
FetchContent_GetProperties(libuv)
if(NOT libuv_POPULATED)
  FetchContent_Populate(libuv)
  add_subdirectory(${libuv_SOURCE_DIR} ${libuv_BINARY_DIR} EXCLUDE_FROM_ALL)
  # The warnings of handoff's presets do not apply to libuv.
  target_compile_options(uv_a PRIVATE -w)
  set_target_properties(uv_a PROPERTIES POSITION_INDEPENDENT_CODE ON)
endif()
