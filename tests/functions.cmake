# How a test is registered: once, by one line. Its name is its place in the tree, such as
# "unit.slot_waitq". The part before the dot is its kind, and a label: `ctest -L stress`.

set(HANDOFF_TEST_LAUNCHER "" CACHE STRING "A command, as a list, that runs each compiled test")
set(HANDOFF_TEST_TIMEOUT_FACTOR 1 CACHE STRING "Multiplies the time that each test may take")

# handoff_set_up_test(NAME [SLOW | EXHAUSTIVE] [TIMEOUT seconds]): the properties of a test.
#
# A test gets the label `quick` too, unless it is SLOW (it takes more than about a second) or its
# kind is slow. A test that only the preset `exhaustive` registers gets the label `exhaustive`.
function(handoff_set_up_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "SLOW;EXHAUSTIVE" "TIMEOUT" "")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  math(EXPR timeout "${arg_TIMEOUT} * ${HANDOFF_TEST_TIMEOUT_FACTOR}")
  string(REGEX REPLACE "\\..*" "" labels ${name})
  if(arg_EXHAUSTIVE)
    list(APPEND labels exhaustive)
  elseif(NOT arg_SLOW AND NOT labels MATCHES "^(model|stress)$")
    list(APPEND labels quick)
  endif()
  set_tests_properties(${name} PROPERTIES
    LABELS "${labels}"
    TIMEOUT ${timeout}
    SKIP_RETURN_CODE 77)
endfunction()

# handoff_test(KIND NAME [SLOW] [TIMEOUT seconds] [SOURCES file…] [LIBRARIES target…]
#              [LINK_OPTIONS option…])
#
# Compiles KIND/test_NAME.c with the library, its internal headers and cmocka. Runs it as KIND.NAME.
function(handoff_test kind name)
  cmake_parse_arguments(PARSE_ARGV 2 arg "SLOW" "TIMEOUT" "SOURCES;LIBRARIES;LINK_OPTIONS")
  set(target test_${kind}_${name})
  add_executable(${target} ${kind}/test_${name}.c ${arg_SOURCES})
  target_include_directories(${target} PRIVATE
    ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
  target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
  target_link_libraries(${target} PRIVATE ${arg_LIBRARIES} handoff_static Cmocka::Cmocka)
  target_link_options(${target} PRIVATE ${arg_LINK_OPTIONS})
  set_target_properties(${target} PROPERTIES C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF)
  handoff_run_test(${kind}.${name} ${target} ${ARGN})
endfunction()

# handoff_run_test(NAME TARGET [SLOW] [TIMEOUT seconds] [ARGUMENTS argument…])
function(handoff_run_test name target)
  cmake_parse_arguments(PARSE_ARGV 2 arg "SLOW" "TIMEOUT" "ARGUMENTS")
  add_test(NAME ${name}
    COMMAND ${HANDOFF_TEST_LAUNCHER} $<TARGET_FILE:${target}> ${arg_ARGUMENTS})
  handoff_set_up_test(${name} ${ARGN})
endfunction()

# handoff_fuzz_test(NAME RUNS count [TIMEOUT seconds] [SOURCES file…] [LIBRARIES target…]
#                   [LINK_OPTIONS option…])
#
# Compiles fuzz/fuzz_NAME.c. The test fuzz.NAME replays fuzz/corpus/NAME. With HANDOFF_BUILD_FUZZ,
# libFuzzer replays it, makes up more inputs until there were RUNS, and keeps in the build tree what
# it finds.
function(handoff_fuzz_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "RUNS;TIMEOUT" "SOURCES;LIBRARIES;LINK_OPTIONS")
  set(target fuzz_${name})
  set(corpus ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/${name})
  add_executable(${target} fuzz/fuzz_${name}.c ${arg_SOURCES})
  target_include_directories(${target} PRIVATE
    ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
  target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
  target_link_libraries(${target} PRIVATE ${arg_LIBRARIES})
  target_link_options(${target} PRIVATE ${arg_LINK_OPTIONS})
  set_target_properties(${target} PROPERTIES C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF)
  if(HANDOFF_BUILD_FUZZ)
    set(found ${CMAKE_CURRENT_BINARY_DIR}/found/${name})
    file(MAKE_DIRECTORY ${found})
    target_compile_definitions(${target} PRIVATE FUZZ_EXTRA_COUNTERS)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    set(arguments -runs=${arg_RUNS} -seed=1 -max_len=512 -len_control=20 -timeout=20
      -artifact_prefix=${found}- ${found} ${corpus})
    if(NOT TARGET fuzz)
      add_custom_target(fuzz)
    endif()
    add_dependencies(fuzz ${target})
  else()
    target_sources(${target} PRIVATE fuzz/replay.c)
    set(arguments ${corpus})
  endif()
  handoff_run_test(fuzz.${name} ${target} ${ARGN} ARGUMENTS ${arguments})
endfunction()

# handoff_cli_test(NAME [SLOW] [TIMEOUT seconds]): runs cli/NAME.sh with the command's path.
function(handoff_cli_test name)
  add_test(NAME cli.${name}
    COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/cli/${name}.sh $<TARGET_FILE:handoff_command>)
  handoff_set_up_test(cli.${name} ${ARGN})
endfunction()

# handoff_model_test(NAME)
#
# Checks model/NAME.pml and a mutant for each property as model.NAME. The preset `exhaustive` checks
# its large configurations and all mutants, too, as model_full.NAME.
function(handoff_model_test name)
  set(script ${CMAKE_CURRENT_SOURCE_DIR}/model/run.sh)
  add_test(NAME model.${name} COMMAND bash ${script} ${name})
  handoff_set_up_test(model.${name} TIMEOUT 300)
  if(HANDOFF_TEST_EXHAUSTIVE)
    add_test(NAME model_full.${name} COMMAND bash ${script} ${name} --full)
    handoff_set_up_test(model_full.${name} EXHAUSTIVE TIMEOUT 1800)
  endif()
endfunction()

# handoff_rule_test(NAME SCRIPT [argument…]): runs rules/SCRIPT.
function(handoff_rule_test name script)
  add_test(NAME rules.${name} COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/rules/${script} ${ARGN})
  handoff_set_up_test(rules.${name})
endfunction()

# handoff_example(NAME [SLOW] [TIMEOUT seconds] [ARGUMENTS argument…])
#
# Compiles NAME.c as an application would. If tests are built, it runs as example.NAME.
function(handoff_example name)
  add_executable(example_${name} ${name}.c)
  target_link_libraries(example_${name} PRIVATE handoff::handoff)
  target_compile_definitions(example_${name} PRIVATE _GNU_SOURCE)
  set_target_properties(example_${name} PROPERTIES
    C_STANDARD 11
    C_STANDARD_REQUIRED ON
    C_EXTENSIONS OFF)
  if(handoff_testing)
    handoff_run_test(example.${name} example_${name} ${ARGN})
  endif()
endfunction()
