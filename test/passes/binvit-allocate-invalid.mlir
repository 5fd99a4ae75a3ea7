// RUN: not vaqf-opt %S/Inputs/model.mlir -p binvit-allocate 2>&1 | filecheck %s --check-prefix=EARLY
// EARLY: error: the module has no engines; run binvit-map first
// RUN: not vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-quantize,binvit-map,binvit-allocate' 2>&1 | filecheck %s --check-prefix=UNROLL
// UNROLL: error: engine @load_image has no lanes; run binvit-tile and binvit-unroll first

// RUN: not vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-quantize,binvit-map,binvit-tile,binvit-unroll{lanes=8},binvit-allocate{uram=2}' 2>&1 | filecheck %s --check-prefix=CHOICE
// CHOICE: error: uram must be 0 or 1, got 2

// Part of a word of UltraRAM cannot be written.
// RUN: not vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-quantize,binvit-map,binvit-tile{binary-m=16 binary-n=16 int8-m=16 int8-n=16},binvit-unroll{lanes=8 binary-results=4},binvit-allocate{uram=1}' 2>&1 | filecheck %s --check-prefix=RESULTS
// RESULTS: error: @activations in UltraRAM is written 8 lanes at a time, but @binary_linear finishes 4 results a cycle; choose as many in binvit-unroll, or uram=0

// RUN: vaqf-opt %s --split-input-file --verify-diagnostics -p binvit-allocate | filecheck %s

// CHECK: 8 channels are no multiple of the 16 lanes; choose fewer lanes in binvit-unroll
binvit.engine @load_rows "load_rows" {lanes = 16 : i64}
func.func @main(%x: tensor<1x8x!binvit.q<s16, 0.5>>) -> tensor<1x8x!binvit.q<s16, 0.5>> {
  %0 = binvit.dispatch @load_rows : tensor<1x8x!binvit.q<s16, 0.5>> {
    binvit.yield %x : tensor<1x8x!binvit.q<s16, 0.5>>
  }
  return %0 : tensor<1x8x!binvit.q<s16, 0.5>>
}

// -----

// CHECK: the model has more than one residual stream, the accelerator has one
binvit.engine @load_rows "load_rows" {lanes = 8 : i64}
func.func @main(%x: tensor<1x8x!binvit.q<s16, 0.5>>) -> tensor<1x8x!binvit.q<s16, 0.5>> {
  %0 = binvit.dispatch @load_rows : tensor<1x8x!binvit.q<s16, 0.5>> {
    binvit.yield %x : tensor<1x8x!binvit.q<s16, 0.5>>
  }
  %1 = binvit.dispatch @load_rows : tensor<1x8x!binvit.q<s16, 0.5>> {
    binvit.yield %x : tensor<1x8x!binvit.q<s16, 0.5>>
  }
  return %1 : tensor<1x8x!binvit.q<s16, 0.5>>
}

// -----

// CHECK: the result is unsigned, but memories hold signed ones
binvit.engine @load_image "load_image" {lanes = 8 : i64}
binvit.engine @layer_norm "layer_norm" {lanes = 8 : i64}
func.func @main(%x: tensor<1x8x!binvit.q<s16, 0.5>>) -> tensor<1x8x!binvit.q<u8, 0.5>> {
  %0 = binvit.dispatch @layer_norm : tensor<1x8x!binvit.q<u8, 0.5>> {
    %1 = "test.op"() : () -> tensor<1x8x!binvit.q<u8, 0.5>>
    binvit.yield %1 : tensor<1x8x!binvit.q<u8, 0.5>>
  }
  return %0 : tensor<1x8x!binvit.q<u8, 0.5>>
}
