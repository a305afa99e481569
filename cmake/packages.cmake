# Everything comes from Debian packages (scripts/setup lists them). Nothing is downloaded here.

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(simdjson REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(deflate REQUIRED IMPORTED_TARGET libdeflate)
pkg_check_modules(qrencode REQUIRED IMPORTED_TARGET libqrencode)

add_library(dragoman_asio INTERFACE)
target_compile_definitions(dragoman_asio INTERFACE
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE BOOST_ERROR_CODE_HEADER_ONLY)
target_link_libraries(dragoman_asio INTERFACE Boost::headers Threads::Threads)

if(DRAGOMAN_TESTS)
  find_package(GTest REQUIRED)
  find_library(RAPIDCHECK_LIBRARY rapidcheck REQUIRED)
  add_library(dragoman_testing INTERFACE)
  target_link_libraries(dragoman_testing INTERFACE
    GTest::gtest GTest::gmock GTest::gtest_main ${RAPIDCHECK_LIBRARY})
endif()
