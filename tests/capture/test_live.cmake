# A handle of libpcap's that captures nothing, and what it would have given.
target_link_libraries(${target} PRIVATE PkgConfig::pcap)
foreach(name create activate setfilter setnonblock stats next_ex get_selectable_fd
    get_tstamp_precision get_required_select_timeout)
  target_link_options(${target} PRIVATE -Wl,--wrap=pcap_${name})
endforeach()
