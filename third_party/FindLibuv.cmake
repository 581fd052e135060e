# Finds libuv and defines the target Libuv::Libuv, whatever its packager called it.
#
# It tries, in this order: a target of the surrounding project, libuv's own CMake package,
# pkg-config, and the usual header and library directories. handoff's installed CMake package uses
# this file too.

include(FindPackageHandleStandardArgs)

# Reads the version from the headers of a target, for a target without a package.
function(handoff_read_libuv_version target result)
  get_target_property(dirs ${target} INTERFACE_INCLUDE_DIRECTORIES)
  string(REGEX REPLACE "\\$<BUILD_INTERFACE:([^>]*)>" "\\1" dirs "${dirs}")
  find_file(header uv/version.h PATHS ${dirs} NO_DEFAULT_PATH NO_CACHE)
  set(version "")
  if(header)
    foreach(part IN ITEMS MAJOR MINOR PATCH)
      file(STRINGS ${header} line REGEX "#define UV_VERSION_${part} ")
      string(REGEX MATCH "[0-9]+" number "${line}")
      list(APPEND version ${number})
    endforeach()
    list(JOIN version "." version)
  endif()
  set(${result} "${version}" PARENT_SCOPE)
endfunction()

set(Libuv_target "")
set(Libuv_names libuv::uv libuv::uv_a libuv::libuv uv_a uv)

if(NOT TARGET Libuv::Libuv)
  foreach(name IN LISTS Libuv_names)
    if(TARGET ${name} AND NOT Libuv_target)
      set(Libuv_target ${name})
      handoff_read_libuv_version(${name} Libuv_VERSION)
    endif()
  endforeach()

  if(NOT Libuv_target)
    find_package(libuv CONFIG QUIET GLOBAL)
    foreach(name IN LISTS Libuv_names)
      if(TARGET ${name} AND NOT Libuv_target)
        set(Libuv_target ${name})
        set(Libuv_VERSION ${libuv_VERSION})
        if(NOT Libuv_VERSION)
          handoff_read_libuv_version(${name} Libuv_VERSION)
        endif()
      endif()
    endforeach()
  endif()

  if(NOT Libuv_target)
    find_package(PkgConfig QUIET)
    if(PKG_CONFIG_FOUND)
      pkg_check_modules(Libuv_PC QUIET IMPORTED_TARGET GLOBAL libuv)
      if(Libuv_PC_FOUND)
        set(Libuv_target PkgConfig::Libuv_PC)
        set(Libuv_VERSION ${Libuv_PC_VERSION})
      endif()
    endif()
  endif()

  if(NOT Libuv_target)
    find_path(Libuv_INCLUDE_DIR uv.h)
    find_library(Libuv_LIBRARY NAMES uv libuv)
    mark_as_advanced(Libuv_INCLUDE_DIR Libuv_LIBRARY)
    if(Libuv_INCLUDE_DIR AND Libuv_LIBRARY)
      add_library(Libuv::File INTERFACE IMPORTED GLOBAL)
      target_include_directories(Libuv::File INTERFACE ${Libuv_INCLUDE_DIR})
      target_link_libraries(Libuv::File INTERFACE ${Libuv_LIBRARY})
      set(Libuv_target Libuv::File)
      handoff_read_libuv_version(Libuv::File Libuv_VERSION)
    endif()
  endif()

  # An older libuv defines no target, so that the search can be repeated.
  if(Libuv_target AND NOT (Libuv_VERSION AND Libuv_VERSION VERSION_LESS Libuv_FIND_VERSION))
    add_library(Libuv::Libuv INTERFACE IMPORTED GLOBAL)
    target_link_libraries(Libuv::Libuv INTERFACE ${Libuv_target})
    if(Libuv_VERSION)
      set_property(TARGET Libuv::Libuv PROPERTY HANDOFF_LIBUV_VERSION ${Libuv_VERSION})
    endif()
  endif()
else()
  get_target_property(Libuv_target Libuv::Libuv INTERFACE_LINK_LIBRARIES)
  get_target_property(Libuv_VERSION Libuv::Libuv HANDOFF_LIBUV_VERSION)
endif()

# A target with an unknown version is accepted.
if(Libuv_target AND NOT Libuv_VERSION)
  set(Libuv_VERSION ${Libuv_FIND_VERSION})
endif()

find_package_handle_standard_args(Libuv
  REQUIRED_VARS Libuv_target
  VERSION_VAR Libuv_VERSION
  REASON_FAILURE_MESSAGE
    "handoff needs libuv ${Libuv_FIND_VERSION} or later, with its headers. Run \
third_party/install.sh, or install libuv1-dev (Debian, Ubuntu), libuv-devel (Fedora), libuv-dev \
(Alpine) or libuv (Arch, Homebrew), or configure with -DHANDOFF_FETCH_LIBUV=ON to download it.")
