# `cpack`: one .deb with the library, the headers and the command, for the Debian release of this machine. The CUDA devices
# are left out, because the CUDA toolkit is not a package of Debian. The field for a licence stays open.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME kronvec)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "The kronvec authors")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "matrix calculus: Jacobians as operators, formulas and matrices")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL runtime development)
if(KRONVEC_COMMAND)
  list(APPEND CPACK_COMPONENTS_ALL command)
endif()
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON) # depends on the libraries that the files are linked with
if(KRONVEC_OPENBLAS MATCHES "openblas-openmp") # every variant of OpenBLAS provides libopenblas0
  set(CPACK_DEBIAN_PACKAGE_DEPENDS libopenblas0-openmp)
endif()
include(CPack)
