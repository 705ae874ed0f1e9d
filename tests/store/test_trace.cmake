target_link_libraries(${target} PRIVATE PkgConfig::sqlite3)
target_link_libraries(${target} PRIVATE refuse_memory)
