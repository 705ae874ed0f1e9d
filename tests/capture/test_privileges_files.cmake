target_link_libraries(${target} PRIVATE mt_store PkgConfig::sqlite3)
