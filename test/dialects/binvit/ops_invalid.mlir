// RUN: vaqf-opt %s --split-input-file --verify-diagnostics | filecheck %s

// binvit.parameter
// CHECK: first row must not be negative
func.func @invalid() {
  %0 = binvit.parameter "w" from row -1 : tensor<4xf32>
  return
}

// -----

// CHECK: of which shape the rows are must be said
func.func @invalid() {
  %0 = binvit.parameter "w" from row 1 : tensor<4xf32>
  return
}

// -----

// CHECK: a tensor of (4, 8) has no rows 3 up of (2, 8)
func.func @invalid() {
  %0 = binvit.parameter "w" from row 3 of [4, 8] : tensor<2x8xf32>
  return
}

// -----

// CHECK: a tensor of (4, 7) has not the elements of (4, 8)
func.func @invalid() {
  %0 = binvit.parameter "w" of [4, 7] : tensor<4x8xf32>
  return
}

// -----

// CHECK: parameters are float: quantise them with binvit.quantize
func.func @invalid() {
  %0 = binvit.parameter "w" : tensor<4x!binvit.q<s8, 0.5>>
  return
}

// -----

// binvit.quantize
// CHECK: result must have shape 4, got 5
func.func @invalid(%x: tensor<4xf32>) {
  %0 = binvit.quantize %x : tensor<4xf32> -> tensor<5x!binvit.q<s8, 0.5>>
  return
}

// -----

// CHECK: quantises a float tensor to a quantised one
func.func @invalid(%x: tensor<4xf32>) {
  %0 = binvit.quantize %x : tensor<4xf32> -> tensor<4xf32>
  return
}

// -----

// binvit.complement_bias
// CHECK: weight must be binary, got !binvit.q<s8, 0.5>
func.func @invalid() {
  %w = "test.op"() : () -> tensor<2x6x!binvit.q<s8, 0.5>>
  %0 = binvit.complement_bias %w columns 4 : (tensor<2x6x!binvit.q<s8, 0.5>>) -> tensor<2x!binvit.q<s32, 0.25>>
  return
}

// -----

// CHECK: weight must have rank 2, got tensor<6x!binvit.binary<0.5>>
func.func @invalid() {
  %w = "test.op"() : () -> tensor<6x!binvit.binary<0.5>>
  %0 = binvit.complement_bias %w columns 4 : (tensor<6x!binvit.binary<0.5>>) -> tensor<2x!binvit.q<s32, 0.25>>
  return
}

// -----

// CHECK: columns must be even and at least 2
func.func @invalid() {
  %w = "test.op"() : () -> tensor<2x6x!binvit.binary<0.5>>
  %0 = binvit.complement_bias %w columns 0 : (tensor<2x6x!binvit.binary<0.5>>) -> tensor<2x!binvit.q<s32, 0.25>>
  return
}

// -----

// CHECK: columns must be even and at least 2
func.func @invalid() {
  %w = "test.op"() : () -> tensor<2x6x!binvit.binary<0.5>>
  %0 = binvit.complement_bias %w columns 3 : (tensor<2x6x!binvit.binary<0.5>>) -> tensor<2x!binvit.q<s32, 0.25>>
  return
}

// -----

// CHECK: result must have shape 2, got 3
func.func @invalid() {
  %w = "test.op"() : () -> tensor<2x6x!binvit.binary<0.5>>
  %0 = binvit.complement_bias %w columns 4 : (tensor<2x6x!binvit.binary<0.5>>) -> tensor<3x!binvit.q<s32, 0.25>>
  return
}

// -----

// CHECK: bias must have shape 2, got 3
func.func @invalid() {
  %w = "test.op"() : () -> tensor<2x6x!binvit.binary<0.5>>
  %b = "test.op"() : () -> tensor<3x!binvit.q<s4, 0.25>>
  %0 = binvit.complement_bias %w bias %b columns 4 : (tensor<2x6x!binvit.binary<0.5>>, tensor<3x!binvit.q<s4, 0.25>>) -> tensor<2x!binvit.q<s32, 0.25>>
  return
}

// -----

// CHECK: bias and result must have the same scale
func.func @invalid() {
  %w = "test.op"() : () -> tensor<2x6x!binvit.binary<0.5>>
  %b = "test.op"() : () -> tensor<2x!binvit.q<s4, 0.5>>
  %0 = binvit.complement_bias %w bias %b columns 4 : (tensor<2x6x!binvit.binary<0.5>>, tensor<2x!binvit.q<s4, 0.5>>) -> tensor<2x!binvit.q<s32, 0.25>>
  return
}

// -----

// Six weights, filled up to eight, may all be -1.
// CHECK: 0 to 4, bias and 4 pairs of weights, do not fit !binvit.q<s3, 0.25>
func.func @invalid() {
  %w = "test.op"() : () -> tensor<2x6x!binvit.binary<0.5>>
  %0 = binvit.complement_bias %w columns 4 : (tensor<2x6x!binvit.binary<0.5>>) -> tensor<2x!binvit.q<s3, 0.25>>
  return
}

// -----

// binvit.all_values
// CHECK: result must have shape 4, got 5
func.func @invalid() {
  %0 = binvit.all_values : tensor<5x!binvit.q<u2, 0.5>>
  return
}

// -----

// CHECK: result must have !binvit.q elements, got f32
func.func @invalid() {
  %0 = binvit.all_values : tensor<4xf32>
  return
}

// -----

// binvit.patches
// CHECK: image must have rank 3
func.func @invalid(%x: tensor<4x4xf32>) {
  %0 = binvit.patches %x size 2 : tensor<4x4xf32> -> tensor<4x4xf32>
  return
}

// -----

// CHECK: patches of 3x3 do not tile 4x4 pixels
func.func @invalid(%x: tensor<1x4x4xf32>) {
  %0 = binvit.patches %x size 3 : tensor<1x4x4xf32> -> tensor<1x9xf32>
  return
}

// -----

// CHECK: result must have shape 4x4, got 4x5
func.func @invalid(%x: tensor<1x4x4xf32>) {
  %0 = binvit.patches %x size 2 : tensor<1x4x4xf32> -> tensor<4x5xf32>
  return
}

// -----

// CHECK: operands and result must have the same element type
func.func @invalid(%x: tensor<1x4x4xf32>) {
  %0 = binvit.patches %x size 2 : tensor<1x4x4xf32> -> tensor<4x4xf64>
  return
}

// -----

// binvit.patch_embed
// CHECK: image must have rank 3
func.func @invalid(%x: tensor<4x4xf32>, %w: tensor<8x1x2x2xf32>) {
  %0 = binvit.patch_embed %x, %w : (tensor<4x4xf32>, tensor<8x1x2x2xf32>) -> tensor<4x8xf32>
  return
}

// -----

// CHECK: weight must have rank 4
func.func @invalid(%x: tensor<1x4x4xf32>, %w: tensor<8x4xf32>) {
  %0 = binvit.patch_embed %x, %w : (tensor<1x4x4xf32>, tensor<8x4xf32>) -> tensor<4x8xf32>
  return
}

// -----

// CHECK: weight must have shape Dx1xPxP
func.func @invalid(%x: tensor<1x4x4xf32>, %w: tensor<8x1x2x4xf32>) {
  %0 = binvit.patch_embed %x, %w : (tensor<1x4x4xf32>, tensor<8x1x2x4xf32>) -> tensor<4x8xf32>
  return
}

// -----

// CHECK: patches of 3x3 do not tile 4x4 pixels
func.func @invalid(%x: tensor<1x4x4xf32>, %w: tensor<8x1x3x3xf32>) {
  %0 = binvit.patch_embed %x, %w : (tensor<1x4x4xf32>, tensor<8x1x3x3xf32>) -> tensor<1x8xf32>
  return
}

// -----

// CHECK: bias must have shape 8, got 7
func.func @invalid(%x: tensor<1x4x4xf32>, %w: tensor<8x1x2x2xf32>, %b: tensor<7xf32>) {
  %0 = binvit.patch_embed %x, %w bias %b : (tensor<1x4x4xf32>, tensor<8x1x2x2xf32>, tensor<7xf32>) -> tensor<4x8xf32>
  return
}

// -----

// CHECK: scale must be positive and finite
func.func @invalid(%x: tensor<1x4x4xf32>, %w: tensor<8x1x2x2xf32>) {
  %0 = binvit.patch_embed %x, %w scale -1.0 : (tensor<1x4x4xf32>, tensor<8x1x2x2xf32>) -> tensor<4x8xf32>
  return
}

// -----

// CHECK: scale must be positive and finite
func.func @invalid(%x: tensor<1x4x4xf32>, %w: tensor<8x1x2x2xf32>) {
  %0 = binvit.patch_embed %x, %w scale 1.0e+999 : (tensor<1x4x4xf32>, tensor<8x1x2x2xf32>) -> tensor<4x8xf32>
  return
}

// -----

// CHECK: result must have shape 4x8, got 5x8
func.func @invalid(%x: tensor<1x4x4xf32>, %w: tensor<8x1x2x2xf32>) {
  %0 = binvit.patch_embed %x, %w : (tensor<1x4x4xf32>, tensor<8x1x2x2xf32>) -> tensor<5x8xf32>
  return
}

// -----

// binvit.linear
// CHECK: input must have rank 2
func.func @invalid(%x: tensor<4xf32>, %w: tensor<8x4xf32>) {
  %0 = binvit.linear %x, %w : (tensor<4xf32>, tensor<8x4xf32>) -> tensor<5x8xf32>
  return
}

// -----

// CHECK: weight must have rank 2
func.func @invalid(%x: tensor<5x4xf32>, %w: tensor<4xf32>) {
  %0 = binvit.linear %x, %w : (tensor<5x4xf32>, tensor<4xf32>) -> tensor<5x8xf32>
  return
}

// -----

// CHECK: weight must have shape 8x4, got 8x3
func.func @invalid(%x: tensor<5x4xf32>, %w: tensor<8x3xf32>) {
  %0 = binvit.linear %x, %w : (tensor<5x4xf32>, tensor<8x3xf32>) -> tensor<5x8xf32>
  return
}

// -----

// CHECK: bias must have shape 8, got 5
func.func @invalid(%x: tensor<5x4xf32>, %w: tensor<8x4xf32>, %b: tensor<5xf32>) {
  %0 = binvit.linear %x, %w bias %b : (tensor<5x4xf32>, tensor<8x4xf32>, tensor<5xf32>) -> tensor<5x8xf32>
  return
}

// -----

// CHECK: result must have shape 5x8, got 4x8
func.func @invalid(%x: tensor<5x4xf32>, %w: tensor<8x4xf32>) {
  %0 = binvit.linear %x, %w : (tensor<5x4xf32>, tensor<8x4xf32>) -> tensor<4x8xf32>
  return
}

// -----

// CHECK: operands and results must be all float or all quantised
func.func @invalid(%x: tensor<5x4xf32>, %w: tensor<8x4x!binvit.binary<0.5>>) {
  %0 = binvit.linear %x, %w : (tensor<5x4xf32>, tensor<8x4x!binvit.binary<0.5>>) -> tensor<5x8xf32>
  return
}

// -----

// an accumulator's scale is the product of the operands'
// CHECK: accumulator scale must be the product of the operand scales, 0.25, got 0.5
func.func @invalid(%x: tensor<5x4x!binvit.q<s8, 0.5>>, %w: tensor<8x4x!binvit.binary<0.5>>) {
  %0 = binvit.linear %x, %w : (tensor<5x4x!binvit.q<s8, 0.5>>, tensor<8x4x!binvit.binary<0.5>>) -> tensor<5x8x!binvit.q<s11, 0.5>>
  return
}

// -----

// an accumulator cannot overflow: 4 products of -128 and -1 are 512
// CHECK: a sum of 4 products of !binvit.q<s8, 0.5> and !binvit.binary<0.5> needs 11 accumulator bits, got 10
func.func @invalid(%x: tensor<5x4x!binvit.q<s8, 0.5>>, %w: tensor<8x4x!binvit.binary<0.5>>) {
  %0 = binvit.linear %x, %w : (tensor<5x4x!binvit.q<s8, 0.5>>, tensor<8x4x!binvit.binary<0.5>>) -> tensor<5x8x!binvit.q<s10, 0.25>>
  return
}

// -----

// CHECK: bias scale must be the accumulator's, 0.25, got 0.125
func.func @invalid(%x: tensor<5x4x!binvit.q<s8, 0.5>>, %w: tensor<8x4x!binvit.binary<0.5>>, %b: tensor<8x!binvit.q<s8, 0.125>>) {
  %0 = binvit.linear %x, %w bias %b : (tensor<5x4x!binvit.q<s8, 0.5>>, tensor<8x4x!binvit.binary<0.5>>, tensor<8x!binvit.q<s8, 0.125>>) -> tensor<5x8x!binvit.q<s12, 0.25>>
  return
}

// -----

// CHECK: accumulator must be signed, got !binvit.q<u12, 0.25>
func.func @invalid(%x: tensor<5x4x!binvit.q<s8, 0.5>>, %w: tensor<8x4x!binvit.binary<0.5>>) {
  %0 = binvit.linear %x, %w : (tensor<5x4x!binvit.q<s8, 0.5>>, tensor<8x4x!binvit.binary<0.5>>) -> tensor<5x8x!binvit.q<u12, 0.25>>
  return
}

// -----

// binvit.requantize
// CHECK: result must have shape 5, got 6
func.func @invalid(%x: tensor<5x!binvit.q<s8, 0.5>>) {
  %0 = binvit.requantize %x by 32768 shift 16 : tensor<5x!binvit.q<s8, 0.5>> -> tensor<6x!binvit.q<s4, 1.0>>
  return
}

// -----

// CHECK: input must have !binvit.q elements, got f32
func.func @invalid(%x: tensor<5xf32>) {
  %0 = binvit.requantize %x by 32768 shift 16 : tensor<5xf32> -> tensor<5x!binvit.q<s4, 1.0>>
  return
}

// -----

// CHECK: result must have !binvit.q elements, got !binvit.binary<1.0>
func.func @invalid(%x: tensor<5x!binvit.q<s8, 0.5>>) {
  %0 = binvit.requantize %x by 32768 shift 16 : tensor<5x!binvit.q<s8, 0.5>> -> tensor<5x!binvit.binary<1.0>>
  return
}

// -----

// CHECK: multiplier must be in 1..65535 and shift in 1..62
func.func @invalid(%x: tensor<5x!binvit.q<s8, 0.5>>) {
  %0 = binvit.requantize %x by 65536 shift 17 : tensor<5x!binvit.q<s8, 0.5>> -> tensor<5x!binvit.q<s4, 1.0>>
  return
}

// -----

// CHECK: multiplier must be in 1..65535 and shift in 1..62
func.func @invalid(%x: tensor<5x!binvit.q<s8, 1.0>>) {
  %0 = binvit.requantize %x by 1 shift 0 : tensor<5x!binvit.q<s8, 1.0>> -> tensor<5x!binvit.q<s4, 1.0>>
  return
}

// -----

// CHECK: 32768 / 2**17 does not approximate the ratio of the scales, 0.5
func.func @invalid(%x: tensor<5x!binvit.q<s8, 0.5>>) {
  %0 = binvit.requantize %x by 32768 shift 17 : tensor<5x!binvit.q<s8, 0.5>> -> tensor<5x!binvit.q<s4, 1.0>>
  return
}

// -----

// binvit.layer_norm
// CHECK: input must have rank 2
func.func @invalid(%x: tensor<8xf32>) {
  %0 = binvit.layer_norm %x, %x, %x epsilon 1.0e-06 : (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  return
}

// -----

// CHECK: gamma must have shape 8, got 5
func.func @invalid(%x: tensor<5x8xf32>, %g: tensor<5xf32>) {
  %0 = binvit.layer_norm %x, %g, %g epsilon 1.0e-06 : (tensor<5x8xf32>, tensor<5xf32>, tensor<5xf32>) -> tensor<5x8xf32>
  return
}

// -----

// CHECK: beta must have shape 8, got 5
func.func @invalid(%x: tensor<5x8xf32>, %g: tensor<8xf32>, %b: tensor<5xf32>) {
  %0 = binvit.layer_norm %x, %g, %b epsilon 1.0e-06 : (tensor<5x8xf32>, tensor<8xf32>, tensor<5xf32>) -> tensor<5x8xf32>
  return
}

// -----

// CHECK: result must have shape 5x8, got 5x7
func.func @invalid(%x: tensor<5x8xf32>, %g: tensor<8xf32>) {
  %0 = binvit.layer_norm %x, %g, %g epsilon 1.0e-06 : (tensor<5x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<5x7xf32>
  return
}

// -----

// CHECK: epsilon must be positive and finite
func.func @invalid(%x: tensor<5x8xf32>, %g: tensor<8xf32>) {
  %0 = binvit.layer_norm %x, %g, %g epsilon 0.0 : (tensor<5x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<5x8xf32>
  return
}

// -----

// CHECK: epsilon must be positive and finite
func.func @invalid(%x: tensor<5x8xf32>, %g: tensor<8xf32>) {
  %0 = binvit.layer_norm %x, %g, %g epsilon 0x7FF0000000000000 : (tensor<5x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<5x8xf32>
  return
}

// -----

// CHECK: epsilon must be positive and finite
func.func @invalid(%x: tensor<5x8xf32>, %g: tensor<8xf32>) {
  %0 = binvit.layer_norm %x, %g, %g epsilon 0x7FF8000000000000 : (tensor<5x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<5x8xf32>
  return
}

// -----

// CHECK: gamma has at most 16 bits and beta at most 32
func.func @invalid(%x: tensor<5x8x!binvit.q<s16, 0.5>>, %g: tensor<8x!binvit.q<s17, 4096.0>>, %b: tensor<8x!binvit.q<s32, 1.0>>) {
  %0 = binvit.layer_norm %x, %g, %b epsilon 1.0e-06 : (tensor<5x8x!binvit.q<s16, 0.5>>, tensor<8x!binvit.q<s17, 4096.0>>, tensor<8x!binvit.q<s32, 1.0>>) -> tensor<5x8x!binvit.q<s8, 256.0>>
  return
}

// -----

// CHECK: gamma scale must be beta's times 2**12
func.func @invalid(%x: tensor<5x8x!binvit.q<s16, 0.5>>, %g: tensor<8x!binvit.q<s16, 1.0>>, %b: tensor<8x!binvit.q<s32, 1.0>>) {
  %0 = binvit.layer_norm %x, %g, %b epsilon 1.0e-06 : (tensor<5x8x!binvit.q<s16, 0.5>>, tensor<8x!binvit.q<s16, 1.0>>, tensor<8x!binvit.q<s32, 1.0>>) -> tensor<5x8x!binvit.q<s8, 256.0>>
  return
}

// -----

// CHECK: result scale must be beta's times a power of two in 2**1..2**31
func.func @invalid(%x: tensor<5x8x!binvit.q<s16, 0.5>>, %g: tensor<8x!binvit.q<s16, 4096.0>>, %b: tensor<8x!binvit.q<s32, 1.0>>) {
  %0 = binvit.layer_norm %x, %g, %b epsilon 1.0e-06 : (tensor<5x8x!binvit.q<s16, 0.5>>, tensor<8x!binvit.q<s16, 4096.0>>, tensor<8x!binvit.q<s32, 1.0>>) -> tensor<5x8x!binvit.q<s8, 3.0>>
  return
}

// -----

// binvit.attention_scores
// CHECK: query must have rank 2
func.func @invalid(%x: tensor<8xf32>) {
  %0 = binvit.attention_scores %x, %x heads 2 scale 0.5 : (tensor<8xf32>, tensor<8xf32>) -> tensor<2x5x5xf32>
  return
}

// -----

// CHECK: key must have shape 5x8, got 4x8
func.func @invalid(%x: tensor<5x8xf32>, %k: tensor<4x8xf32>) {
  %0 = binvit.attention_scores %x, %k heads 2 scale 0.5 : (tensor<5x8xf32>, tensor<4x8xf32>) -> tensor<2x5x4xf32>
  return
}

// -----

// CHECK: 3 heads do not divide 8 channels
func.func @invalid(%x: tensor<5x8xf32>) {
  %0 = binvit.attention_scores %x, %x heads 3 scale 0.5 : (tensor<5x8xf32>, tensor<5x8xf32>) -> tensor<3x5x5xf32>
  return
}

// -----

// CHECK: result must have shape 2x5x5, got 2x5x4
func.func @invalid(%x: tensor<5x8xf32>) {
  %0 = binvit.attention_scores %x, %x heads 2 scale 0.5 : (tensor<5x8xf32>, tensor<5x8xf32>) -> tensor<2x5x4xf32>
  return
}

// -----

// CHECK: scale must be positive
func.func @invalid(%x: tensor<5x8xf32>) {
  %0 = binvit.attention_scores %x, %x heads 2 scale 0.0 : (tensor<5x8xf32>, tensor<5x8xf32>) -> tensor<2x5x5xf32>
  return
}

// -----

// binvit.softmax
// CHECK: result must have shape 2x5x5, got 2x5x4
func.func @invalid(%x: tensor<2x5x5xf32>) {
  %0 = binvit.softmax %x : tensor<2x5x5xf32> -> tensor<2x5x4xf32>
  return
}

// -----

// CHECK: result must be unsigned, got !binvit.q<s8, 0.5>
func.func @invalid(%x: tensor<2x5x5x!binvit.q<s16, 0.5>>) {
  %0 = binvit.softmax %x : tensor<2x5x5x!binvit.q<s16, 0.5>> -> tensor<2x5x5x!binvit.q<s8, 0.5>>
  return
}

// -----

// CHECK: result scale must be a power of two in 2**-35..1/2, got 0.3
func.func @invalid(%x: tensor<2x5x5x!binvit.q<s16, 0.5>>) {
  %0 = binvit.softmax %x : tensor<2x5x5x!binvit.q<s16, 0.5>> -> tensor<2x5x5x!binvit.q<u8, 0.3>>
  return
}

// -----

// binvit.attention_context
// CHECK: value must have rank 2
func.func @invalid(%p: tensor<2x5x5xf32>) {
  %0 = binvit.attention_context %p, %p : (tensor<2x5x5xf32>, tensor<2x5x5xf32>) -> tensor<5x8xf32>
  return
}

// -----

// CHECK: probabilities must have rank 3
func.func @invalid(%p: tensor<5x8xf32>) {
  %0 = binvit.attention_context %p, %p : (tensor<5x8xf32>, tensor<5x8xf32>) -> tensor<5x8xf32>
  return
}

// -----

// CHECK: probabilities must have shape 2x4x4, got 2x5x5
func.func @invalid(%p: tensor<2x5x5xf32>, %v: tensor<4x8xf32>) {
  %0 = binvit.attention_context %p, %v : (tensor<2x5x5xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

// CHECK: 3 heads do not divide 8 channels
func.func @invalid(%p: tensor<3x5x5xf32>, %v: tensor<5x8xf32>) {
  %0 = binvit.attention_context %p, %v : (tensor<3x5x5xf32>, tensor<5x8xf32>) -> tensor<5x8xf32>
  return
}

// -----

// CHECK: result must have shape 5x8, got 5x7
func.func @invalid(%p: tensor<2x5x5xf32>, %v: tensor<5x8xf32>) {
  %0 = binvit.attention_context %p, %v : (tensor<2x5x5xf32>, tensor<5x8xf32>) -> tensor<5x7xf32>
  return
}

// -----

// binvit.gelu
// CHECK: result must have shape 5, got 4
func.func @invalid(%x: tensor<5xf32>) {
  %0 = binvit.gelu %x approximate "none" : tensor<5xf32> -> tensor<4xf32>
  return
}

// -----

// CHECK: approximate must be "none" or "tanh"
func.func @invalid(%x: tensor<5xf32>) {
  %0 = binvit.gelu %x approximate "erf" : tensor<5xf32> -> tensor<5xf32>
  return
}

// -----

// CHECK: input has 13 bits, but a table has at most 2**12 entries
func.func @invalid(%x: tensor<5x!binvit.q<s13, 0.5>>) {
  %0 = binvit.gelu %x approximate "none" : tensor<5x!binvit.q<s13, 0.5>> -> tensor<5x!binvit.q<s8, 0.5>>
  return
}

// -----

// binvit.add
// CHECK: operands and result must have the same type
func.func @invalid(%x: tensor<5xf32>, %y: tensor<4xf32>) {
  %0 = binvit.add %x, %y : (tensor<5xf32>, tensor<4xf32>) -> tensor<5xf32>
  return
}

// -----

// binvit.channel_scale
// CHECK: factor must have shape 8, got 5
func.func @invalid(%x: tensor<5x8xf32>, %f: tensor<5xf32>) {
  %0 = binvit.channel_scale %x, %f : (tensor<5x8xf32>, tensor<5xf32>) -> tensor<5x8xf32>
  return
}

// -----

// CHECK: input must have rank 2
func.func @invalid(%x: tensor<8xf32>) {
  %0 = binvit.channel_scale %x, %x : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  return
}

// -----

// CHECK: input and result must have the same type
func.func @invalid(%x: tensor<5x8xf32>, %f: tensor<8xf32>) {
  %0 = binvit.channel_scale %x, %f : (tensor<5x8xf32>, tensor<8xf32>) -> tensor<5x7xf32>
  return
}

// -----

// CHECK: has no quantised form
func.func @invalid(%x: tensor<5x8x!binvit.q<s8, 0.5>>, %f: tensor<8x!binvit.q<s8, 0.5>>) {
  %0 = binvit.channel_scale %x, %f : (tensor<5x8x!binvit.q<s8, 0.5>>, tensor<8x!binvit.q<s8, 0.5>>) -> tensor<5x8x!binvit.q<s8, 0.5>>
  return
}

// -----

// binvit.concat_tokens
// CHECK: expects at least one operand
func.func @invalid() {
  %0 = "binvit.concat_tokens"() : () -> tensor<5x8xf32>
  return
}

// -----

// CHECK: every operand must have rank 2
func.func @invalid(%x: tensor<8xf32>) {
  %0 = binvit.concat_tokens %x : (tensor<8xf32>) -> tensor<8xf32>
  return
}

// -----

// CHECK: operands must have the same number of channels
func.func @invalid(%x: tensor<5x8xf32>, %y: tensor<5x7xf32>) {
  %0 = binvit.concat_tokens %x, %y : (tensor<5x8xf32>, tensor<5x7xf32>) -> tensor<10x8xf32>
  return
}

// -----

// CHECK: operands and result must have the same element type
func.func @invalid(%x: tensor<5x8xf32>, %y: tensor<5x8xf64>) {
  %0 = binvit.concat_tokens %x, %y : (tensor<5x8xf32>, tensor<5x8xf64>) -> tensor<10x8xf32>
  return
}

// -----

// CHECK: result must have shape 10x8, got 9x8
func.func @invalid(%x: tensor<5x8xf32>) {
  %0 = binvit.concat_tokens %x, %x : (tensor<5x8xf32>, tensor<5x8xf32>) -> tensor<9x8xf32>
  return
}

// -----

// binvit.select_token
// CHECK: index 5 is not a token of 5
func.func @invalid(%x: tensor<5x8xf32>) {
  %0 = binvit.select_token %x at 5 : tensor<5x8xf32> -> tensor<1x8xf32>
  return
}

// -----

// CHECK: result must have shape 1x8, got 2x8
func.func @invalid(%x: tensor<5x8xf32>) {
  %0 = binvit.select_token %x at 0 : tensor<5x8xf32> -> tensor<2x8xf32>
  return
}

// -----

// CHECK: input must have rank 2
func.func @invalid(%x: tensor<8xf32>) {
  %0 = binvit.select_token %x at 0 : tensor<8xf32> -> tensor<1x8xf32>
  return
}

// -----

// CHECK: operands and result must have the same element type
func.func @invalid(%x: tensor<5x8xf32>) {
  %0 = binvit.select_token %x at 0 : tensor<5x8xf32> -> tensor<1x8xf64>
  return
}

// -----

// binvit.mean_tokens
// CHECK: first token 5 is not one of 5
func.func @invalid(%x: tensor<5x8xf32>) {
  %0 = binvit.mean_tokens %x from 5 : tensor<5x8xf32> -> tensor<1x8xf32>
  return
}

// -----

// CHECK: input must have rank 2
func.func @invalid(%x: tensor<8xf32>) {
  %0 = binvit.mean_tokens %x from 0 : tensor<8xf32> -> tensor<1x8xf32>
  return
}

// -----

// CHECK: result must have shape 1x8, got 5x8
func.func @invalid(%x: tensor<5x8xf32>) {
  %0 = binvit.mean_tokens %x from 0 : tensor<5x8xf32> -> tensor<5x8xf32>
  return
}

// -----

// CHECK: result scale must be the input's divided by 4, 0.125, got 0.5
func.func @invalid(%x: tensor<4x8x!binvit.q<s8, 0.5>>) {
  %0 = binvit.mean_tokens %x from 0 : tensor<4x8x!binvit.q<s8, 0.5>> -> tensor<1x8x!binvit.q<s10, 0.5>>
  return
}

// -----

// CHECK: a sum of 4 !binvit.q<s8, 0.5> needs 10 bits, got 9
func.func @invalid(%x: tensor<4x8x!binvit.q<s8, 0.5>>) {
  %0 = binvit.mean_tokens %x from 0 : tensor<4x8x!binvit.q<s8, 0.5>> -> tensor<1x8x!binvit.q<s9, 0.125>>
  return
}

// -----

// binvit.average
// CHECK: expects at least one operand
func.func @invalid() {
  %0 = "binvit.average"() : () -> tensor<5x8xf32>
  return
}

// -----

// CHECK: operands must have the same type
func.func @invalid(%x: tensor<5x8xf32>, %y: tensor<4x8xf32>) {
  %0 = binvit.average %x, %y : (tensor<5x8xf32>, tensor<4x8xf32>) -> tensor<5x8xf32>
  return
}

// -----

// CHECK: result must have shape 5x8, got 4x8
func.func @invalid(%x: tensor<5x8xf32>) {
  %0 = binvit.average %x, %x : (tensor<5x8xf32>, tensor<5x8xf32>) -> tensor<4x8xf32>
  return
}
