target_link_libraries(${target} PRIVATE PkgConfig::zstd PkgConfig::xxhash)
