// RUN: vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-quantize{activation-bits=6},binvit-map,binvit-tile{binary-m=16 binary-n=16 int8-m=16 int8-n=16},binvit-unroll{lanes=8},binvit-allocate' 2>/dev/null | filecheck %s

// RUN: vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-quantize{activation-bits=6},binvit-map,binvit-tile{binary-m=16 binary-n=16 int8-m=16 int8-n=16},binvit-unroll{lanes=8},binvit-allocate{uram=1},lower-binvit-to-loops' --print-between-passes 2>/dev/null | filecheck %s --check-prefix=URAM

// A row of the activations holds the 16 input channels of a tile, in 2 groups of 8 lanes. At most
// four results of 5 tokens are needed at the same time.
// CHECK: binvit.memory @activations in "bram" : memref<20x2x8xi6>
// The residual stream is 5 tokens of 2 groups; the image 4 patches of 16 pixels.
// CHECK-NEXT: binvit.memory @residual in "bram" : memref<10x1x8xi16>
// CHECK-NEXT: binvit.memory @image in "bram" : memref<4x2x8xi8>

// The class token is row 0 of the residual stream, patches follow; what adds to it does so in place.
// CHECK: binvit.dispatch @load_image to @image row 0
// CHECK: binvit.dispatch @load_rows to @residual row 0
// CHECK: binvit.dispatch @load_rows to @residual row 2
// CHECK: binvit.dispatch @int8_linear to @residual row 2 {layer = "patch"}
// CHECK: binvit.dispatch @layer_norm to @activations row 0 {layer = "norm1"}
// CHECK: binvit.dispatch @binary_linear to @activations row 5 {layer = "q"}
// CHECK: binvit.dispatch @binary_linear to @activations row 10 {layer = "k"}
// CHECK: binvit.dispatch @binary_linear to @activations row 15 {layer = "v"}
// The normalised tokens are not needed any more: attention takes their rows.
// CHECK: binvit.dispatch @attention to @activations row 0
// CHECK: binvit.dispatch @binary_linear to @residual row 0 {layer = "o"}
// CHECK: binvit.dispatch @layer_norm to @activations row 0 {layer = "norm2"}
// CHECK: binvit.dispatch @binary_linear to @activations row 5 {layer = "fc1"}
// CHECK: binvit.dispatch @binary_linear to @residual row 0 {layer = "fc2"}
// CHECK: binvit.dispatch @copy_tokens to @image row 0
// The logits go to the output port.
// CHECK: binvit.dispatch @int8_linear {layer = "head"}

// In UltraRAM the lanes of a group share a word, as wide as four of its 72 bits for 32 lanes of 8.
// The image stays in block RAM, as words of its port are no groups of lanes.
// URAM: binvit.memory @activations in "uram" : memref<20x2x8xi6>
// URAM-NEXT: binvit.memory @residual in "uram" : memref<10x1x8xi16>
// URAM-NEXT: binvit.memory @image in "bram" : memref<4x2x8xi8>
// URAM: func.func @vaqf_top
// URAM: vhls.array_partition %activations "complete" dim = 2
// URAM-NEXT: vhls.array_reshape %activations "complete" dim = 3
// URAM-NEXT: vhls.bind_storage %activations type = "ram_2p" impl = "uram" latency = 3
