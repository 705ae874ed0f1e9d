# The oracle is Debian's libhttp-parser: without it there is nothing to compare with.
find_library(http_parser_library http_parser)
find_path(http_parser_include http_parser.h)
if(http_parser_library AND http_parser_include)
  target_compile_definitions(${target} PRIVATE MT_HTTP_PARSER)
  target_include_directories(${target} SYSTEM PRIVATE ${http_parser_include})
  target_link_libraries(${target} PRIVATE ${http_parser_library})
endif()
