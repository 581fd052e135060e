# Finds cmocka with pkg-config and defines the target Cmocka::Cmocka. Only the tests need it.

include(FindPackageHandleStandardArgs)

find_package(PkgConfig QUIET)
if(PKG_CONFIG_FOUND)
  pkg_check_modules(Cmocka_PC QUIET IMPORTED_TARGET cmocka)
endif()
if(TARGET PkgConfig::Cmocka_PC AND NOT TARGET Cmocka::Cmocka)
  add_library(Cmocka::Cmocka INTERFACE IMPORTED)
  target_link_libraries(Cmocka::Cmocka INTERFACE PkgConfig::Cmocka_PC)
endif()

find_package_handle_standard_args(Cmocka
  REQUIRED_VARS Cmocka_PC_LINK_LIBRARIES
  VERSION_VAR Cmocka_PC_VERSION
  REASON_FAILURE_MESSAGE
    "handoff's tests need cmocka ${Cmocka_FIND_VERSION} or later, and pkg-config to find it. Run \
third_party/install.sh --test, or install pkg-config and libcmocka-dev (Debian, Ubuntu), \
libcmocka-devel (Fedora), cmocka-dev (Alpine) or cmocka (Arch, Homebrew), or configure with \
-DHANDOFF_BUILD_TESTS=OFF.")
