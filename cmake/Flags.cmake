# One interface target carries the language level, the warnings and the hardening of every target.
add_library(mt_flags INTERFACE)
target_compile_features(mt_flags INTERFACE c_std_17)
target_compile_options(mt_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
  -Wstrict-prototypes -Wmissing-prototypes -Wmissing-declarations
  -Wpointer-arith -Wcast-qual -Wwrite-strings -Wformat=2 -Wundef
  -Wvla -Wimplicit-fallthrough -Wnull-dereference
  -fno-common -fstack-protector-strong
  $<$<C_COMPILER_ID:GNU>:-Wduplicated-cond>
  $<$<BOOL:${MT_WERROR}>:-Werror>
  $<$<AND:$<C_COMPILER_ID:GNU>,$<BOOL:${MT_ANALYZER}>>:-fanalyzer>)
target_link_options(mt_flags INTERFACE -Wl,-z,relro,-z,now)

if(MT_SANITIZE)
  target_compile_options(mt_flags INTERFACE -fsanitize=${MT_SANITIZE}
    -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(mt_flags INTERFACE -fsanitize=${MT_SANITIZE})
else()
  # Fortified calls hide from the sanitizers what they would report better.
  target_compile_options(mt_flags INTERFACE
    $<$<CONFIG:Release,RelWithDebInfo>:-D_FORTIFY_SOURCE=2>)
endif()

if(MT_FUZZ)
  target_compile_options(mt_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(MT_COVERAGE)
  target_compile_options(mt_flags INTERFACE --coverage)
  target_link_options(mt_flags INTERFACE --coverage)
endif()

# Programs that ask for it by their property MT_LTO are made as one, across the libraries: a sixth faster, but a minute
# to link. For what is installed and measured.
if(MT_LTO)
  set(CMAKE_AR "${CMAKE_C_COMPILER_AR}")
  set(CMAKE_RANLIB "${CMAKE_C_COMPILER_RANLIB}")
  target_compile_options(mt_flags INTERFACE -flto=auto -ffat-lto-objects)
  target_link_options(mt_flags INTERFACE $<IF:$<BOOL:$<TARGET_PROPERTY:MT_LTO>>,-flto=auto,-fno-lto>)
endif()

# Assertions guard our own invariants: keep them in every build type.
foreach(type RELEASE RELWITHDEBINFO MINSIZEREL)
  string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_${type} "${CMAKE_C_FLAGS_${type}}")
endforeach()

# mt_library(FOLDER [GNU] [PUBLIC libs...] [PRIVATE libs...])
# A folder's *.c are its one static library, mt_FOLDER; its link list is the dependency rule.
# GNU: the folder needs more of the system than POSIX names.
function(mt_library folder)
  cmake_parse_arguments(arg "GNU" "" "PUBLIC;PRIVATE" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.c)
  if(NOT sources)
    add_library(mt_${folder} INTERFACE)
    target_link_libraries(mt_${folder} INTERFACE ${arg_PUBLIC} ${arg_PRIVATE})
    return()
  endif()
  add_library(mt_${folder} STATIC ${sources})
  target_link_libraries(mt_${folder} PUBLIC ${arg_PUBLIC} PRIVATE mt_flags ${arg_PRIVATE})
  target_include_directories(mt_${folder} PUBLIC ${PROJECT_SOURCE_DIR})
  target_compile_definitions(mt_${folder} PRIVATE
    $<IF:$<BOOL:${arg_GNU}>,_GNU_SOURCE,_POSIX_C_SOURCE=200809L>)
endfunction()
