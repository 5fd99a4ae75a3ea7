// RUN: vaqf-opt %s --split-input-file --verify-diagnostics --parsing-diagnostics | filecheck %s

// CHECK: bits must be in 1..63, got 64
func.func private @too_wide() -> tensor<4x!binvit.q<s64, 0.05>>

// -----

// CHECK: bits must be in 1..63, got 0
func.func private @no_bits() -> tensor<4x!binvit.q<u0, 0.05>>

// -----

// CHECK: scale must be positive and finite, got 0.0
func.func private @no_scale() -> tensor<4x!binvit.q<s8, 0.0>>

// -----

// CHECK: scale must be positive and finite, got -0.5
func.func private @negative_scale() -> tensor<4x!binvit.binary<-0.5>>

// -----

// CHECK: expected s<bits> or u<bits>, got 'f8'
func.func private @no_integer() -> tensor<4x!binvit.q<f8, 0.5>>

// -----

// CHECK: Expected 'ff'
func.func private @field() attributes {used = #binvit.resources<lut = 1, dsp = 3>}
