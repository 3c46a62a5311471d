# cpack --config build/release/CPackConfig.cmake: a Debian package out of what cmake --install installs.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME parshall)
set(CPACK_PACKAGE_CONTACT "parshall maintainers <maintainers@parshall.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "log lines into JSON records and Prometheus metrics")
set(CPACK_PACKAGE_DESCRIPTION
"Reads log lines of web and application servers (gunicorn, nginx, Apache and
others, JSON events, key=value lines) from pipes and from files that it follows
through rotation, writes one JSON record for each line, and counts them exactly
for Prometheus.
.
Rules and metrics of your own are YAML with examples that are tested. Positions
and counts survive crashes together. This package brings a systemd service with
a user of its own, which serves metrics and a status page on 127.0.0.1:19220.")
set(CPACK_PACKAGE_FILE_NAME parshall)  # of the staging folder only
set(CPACK_SET_DESTDIR ON)              # files in /etc and /lib belong to the package
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ
  GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
# The version of the commit that is packaged, asked for when it is.
set(CPACK_PROJECT_CONFIG_FILE ${PROJECT_SOURCE_DIR}/cmake/package_version.cmake)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/package_stage.cmake)
set(CPACK_PARSHALL_SOURCE_DIR ${PROJECT_SOURCE_DIR})
set(CPACK_PARSHALL_VERSION ${PROJECT_VERSION})

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "init-system-helpers (>= 1.51)")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${PROJECT_SOURCE_DIR}/packaging/debian/conffiles ${PROJECT_SOURCE_DIR}/packaging/debian/postinst
  ${PROJECT_SOURCE_DIR}/packaging/debian/prerm ${PROJECT_SOURCE_DIR}/packaging/debian/postrm)
include(CPack)
