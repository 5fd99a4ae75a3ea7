// RUN: not vaqf-opt %S/Inputs/model.mlir -p lower-binvit-to-loops 2>&1 | filecheck %s --check-prefix=EARLY
// EARLY: error: the module has no engines; run binvit-map first
// RUN: not vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-quantize,binvit-map,binvit-tile,binvit-unroll{lanes=8},lower-binvit-to-loops' 2>&1 | filecheck %s --check-prefix=MEMORY
// MEMORY: error: the module has no memories; run binvit-allocate first
// RUN: not vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-quantize,binvit-map,binvit-tile,binvit-unroll{lanes=16},binvit-allocate,lower-binvit-to-loops' 2>&1 | filecheck %s --check-prefix=HEADS
// HEADS: error: heads of 8 channels are no multiple of the 16 lanes; choose fewer lanes in binvit-unroll
