// RUN: not vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-select-precision{fps=0}' 2>&1 | filecheck %s --check-prefix=ZERO
// ZERO: error: fps must be a number of images a second in 0.001..1000000, or 'max', got '0'
// RUN: not vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-select-precision{fps=1e20}' 2>&1 | filecheck %s --check-prefix=FAST
// FAST: error: fps must be a number of images a second in 0.001..1000000, or 'max', got '1e20'
// RUN: not vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-select-precision{fps=24 clock-mhz=0.5}' 2>&1 | filecheck %s --check-prefix=CLOCK
// CLOCK: error: clock-mhz must be in 1..1000, got 0.5

// RUN: not vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-select-precision{fps=24 activation-bits=17}' 2>&1 | filecheck %s --check-prefix=BITS
// BITS: error: activation-bits must be in 1..16, got 17

// RUN: not vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-select-precision{fps=24 profile=fastest}' 2>&1 | filecheck %s --check-prefix=PROFILE
// PROFILE: error: profile must be calibrated or vaqf2022, got 'fastest'

// RUN: not vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-select-precision{fps=24 profile=vaqf2022 board=u250}' 2>&1 | filecheck %s --check-prefix=PUBLISHED
// PUBLISHED: error: profile vaqf2022 was fitted to zcu102 at 150 MHz and knows no other board or clock

// Given parameters that rule everything out are refused with the reason.
// RUN: not vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-select-precision{fps=24 activation-bits=8 lanes=8 tile-binary-n=48}' 2>&1 | filecheck %s --check-prefix=ROW
// ROW: error: @binary_linear: a row of 48 weights of 1 bits must divide a 128-bit word or be a multiple of it

// RUN: not vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-select-precision{fps=24 activation-bits=8 lanes=8 binary-n=1000}' 2>&1 | filecheck %s --check-prefix=SUITS
// SUITS: error: no tile suits what is given: @binary_linear: tile sizes must be in 1..4096, got 16000
// RUN: not vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-select-precision{fps=24 activation-bits=8 lanes=8 int8-m=0}' 2>&1 | filecheck %s --check-prefix=NONE
// NONE: error: no tile suits what is given: @int8_linear: output channels a cycle must be at least 1, got 0

// RUN: not vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-select-precision{fps=24 activation-bits=8 lanes=32}' 2>&1 | filecheck %s --check-prefix=LANES
// LANES: error: heads of 8 channels, tokens of 16 or layers of 16, 32 are no multiples of 32 lanes

// RUN: not vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-quantize,binvit-select-precision{fps=24}' 2>&1 | filecheck %s --check-prefix=ORDER
// ORDER: error: the model is quantised already; its precision is selected before binvit-quantize

// Where no precision will do, the answer is what will: the best frame rates, the bottleneck, and a board.
// RUN: not vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-select-precision{fps=1000000 board=kv260 activation-bits=8}' 2>&1 | filecheck %s --check-prefix=INFEASIBLE
// INFEASIBLE: error: no precision reaches 1e+06 FPS on KV260
// INFEASIBLE-NEXT: bits  best FPS  bottleneck
// The sizes of so small a model bind: a larger board would not make it faster.
// INFEASIBLE-NEXT: 8 {{ *[0-9.]+}}  model
// INFEASIBLE-NEXT: none of the boards known would do
