target_link_options(${target} PRIVATE
  -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc -Wl,--wrap=reallocarray)
target_compile_definitions(${target} PRIVATE MT_DATABASES="${CMAKE_CURRENT_BINARY_DIR}/tui")
