# cmake -P: the page's files, each compressed, as one C file that holds them.
#   MODE ON|AUTO|OFF, NPM, GZIP: programs; UI: web/ui; PLAIN: the page without it; OUT: a folder of the build tree;
#   TABLE: the file to make; OPENAPI: docs/openapi.json

# --- the files ---

function(build_ui ok)
  set(${ok} OFF PARENT_SCOPE)
  if(MODE STREQUAL "OFF" OR NOT NPM)
    return()
  endif()
  file(REMOVE_RECURSE ${OUT}/dist)
  file(MAKE_DIRECTORY ${OUT}/dist)
  if(NOT EXISTS ${UI}/node_modules/.package-lock.json OR
     ${UI}/package-lock.json IS_NEWER_THAN ${UI}/node_modules/.package-lock.json)
    execute_process(COMMAND ${NPM} ci --no-audit --no-fund --ignore-scripts WORKING_DIRECTORY ${UI}
      RESULT_VARIABLE rc OUTPUT_VARIABLE said ERROR_VARIABLE said)
    file(MAKE_DIRECTORY ${UI}/node_modules)
    file(TOUCH ${UI}/node_modules/.package-lock.json)
  else()
    set(rc 0)
  endif()
  if(rc EQUAL 0)
    execute_process(COMMAND ${CMAKE_COMMAND} -E env MT_UI_OUT=${OUT}/dist ${NPM} run --silent build
      WORKING_DIRECTORY ${UI} RESULT_VARIABLE rc OUTPUT_VARIABLE said ERROR_VARIABLE said)
  endif()
  if(rc EQUAL 0 AND EXISTS ${OUT}/dist/index.html)
    set(${ok} ON PARENT_SCOPE)
    return()
  endif()
  file(REMOVE ${UI}/node_modules/.package-lock.json)
  if(MODE STREQUAL "ON")
    message(FATAL_ERROR "the page could not be built:\n${said}")
  endif()
  message(WARNING "the page could not be built; a plain one takes its place (-DMT_WEB_UI=ON makes this an error):\n"
    "${said}")
endfunction()

build_ui(built)
set(dist ${OUT}/dist)
if(NOT built)
  set(dist ${PLAIN})
endif()

# --- the table ---

function(type_of file type)
  set(types html "text/html\; charset=utf-8" js "text/javascript\; charset=utf-8" mjs "text/javascript\; charset=utf-8"
    css "text/css\; charset=utf-8" svg "image/svg+xml" png "image/png" ico "image/x-icon" woff2 "font/woff2"
    json "application/json" webmanifest "application/manifest+json" txt "text/plain\; charset=utf-8")
  get_filename_component(extension ${file} LAST_EXT)
  string(REGEX REPLACE "^\\." "" extension "${extension}")
  list(FIND types "${extension}" at)
  if(at LESS 0)
    message(FATAL_ERROR "${file}: no type is known for .${extension}; add it to cmake/Assets.cmake")
  endif()
  math(EXPR at "${at} + 1")
  list(GET types ${at} found)
  set(${type} "${found}" PARENT_SCOPE)
endfunction()

function(incbin text name path)
  set(${text} "__asm__(\".section .rodata,\\\"a\\\",%progbits\\n\"
        \".global ${name}_begin\\n${name}_begin:\\n\"
        \".incbin \\\"${path}\\\"\\n\"
        \".global ${name}_end\\n${name}_end:\\n.byte 0\\n.previous\\n\");\n" PARENT_SCOPE)
endfunction()

file(GLOB_RECURSE files LIST_DIRECTORIES false RELATIVE ${dist} ${dist}/*)
list(SORT files)
file(MAKE_DIRECTORY ${OUT}/gz)
set(bytes "")
set(names "")
set(rows "")
set(n 0)
foreach(file ${files})
  set(name mt_web_asset_${n})
  math(EXPR n "${n} + 1")
  execute_process(COMMAND ${GZIP} -9 -n -c ${dist}/${file} OUTPUT_FILE ${OUT}/gz/${name}.gz RESULT_VARIABLE rc)
  if(NOT rc EQUAL 0)
    message(FATAL_ERROR "${file}: cannot be compressed")
  endif()
  file(SHA256 ${dist}/${file} sum)
  string(SUBSTRING ${sum} 0 32 etag)
  type_of(${file} type)
  # a name with esbuild's hash in it, such as app-3F2A9C1B.js
  set(lasting false)
  if(file MATCHES "-[0-9A-Z][0-9A-Z][0-9A-Z][0-9A-Z][0-9A-Z][0-9A-Z][0-9A-Z][0-9A-Z]\\.[a-z0-9]+$")
    set(lasting true)
  endif()
  incbin(text ${name} ${OUT}/gz/${name}.gz)
  string(APPEND bytes "${text}")
  string(APPEND names "extern const unsigned char ${name}_begin[], ${name}_end[];\n")
  string(APPEND rows "    {\"/${file}\", \"${type}\", \"\\\"${etag}\\\"\", ${lasting},\n"
    "     ${name}_begin, ${name}_end},\n")
endforeach()
incbin(text mt_web_openapi ${OPENAPI})
file(SHA256 ${OPENAPI} openapi_sum)
file(WRITE ${TABLE} "/* Made by cmake/Assets.cmake. openapi.json: ${openapi_sum} */
#include \"web/assets.h\"

${bytes}${text}
${names}
const struct mt_web_asset mt_web_assets[] = {
${rows}};
const size_t mt_web_assets_count =
    sizeof mt_web_assets / sizeof mt_web_assets[0];
")
