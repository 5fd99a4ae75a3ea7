// RUN: not vaqf-opt %s -p 'binvit-unroll{lanes=5}' 2>&1 | filecheck %s --check-prefix=LANES
// LANES: error: lanes must be 4, 8, 16 or 32, got 5
// RUN: not vaqf-opt %s -p 'binvit-unroll{keys=0}' 2>&1 | filecheck %s --check-prefix=KEYS
// KEYS: error: keys must be in 1..512, got 0
// RUN: not vaqf-opt %s -p 'binvit-unroll{binary-m=48}' 2>&1 | filecheck %s --check-prefix=DIVIDE
// DIVIDE: error: @binary_linear: 48 output channels a cycle do not divide the tile's 128
// RUN: not vaqf-opt %s -p 'binvit-unroll{binary-n=8}' 2>&1 | filecheck %s --check-prefix=MULTIPLE
// MULTIPLE: error: @binary_linear: input channels a cycle, 8, must be a multiple of the 16 lanes
// RUN: not vaqf-opt %s -p 'binvit-unroll{binary-results=3}' 2>&1 | filecheck %s --check-prefix=SHARE
// SHARE: error: @binary_linear: 3 results a cycle do not divide the 16 lanes
// RUN: not vaqf-opt %s -p 'binvit-unroll{binary-results=32}' 2>&1 | filecheck %s --check-prefix=GROUP
// GROUP: error: @binary_linear: 32 results a cycle do not divide the 16 lanes
// RUN: not vaqf-opt %s -p 'binvit-unroll{binary-results=0}' 2>&1 | filecheck %s --check-prefix=NONE
// NONE: error: @binary_linear: 0 results a cycle do not divide the 16 lanes
binvit.engine @binary_linear "linear" {tile_m = 128 : i64, tile_n = 64 : i64, weight_bits = 1 : i64}
// RUN: not vaqf-opt %s -p 'binvit-unroll{lanes=8 int8-results=6}' 2>&1 | filecheck %s --check-prefix=INT8
// INT8: error: @int8_linear: 6 results a cycle do not divide the 8 lanes
binvit.engine @int8_linear "linear" {tile_m = 32 : i64, tile_n = 16 : i64, weight_bits = 8 : i64}

// RUN: not vaqf-opt %S/Inputs/model.mlir -p binvit-unroll 2>&1 | filecheck %s --check-prefix=EARLY
// EARLY: error: no engine to unroll; run binvit-map first
// RUN: not vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-quantize,binvit-map,binvit-unroll' 2>&1 | filecheck %s --check-prefix=UNTILED
// UNTILED: error: @int8_linear has no tile; run binvit-tile first

// RUN: not vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-quantize,binvit-map,binvit-tile{binary-m=16 binary-n=2048},binvit-unroll' 2>&1 | filecheck %s --check-prefix=HUGE
// HUGE: error: @binary_linear: 2048 input channels a cycle are more than 1024; choose fewer in binvit-unroll
