# `cmake --install`, and the packages for a user's `find_package(kronvec)` and `pkg-config kronvec`.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/kronvec)
# The RUNPATH keeps the variant of OpenBLAS that was linked: other variants have the same file name.
set_target_properties(kronvec PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
install(TARGETS kronvec EXPORT kronvec
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT development
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development
        FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)

foreach(device cuda cuda_emulated)
  if(TARGET kronvec_${device}) # beside the library, which opens it
    set_target_properties(kronvec_${device} PROPERTIES INSTALL_RPATH "$ORIGIN;${CUDAToolkit_LIBRARY_DIR}"
                                                       INSTALL_RPATH_USE_LINK_PATH ON)
    install(TARGETS kronvec_${device} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${device})
  endif()
endforeach()
if(KRONVEC_COMMAND)
  install(TARGETS kronvec_command kronvec_command_module RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT command
          LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT command)
  # The command makes them from its own options.
  set(documents kronvec.1 kronvec.bash _kronvec kronvec.fish)
  add_custom_command(OUTPUT ${documents} DEPENDS kronvec_command kronvec_command_module
                     COMMAND kronvec_command manual >kronvec.1
                     COMMAND kronvec_command completion bash >kronvec.bash
                     COMMAND kronvec_command completion zsh >_kronvec
                     COMMAND kronvec_command completion fish >kronvec.fish)
  add_custom_target(kronvec_documents ALL DEPENDS ${documents})
  add_dependencies(kronvec_all kronvec_documents)
  list(TRANSFORM documents PREPEND ${CMAKE_CURRENT_BINARY_DIR}/ OUTPUT_VARIABLE paths)
  list(POP_FRONT paths manual bash zsh fish)
  install(FILES ${manual} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT command)
  install(FILES ${bash} DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME kronvec COMPONENT command)
  install(FILES ${zsh} DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT command)
  install(FILES ${fish} DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT command)
endif()
install(FILES ${PROJECT_SOURCE_DIR}/docs/ledger.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT development) # headers name its rows

install(EXPORT kronvec NAMESPACE kronvec:: FILE kronvecTargets.cmake DESTINATION ${package_dir} COMPONENT development)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/kronvecConfig.cmake.in kronvecConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(kronvecConfigVersion.cmake COMPATIBILITY SameMinorVersion)
file(RELATIVE_PATH kronvec_up /${CMAKE_INSTALL_LIBDIR} /) # from the folder of pkgconfig to the prefix
configure_file(${PROJECT_SOURCE_DIR}/cmake/kronvec.pc.in kronvec.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/kronvecConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/kronvecConfigVersion.cmake
        DESTINATION ${package_dir} COMPONENT development)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/kronvec.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
