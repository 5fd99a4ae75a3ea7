# From the exported IP to a bitstream for @{board}, by Vivado:
#   vivado -mode batch -source build_bitstream.tcl [-tclargs IP_DIRECTORY]
# writes vaqf.bit, vaqf.hwh and vaqf.xsa here. IP_DIRECTORY is where the IP was exported to, by default
# where run_hls.tcl or hls_config.cfg put it.
#
# The processing system is clocked and reset as the board's files say. All of the accelerator runs at
# pl_clk0. Its registers are at M_AXI_HPM0_FPD, its memory ports share S_AXI_HP0_FPD and the next ones.
set part @{part}
set board_part @{board_part}
set top @{top}
set clock_mhz @{clock_mhz}
set masters {@{masters}}
set memory_ports @{memory_ports}
set port_bits @{port_bits}

set candidates [list vaqf/solution1/impl/ip vaqf_unified/hls/impl/ip]
if {[llength $argv] > 0} {
  # From where the user is, which the script leaves.
  set candidates [list [file normalize [lindex $argv 0]]]
}
cd [file dirname [file normalize [info script]]]

set repository ""
foreach candidate $candidates {
  if {$repository eq "" && [file exists [file join $candidate component.xml]]} {
    set repository [file normalize $candidate]
  }
}
if {$repository eq ""} {
  error "no exported IP in [join $candidates {, }]; run run_hls.tcl first, or give its directory"
}

create_project -force vaqf_vivado vaqf_vivado -part $part
set boards [get_board_parts -quiet -latest_file_version "$board_part:*"]
if {[llength $boards] == 0} {
  error "Vivado knows no board $board_part; install its board files"
}
set_property board_part [lindex $boards 0] [current_project]
set_property ip_repo_paths [list $repository] [current_project]
update_ip_catalog

create_bd_design vaqf_system

# The processing system: one clock, one reset, one control port, as many memory ports as are used.
create_bd_cell -type ip -vlnv xilinx.com:ip:zynq_ultra_ps_e ps
apply_bd_automation -rule xilinx.com:bd_rule:zynq_ultra_ps_e -config {apply_board_preset 1} \
    [get_bd_cells ps]
set used [expr {min($memory_ports, [llength $masters])}]
set settings [list \
    CONFIG.PSU__FPGA_PL0_ENABLE 1 \
    CONFIG.PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ $clock_mhz \
    CONFIG.PSU__USE__M_AXI_GP0 1 \
    CONFIG.PSU__USE__M_AXI_GP1 0 \
    CONFIG.PSU__USE__M_AXI_GP2 0 \
    CONFIG.PSU__USE__IRQ0 1]
for {set i 0} {$i < $used} {incr i} {
  # S_AXI_GP2 is the processing system's name for S_AXI_HP0_FPD.
  set gp [expr {$i + 2}]
  lappend settings CONFIG.PSU__USE__S_AXI_GP$gp 1 CONFIG.PSU__SAXIGP${gp}__DATA_WIDTH $port_bits
}
set_property -dict $settings [get_bd_cells ps]
set actual [get_property CONFIG.PSU__CRL_APB__PL0_REF_CTRL__ACT_FREQMHZ [get_bd_cells ps]]
puts "pl_clk0: $actual MHz, the nearest that the processing system makes to $clock_mhz MHz"

create_bd_cell -type ip -vlnv xilinx.com:hls:$top accelerator
create_bd_cell -type ip -vlnv xilinx.com:ip:proc_sys_reset reset

set clocked [list reset/slowest_sync_clk accelerator/ap_clk ps/maxihpm0_fpd_aclk control/aclk]
set cleared [list accelerator/ap_rst_n control/aresetn]

# Registers.
create_bd_cell -type ip -vlnv xilinx.com:ip:smartconnect control
set_property -dict {CONFIG.NUM_SI 1 CONFIG.NUM_MI 1 CONFIG.NUM_CLKS 1} [get_bd_cells control]
connect_bd_intf_net [get_bd_intf_pins ps/M_AXI_HPM0_FPD] [get_bd_intf_pins control/S00_AXI]
connect_bd_intf_net [get_bd_intf_pins control/M00_AXI] [get_bd_intf_pins accelerator/s_axi_control]

# Memory: masters take turns at the ports, each port joins its own.
for {set i 0} {$i < $used} {incr i} {
  set joined {}
  for {set m $i} {$m < [llength $masters]} {incr m $used} {
    lappend joined [lindex $masters $m]
  }
  create_bd_cell -type ip -vlnv xilinx.com:ip:smartconnect memory$i
  set_property -dict [list CONFIG.NUM_SI [llength $joined] CONFIG.NUM_MI 1 CONFIG.NUM_CLKS 1] \
      [get_bd_cells memory$i]
  set slot 0
  foreach master $joined {
    connect_bd_intf_net [get_bd_intf_pins accelerator/$master] \
        [get_bd_intf_pins memory$i/[format S%02d_AXI $slot]]
    incr slot
  }
  connect_bd_intf_net [get_bd_intf_pins memory$i/M00_AXI] [get_bd_intf_pins ps/S_AXI_HP${i}_FPD]
  lappend clocked ps/saxihp${i}_fpd_aclk memory$i/aclk
  lappend cleared memory$i/aresetn
}

foreach pin $clocked {
  connect_bd_net [get_bd_pins ps/pl_clk0] [get_bd_pins $pin]
}
connect_bd_net [get_bd_pins ps/pl_resetn0] [get_bd_pins reset/ext_reset_in]
foreach pin $cleared {
  connect_bd_net [get_bd_pins reset/peripheral_aresetn] [get_bd_pins $pin]
}
connect_bd_net [get_bd_pins accelerator/interrupt] [get_bd_pins ps/pl_ps_irq0]

assign_bd_address
validate_bd_design
save_bd_design

set design [get_files vaqf_system.bd]
add_files -norecurse [make_wrapper -files $design -top]
set_property top vaqf_system_wrapper [current_fileset]
update_compile_order -fileset sources_1

launch_runs impl_1 -to_step write_bitstream -jobs 4
wait_on_run impl_1
if {[get_property PROGRESS [get_runs impl_1]] ne "100%"} {
  error "implementation failed; see vaqf_vivado/vaqf_vivado.runs/impl_1/runme.log"
}
open_run impl_1
report_utilization -hierarchical -file vaqf_utilization.rpt
report_timing_summary -file vaqf_timing.rpt
foreach {delay check} {max setup min hold} {
  if {[get_property SLACK [get_timing_paths -delay_type $delay]] < 0} {
    puts "WARNING: $check times are not met at $clock_mhz MHz; see vaqf_timing.rpt before using the\
        bitstream"
  }
}
file copy -force vaqf_vivado/vaqf_vivado.runs/impl_1/vaqf_system_wrapper.bit vaqf.bit
write_hw_platform -fixed -include_bit -force vaqf.xsa
set handoff vaqf_vivado/vaqf_vivado.*/sources_1/bd/vaqf_system/hw_handoff/vaqf_system.hwh
file copy -force [lindex [glob $handoff] 0] vaqf.hwh
exit
