// RUN: vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-quantize{activation-bits=1},binvit-map,binvit-tile{binary-m=32 binary-n=16 int8-m=16 int8-n=16},binvit-unroll{lanes=8 keys=2},binvit-allocate,lower-binvit-to-loops' 2>/dev/null | filecheck %s --check-prefix=SMALL
// RUN: vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-quantize{activation-bits=6},binvit-map,binvit-tile{binary-m=32 binary-n=16 int8-m=16 int8-n=16},binvit-unroll{binary-m=8 lanes=8 keys=2},binvit-allocate,lower-binvit-to-loops' 2>/dev/null | filecheck %s
// RUN: vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-quantize{activation-bits=6},binvit-map,binvit-tile{binary-m=32 binary-n=16 int8-m=16 int8-n=16},binvit-unroll{binary-m=8 lanes=8 keys=2},binvit-allocate,binvit-estimate{board=kv260},lower-binvit-to-loops' 2>/dev/null | filecheck %s --check-prefix=TIMED

// What the logits stand for.
// CHECK: binvit.result = tensor<1x{{[0-9]+}}x!binvit.q<
// CHECK: "memref.global"() <{sym_name = "exp_table", type = memref<256xi16>

// The weights of a layer are fetched in one burst.
// CHECK-LABEL: func.func @binary_linear_fetch_weights(
// CHECK-SAME: %binary_linear_weights: memref<{{[0-9]+}}xi128>, %fetched: memref<{{[0-9]+}}xi128, "fifo">
// CHECK: scf.for %word
// CHECK: vhls.pipeline ii = 1
// CHECK: memref.load %binary_linear_weights
// CHECK: memref.store {{.*}}, %fetched

// A pair of binary weights chooses the sum or the difference of two inputs, or its complement.
// CHECK-LABEL: func.func @binary_linear_dot(
// CHECK-SAME: %plus: memref<8xi7>, %minus: memref<8xi7>, %weight_row: memref<1xi128>) -> i10
// CHECK-NEXT: vhls.inline off
// CHECK-NEXT: vhls.pipeline ii = 1
// CHECK: %chosen = arith.select
// CHECK: arith.xori
// CHECK: arith.select
// The sum is a tree, one bit wider with each level.
// CHECK: %sum = memref.alloca() : memref<4xi8>
// CHECK: scf.for %pair
// CHECK-NEXT: vhls.unroll
// CHECK: arith.addi
// CHECK: memref.alloca() : memref<2xi9>

// All tokens stream past a tile, and past the next one, in one loop: 8 of the tile's 32 output
// channels a cycle, each with all 16 input channels.
// CHECK-LABEL: func.func @binary_linear_multiply(
// CHECK-SAME: %activations: memref<20x2x8xi6>, %residual: memref<10x1x8xi16>, %weights: memref<{{[0-9]+}}xi128, "fifo">, %biases: memref<{{[0-9]+}}xi128, "fifo">
// The totals of all tokens, one memory for each channel.
// CHECK: %totals = memref.alloc() : memref<5x4x8xi{{[0-9]+}}>
// CHECK-NEXT: vhls.array_partition %totals "complete" dim = 2 : memref<5x4x8xi{{[0-9]+}}>
// CHECK-NEXT: vhls.array_partition %totals "complete" dim = 3 : memref<5x4x8xi{{[0-9]+}}>
// CHECK: scf.for %iteration
// CHECK: scf.for %step_m
// CHECK-NEXT: vhls.pipeline ii = 1
// A layer's results go to rows that it does not read, and a total is needed again after a pass over
// the tokens, of 32 iterations of 4 cycles at least; results are finished in the first of the 4.
// CHECK-NEXT: vhls.dependence %activations "inter" false
// CHECK-NEXT: vhls.dependence %residual "inter" false
// CHECK-NEXT: vhls.dependence %totals "inter" distance = 128
// CHECK-NEXT: vhls.dependence %done "inter" distance = 125
// Meanwhile the next tile's weights and biases come in,
// CHECK: memref.load %weights
// CHECK: memref.store {{.*}}, %weight_ahead
// CHECK: memref.load %biases
// CHECK: memref.store {{.*}}, %bias_ahead
// CHECK: memref.load %activations
// and results of the row of tiles before are finished: bias, requantisation, what the layer asks for.
// CHECK: memref.load %bias
// CHECK: memref.load %done
// CHECK: %scaled = memref.alloca() : memref<8xi{{[0-9]+}}>
// CHECK: memref.load %gelu
// CHECK: memref.store {{.*}}, %activations
// CHECK: memref.store {{.*}}, %residual
// Sums and differences of neighbours are made once, for all output channels.
// CHECK: %plus = memref.alloca() : memref<8xi7>
// CHECK: %minus = memref.alloca() : memref<8xi7>
// CHECK: scf.for %lane
// CHECK-NEXT: vhls.unroll
// CHECK: func.call @binary_linear_dot(%plus, %minus
// CHECK: memref.store {{.*}}, %totals
// CHECK: memref.store {{.*}}, %done

// While a layer is worked on, its weights and biases are fetched, and come through queues.
// CHECK-LABEL: func.func @binary_linear_tiles(
// CHECK: vhls.dataflow
// CHECK-NEXT: %weights = memref.alloca() : memref<{{[0-9]+}}xi128, "fifo">
// CHECK-NEXT: vhls.stream %weights depth = 8
// CHECK-NEXT: %biases = memref.alloca() : memref<{{[0-9]+}}xi128, "fifo">
// CHECK-NEXT: vhls.stream %biases depth = 16
// CHECK-NEXT: func.call @binary_linear_fetch_weights(%binary_linear_weights, %weights
// CHECK-NEXT: func.call @binary_linear_fetch_biases(%parameters, %biases
// CHECK-NEXT: func.call @binary_linear_multiply

// An engine is a function over memories and ports; sizes and places are arguments.
// CHECK-LABEL: func.func @binary_linear(
// CHECK-SAME: %activations: memref<20x2x8xi6>, %residual: memref<10x1x8xi16>, %binary_linear_weights: memref<{{[0-9]+}}xi128>, %parameters: memref<{{[0-9]+}}xi128>
// CHECK-SAME: %tokens: index, %in_channels: index, %out_channels: index
// CHECK-NEXT: vhls.inline off

// CHECK: func.call @binary_linear_tiles

// The top function calls the engines, layer by layer.
// CHECK-LABEL: func.func @vaqf_top(
// CHECK-SAME: %image_port: memref<4xi128>, %int8_linear_weights: memref<{{[0-9]+}}xi128>, %binary_linear_weights: memref<{{[0-9]+}}xi128>, %parameters: memref<{{[0-9]+}}xi128>, %logits: memref<8xi64>
// A port has a bus of its own, and a register for its address.
// CHECK-NEXT: vhls.interface %image_port : memref<4xi128> mode = "m_axi" bundle = "gmem_image_port" depth = 4 max_read_burst_length = 64 num_read_outstanding = 4
// Where the board is known, its memory answers after so many cycles: 300 ns at 150 MHz.
// TIMED: vhls.interface %image_port : memref<4xi128> mode = "m_axi" bundle = "gmem_image_port" depth = 4 latency = 45 max
// CHECK: vhls.interface %logits : memref<8xi64> mode = "m_axi" bundle = "gmem_logits" depth = 8 max_write_burst_length = 64 num_write_outstanding = 4
// CHECK-NEXT: vhls.interface %image_port : memref<4xi128> mode = "s_axilite" bundle = "control"
// CHECK: vhls.allocation function @binary_linear limit = 1
// CHECK: %activations = memref.alloc() : memref<20x2x8xi6>
// CHECK: vhls.comment "norm1"
// CHECK: func.call @layer_norm
// Simulation can show what it wrote.
// CHECK-NEXT: vhls.trace "004-norm1" %activations row {{[0-9]+}} tokens 5 channels 16
// CHECK: vhls.comment "q"
// CHECK: func.call @binary_linear
// CHECK: func.call @attention
// CHECK: vhls.comment "head"
// CHECK: func.call @int8_linear

// What the files for the ports hold, in the order in which the engines read it.
// CHECK: binvit.memory_image @image_port words 4 {
// CHECK: binvit.patches
// CHECK: binvit.pack {{.*}} at 0 tile 1 by 16 bits 8
// CHECK: binvit.memory_image @int8_linear_weights words {{[0-9]+}} {
// CHECK: binvit.parameter "patch.weight"
// CHECK: binvit.pack {{.*}} at 0 tile 16 by 16 bits 8
// CHECK: binvit.memory_image @binary_linear_weights words {{[0-9]+}} {
// CHECK: binvit.parameter "q.weight"
// CHECK: binvit.pack {{.*}} at 0 tile 32 by 16 bits 1
// CHECK: binvit.parameter "k.weight"
// CHECK: binvit.pack {{.*}} at 4 tile 32 by 16 bits 1
// CHECK: binvit.memory_image @parameters words {{[0-9]+}} {

// Products of few bits are bound to LUTs, as the estimate counts them.
// SMALL: func.func @attention
// SMALL: %product = arith.muli
// SMALL-NEXT: vhls.bind_op %product impl = "fabric" : i3
