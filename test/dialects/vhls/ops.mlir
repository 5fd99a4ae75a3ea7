// Each operation in its custom and its generic form.

// RUN: vaqf-opt %s | vaqf-opt | filecheck %s
// RUN: vaqf-opt %s --print-op-generic | filecheck %s --check-prefix=GENERIC
// RUN: vaqf-opt %s --print-op-generic | vaqf-opt | filecheck %s

// CHECK-LABEL: func.func @engine
func.func @engine(%input: memref<64xi8>) {
  // CHECK-NEXT: vhls.inline off
  // GENERIC: "vhls.inline"() : () -> ()
  vhls.inline off
  // CHECK-NEXT: vhls.comment "layer 3"
  // GENERIC: "vhls.comment"() <{text = "layer 3"}> : () -> ()
  vhls.comment "layer 3"
  %buffer = memref.alloc() : memref<8x64xi20>
  // CHECK: vhls.array_partition %buffer "cyclic" factor = 4 dim = 2 : memref<8x64xi20>
  // GENERIC: "vhls.array_partition"(%buffer) <{kind = "cyclic", factor = 4 : i64, dim = 2 : i64}> : (memref<8x64xi20>) -> ()
  vhls.array_partition %buffer "cyclic" factor = 4 dim = 2 : memref<8x64xi20>
  // CHECK-NEXT: vhls.array_partition %buffer "complete" dim = 1 : memref<8x64xi20>
  vhls.array_partition %buffer "complete" dim = 1 : memref<8x64xi20>
  // CHECK-NEXT: vhls.array_reshape %buffer "block" factor = 2 dim = 2 : memref<8x64xi20>
  // GENERIC: "vhls.array_reshape"(%buffer) <{kind = "block", factor = 2 : i64, dim = 2 : i64}> : (memref<8x64xi20>) -> ()
  vhls.array_reshape %buffer "block" factor = 2 dim = 2 : memref<8x64xi20>
  // CHECK-NEXT: vhls.bind_storage %buffer type = "ram_2p" impl = "uram" : memref<8x64xi20>
  // GENERIC: "vhls.bind_storage"(%buffer) <{type = "ram_2p", impl = "uram"}> : (memref<8x64xi20>) -> ()
  vhls.bind_storage %buffer type = "ram_2p" impl = "uram" : memref<8x64xi20>
  // CHECK-NEXT: vhls.bind_storage %buffer type = "ram_2p" impl = "uram" latency = 3 : memref<8x64xi20>
  // GENERIC: "vhls.bind_storage"(%buffer) <{type = "ram_2p", impl = "uram", latency = 3 : i64}> : (memref<8x64xi20>) -> ()
  vhls.bind_storage %buffer type = "ram_2p" impl = "uram" latency = 3 : memref<8x64xi20>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  scf.for %i = %zero to %size step %one {
    // CHECK: vhls.pipeline ii = 2
    // GENERIC: "vhls.pipeline"() <{ii = 2 : i64}> : () -> ()
    vhls.pipeline ii = 2
    // CHECK-NEXT: vhls.unroll factor = 8
    // GENERIC: "vhls.unroll"() <{factor = 8 : i64}> : () -> ()
    vhls.unroll factor = 8
    // CHECK-NEXT: vhls.unroll{{$}}
    // GENERIC: "vhls.unroll"() : () -> ()
    vhls.unroll
    // CHECK-NEXT: vhls.loop_tripcount min = 1 max = 64
    // GENERIC: "vhls.loop_tripcount"() <{min = 1 : i64, max = 64 : i64}> : () -> ()
    vhls.loop_tripcount min = 1 max = 64
    // CHECK-NEXT: vhls.dependence %buffer "inter" false : memref<8x64xi20>
    // GENERIC: "vhls.dependence"(%buffer) <{kind = "inter"}> : (memref<8x64xi20>) -> ()
    vhls.dependence %buffer "inter" false : memref<8x64xi20>
    // CHECK-NEXT: vhls.dependence %buffer "inter" distance = 32 : memref<8x64xi20>
    // GENERIC: "vhls.dependence"(%buffer) <{kind = "inter", distance = 32 : i64}> : (memref<8x64xi20>) -> ()
    vhls.dependence %buffer "inter" distance = 32 : memref<8x64xi20>
    // CHECK-NEXT: vhls.expression_balance off
    // GENERIC: "vhls.expression_balance"() : () -> ()
    vhls.expression_balance off
    %x = memref.load %input[%i] : memref<64xi8>
    %product = arith.muli %x, %x : i8
    // CHECK: vhls.bind_op %product impl = "fabric" latency = 2 : i8
    // GENERIC: "vhls.bind_op"(%product) <{impl = "fabric", latency = 2 : i64}> : (i8) -> ()
    vhls.bind_op %product impl = "fabric" latency = 2 : i8
    // CHECK-NEXT: vhls.bind_op %product impl = "dsp" : i8
    vhls.bind_op %product impl = "dsp" : i8
  }
  func.return
}

func.func private @load(%buffer: memref<4xi8>, %i: index)
func.func private @multiply(%buffer: memref<4xi8>, %i: index)

// CHECK-LABEL: func.func @processes
func.func @processes(%tiles: index, %zero: index, %one: index) {
  scf.for %i = %zero to %tiles step %one {
    // CHECK: vhls.dataflow
    // GENERIC: "vhls.dataflow"() : () -> ()
    vhls.dataflow
    vhls.loop_tripcount min = 1 max = 4
    %buffer = memref.alloca() : memref<4xi8>
    vhls.array_partition %buffer "complete" dim = 1 : memref<4xi8>
    func.call @load(%buffer, %i) : (memref<4xi8>, index) -> ()
    func.call @multiply(%buffer, %i) : (memref<4xi8>, index) -> ()
  }
  func.return
}

func.func private @write(%queue: memref<64xi128, "fifo">)
func.func private @read(%queue: memref<64xi128, "fifo">)

// CHECK-LABEL: func.func @processes_of_a_function
func.func @processes_of_a_function() {
  vhls.inline off
  // CHECK: vhls.dataflow
  vhls.dataflow
  // CHECK-NEXT: %queue = memref.alloca() : memref<64xi128, "fifo">
  %queue = memref.alloca() : memref<64xi128, "fifo">
  // CHECK-NEXT: vhls.stream %queue depth = 16 : memref<64xi128, "fifo">
  // GENERIC: "vhls.stream"(%queue) <{depth = 16 : i64}> : (memref<64xi128, "fifo">) -> ()
  vhls.stream %queue depth = 16 : memref<64xi128, "fifo">
  func.call @write(%queue) : (memref<64xi128, "fifo">) -> ()
  func.call @read(%queue) : (memref<64xi128, "fifo">) -> ()
  func.return
}

// CHECK-LABEL: func.func @top
func.func @top(%weights: memref<?xi128>, %count: index) {
  // CHECK-NEXT: vhls.interface %weights : memref<?xi128> mode = "m_axi" bundle = "gmem0" depth = 4096 latency = 60 max_read_burst_length = 64 max_write_burst_length = 16 num_read_outstanding = 8 num_write_outstanding = 4
  // GENERIC: "vhls.interface"(%weights) <{mode = "m_axi", bundle = "gmem0", depth = 4096 : i64, latency = 60 : i64, max_read_burst_length = 64 : i64, max_write_burst_length = 16 : i64, num_read_outstanding = 8 : i64, num_write_outstanding = 4 : i64}> : (memref<?xi128>) -> ()
  vhls.interface %weights : memref<?xi128> mode = "m_axi" bundle = "gmem0" depth = 4096 latency = 60 max_read_burst_length = 64 max_write_burst_length = 16 num_read_outstanding = 8 num_write_outstanding = 4
  // CHECK-NEXT: vhls.interface %count : index mode = "s_axilite" bundle = "control"
  vhls.interface %count : index mode = "s_axilite" bundle = "control"
  // CHECK-NEXT: vhls.interface mode = "s_axilite" bundle = "control"
  // GENERIC: "vhls.interface"() <{mode = "s_axilite", bundle = "control"}> : () -> ()
  vhls.interface mode = "s_axilite" bundle = "control"
  // CHECK-NEXT: vhls.allocation function @engine limit = 1
  // GENERIC: "vhls.allocation"() <{function = @engine, limit = 1 : i64}> : () -> ()
  vhls.allocation function @engine limit = 1
  // CHECK-NEXT: %memory = memref.alloc
  %memory = memref.alloc() : memref<20x4x16xi8>
  // CHECK-NEXT: vhls.trace "004-layers.0.norm" %memory row 10 tokens 5 channels 72 : memref<20x4x16xi8>
  // GENERIC: "vhls.trace"(%memory) <{layer = "004-layers.0.norm", row = 10 : i64, tokens = 5 : i64, channels = 72 : i64}> : (memref<20x4x16xi8>) -> ()
  vhls.trace "004-layers.0.norm" %memory row 10 tokens 5 channels 72 : memref<20x4x16xi8>
  func.return
}
