# C simulation, synthesis, co-simulation and export of the accelerator as @{package}:
@{usage}
# The environment variable VAQF_STEPS chooses some of the steps: co-simulation of a large model takes
# days, VAQF_STEPS="csim csynth export" leaves it out.
set steps {csim csynth cosim export}
if {[info exists ::env(VAQF_STEPS)]} {
  foreach step $::env(VAQF_STEPS) {
    if {[lsearch $steps $step] < 0} {
      error "VAQF_STEPS: there is no step $step; choose some of [join $steps {, }]"
    }
  }
  set steps $::env(VAQF_STEPS)
}
cd [file dirname [file normalize [info script]]]

open_project -reset vaqf
set_top @{top}
add_files vaqf_top.cpp -cflags -std=@{standard}
add_files -tb vaqf_testbench.cpp -cflags -std=@{standard}
add_files -tb data
open_solution -reset solution1@{solution_options}
set_part @{part}
create_clock -period @{period_ns} -name default
config_interface@{interface_options}

if {[lsearch $steps csim] >= 0} {
  csim_design -O -argv data
}
if {[lsearch $steps csynth] >= 0} {
  csynth_design
}
if {[lsearch $steps cosim] >= 0} {
  cosim_design -O -argv data
}
if {[lsearch $steps export] >= 0} {
  export_design@{export_options}
}
exit
