// RUN: vaqf-opt %s | vaqf-opt | filecheck %s
// RUN: vaqf-opt %s --print-op-generic | vaqf-opt | filecheck %s

!image = tensor<1x4x4x!binvit.q<s8, 0.5>>
!tokens = tensor<2x8x!binvit.q<s8, 0.5>>

// CHECK: binvit.engine @fetch "load_image" {lanes = 4 : i64}
binvit.engine @fetch "load_image" {lanes = 4 : i64}
// CHECK: binvit.engine @linear "linear" {lanes = 4 : i64, tile_m = 16 : i64, tile_n = 8 : i64, unroll_m = 16 : i64, unroll_n = 8 : i64, weight_bits = 1 : i64}
binvit.engine @linear "linear" {lanes = 4 : i64, tile_m = 16 : i64, tile_n = 8 : i64, unroll_m = 16 : i64, unroll_n = 8 : i64, weight_bits = 1 : i64}
// CHECK: binvit.memory @image in "bram" : memref<4x1x4xi8>
binvit.memory @image in "bram" : memref<4x1x4xi8>

// CHECK-LABEL: @main
func.func @main(%image: !image, %x: !tokens) {
  // CHECK: %{{.*}} = binvit.dispatch @fetch to @image row 3 {layer = "patches"} : tensor<1x4x4x!binvit.q<s8, 0.5>> {
  // CHECK-NEXT: binvit.yield %image : tensor<1x4x4x!binvit.q<s8, 0.5>>
  %0 = binvit.dispatch @fetch to @image row 3 {layer = "patches"} : !image {
    binvit.yield %image : !image
  }
  // CHECK: binvit.dispatch @linear : tensor<2x8x!binvit.q<s8, 0.5>> {
  %1 = binvit.dispatch @linear : !tokens {
    %2 = binvit.add %x, %x : (!tokens, !tokens) -> !tokens
    binvit.yield %2 : !tokens
  }
  return
}

// CHECK: binvit.memory_image @weights words 9 {
binvit.memory_image @weights words 9 {
  %0 = binvit.parameter "weight" : tensor<8x8xf32>
  %1 = binvit.quantize %0 : tensor<8x8xf32> -> tensor<8x8x!binvit.binary<0.5>>
  // CHECK: binvit.pack %{{.*}} at 8 tile 16 by 8 bits 1 : tensor<8x8x!binvit.binary<0.5>>
  binvit.pack %1 at 8 tile 16 by 8 bits 1 : tensor<8x8x!binvit.binary<0.5>>
}
