cd PROJECT
open_project -reset vaqf
set_top vaqf_top
add_files vaqf_top.cpp -cflags -std=c++11
add_files -tb vaqf_testbench.cpp -cflags -std=c++11
add_files -tb data
open_solution -reset solution1
set_part xczu9eg-ffvb1156-2-e
create_clock -period 5.000 -name default
config_interface -m_axi_addr64
csim_design -O -argv data
csynth_design
cosim_design -O -argv data
export_design -format ip_catalog
exit
