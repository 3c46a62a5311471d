# cmake --install: the program, its rules and schemas, docs with the licences, and what cmake/install_made.cmake makes.
include(GNUInstallDirs)

install(TARGETS parshall RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/rules/ DESTINATION ${CMAKE_INSTALL_DATADIR}/parshall/rules)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/ DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/parshall)
install(FILES ${PROJECT_SOURCE_DIR}/README.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/parshall)
install(FILES ${PROJECT_SOURCE_DIR}/packaging/debian/copyright
  DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/parshall)
configure_file(${PROJECT_SOURCE_DIR}/cmake/install_made.cmake.in
  ${PROJECT_BINARY_DIR}/install_made.cmake @ONLY)
install(SCRIPT ${PROJECT_BINARY_DIR}/install_made.cmake)
