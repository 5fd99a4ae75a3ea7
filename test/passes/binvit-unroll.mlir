// RUN: vaqf-opt %s -p binvit-unroll | filecheck %s
// RUN: vaqf-opt %s -p 'binvit-unroll{binary-m=32 binary-n=16 binary-results=2 int8-m=8 int8-results=1 lanes=8 keys=2}' | filecheck %s --check-prefix=CHOSEN
// RUN: vaqf-opt %s -p 'binvit-unroll{lanes=32 int8-results=8}' | filecheck %s --check-prefix=WIDE

// By default the whole tile is multiplied, and a whole group of lanes finished, in a cycle.
// CHECK: @binary_linear "linear" {tile_m = 128 : i64, tile_n = 64 : i64, weight_bits = 1 : i64, lanes = 16 : i64, unroll_m = 128 : i64, unroll_n = 64 : i64, results = 16 : i64}
// CHOSEN: @binary_linear "linear" {tile_m = 128 : i64, tile_n = 64 : i64, weight_bits = 1 : i64, lanes = 8 : i64, unroll_m = 32 : i64, unroll_n = 16 : i64, results = 2 : i64}
// WIDE: @binary_linear {{.*}}lanes = 32 : i64, {{.*}}results = 32 : i64}
binvit.engine @binary_linear "linear" {tile_m = 128 : i64, tile_n = 64 : i64, weight_bits = 1 : i64}
// CHECK: @int8_linear "linear" {tile_m = 32 : i64, tile_n = 32 : i64, weight_bits = 8 : i64, lanes = 16 : i64, unroll_m = 32 : i64, unroll_n = 32 : i64, results = 16 : i64}
// CHOSEN: @int8_linear "linear" {tile_m = 32 : i64, tile_n = 32 : i64, weight_bits = 8 : i64, lanes = 8 : i64, unroll_m = 8 : i64, unroll_n = 32 : i64, results = 1 : i64}
// WIDE: @int8_linear {{.*}}lanes = 32 : i64, {{.*}}results = 8 : i64}
binvit.engine @int8_linear "linear" {tile_m = 32 : i64, tile_n = 32 : i64, weight_bits = 8 : i64}
// CHECK: @attention "attention" {lanes = 16 : i64, keys = 8 : i64}
// CHOSEN: @attention "attention" {lanes = 8 : i64, keys = 2 : i64}
binvit.engine @attention "attention" {}
// CHECK: @layer_norm "layer_norm" {lanes = 16 : i64}
// CHOSEN: @layer_norm "layer_norm" {lanes = 8 : i64}
binvit.engine @layer_norm "layer_norm" {}
