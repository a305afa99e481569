# dragoman_module(<name> [FOLDER <folder>] [USES <module>...] [LINKS <library>...])
#
# One static library a folder: every *.cpp in src/<folder>, except *_test.cpp, which become the
# executable <name>_test. USES names other modules; tests/lint/layering checks the includes against
# it. LINKS names libraries.

function(dragoman_module name)
  cmake_parse_arguments(ARG "" "FOLDER" "USES;LINKS" ${ARGN})
  if(NOT ARG_FOLDER)
    set(ARG_FOLDER ${name})
  endif()
  set(dir ${CMAKE_SOURCE_DIR}/src/${ARG_FOLDER})
  file(GLOB sources CONFIGURE_DEPENDS ${dir}/*.cpp)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")

  list(TRANSFORM ARG_USES PREPEND dragoman_)
  if(sources)
    add_library(dragoman_${name} STATIC ${sources})
    target_include_directories(dragoman_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(dragoman_${name} PUBLIC ${ARG_USES} ${ARG_LINKS})
  else()
    add_library(dragoman_${name} INTERFACE)
    target_include_directories(dragoman_${name} INTERFACE ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(dragoman_${name} INTERFACE ${ARG_USES} ${ARG_LINKS})
  endif()

  if(DRAGOMAN_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE dragoman_${name} dragoman_testing)
    target_compile_definitions(${name}_test PRIVATE
      DRAGOMAN_TESTDATA="${CMAKE_SOURCE_DIR}/tests/testdata")
    add_test(NAME ${name} COMMAND ${name}_test)
  endif()
endfunction()
