cd PROJECT
create_project -force vaqf_vivado vaqf_vivado -part xczu9eg-ffvb1156-2-e
get_board_parts -quiet -latest_file_version xilinx.com:zcu102:part0:*
set_property board_part xilinx.com:zcu102:part0:3.4 [current_project]
set_property ip_repo_paths PROJECT/vaqf/solution1/impl/ip [current_project]
update_ip_catalog
create_bd_design vaqf_system
create_bd_cell -type ip -vlnv xilinx.com:ip:zynq_ultra_ps_e ps
apply_bd_automation -rule xilinx.com:bd_rule:zynq_ultra_ps_e -config {apply_board_preset 1} [get_bd_cells ps]
set_property -dict {
    CONFIG.PSU__FPGA_PL0_ENABLE 1
    CONFIG.PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ 200
    CONFIG.PSU__USE__M_AXI_GP0 1
    CONFIG.PSU__USE__M_AXI_GP1 0
    CONFIG.PSU__USE__M_AXI_GP2 0
    CONFIG.PSU__USE__IRQ0 1
    CONFIG.PSU__USE__S_AXI_GP2 1
    CONFIG.PSU__SAXIGP2__DATA_WIDTH 128
    CONFIG.PSU__USE__S_AXI_GP3 1
    CONFIG.PSU__SAXIGP3__DATA_WIDTH 128
    CONFIG.PSU__USE__S_AXI_GP4 1
    CONFIG.PSU__SAXIGP4__DATA_WIDTH 128
    CONFIG.PSU__USE__S_AXI_GP5 1
    CONFIG.PSU__SAXIGP5__DATA_WIDTH 128
} [get_bd_cells ps]
get_property CONFIG.PSU__CRL_APB__PL0_REF_CTRL__ACT_FREQMHZ [get_bd_cells ps]
puts {pl_clk0: 199.998 MHz, the nearest that the processing system makes to 200 MHz}
create_bd_cell -type ip -vlnv xilinx.com:hls:vaqf_top accelerator
create_bd_cell -type ip -vlnv xilinx.com:ip:proc_sys_reset reset
create_bd_cell -type ip -vlnv xilinx.com:ip:smartconnect control
set_property -dict {
    CONFIG.NUM_SI 1
    CONFIG.NUM_MI 1
    CONFIG.NUM_CLKS 1
} [get_bd_cells control]
connect_bd_intf_net [get_bd_intf_pins ps/M_AXI_HPM0_FPD] [get_bd_intf_pins control/S00_AXI]
connect_bd_intf_net [get_bd_intf_pins control/M00_AXI] [get_bd_intf_pins accelerator/s_axi_control]
create_bd_cell -type ip -vlnv xilinx.com:ip:smartconnect memory0
set_property -dict {
    CONFIG.NUM_SI 2
    CONFIG.NUM_MI 1
    CONFIG.NUM_CLKS 1
} [get_bd_cells memory0]
connect_bd_intf_net [get_bd_intf_pins accelerator/m_axi_gmem_image_port] [get_bd_intf_pins memory0/S00_AXI]
connect_bd_intf_net [get_bd_intf_pins accelerator/m_axi_gmem_logits] [get_bd_intf_pins memory0/S01_AXI]
connect_bd_intf_net [get_bd_intf_pins memory0/M00_AXI] [get_bd_intf_pins ps/S_AXI_HP0_FPD]
create_bd_cell -type ip -vlnv xilinx.com:ip:smartconnect memory1
set_property -dict {
    CONFIG.NUM_SI 1
    CONFIG.NUM_MI 1
    CONFIG.NUM_CLKS 1
} [get_bd_cells memory1]
connect_bd_intf_net [get_bd_intf_pins accelerator/m_axi_gmem_int8_linear_weights] [get_bd_intf_pins memory1/S00_AXI]
connect_bd_intf_net [get_bd_intf_pins memory1/M00_AXI] [get_bd_intf_pins ps/S_AXI_HP1_FPD]
create_bd_cell -type ip -vlnv xilinx.com:ip:smartconnect memory2
set_property -dict {
    CONFIG.NUM_SI 1
    CONFIG.NUM_MI 1
    CONFIG.NUM_CLKS 1
} [get_bd_cells memory2]
connect_bd_intf_net [get_bd_intf_pins accelerator/m_axi_gmem_binary_linear_weights] [get_bd_intf_pins memory2/S00_AXI]
connect_bd_intf_net [get_bd_intf_pins memory2/M00_AXI] [get_bd_intf_pins ps/S_AXI_HP2_FPD]
create_bd_cell -type ip -vlnv xilinx.com:ip:smartconnect memory3
set_property -dict {
    CONFIG.NUM_SI 1
    CONFIG.NUM_MI 1
    CONFIG.NUM_CLKS 1
} [get_bd_cells memory3]
connect_bd_intf_net [get_bd_intf_pins accelerator/m_axi_gmem_parameters] [get_bd_intf_pins memory3/S00_AXI]
connect_bd_intf_net [get_bd_intf_pins memory3/M00_AXI] [get_bd_intf_pins ps/S_AXI_HP3_FPD]
connect_bd_net [get_bd_pins ps/pl_clk0] [get_bd_pins reset/slowest_sync_clk]
connect_bd_net [get_bd_pins ps/pl_clk0] [get_bd_pins accelerator/ap_clk]
connect_bd_net [get_bd_pins ps/pl_clk0] [get_bd_pins ps/maxihpm0_fpd_aclk]
connect_bd_net [get_bd_pins ps/pl_clk0] [get_bd_pins control/aclk]
connect_bd_net [get_bd_pins ps/pl_clk0] [get_bd_pins ps/saxihp0_fpd_aclk]
connect_bd_net [get_bd_pins ps/pl_clk0] [get_bd_pins memory0/aclk]
connect_bd_net [get_bd_pins ps/pl_clk0] [get_bd_pins ps/saxihp1_fpd_aclk]
connect_bd_net [get_bd_pins ps/pl_clk0] [get_bd_pins memory1/aclk]
connect_bd_net [get_bd_pins ps/pl_clk0] [get_bd_pins ps/saxihp2_fpd_aclk]
connect_bd_net [get_bd_pins ps/pl_clk0] [get_bd_pins memory2/aclk]
connect_bd_net [get_bd_pins ps/pl_clk0] [get_bd_pins ps/saxihp3_fpd_aclk]
connect_bd_net [get_bd_pins ps/pl_clk0] [get_bd_pins memory3/aclk]
connect_bd_net [get_bd_pins ps/pl_resetn0] [get_bd_pins reset/ext_reset_in]
connect_bd_net [get_bd_pins reset/peripheral_aresetn] [get_bd_pins accelerator/ap_rst_n]
connect_bd_net [get_bd_pins reset/peripheral_aresetn] [get_bd_pins control/aresetn]
connect_bd_net [get_bd_pins reset/peripheral_aresetn] [get_bd_pins memory0/aresetn]
connect_bd_net [get_bd_pins reset/peripheral_aresetn] [get_bd_pins memory1/aresetn]
connect_bd_net [get_bd_pins reset/peripheral_aresetn] [get_bd_pins memory2/aresetn]
connect_bd_net [get_bd_pins reset/peripheral_aresetn] [get_bd_pins memory3/aresetn]
connect_bd_net [get_bd_pins accelerator/interrupt] [get_bd_pins ps/pl_ps_irq0]
assign_bd_address
validate_bd_design
save_bd_design
make_wrapper -files [get_files vaqf_system.bd] -top
add_files -norecurse vaqf_system_wrapper.v
set_property top vaqf_system_wrapper [current_fileset]
update_compile_order -fileset sources_1
launch_runs impl_1 -to_step write_bitstream -jobs 4
wait_on_run impl_1
get_property PROGRESS [get_runs impl_1]
open_run impl_1
report_utilization -hierarchical -file vaqf_utilization.rpt
report_timing_summary -file vaqf_timing.rpt
get_property SLACK [get_timing_paths -delay_type max]
get_property SLACK [get_timing_paths -delay_type min]
write_hw_platform -fixed -include_bit -force vaqf.xsa
exit
