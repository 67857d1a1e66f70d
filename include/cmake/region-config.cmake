# find_package(region): the targets region::static and region::shared, as far as the libraries are there, and
# region::region for the first of the two.
#
#     cargo capi
#     cmake -Dregion_DIR=<clone>/include/cmake ...
#
# In a clone (include/cmake/) the libraries are those of `cargo capi`; in a prefix (share/cmake/region/,
# lib/cmake/region/, lib/<multiarch>/cmake/region/) those of the prefix. Nothing is searched for anywhere else, and
# nothing is kept in the cache: another region_DIR finds other files.

cmake_minimum_required(VERSION 3.13)

# The directory above this one that has the headers.
unset(region_INCLUDE_DIR)
set(_region_root "${CMAKE_CURRENT_LIST_DIR}")
foreach(_region_step RANGE 1 5)
    get_filename_component(_region_root "${_region_root}/.." ABSOLUTE)
    if(EXISTS "${_region_root}/include/region.h")
        set(region_INCLUDE_DIR "${_region_root}/include")
        break()
    endif()
endforeach()

# Nearest first: beside this file in a prefix, then where its system or its packager puts libraries.
get_filename_component(_region_near "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
set(_region_places "${_region_root}/target/release" "${_region_near}")
foreach(_region_lib "lib/${CMAKE_LIBRARY_ARCHITECTURE}" lib lib64)
    list(APPEND _region_places "${_region_root}/${_region_lib}")
endforeach()

unset(region_LIBRARY)
foreach(_region_kind static shared)
    string(REPLACE static libregion.a _region_file ${_region_kind})
    string(REPLACE shared libregion.so _region_file ${_region_file})
    foreach(_region_place IN LISTS _region_places)
        if(region_INCLUDE_DIR AND EXISTS "${_region_place}/${_region_file}")
            if(NOT TARGET region::${_region_kind})
                string(TOUPPER ${_region_kind} _region_type)
                add_library(region::${_region_kind} ${_region_type} IMPORTED)
                set_target_properties(region::${_region_kind} PROPERTIES
                    IMPORTED_LOCATION "${_region_place}/${_region_file}"
                    INTERFACE_INCLUDE_DIRECTORIES "${region_INCLUDE_DIR}")
            endif()
            if(NOT region_LIBRARY)
                set(region_LIBRARY "${_region_place}/${_region_file}")
            endif()
            if(NOT TARGET region::region)
                add_library(region::region INTERFACE IMPORTED)
                set_target_properties(region::region PROPERTIES INTERFACE_LINK_LIBRARIES region::${_region_kind})
            endif()
            break()
        endif()
    endforeach()
endforeach()

if(region_INCLUDE_DIR)
    file(STRINGS "${region_INCLUDE_DIR}/region.h" _region_version REGEX "define REGION_VERSION ")
    string(REGEX REPLACE ".*\"(.*)\".*" "\\1" region_VERSION "${_region_version}")
endif()

include(FindPackageHandleStandardArgs)
if(region_LIBRARY)
    unset(region_NOT_FOUND_MESSAGE)
else()
    set(region_NOT_FOUND_MESSAGE "libregion.a and libregion.so are not there: run `cargo capi` first")
endif()
find_package_handle_standard_args(region
    REQUIRED_VARS region_INCLUDE_DIR region_LIBRARY
    VERSION_VAR region_VERSION
    REASON_FAILURE_MESSAGE "${region_NOT_FOUND_MESSAGE}")
