# find_package(region): the targets region::static and region::shared, and region::region for the first that is there.
#
#     cargo capi
#     cmake -Dregion_DIR=<clone>/include/cmake ...
#
# In a clone the libraries are those of `cargo capi`; in a prefix (lib/cmake/region/) those beside it.

cmake_minimum_required(VERSION 3.13)

get_filename_component(_region_root "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
find_path(region_INCLUDE_DIR region.h
    HINTS "${_region_root}/include" "${_region_root}/../include" NO_DEFAULT_PATH)
set(_region_libraries "${_region_root}/target/release" "${_region_root}")
find_library(region_STATIC_LIBRARY NAMES libregion.a HINTS ${_region_libraries} NO_DEFAULT_PATH)
find_library(region_SHARED_LIBRARY NAMES libregion.so HINTS ${_region_libraries} NO_DEFAULT_PATH)

if(region_INCLUDE_DIR)
    file(STRINGS "${region_INCLUDE_DIR}/region.h" _region_version REGEX "define REGION_VERSION ")
    string(REGEX REPLACE ".*\"(.*)\".*" "\\1" region_VERSION "${_region_version}")
endif()

foreach(_region_kind STATIC SHARED)
    string(TOLOWER ${_region_kind} _region_name)
    if(region_${_region_kind}_LIBRARY AND NOT TARGET region::${_region_name})
        add_library(region::${_region_name} ${_region_kind} IMPORTED)
        set_target_properties(region::${_region_name} PROPERTIES
            IMPORTED_LOCATION "${region_${_region_kind}_LIBRARY}"
            IMPORTED_NO_SONAME FALSE
            INTERFACE_INCLUDE_DIRECTORIES "${region_INCLUDE_DIR}")
        if(NOT TARGET region::region)
            add_library(region::region INTERFACE IMPORTED)
            set_target_properties(region::region PROPERTIES INTERFACE_LINK_LIBRARIES region::${_region_name})
        endif()
    endif()
endforeach()

include(FindPackageHandleStandardArgs)
if(NOT TARGET region::region)
    set(region_NOT_FOUND_MESSAGE "libregion.a and libregion.so are not there: run `cargo capi` first")
endif()
find_package_handle_standard_args(region
    REQUIRED_VARS region_INCLUDE_DIR region_STATIC_LIBRARY
    VERSION_VAR region_VERSION
    REASON_FAILURE_MESSAGE "${region_NOT_FOUND_MESSAGE}")
