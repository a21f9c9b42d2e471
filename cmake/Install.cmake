# What `make install PREFIX=dir` puts where; the tree may be moved afterwards.
include(CMakePackageConfigHelpers)

set(QOPT_PACKAGE ${CMAKE_INSTALL_LIBDIR}/cmake/qopt)

# For users: find_package(qopt), then link qopt::runtime (static) or qopt::runtime_shared.
set_target_properties(qopt_runtime PROPERTIES EXPORT_NAME runtime)
set_target_properties(qopt_runtime_shared PROPERTIES EXPORT_NAME runtime_shared)
install(TARGETS qopt_runtime qopt_runtime_shared EXPORT qoptTargets)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/qopt DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(EXPORT qoptTargets NAMESPACE qopt:: DESTINATION ${QOPT_PACKAGE})

# CMake installs a file with the time at which it was built: a compiler that replaces another one could be older than
# what that one made. It is as new as its installation.
set(driver "\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/qopt")
install(CODE "
  set(qopt_before \"\")
  if(EXISTS \"${driver}\")
    file(SHA256 \"${driver}\" qopt_before)
  endif()")
foreach(tool qopt qopt-opt qopt-translate)
  if(TARGET ${tool})
    # Debian keeps libMLIR out of the folders that the loader knows.
    set_target_properties(${tool} PROPERTIES
      INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}" INSTALL_RPATH_USE_LINK_PATH ON)
    install(TARGETS ${tool})
  endif()
endforeach()
install(CODE "
  if(EXISTS \"${driver}\")
    file(SHA256 \"${driver}\" qopt_after)
    if(NOT qopt_after STREQUAL qopt_before)
      file(TOUCH \"${driver}\")
    endif()
  endif()")

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/qoptConfig.cmake.in ${PROJECT_BINARY_DIR}/qoptConfig.cmake
  INSTALL_DESTINATION ${QOPT_PACKAGE})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/qoptConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/qoptConfig.cmake ${PROJECT_BINARY_DIR}/qoptConfigVersion.cmake
  ${CMAKE_CURRENT_LIST_DIR}/qoptAddModel.cmake DESTINATION ${QOPT_PACKAGE})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/THIRD_PARTY.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
