# What the folders of test/ share. Included by test/CMakeLists.txt.

set(QOPT_SHARED ${PROJECT_SOURCE_DIR}/../shared CACHE PATH
  "Folder of models/make.py, which writes the test models; tests that need them are skipped where it is missing")
set(QOPT_PYTHON ${QOPT_CACHE}/venv/bin/python)

# Python loads libqopt_runtime.so: with AddressSanitizer in it, its run-time part comes first.
set(QOPT_PRELOAD "")
if(CMAKE_C_FLAGS MATCHES "-fsanitize=[a-z,]*address")
  execute_process(COMMAND ${CMAKE_C_COMPILER} -print-file-name=libclang_rt.asan-${CMAKE_SYSTEM_PROCESSOR}.so
    OUTPUT_VARIABLE QOPT_PRELOAD OUTPUT_STRIP_TRAILING_WHITESPACE)
endif()

# qopt_add_gtest(<name> <source>... [LIBS <library>...] [ARGS <argument>...])
# A GoogleTest program that is one test of ctest.
function(qopt_add_gtest name)
  cmake_parse_arguments(gtest "" "" "LIBS;ARGS" ${ARGN})
  add_executable(${name} ${gtest_UNPARSED_ARGUMENTS})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(${name} PRIVATE ${gtest_LIBS} GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/test-bin)
  add_test(NAME ${name} COMMAND ${name} ${gtest_ARGS})
endfunction()

# qopt_add_python_test(<name> <script> [ARGS <argument>...] [MODELS] [SERIAL] [EXHAUSTIVE]
#                      [TIMEOUT <seconds>])
# A script that finds the tools on PATH and the test models in $QOPT_MODELS. Its
# exit code 77 means skipped. MODELS: runs after the models were made. SERIAL: alone. EXHAUSTIVE: only when asked for,
# ctest -C exhaustive -L exhaustive.
function(qopt_add_python_test name script)
  cmake_parse_arguments(python "MODELS;SERIAL;EXHAUSTIVE" "TIMEOUT" "ARGS" ${ARGN})
  get_filename_component(script ${script} ABSOLUTE)
  set(configurations)
  if(python_EXHAUSTIVE)
    set(configurations CONFIGURATIONS exhaustive)
  endif()
  add_test(NAME ${name} COMMAND ${QOPT_PYTHON} ${script} ${python_ARGS} ${configurations})
  set(environment
    "PATH=${PROJECT_BINARY_DIR}/bin:${LLVM_TOOLS_BINARY_DIR}:$ENV{PATH}"
    "PYTHONPATH=${PROJECT_SOURCE_DIR}/python:${PROJECT_SOURCE_DIR}/test"
    "PYTHONDONTWRITEBYTECODE=1"
    "QOPT_BUILD=${PROJECT_BINARY_DIR}"
    "QOPT_MODELS=${QOPT_CACHE}/models"
    "QOPT_PRELOAD=${QOPT_PRELOAD}"
    "QOPT_SHARED=${QOPT_SHARED}")
  set_tests_properties(${name} PROPERTIES ENVIRONMENT "${environment}" SKIP_RETURN_CODE 77)
  if(python_MODELS)
    set_tests_properties(${name} PROPERTIES FIXTURES_REQUIRED models)
  endif()
  if(python_SERIAL)
    set_tests_properties(${name} PROPERTIES RUN_SERIAL ON)
  endif()
  if(python_EXHAUSTIVE)
    set_tests_properties(${name} PROPERTIES LABELS exhaustive)
  endif()
  if(python_TIMEOUT)
    set_tests_properties(${name} PROPERTIES TIMEOUT ${python_TIMEOUT})
  endif()
endfunction()
