target_link_libraries(${target} PRIVATE refuse_memory)
target_compile_definitions(${target} PRIVATE MT_DATABASES="${CMAKE_CURRENT_BINARY_DIR}/tui")
target_link_libraries(${target} PRIVATE PkgConfig::sqlite3)
