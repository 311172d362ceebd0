# libmneme.so: every module in one library that shows only what include/mneme/ declares (MNEME_API).
# The modules are built position-independent and hidden; the linker keeps what the public symbols reach.
include(CheckLinkerFlag)
if(MNEME_MODULES AND TARGET mneme_api)
  get_target_property(api_type mneme_api TYPE)
  if(NOT api_type STREQUAL "INTERFACE_LIBRARY")
    file(WRITE ${CMAKE_BINARY_DIR}/empty.cc "")
    add_library(mneme SHARED ${CMAKE_BINARY_DIR}/empty.cc)
    # Whole, because nothing inside calls what they export; what is neither exported nor reached goes.
    target_link_libraries(mneme PRIVATE mneme_api)
    set_target_properties(mneme PROPERTIES LINK_LIBRARY_OVERRIDE "WHOLE_ARCHIVE,mneme_api,mneme_types,mneme_base")
    # Nobody puts his own functions in place of ours: inside, they are called without a detour.
    # A sanitizer's own functions come with the program, not with the library.
    target_link_options(mneme PRIVATE -Wl,--gc-sections,-Bsymbolic-functions $<$<NOT:$<BOOL:${MNEME_SANITIZE}>>:-Wl,--no-undefined>)
    # What the standard library's templates leave in it is nobody else's; relative relocations take a bit each.
    target_link_options(mneme PRIVATE -Wl,--version-script=${CMAKE_SOURCE_DIR}/cmake/libmneme.map)
    set_target_properties(mneme PROPERTIES LINK_DEPENDS ${CMAKE_SOURCE_DIR}/cmake/libmneme.map)
    check_linker_flag(CXX -Wl,-z,pack-relative-relocs MNEME_PACKS_RELOCATIONS)
    if(MNEME_PACKS_RELOCATIONS AND NOT MNEME_SANITIZE)
      target_link_options(mneme PRIVATE -Wl,-z,pack-relative-relocs)
    endif()
    if(MNEME_WHOLE_PROGRAM)
      target_link_options(mneme PRIVATE -flto=auto)
    endif()
    target_include_directories(mneme INTERFACE ${CMAKE_SOURCE_DIR}/include)
    set_target_properties(mneme PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
  endif()
endif()
