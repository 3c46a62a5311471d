# Run by cpack between installing and packing: Debian's changelog, with the version that cpack has.
set(folder ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr/share/doc/parshall)
execute_process(COMMAND git -C ${CPACK_PARSHALL_SOURCE_DIR} log -1 --format=%cD
  OUTPUT_VARIABLE date OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT date)
  execute_process(COMMAND date -R OUTPUT_VARIABLE date OUTPUT_STRIP_TRAILING_WHITESPACE)
endif()
string(REGEX REPLACE ", ([0-9]) " ", 0\\1 " date "${date}")
file(WRITE ${folder}/changelog.Debian
"parshall (${CPACK_PACKAGE_VERSION}-1) unstable; urgency=medium

  * Packaged from its sources; changelog.gz says what is new.

 -- ${CPACK_PACKAGE_CONTACT}  ${date}
")
execute_process(COMMAND gzip -9nf ${folder}/changelog.Debian COMMAND_ERROR_IS_FATAL ANY)
