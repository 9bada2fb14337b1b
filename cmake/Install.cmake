# `cmake --install` and the package that a user's `find_package(kronvec)` finds.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/kronvec)
install(TARGETS kronvec EXPORT kronvec LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS kronvec_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(EXPORT kronvec NAMESPACE kronvec:: FILE kronvecConfig.cmake DESTINATION ${package_dir})
write_basic_package_version_file(kronvecConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/kronvecConfigVersion.cmake DESTINATION ${package_dir})
