# qopt_add_model(<target> <model.onnx>
#                [RECIPE <name or file>] [TARGETS <isa>,...] [CALIB <file>] [OPTIONS <argument>...])
#
# Compiles the model when the project is built, and again when the model, its external data, a recipe or calibration
# file, or the compiler changes. Relative paths start at the current source directory.
#
# <target> is an interface library. What links it can include the model's "model.h" (a program with several models:
# "<target>.qopt/model.h"), links the runtime, and has the macro <TARGET>_ARTIFACT, the path of the artifact as a string
# ("tiny-net": TINY_NET_ARTIFACT). The path is also the property QOPT_ARTIFACT of <target>; to ship the artifact:
#   get_target_property(artifact <target> QOPT_ARTIFACT)
#   install(DIRECTORY ${artifact} DESTINATION share/models)
#
# RECIPE, TARGETS, CALIB are --recipe, --target, --calib of `qopt compile`; OPTIONS are passed as they are.

cmake_policy(VERSION 3.20...3.25) # paths in dependency files are the generator's business

function(qopt_add_model target model)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "RECIPE;CALIB" "TARGETS;OPTIONS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "qopt_add_model(${target}): unknown arguments: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(arg_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "qopt_add_model(${target}): no value for ${arg_KEYWORDS_MISSING_VALUES}")
  endif()
  if(NOT QOPT_EXECUTABLE)
    message(FATAL_ERROR "qopt_add_model(${target}): this installation of qopt has no compiler; "
      "set QOPT_EXECUTABLE to that of another one of version ${qopt_VERSION}")
  endif()

  get_filename_component(model ${model} ABSOLUTE)
  set(artifact ${CMAKE_CURRENT_BINARY_DIR}/${target}.qopt)
  set(depends ${model} ${QOPT_EXECUTABLE})
  set(options ${arg_OPTIONS})
  if(arg_RECIPE)
    get_filename_component(recipe ${arg_RECIPE} ABSOLUTE)
    # A word is the name of a recipe, anything else a file.
    if(arg_RECIPE MATCHES "[./]" OR EXISTS ${recipe})
      list(APPEND depends ${recipe})
    else()
      set(recipe ${arg_RECIPE})
    endif()
    list(PREPEND options --recipe ${recipe})
  endif()
  if(arg_TARGETS)
    list(JOIN arg_TARGETS "," targets)
    list(PREPEND options --target ${targets})
  endif()
  if(arg_CALIB)
    get_filename_component(calib ${arg_CALIB} ABSOLUTE)
    list(APPEND depends ${calib})
    list(PREPEND options --calib ${calib})
  endif()

  # The driver replaces no directory that is not an artifact, as one is not from which a build tool took its outputs.
  add_custom_command(
    OUTPUT ${artifact}/manifest.json ${artifact}/model.h ${artifact}/model.so ${artifact}/weights.safetensors
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${artifact}
    COMMAND ${QOPT_EXECUTABLE} compile ${model} -o ${artifact} --depfile ${artifact}.d ${options}
    DEPENDS ${depends}
    DEPFILE ${artifact}.d
    COMMENT "Compiling the model ${target}"
    VERBATIM)
  set_property(DIRECTORY APPEND PROPERTY ADDITIONAL_CLEAN_FILES ${artifact})
  add_custom_target(${target}_artifact ALL DEPENDS ${artifact}/manifest.json)

  add_library(${target} INTERFACE)
  add_dependencies(${target} ${target}_artifact)
  target_include_directories(${target} INTERFACE ${artifact} ${CMAKE_CURRENT_BINARY_DIR})
  target_link_libraries(${target} INTERFACE qopt::runtime)
  string(MAKE_C_IDENTIFIER ${target} macro)
  string(TOUPPER ${macro} macro)
  target_compile_definitions(${target} INTERFACE ${macro}_ARTIFACT="${artifact}")
  set_target_properties(${target} PROPERTIES QOPT_ARTIFACT ${artifact})
endfunction()
