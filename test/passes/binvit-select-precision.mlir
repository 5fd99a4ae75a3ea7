// RUN: vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-select-precision{fps=20000 board=kv260}' 2>/dev/null | filecheck %s
// RUN: vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-select-precision{fps=20000 board=kv260},binvit-quantize,binvit-map,binvit-tile,binvit-unroll,binvit-allocate,binvit-estimate' 2>/dev/null | filecheck %s --check-prefix=TAKEN
// RUN: vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-select-precision{fps=1000 board=kv260 clock-mhz=100 activation-bits=6 lanes=4 keys=3 tile-binary-m=16 tile-binary-n=64}' 2>/dev/null | filecheck %s --check-prefix=GIVEN
// RUN: vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-select-precision{fps=1000 board=kv260 activation-bits=6 binary-m=48 int8-n=32}' 2>/dev/null | filecheck %s --check-prefix=DIVIDED
// RUN: vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-select-precision{fps=max board=kv260 activation-bits=8}' 2>/dev/null | filecheck %s --check-prefix=MAX
// RUN: vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-select-precision{fps=20000 profile=vaqf2022}' 2>/dev/null | filecheck %s --check-prefix=PUBLISHED

// The module gets the highest precision that meets the frame rate, and all parameters of the fastest
// accelerator of that precision.
// CHECK: builtin.module attributes {binvit.weights = "model.safetensors", binvit.selected = {
// CHECK-SAME: activation_bits = [[BITS:[0-9]+]] : i64
// CHECK-SAME: lanes = {{4|8|16}} : i64
// CHECK-SAME: keys = {{[0-9]+}} : i64
// CHECK-SAME: tile_binary_m = {{[0-9]+}} : i64, tile_binary_n = {{[0-9]+}} : i64
// CHECK-SAME: binary_m = {{[0-9]+}} : i64, binary_n = {{[0-9]+}} : i64, binary_results = {{[0-9]+}} : i64
// CHECK-SAME: tile_int8_m = {{[0-9]+}} : i64, tile_int8_n = {{[0-9]+}} : i64
// CHECK-SAME: uram = {{0|1}} : i64, board = "kv260", clock_mhz = 1.500000e+02 : f64, fps = 2{{[0-9]+}}.{{[0-9]+}} : f64

// The passes that follow take them: bits, tiles, lanes, and the board.
// TAKEN: binvit.selected = {activation_bits = [[BITS:[0-9]+]] : i64, lanes = [[LANES:[0-9]+]] : i64, keys = [[KEYS:[0-9]+]] : i64, tile_binary_m = [[M:[0-9]+]] : i64, tile_binary_n = [[N:[0-9]+]] : i64
// TAKEN-SAME: binvit.board = "kv260"
// TAKEN: binvit.engine @binary_linear "linear" {weight_bits = 1 : i64, tile_m = [[M]] : i64, tile_n = [[N]] : i64, lanes = [[LANES]] : i64
// TAKEN: binvit.engine @attention "attention" {lanes = [[LANES]] : i64, keys = [[KEYS]] : i64}
// TAKEN: binvit.memory @activations in "bram" : memref<{{[0-9]+}}x{{[0-9]+}}x[[LANES]]xi[[BITS]]>

// What is given is not searched for.
// GIVEN: binvit.selected = {activation_bits = 6 : i64, lanes = 4 : i64, keys = 3 : i64, tile_binary_m = 16 : i64, tile_binary_n = 64 : i64
// GIVEN-SAME: clock_mhz = 1.000000e+02 : f64

// A tile is chosen that the channels a cycle that are given divide.
// DIVIDED: tile_binary_m = {{48|96}} : i64, {{.*}}binary_m = 48 : i64
// DIVIDED-SAME: tile_int8_n = {{(32|64|96|128|160|192)}} : i64, {{.*}}int8_n = 32 : i64

// MAX: binvit.selected = {activation_bits = 8 : i64

// The published accelerator has tiles of its own kind: only the precision is selected.
// PUBLISHED: binvit.selected = {activation_bits = {{[0-9]+}} : i64, board = "zcu102", clock_mhz = 1.500000e+02 : f64, fps = {{.*}} : f64}}
