target_link_libraries(${target} PRIVATE refuse_memory PkgConfig::xxhash)
