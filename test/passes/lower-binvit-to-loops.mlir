// RUN: vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-quantize{activation-bits=6},binvit-map,binvit-tile{binary-m=32 binary-n=16 int8-m=16 int8-n=16},binvit-unroll{binary-m=8 lanes=8 keys=2},binvit-allocate,lower-binvit-to-loops' 2>/dev/null | filecheck %s

// CHECK: "memref.global"() <{sym_name = "exp_table", type = memref<256xi16>

// The weights of a tile are fetched for the next step.
// CHECK-LABEL: func.func @binary_linear_fetch(
// CHECK-SAME: %binary_linear_weights: memref<{{[0-9]+}}xi128>, %fetched: memref<4xi128>, %fetch_at: memref<2xi32>
// CHECK: scf.for %word
// CHECK-NEXT: vhls.pipeline ii = 1
// CHECK: memref.load %binary_linear_weights

// All tokens stream past a tile: 8 of its 32 output channels a cycle, each with all 16 input
// channels.
// CHECK-LABEL: func.func @binary_linear_step(
// CHECK-SAME: %activations: memref<20x2x8xi6>, %residual: memref<10x1x8xi16>, %fetched: memref<4xi128>, %step_at: memref<2xi32>, %weight: memref<4xi128>, %weight_ahead: memref<4xi128>, %totals: memref<5x4x8xi{{[0-9]+}}>, %done: memref<5x4x8xi{{[0-9]+}}>
// CHECK: scf.for %token
// CHECK: scf.for %step_m
// CHECK-NEXT: vhls.pipeline ii = 1
// A layer's results go to rows that it does not read.
// CHECK-NEXT: vhls.dependence %activations "inter" false
// Meanwhile the next tile's weights come in,
// CHECK: memref.load %fetched
// CHECK: memref.store {{.*}}, %weight_ahead
// CHECK: memref.load %activations
// and results of the row of tiles before are finished: bias, requantisation, what the layer asks for.
// CHECK: memref.load %bias
// CHECK: memref.load %done
// CHECK: %scaled = memref.alloca() : memref<8xi{{[0-9]+}}>
// CHECK: memref.load %gelu
// CHECK: memref.store {{.*}}, %activations
// CHECK: memref.store {{.*}}, %residual
// Sums and differences of neighbours are made once. A pair of binary weights chooses one of them,
// or its complement.
// CHECK: %plus = memref.alloca() : memref<8xi7>
// CHECK: %minus = memref.alloca() : memref<8xi7>
// CHECK: scf.for %lane
// CHECK-NEXT: vhls.unroll
// CHECK: %chosen = arith.select
// CHECK: arith.xori
// CHECK: arith.select
// The sum is a tree, one bit wider with each level.
// CHECK: %sum = memref.alloca() : memref<4xi8>
// CHECK: scf.for %pair
// CHECK-NEXT: vhls.unroll
// CHECK: arith.addi
// CHECK: memref.alloca() : memref<2xi9>
// CHECK: memref.store {{.*}}, %totals
// CHECK: memref.store {{.*}}, %done

// All steps of a layer: while one is worked on, the weights of the next are fetched.
// CHECK-LABEL: func.func @binary_linear_steps(
// CHECK: scf.for %count
// CHECK-NEXT: vhls.loop_tripcount
// CHECK-NEXT: vhls.dataflow
// CHECK-NEXT: %fetched = memref.alloca() : memref<4xi128>
// CHECK-NEXT: func.call @binary_linear_fetch
// CHECK-NEXT: func.call @binary_linear_step

// An engine is a function over memories and ports; sizes and places are arguments.
// CHECK-LABEL: func.func @binary_linear(
// CHECK-SAME: %activations: memref<20x2x8xi6>, %residual: memref<10x1x8xi16>, %binary_linear_weights: memref<{{[0-9]+}}xi128>, %parameters: memref<{{[0-9]+}}xi128>
// CHECK-SAME: %tokens: index, %in_channels: index, %out_channels: index
// CHECK-NEXT: vhls.inline off

// The totals of all tokens, one memory for each channel.
// CHECK: %totals = memref.alloc() : memref<5x4x8xi{{[0-9]+}}>
// CHECK-NEXT: vhls.array_partition %totals "complete" dim = 2 : memref<5x4x8xi{{[0-9]+}}>
// CHECK-NEXT: vhls.array_partition %totals "complete" dim = 3 : memref<5x4x8xi{{[0-9]+}}>

// Biases, then all steps.
// CHECK: scf.for %group
// CHECK: memref.store {{.*}}, %bias
// CHECK: func.call @binary_linear_steps

// The top function calls the engines, layer by layer.
// CHECK-LABEL: func.func @vaqf_top(
// CHECK-SAME: %image_port: memref<4xi128>, %int8_linear_weights: memref<{{[0-9]+}}xi128>, %binary_linear_weights: memref<{{[0-9]+}}xi128>, %parameters: memref<{{[0-9]+}}xi128>, %logits: memref<8xi64>
// CHECK: vhls.interface %image_port : memref<4xi128> mode = "m_axi" bundle = "gmem_image_port"
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
