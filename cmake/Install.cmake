# What `cmake --install` puts where.
install(FILES docs/meshtop.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES LICENSE README.md CHANGES.md docs/proxy.md docs/proxy.schema.json
  docs/api.md docs/openapi.json DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/examples DESTINATION ${CMAKE_INSTALL_DOCDIR})
