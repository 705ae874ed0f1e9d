# Detail reads packets again, as cli/ has it do.
target_link_libraries(${target} PRIVATE mt_capture PkgConfig::sqlite3)
# The screens are drawn from databases that the program itself recorded.
target_compile_definitions(${target} PRIVATE MT_GOLDEN="${CMAKE_CURRENT_SOURCE_DIR}/tui/golden"
  MT_DATABASES="${CMAKE_CURRENT_BINARY_DIR}/tui")
