// RUN: vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-quantize{activation-bits=6},binvit-map,binvit-tile{binary-m=32 binary-n=16 int8-m=16 int8-n=16},binvit-unroll{binary-m=8 lanes=8 keys=2},binvit-allocate,binvit-estimate{board=kv260}' 2>/dev/null | filecheck %s
// RUN: vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-quantize{activation-bits=6},binvit-map,binvit-tile{binary-m=32 binary-n=16 int8-m=16 int8-n=16},binvit-unroll{binary-m=8 lanes=8 keys=2},binvit-allocate,binvit-estimate{board=kv260},binvit-estimate{board=u250 clock-mhz=250},lower-binvit-to-loops' 2>/dev/null | filecheck %s --check-prefix=AGAIN
// RUN: vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-quantize{activation-bits=6},binvit-map,binvit-tile,binvit-unroll{lanes=8 binary-n=16},binvit-allocate,binvit-estimate{profile=vaqf2022}' 2>/dev/null | filecheck %s --check-prefix=PUBLISHED

// The module has the board, the clock, the sum of all costs, and what is left of what a design may
// take; a margin covers control logic and routing.
// CHECK: builtin.module attributes {
// CHECK-SAME: binvit.part = "xck26-sfvc784-2LV-c"
// CHECK-SAME: binvit.clock_mhz = 1.500000e+02 : f64
// CHECK-SAME: binvit.cycles = {{[0-9]+}} : i64
// CHECK-SAME: binvit.resources = #binvit.resources<lut = {{[0-9]+}}, ff = {{[0-9]+}}, dsp = {{[0-9]+}}, bram18 = {{[0-9]+}}, uram = 0>
// CHECK-SAME: binvit.remaining = #binvit.resources<
// CHECK-SAME: binvit.interfaces = #binvit.resources<
// CHECK-SAME: binvit.margin = #binvit.resources<lut = {{[0-9]+}}, ff = {{[0-9]+}}, dsp = 0, bram18 = 0, uram = 0>
// CHECK-SAME: binvit.board = "kv260"
// CHECK-SAME: binvit.profile = "calibrated"

// Each engine and memory has its own.
// CHECK: binvit.engine @binary_linear "linear" {{{.*}}} {resources = #binvit.resources<lut = {{[0-9]+}}, ff = {{[0-9]+}}, dsp = {{[0-9]+}}, bram18 = {{[0-9]+}}, uram = 0>}
// 20 rows of 2 x 8 elements of 6 bits: 16 banks, half a block RAM each.
// CHECK: binvit.memory @activations in "bram" : memref<20x2x8xi6> {resources = #binvit.resources<lut = 0, ff = 0, dsp = 0, bram18 = 16, uram = 0>}

// Each dispatch has its cycles, and what most of them are spent on.
// CHECK: binvit.dispatch @load_image to @image row 0 {cycles = {{[0-9]+}} : i64, bound = "activations"}
// CHECK: binvit.dispatch @layer_norm to @activations row 0 {layer = "norm1", cycles = {{[0-9]+}} : i64, bound = "weights"}

// A second estimate takes the place of the first; the loops keep part and clock.
// AGAIN: binvit.part = "xcu250-figd2104-2L-e", binvit.clock_mhz = 2.500000e+02 : f64

// A pass that changes what was estimated removes the estimate.
// RUN: vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-quantize{activation-bits=6},binvit-map,binvit-tile,binvit-unroll{lanes=8 binary-n=16},binvit-allocate,binvit-estimate{profile=vaqf2022},binvit-estimate,binvit-unroll{lanes=8}' 2>/dev/null | filecheck %s --check-prefix=FORGOTTEN
// FORGOTTEN: builtin.module attributes {binvit.weights = "model.safetensors"} {
// FORGOTTEN-NOT: resources =
// FORGOTTEN-NOT: cycles =

// The published machine has one engine, and cycles for matrix products only.
// PUBLISHED: binvit.part = "xczu9eg-ffvb1156-2-e", binvit.clock_mhz = 1.500000e+02 : f64
// PUBLISHED-SAME: binvit.published_engine = #binvit.resources<
// PUBLISHED: binvit.dispatch @layer_norm {{.*}}cycles = 0 : i64
// PUBLISHED: binvit.dispatch @binary_linear {{.*}}cycles = {{[1-9][0-9]*}} : i64
