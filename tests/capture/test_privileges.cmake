target_link_libraries(${target} PRIVATE mt_store PkgConfig::capng PkgConfig::sqlite3)
