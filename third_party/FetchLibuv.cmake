# Downloads and builds the libuv that handoff is tested with. Only HANDOFF_FETCH_LIBUV=ON does this;
# FETCHCONTENT_SOURCE_DIR_LIBUV names an unpacked copy to use instead of the download.

include(FetchContent)

set(LIBUV_BUILD_TESTS OFF)
set(LIBUV_BUILD_BENCH OFF)
# libuv 1.44 asks for a CMake so old that CMake 4 refuses without this.
set(CMAKE_POLICY_VERSION_MINIMUM 3.5)
FetchContent_Declare(libuv
  URL https://dist.libuv.org/dist/v1.44.2/libuv-v1.44.2-dist.tar.gz
  URL_HASH SHA256=8ff28f6ac0d6d2a31d2eeca36aff3d7806706c7d3f5971f5ee013ddb0bdd2e9e
  DOWNLOAD_EXTRACT_TIMESTAMP OFF)

# Not FetchContent_MakeAvailable: before CMake 3.28 it cannot keep libuv's own install rules and
# its shared library out of ours.
FetchContent_GetProperties(libuv)
if(NOT libuv_POPULATED)
  FetchContent_Populate(libuv)
  add_subdirectory(${libuv_SOURCE_DIR} ${libuv_BINARY_DIR} EXCLUDE_FROM_ALL)
  # Our presets' warnings are not for it.
  target_compile_options(uv_a PRIVATE -w)
endif()
