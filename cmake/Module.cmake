# mneme_module(name DEPS ... FAST regex ALONE regex): builds src/<name>/*.cc as the static library mneme_<name>, and beside it
#   test_<name>        from *_test.cc (doctest), registered with CTest
#   fuzz_<stem>        from each *_fuzz.cc, only under MNEME_SANITIZE=fuzzer
# A folder of src/ is one module; its neighbours' headers are included as "folder/file.h".
add_library(mneme_warnings INTERFACE)
target_compile_options(mneme_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
  # libstdc++ 12's own stable_sort calls a function it marks deprecated, and only clang reports that to us.
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety;-Wno-deprecated-declarations>
  # g++ 12 sees overlaps in the standard library's own string + string (GCC bug 105651, mended in 13).
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>)

add_library(mneme_includes INTERFACE)
target_include_directories(mneme_includes INTERFACE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src)
find_package(Threads REQUIRED)
target_link_libraries(mneme_includes INTERFACE Threads::Threads)
target_compile_options(mneme_includes INTERFACE -ffunction-sections -fdata-sections)

# One main() for every test program, and what they share: tests/support/.
add_library(mneme_test_main STATIC ${CMAKE_SOURCE_DIR}/tests/support/test_main.cc)
target_link_libraries(mneme_test_main PUBLIC mneme_includes)
target_include_directories(mneme_test_main PUBLIC ${CMAKE_SOURCE_DIR}/tests)

# libmneme.so of a release is optimised as one program (Library.cmake). The objects carry code of their own as well, so
# that tests and tools are linked without waiting for that.
set(MNEME_WHOLE_PROGRAM OFF)
if(CMAKE_BUILD_TYPE MATCHES "^(Release|MinSizeRel)$" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT MNEME_SANITIZE)
  set(MNEME_WHOLE_PROGRAM ON)
  string(APPEND CMAKE_EXE_LINKER_FLAGS " -fno-lto")
endif()

# A file's own headers are most of what compiling it costs: a module read in batches takes a third of the time. The debug
# preset compiles each file by itself, which is sooner done after a change and shows an include that is missing.
option(MNEME_BATCHES "Compile the files of a module in batches" ON)

set(MNEME_MODULES "" CACHE INTERNAL "")

function(mneme_module name)
  cmake_parse_arguments(ARG "" "FAST;ALONE" "DEPS" ${ARGN})
  string(REPLACE "/" "_" target ${name})
  set(folder ${CMAKE_SOURCE_DIR}/src/${name})
  file(GLOB all CONFIGURE_DEPENDS ${folder}/*.cc)
  set(sources ${all})
  list(FILTER sources EXCLUDE REGEX "_(test|bench|fuzz)\\.cc$")
  set(tests ${all})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  set(fuzzers ${all})
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")

  set(links mneme_includes)
  foreach(dep ${ARG_DEPS})
    string(REPLACE "/" "_" dep_target ${dep})
    list(APPEND links mneme_${dep_target})
  endforeach()

  # Most code runs once a statement, a file or an open: small matters more there than fast. A variable costs a byte less
  # by the frame pointer than by the stack pointer, and the unwind tables are shorter.
  set(fast ${sources})
  list(FILTER fast INCLUDE REGEX "/(${ARG_FAST})\\.cc$")
  set(alone ${sources})
  list(FILTER alone INCLUDE REGEX "/(${ARG_ALONE})\\.cc$")
  set_source_files_properties(${alone} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    set_source_files_properties(${fast} PROPERTIES COMPILE_OPTIONS "-O2;-fomit-frame-pointer")
  endif()

  if(sources)
    add_library(mneme_${target} STATIC ${sources})
    target_link_libraries(mneme_${target} PUBLIC ${links} PRIVATE mneme_warnings)
    target_compile_options(mneme_${target} PRIVATE "$<$<CONFIG:Release>:-Os;-fno-omit-frame-pointer>")
    set_target_properties(mneme_${target} PROPERTIES UNITY_BUILD ${MNEME_BATCHES} UNITY_BUILD_BATCH_SIZE 12)
    if(MNEME_WHOLE_PROGRAM)
      target_compile_options(mneme_${target} PRIVATE -flto -ffat-lto-objects)
    endif()
    set(MNEME_MODULES "${MNEME_MODULES};mneme_${target}" CACHE INTERNAL "")
  else()
    add_library(mneme_${target} INTERFACE)  # Headers only, or not written yet.
    target_link_libraries(mneme_${target} INTERFACE ${links})
  endif()

  if(tests AND NOT MNEME_SANITIZE STREQUAL "fuzzer")
    add_executable(test_${target} ${tests})
    target_link_libraries(test_${target} PRIVATE mneme_${target} mneme_test_main mneme_warnings)
    if(NOT target MATCHES "^(base|os)$")  # A test may run its module in the simulated world.
      target_link_libraries(test_${target} PRIVATE mneme_os_sim)
    endif()
    target_compile_definitions(test_${target} PRIVATE MNEME_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    list(LENGTH tests test_files)
    # Reading these headers is a fifth of what a test costs to compile. (g++ 12 takes headers read before for our own and
    # warns of what is in them.)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND MNEME_BATCHES AND test_files GREATER 3)
      target_precompile_headers(test_${target} PRIVATE <doctest/doctest.h> <algorithm> <array> <atomic> <functional> <map> <memory>
        <optional> <random> <set> <span> <string> <string_view> <variant> <vector>)
    endif()
    if(MNEME_SANITIZE STREQUAL "address")  # Optimizing checks takes longer there than it saves.
      target_compile_options(test_${target} PRIVATE -O0)
    endif()
    add_test(NAME ${target} COMMAND test_${target})
  endif()
  if(fuzzers AND MNEME_SANITIZE STREQUAL "fuzzer")
    foreach(file ${fuzzers})
      get_filename_component(stem ${file} NAME_WE)
      string(REPLACE "_fuzz" "" stem ${stem})
      add_executable(fuzz_${stem} ${file})
      target_link_libraries(fuzz_${stem} PRIVATE mneme_${target} mneme_os_sim mneme_warnings)
      target_link_options(fuzz_${stem} PRIVATE -fsanitize=fuzzer)
    endforeach()
  endif()
endfunction()
