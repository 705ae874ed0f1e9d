target_link_libraries(${target} PRIVATE PkgConfig::zstd PkgConfig::xxhash)
target_link_libraries(${target} PRIVATE refuse_memory)
