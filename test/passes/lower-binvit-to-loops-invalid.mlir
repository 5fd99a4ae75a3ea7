// RUN: not vaqf-opt %S/Inputs/model.mlir -p lower-binvit-to-loops 2>&1 | filecheck %s --check-prefix=EARLY
// EARLY: error: the module has no engines; run binvit-map first
// RUN: not vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-quantize,binvit-map,binvit-tile,binvit-unroll{lanes=8},lower-binvit-to-loops' 2>&1 | filecheck %s --check-prefix=MEMORY
// MEMORY: error: there is no memory @activations; run binvit-allocate first
// RUN: vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-quantize,binvit-map,binvit-tile,binvit-unroll{lanes=8},binvit-allocate,lower-binvit-to-loops' 2>/dev/null -o %t.mlir
// RUN: not vaqf-opt %t.mlir -p lower-binvit-to-loops 2>&1 | filecheck %s --check-prefix=TWICE
// TWICE: error: the module is lowered to loops already; take the mapped one
// RUN: not vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-quantize,binvit-map,binvit-tile,binvit-unroll{lanes=16},binvit-allocate,lower-binvit-to-loops' 2>&1 | filecheck %s --check-prefix=HEADS
// HEADS: error: heads of 8 channels are no multiple of the 16 lanes; choose fewer lanes in binvit-unroll
