// What each operation's verifier refuses.

// RUN: vaqf-opt %s --split-input-file --verify-diagnostics | filecheck %s

// CHECK: 'vhls.pipeline' expects parent op to be one of 'scf.for', 'func.func'
func.func @pipeline_in_branch(%taken: i1) {
  scf.if %taken {
    vhls.pipeline ii = 1
  }
  func.return
}

// -----

// CHECK: ii must be at least 1, got 0
func.func @ii(%zero: index, %one: index) {
  scf.for %i = %zero to %one step %one {
    vhls.pipeline ii = 0
  }
  func.return
}

// -----

// CHECK: 'vhls.unroll' expects parent op 'scf.for'
func.func @unroll_in_function() {
  vhls.unroll
  func.return
}

// -----

// CHECK: factor must be at least 1, got 0
func.func @unroll_factor(%zero: index, %one: index) {
  scf.for %i = %zero to %one step %one {
    vhls.unroll factor = 0
  }
  func.return
}

// -----

// CHECK: 'vhls.dataflow' expects parent op to be one of 'scf.for', 'func.func'
func.func @dataflow_in_branch(%taken: i1) {
  scf.if %taken {
    vhls.dataflow
  }
  func.return
}

// -----

// CHECK: a dataflow region has nothing but calls and their arrays, got memref.store
func.func @statement_in_dataflow_function(%x: memref<4xi8>, %value: i8, %zero: index) {
  vhls.dataflow
  memref.store %value, %x[%zero] : memref<4xi8>
  func.return
}

// -----

// CHECK: a dataflow region has nothing but calls and their arrays, got func.return
func.func @dataflow_with_result(%value: i8) -> i8 {
  vhls.dataflow
  func.return %value : i8
}

// -----

// CHECK: the array must be a queue, with the memory space "fifo"
func.func @stream_of_array(%x: memref<4xi8>) {
  vhls.stream %x depth = 2 : memref<4xi8>
  func.return
}

// -----

// CHECK: depth must be at least 1, got 0
func.func @stream_without_depth(%x: memref<4xi8, "fifo">) {
  vhls.stream %x depth = 0 : memref<4xi8, "fifo">
  func.return
}

// -----

// CHECK: distance must be at least 1, got 0
func.func @dependence_on_itself(%x: memref<4xi8>, %zero: index, %one: index) {
  scf.for %i = %zero to %one step %one {
    vhls.dependence %x "inter" distance = 0 : memref<4xi8>
  }
  func.return
}

// -----

// CHECK: only iterations are at a distance: the kind must be inter
func.func @distance_in_iteration(%x: memref<4xi8>, %zero: index, %one: index) {
  scf.for %i = %zero to %one step %one {
    vhls.dependence %x "intra" distance = 2 : memref<4xi8>
  }
  func.return
}

// -----

// CHECK: a dataflow region has nothing but calls and their arrays, got memref.store
func.func @statement_in_dataflow(%x: memref<4xi8>, %value: i8, %zero: index, %one: index) {
  scf.for %i = %zero to %one step %one {
    vhls.dataflow
    memref.store %value, %x[%i] : memref<4xi8>
  }
  func.return
}

// -----

// CHECK: a dataflow region has nothing but calls and their arrays, got scf.yield
func.func @carried_through_dataflow(%value: i8, %zero: index, %one: index) -> i8 {
  %0 = scf.for %i = %zero to %one step %one iter_args(%carried = %value) -> (i8) {
    vhls.dataflow
    scf.yield %carried : i8
  }
  func.return %0 : i8
}

// -----

// CHECK: 'vhls.loop_tripcount' expects parent op 'scf.for'
func.func @tripcount_in_function() {
  vhls.loop_tripcount min = 1 max = 2
  func.return
}

// -----

// CHECK: expected 0 <= min <= max, got min 3 and max 2
func.func @tripcount_order(%zero: index, %one: index) {
  scf.for %i = %zero to %one step %one {
    vhls.loop_tripcount min = 3 max = 2
  }
  func.return
}

// -----

// CHECK: 'vhls.expression_balance' expects parent op 'scf.for'
func.func @balance_in_function() {
  vhls.expression_balance off
  func.return
}

// -----

// CHECK: 'vhls.dependence' expects parent op 'scf.for'
func.func @dependence_in_function(%x: memref<4xi8>) {
  vhls.dependence %x "inter" false : memref<4xi8>
  func.return
}

// -----

// CHECK: kind must be one of inter, intra, got 'RAW'
func.func @dependence_kind(%x: memref<4xi8>, %zero: index, %one: index) {
  scf.for %i = %zero to %one step %one {
    vhls.dependence %x "RAW" false : memref<4xi8>
  }
  func.return
}

// -----

// CHECK: 'vhls.interface' expects parent op 'func.func'
func.func @interface_in_loop(%x: memref<4xi8>, %zero: index, %one: index) {
  scf.for %i = %zero to %one step %one {
    vhls.interface %x : memref<4xi8> mode = "m_axi" bundle = "gmem"
  }
  func.return
}

// -----

// CHECK: mode must be one of m_axi, s_axilite, got 'axis'
func.func @interface_mode(%x: memref<4xi8>) {
  vhls.interface %x : memref<4xi8> mode = "axis" bundle = "gmem"
  func.return
}

// -----

// CHECK: port must be an argument of the function
func.func @interface_of_a_local_array() {
  %x = memref.alloc() : memref<4xi8>
  vhls.interface %x : memref<4xi8> mode = "m_axi" bundle = "gmem"
  func.return
}

// -----

// CHECK: an m_axi port must be a memref
func.func @interface_of_a_scalar(%x: i8) {
  vhls.interface %x : i8 mode = "m_axi" bundle = "gmem"
  func.return
}

// -----

// CHECK: an m_axi port must be a memref
func.func @interface_of_return() {
  vhls.interface mode = "m_axi" bundle = "gmem"
  func.return
}

// -----

// CHECK: depth, latency, max_read_burst_length, max_write_burst_length, num_read_outstanding, num_write_outstanding are options of m_axi ports
func.func @interface_options(%x: memref<4xi8>) {
  vhls.interface %x : memref<4xi8> mode = "s_axilite" bundle = "control" depth = 4
  func.return
}

// -----

// CHECK: latency must be at least 1, got 0
func.func @interface_latency(%x: memref<4xi8>) {
  vhls.interface %x : memref<4xi8> mode = "m_axi" bundle = "gmem" latency = 0
  func.return
}

// -----

// CHECK: num_read_outstanding must be at least 1, got 0
func.func @interface_outstanding(%x: memref<4xi8>) {
  vhls.interface %x : memref<4xi8> mode = "m_axi" bundle = "gmem" num_read_outstanding = 0
  func.return
}

// -----

// CHECK: max_read_burst_length must be at most 256
func.func @interface_burst(%x: memref<4xi8>) {
  vhls.interface %x : memref<4xi8> mode = "m_axi" bundle = "gmem" max_read_burst_length = 512
  func.return
}

// -----

// CHECK: 'vhls.inline' expects parent op 'func.func'
func.func @inline_in_loop(%zero: index, %one: index) {
  scf.for %i = %zero to %one step %one {
    vhls.inline off
  }
  func.return
}

// -----

// CHECK: 'vhls.allocation' expects parent op 'func.func'
func.func @allocation_in_loop(%zero: index, %one: index) {
  scf.for %i = %zero to %one step %one {
    vhls.allocation function @allocation_in_loop limit = 1
  }
  func.return
}

// -----

// CHECK: limit must be at least 1, got 0
func.func @allocation_limit() {
  vhls.allocation function @allocation_limit limit = 0
  func.return
}

// -----

// CHECK: @engine is no function of this module
func.func @allocation_of_nothing() {
  vhls.allocation function @engine limit = 1
  func.return
}

// -----

// CHECK: kind must be one of cyclic, block, complete, got 'auto'
func.func @partition_kind(%x: memref<4xi8>) {
  vhls.array_partition %x "auto" factor = 2 dim = 1 : memref<4xi8>
  func.return
}

// -----

// CHECK: cyclic and block have a factor, complete has none
func.func @partition_without_factor(%x: memref<4xi8>) {
  vhls.array_partition %x "cyclic" dim = 1 : memref<4xi8>
  func.return
}

// -----

// CHECK: cyclic and block have a factor, complete has none
func.func @complete_partition_with_factor(%x: memref<4xi8>) {
  vhls.array_partition %x "complete" factor = 2 dim = 1 : memref<4xi8>
  func.return
}

// -----

// CHECK: factor must be at least 1, got 0
func.func @partition_factor(%x: memref<4xi8>) {
  vhls.array_partition %x "cyclic" factor = 0 dim = 1 : memref<4xi8>
  func.return
}

// -----

// CHECK: factor must be at most the size of the dimension, 4
func.func @partition_too_fine(%x: memref<4xi8>) {
  vhls.array_partition %x "cyclic" factor = 8 dim = 1 : memref<4xi8>
  func.return
}

// -----

// CHECK: dimension 1 has no size that could be divided
func.func @unknown_size(%x: memref<?xi8>) {
  vhls.array_partition %x "complete" dim = 1 : memref<?xi8>
  func.return
}

// -----

// CHECK: dim must be in 1..1, got 0
func.func @partition_dim(%x: memref<4xi8>) {
  vhls.array_partition %x "complete" dim = 0 : memref<4xi8>
  func.return
}

// -----

// CHECK: an m_axi port cannot be divided: copy it to a buffer first
func.func @partition_of_a_port(%x: memref<4xi8>) {
  vhls.interface %x : memref<4xi8> mode = "m_axi" bundle = "gmem"
  vhls.array_partition %x "complete" dim = 1 : memref<4xi8>
  func.return
}

// -----

// CHECK: an m_axi port cannot be divided: copy it to a buffer first
func.func @reshape_of_a_port(%x: memref<4xi8>) {
  vhls.interface %x : memref<4xi8> mode = "m_axi" bundle = "gmem"
  vhls.array_reshape %x "complete" dim = 1 : memref<4xi8>
  func.return
}

// -----

// CHECK: type must be one of ram_1p, ram_2p, ram_s2p, ram_t2p, rom_1p, got 'fifo'
func.func @storage_type() {
  %x = memref.alloc() : memref<4xi8>
  vhls.bind_storage %x type = "fifo" impl = "bram" : memref<4xi8>
  func.return
}

// -----

// CHECK: impl must be one of bram, lutram, uram, got 'srl'
func.func @storage_impl() {
  %x = memref.alloc() : memref<4xi8>
  vhls.bind_storage %x type = "ram_1p" impl = "srl" : memref<4xi8>
  func.return
}

// -----

// CHECK: latency must be at least 1, got 0
func.func @storage_latency() {
  %x = memref.alloc() : memref<4xi8>
  vhls.bind_storage %x type = "ram_1p" impl = "bram" latency = 0 : memref<4xi8>
  func.return
}

// -----

// CHECK: only arrays that the function itself allocates can be bound
func.func @storage_of_an_argument(%x: memref<4xi8>) {
  vhls.bind_storage %x type = "ram_1p" impl = "bram" : memref<4xi8>
  func.return
}

// -----

// CHECK: impl must be one of dsp, fabric, got 'lut'
func.func @bind_op_impl(%x: i8) {
  %sum = arith.addi %x, %x : i8
  vhls.bind_op %sum impl = "lut" : i8
  func.return
}

// -----

// CHECK: latency of add in dsp must be in 0..4, got -1
func.func @bind_op_latency(%x: i8) {
  %sum = arith.addi %x, %x : i8
  vhls.bind_op %sum impl = "dsp" latency = -1 : i8
  func.return
}

// -----

// CHECK: value must be the result of one of arith.addi, arith.subi, arith.muli
func.func @bind_op_of_something_else(%x: i8) {
  %or = arith.ori %x, %x : i8
  vhls.bind_op %or impl = "dsp" : i8
  func.return
}

// -----

// CHECK: text must be one line and not end in a backslash
func.func @comment() {
  vhls.comment "the next line is lost \\"
  func.return
}

// -----

// CHECK: layer must be usable as the name of a file, got 'a/b'
func.func @trace_name(%x: memref<20x4x16xi8>) {
  vhls.trace "a/b" %x row 0 tokens 1 channels 64 : memref<20x4x16xi8>
  func.return
}

// -----

// CHECK: the memory must be rows x width x lanes
func.func @trace_rank(%x: memref<20x4xi8>) {
  vhls.trace "a" %x row 0 tokens 1 channels 64 : memref<20x4xi8>
  func.return
}

// -----

// CHECK: tokens must be at least 1, got 0
func.func @trace_tokens(%x: memref<20x4x16xi8>) {
  vhls.trace "a" %x row 0 tokens 0 channels 64 : memref<20x4x16xi8>
  func.return
}

// -----

// CHECK: channels must be at least 1, got 0
func.func @trace_channels(%x: memref<20x4x16xi8>) {
  vhls.trace "a" %x row 0 tokens 1 channels 0 : memref<20x4x16xi8>
  func.return
}

// -----

// Each token takes two rows.
// CHECK: rows 11 to 21 are not in a memory of 20
func.func @trace_rows(%x: memref<20x4x16xi8>) {
  vhls.trace "a" %x row 11 tokens 5 channels 65 : memref<20x4x16xi8>
  func.return
}

// -----

// CHECK: latency of sub in dsp must be in 0..0, got 1
func.func @subtraction_latency(%x: i8) {
  %difference = arith.subi %x, %x : i8
  vhls.bind_op %difference impl = "dsp" latency = 1 : i8
  func.return
}
