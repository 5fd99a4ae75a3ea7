// RUN: vaqf-opt %s --split-input-file --verify-diagnostics | filecheck %s

// CHECK: parameter 'lanes' must be a positive integer, got 0 : i64
binvit.engine @e "attention" {lanes = 0 : i64}

// -----

// CHECK: storage must be one of bram, uram, got 'ddr'
binvit.memory @m in "ddr" : memref<4x1x4xi8>

// -----

// CHECK: a memory is rows x width x lanes, all of static size
binvit.memory @m in "bram" : memref<4x4xi8>

// -----

// CHECK: a memory is rows x width x lanes, all of static size
binvit.memory @m in "bram" : memref<4x?x4xi8>

// -----

// CHECK: @nowhere is no engine of this module
func.func @main(%x: tensor<2x8x!binvit.q<s8, 0.5>>) {
  %0 = binvit.dispatch @nowhere : tensor<2x8x!binvit.q<s8, 0.5>> {
    binvit.yield %x : tensor<2x8x!binvit.q<s8, 0.5>>
  }
  return
}

// -----

// CHECK: the yielded value must have the type of the result
binvit.engine @e "attention" {}
func.func @main(%x: tensor<2x8x!binvit.q<s8, 0.5>>) {
  %0 = binvit.dispatch @e : tensor<1x8x!binvit.q<s8, 0.5>> {
    binvit.yield %x : tensor<2x8x!binvit.q<s8, 0.5>>
  }
  return
}

// -----

// CHECK: Operation binvit.add terminates block in single-block region but is not a terminator
binvit.engine @e "attention" {}
func.func @main(%x: tensor<2x8x!binvit.q<s8, 0.5>>) {
  %0 = binvit.dispatch @e : tensor<2x8x!binvit.q<s8, 0.5>> {
    %1 = binvit.add %x, %x : (tensor<2x8x!binvit.q<s8, 0.5>>, tensor<2x8x!binvit.q<s8, 0.5>>) -> tensor<2x8x!binvit.q<s8, 0.5>>
  }
  return
}

// -----

// CHECK: a row is a non-negative row of a memory
binvit.engine @e "attention" {}
func.func @main(%x: tensor<2x8x!binvit.q<s8, 0.5>>) {
  %0 = binvit.dispatch @e row 3 : tensor<2x8x!binvit.q<s8, 0.5>> {
    binvit.yield %x : tensor<2x8x!binvit.q<s8, 0.5>>
  }
  return
}

// -----

// CHECK: words must be at least 1, got 0
binvit.memory_image @weights words 0 {
  %0 = binvit.parameter "unused" : tensor<8xf32>
}

// -----

// CHECK: a parameter ends at word 2 of 1
binvit.memory_image @weights words 1 {
  %0 = binvit.all_values : tensor<8x!binvit.q<s3, 0.5>>
  binvit.pack %0 at 0 tile 1 by 4 bits 32 : tensor<8x!binvit.q<s3, 0.5>>
}

// -----

// CHECK: at must not be negative, rows, columns and bits be positive
binvit.memory_image @weights words 1 {
  %0 = binvit.all_values : tensor<4x!binvit.q<s2, 0.5>>
  binvit.pack %0 at 0 tile 0 by 4 bits 32 : tensor<4x!binvit.q<s2, 0.5>>
}

// -----

// CHECK: 24 bits do not divide a word of 128
binvit.memory_image @weights words 8 {
  %0 = binvit.all_values : tensor<4x!binvit.q<s2, 0.5>>
  binvit.pack %0 at 0 tile 1 by 4 bits 24 : tensor<4x!binvit.q<s2, 0.5>>
}

// -----

// A number must fit its field, with its sign.
// CHECK: !binvit.q<s12, 0.5> does not fit signed fields of 8 bits
binvit.memory_image @weights words 8 {
  %0 = binvit.all_values : tensor<4096x!binvit.q<s12, 0.5>>
  binvit.pack %0 at 0 tile 1 by 4 bits 8 : tensor<4096x!binvit.q<s12, 0.5>>
}

// -----

// CHECK: !binvit.q<u2, 0.5> does not fit signed fields of 8 bits
binvit.memory_image @weights words 8 {
  %0 = binvit.all_values : tensor<4x!binvit.q<u2, 0.5>>
  binvit.pack %0 at 0 tile 1 by 4 bits 8 : tensor<4x!binvit.q<u2, 0.5>>
}

// -----

// CHECK: binary weights, and only they, take 1 bit, got !binvit.q<s2, 0.5>
binvit.memory_image @weights words 8 {
  %0 = binvit.all_values : tensor<4x!binvit.q<s2, 0.5>>
  binvit.pack %0 at 0 tile 1 by 4 bits 1 : tensor<4x!binvit.q<s2, 0.5>>
}
