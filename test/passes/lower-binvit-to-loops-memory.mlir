// RUN: vaqf-opt %s --verify-diagnostics -p lower-binvit-to-loops | filecheck %s

// A token that goes from the residual stream to the head without layer normalisation is not where
// the engine looks for it.
// CHECK: the result is in @residual, but an engine reads it from @activations
binvit.engine @load_rows "load_rows" {lanes = 4 : i64}
binvit.engine @copy_tokens "copy_tokens" {lanes = 4 : i64}
binvit.memory @activations in "bram" : memref<1x1x4xi8>
binvit.memory @residual in "bram" : memref<2x1x4xi16>
binvit.memory @image in "bram" : memref<16x4x4xi16>
!token = tensor<1x8x!binvit.q<s16, 0.5>>
func.func @main(%image: tensor<1x4x4x!binvit.q<s8, 0.5>>) -> !token {
  %p = binvit.parameter "cls" : tensor<1x8xf32>
  %q = binvit.quantize %p : tensor<1x8xf32> -> !token
  %0 = binvit.dispatch @load_rows to @residual row 0 : !token {
    binvit.yield %q : !token
  }
  %1 = binvit.dispatch @copy_tokens to @image row 0 : !token {
    binvit.yield %0 : !token
  }
  %w = binvit.parameter "w" : tensor<8x1x4x4xf32>
  %wq = binvit.quantize %w : tensor<8x1x4x4xf32> -> tensor<8x1x4x4x!binvit.q<s8, 0.5>>
  %unused = binvit.patch_embed %image, %wq : (tensor<1x4x4x!binvit.q<s8, 0.5>>, tensor<8x1x4x4x!binvit.q<s8, 0.5>>) -> tensor<1x8x!binvit.q<s20, 0.25>>
  return %1 : !token
}
