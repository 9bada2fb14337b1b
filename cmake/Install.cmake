# `cmake --install`, and the package for a user's `find_package(kronvec)`.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/kronvec)
install(TARGETS kronvec EXPORT kronvec LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
foreach(module kronvec_cuda kronvec_cuda_emulated)
  if(TARGET ${module}) # beside the library, which opens it
    install(TARGETS ${module} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
    set_target_properties(${module} PROPERTIES INSTALL_RPATH "$ORIGIN;${CUDAToolkit_LIBRARY_DIR}")
  endif()
endforeach()
install(TARGETS kronvec_command kronvec_command_module RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES docs/ledger.md DESTINATION ${CMAKE_INSTALL_DOCDIR}) # comments of the headers name its rows
install(EXPORT kronvec NAMESPACE kronvec:: FILE kronvecConfig.cmake DESTINATION ${package_dir})
write_basic_package_version_file(kronvecConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/kronvecConfigVersion.cmake DESTINATION ${package_dir})
