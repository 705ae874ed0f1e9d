target_link_libraries(${target} PRIVATE PkgConfig::sqlite3)
