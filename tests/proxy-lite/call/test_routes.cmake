target_link_libraries(${target} PRIVATE mt_proxy_config)
