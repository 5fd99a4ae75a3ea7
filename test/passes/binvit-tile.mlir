// RUN: vaqf-opt %s -p binvit-tile | filecheck %s
// RUN: vaqf-opt %s -p 'binvit-tile{binary-m=96 binary-n=32 int8-m=8 int8-n=32}' | filecheck %s --check-prefix=CHOSEN
// RUN: vaqf-opt %s -p 'binvit-tile{binary-m=512 binary-n=256}' | filecheck %s --check-prefix=LARGEST

// CHECK: binvit.engine @binary_linear "linear" {weight_bits = 1 : i64, tile_m = 96 : i64, tile_n = 64 : i64}
// CHOSEN: binvit.engine @binary_linear "linear" {weight_bits = 1 : i64, tile_m = 96 : i64, tile_n = 32 : i64}
// A tile may take 1024 words of 128 bits.
// LARGEST: binvit.engine @binary_linear "linear" {weight_bits = 1 : i64, tile_m = 512 : i64, tile_n = 256 : i64}
binvit.engine @binary_linear "linear" {weight_bits = 1 : i64}
// CHECK: binvit.engine @int8_linear "linear" {weight_bits = 8 : i64, tile_m = 32 : i64, tile_n = 16 : i64}
// CHOSEN: binvit.engine @int8_linear "linear" {weight_bits = 8 : i64, tile_m = 8 : i64, tile_n = 32 : i64}
binvit.engine @int8_linear "linear" {weight_bits = 8 : i64}
// Only linear engines have tiles.
// CHECK: binvit.engine @attention "attention" {}
binvit.engine @attention "attention" {}
