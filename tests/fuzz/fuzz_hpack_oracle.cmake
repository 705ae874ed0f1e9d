pkg_check_modules(nghttp2 REQUIRED IMPORTED_TARGET libnghttp2)
target_link_libraries(${target} PRIVATE PkgConfig::nghttp2)
