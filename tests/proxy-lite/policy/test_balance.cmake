target_link_libraries(${target} PRIVATE m)
