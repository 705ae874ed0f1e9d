target_link_libraries(${target} PRIVATE mt_proxy_call mt_proxy_config)
