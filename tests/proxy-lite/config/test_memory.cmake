target_link_options(${target} PRIVATE -Wl,--wrap=malloc -Wl,--wrap=calloc)
