// RUN: not vaqf-opt %s -p 'binvit-tile{binary-n=48}' 2>&1 | filecheck %s --check-prefix=ROW
// ROW: error: @binary_linear: a row of 48 weights of 1 bits must divide a 128-bit word or be a multiple of it; choose a power of two
// RUN: not vaqf-opt %s -p 'binvit-tile{binary-m=6 binary-n=32}' 2>&1 | filecheck %s --check-prefix=TILE
// TILE: error: @binary_linear: a tile of 6 x 32 weights does not fill 128-bit words; make its height a multiple of 4
// RUN: not vaqf-opt %s -p 'binvit-tile{binary-m=0}' 2>&1 | filecheck %s --check-prefix=ZERO
// ZERO: error: @binary_linear: tile sizes must be in 1..4096, got 0
// RUN: not vaqf-opt %s -p 'binvit-tile{binary-m=8192}' 2>&1 | filecheck %s --check-prefix=HUGE
// HUGE: error: @binary_linear: tile sizes must be in 1..4096, got 8192
// RUN: not vaqf-opt %s -p 'binvit-tile{binary-m=1024 binary-n=256}' 2>&1 | filecheck %s --check-prefix=WORDS
// WORDS: error: @binary_linear: a tile of 1024 x 256 weights takes 2048 words of registers; choose a tile of at most 1024
binvit.engine @binary_linear "linear" {weight_bits = 1 : i64}
// RUN: not vaqf-opt %s -p 'binvit-tile{int8-n=8}' 2>&1 | filecheck %s --check-prefix=PIXELS
// PIXELS: error: @int8_linear: 8 input channels do not take a whole word of the image; choose at least 16
binvit.engine @int8_linear "linear" {weight_bits = 8 : i64}

// RUN: not vaqf-opt %S/Inputs/model.mlir -p binvit-tile 2>&1 | filecheck %s --check-prefix=EARLY
// EARLY: error: no linear engine to tile; run binvit-map first
