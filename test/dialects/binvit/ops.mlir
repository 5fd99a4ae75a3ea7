// RUN: vaqf-opt %s | vaqf-opt | filecheck %s
// RUN: vaqf-opt %s --print-op-generic | vaqf-opt | filecheck %s

!image = tensor<3x8x8xf32>
!tokens = tensor<5x8xf32>

// A model in float.

// CHECK-LABEL: @float
func.func @float(%image: !image, %x: !tokens) {
  // CHECK: %weight = binvit.parameter "layer.weight" : tensor<16x8xf32>
  %weight = binvit.parameter "layer.weight" : tensor<16x8xf32>
  // CHECK: binvit.parameter "layer.weight" from row 3 of [12, 8] : tensor<4x8xf32>
  %rows = binvit.parameter "layer.weight" from row 3 of [12, 8] : tensor<4x8xf32>
  // CHECK: binvit.parameter "patches.weight" of [4, 8, 1, 1] : tensor<4x8xf32>
  %reshaped = binvit.parameter "patches.weight" of [4, 8, 1, 1] : tensor<4x8xf32>
  %vector = binvit.parameter "layer.bias" : tensor<8xf32>
  %bias = binvit.parameter "layer.bias" : tensor<16xf32>
  %kernel = binvit.parameter "patches.weight" : tensor<8x3x4x4xf32>
  // CHECK: binvit.patch_embed %image, %kernel bias %vector : (tensor<3x8x8xf32>, tensor<8x3x4x4xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  %patches = binvit.patch_embed %image, %kernel bias %vector : (!image, tensor<8x3x4x4xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  // CHECK: binvit.patch_embed %image, %kernel : (tensor<3x8x8xf32>, tensor<8x3x4x4xf32>) -> tensor<4x8xf32>
  %unbiased = binvit.patch_embed %image, %kernel : (!image, tensor<8x3x4x4xf32>) -> tensor<4x8xf32>
  // CHECK: binvit.patch_embed %image, %kernel bias %vector scale 5.000000e-01 : (tensor<3x8x8xf32>, tensor<8x3x4x4xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  %halved = binvit.patch_embed %image, %kernel bias %vector scale 0.5 : (!image, tensor<8x3x4x4xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  // CHECK: binvit.patches %image size 4 : tensor<3x8x8xf32> -> tensor<4x48xf32>
  %cut = binvit.patches %image size 4 : !image -> tensor<4x48xf32>
  // CHECK: binvit.linear %x, %weight bias %bias {layer = "fc1"} : (tensor<5x8xf32>, tensor<16x8xf32>, tensor<16xf32>) -> tensor<5x16xf32>
  %wide = binvit.linear %x, %weight bias %bias {layer = "fc1"} : (!tokens, tensor<16x8xf32>, tensor<16xf32>) -> tensor<5x16xf32>
  // CHECK: binvit.layer_norm %x, %vector, %vector epsilon 1.000000e-06 : (tensor<5x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<5x8xf32>
  %norm = binvit.layer_norm %x, %vector, %vector epsilon 1.000000e-06 : (!tokens, tensor<8xf32>, tensor<8xf32>) -> !tokens
  // CHECK: binvit.attention_scores %x, %x heads 2 scale 5.000000e-01 : (tensor<5x8xf32>, tensor<5x8xf32>) -> tensor<2x5x5xf32>
  %scores = binvit.attention_scores %x, %x heads 2 scale 5.000000e-01 : (!tokens, !tokens) -> tensor<2x5x5xf32>
  // Numbers that xDSL writes by their bits.
  // CHECK: epsilon 0x4132D68700000000 :
  %wider = binvit.layer_norm %x, %vector, %vector epsilon 1234567.0 : (!tokens, tensor<8xf32>, tensor<8xf32>) -> !tokens
  // CHECK: scale 0x4132D68700000000 :
  %steeper = binvit.attention_scores %x, %x heads 2 scale 1234567.0 : (!tokens, !tokens) -> tensor<2x5x5xf32>
  // CHECK: scale 0x4132D68700000000 :
  %brighter = binvit.patch_embed %image, %kernel scale 1234567.0 : (!image, tensor<8x3x4x4xf32>) -> tensor<4x8xf32>
  // CHECK: binvit.softmax %scores : tensor<2x5x5xf32> -> tensor<2x5x5xf32>
  %p = binvit.softmax %scores : tensor<2x5x5xf32> -> tensor<2x5x5xf32>
  // CHECK: binvit.attention_context %p, %x : (tensor<2x5x5xf32>, tensor<5x8xf32>) -> tensor<5x8xf32>
  %context = binvit.attention_context %p, %x : (tensor<2x5x5xf32>, !tokens) -> !tokens
  // CHECK: binvit.gelu %wide approximate "none" : tensor<5x16xf32> -> tensor<5x16xf32>
  %gelu = binvit.gelu %wide approximate "none" : tensor<5x16xf32> -> tensor<5x16xf32>
  // CHECK: binvit.add %x, %context : (tensor<5x8xf32>, tensor<5x8xf32>) -> tensor<5x8xf32>
  %sum = binvit.add %x, %context : (!tokens, !tokens) -> !tokens
  // CHECK: binvit.channel_scale %sum, %vector : (tensor<5x8xf32>, tensor<8xf32>) -> tensor<5x8xf32>
  %scaled = binvit.channel_scale %sum, %vector : (!tokens, tensor<8xf32>) -> !tokens
  // CHECK: binvit.concat_tokens %x, %patches : (tensor<5x8xf32>, tensor<4x8xf32>) -> tensor<9x8xf32>
  %joined = binvit.concat_tokens %x, %patches : (!tokens, tensor<4x8xf32>) -> tensor<9x8xf32>
  // CHECK: binvit.select_token %joined at 8 : tensor<9x8xf32> -> tensor<1x8xf32>
  %token = binvit.select_token %joined at 8 : tensor<9x8xf32> -> tensor<1x8xf32>
  // CHECK: binvit.mean_tokens %joined from 1 : tensor<9x8xf32> -> tensor<1x8xf32>
  %mean = binvit.mean_tokens %joined from 1 : tensor<9x8xf32> -> tensor<1x8xf32>
  // CHECK: binvit.average %token, %mean : (tensor<1x8xf32>, tensor<1x8xf32>) -> tensor<1x8xf32>
  %average = binvit.average %token, %mean : (tensor<1x8xf32>, tensor<1x8xf32>) -> tensor<1x8xf32>
  return
}

// The same operations on integers: the types carry bits and scales.

!q = tensor<5x8x!binvit.q<s8, 0.5>>
!acc = tensor<5x8x!binvit.q<s12, 0.125>>

// CHECK-LABEL: @quantised
func.func @quantised(%x: !q) {
  %weight = binvit.parameter "layer.weight" : tensor<8x8xf32>
  // CHECK: binvit.quantize %weight : tensor<8x8xf32> -> tensor<8x8x!binvit.binary<0.25>>
  %signs = binvit.quantize %weight : tensor<8x8xf32> -> tensor<8x8x!binvit.binary<0.25>>
  // CHECK: binvit.linear %x, %signs : (tensor<5x8x!binvit.q<s8, 0.5>>, tensor<8x8x!binvit.binary<0.25>>) -> tensor<5x8x!binvit.q<s12, 0.125>>
  %sum = binvit.linear %x, %signs : (!q, tensor<8x8x!binvit.binary<0.25>>) -> !acc
  // CHECK: binvit.requantize %sum by 32768 shift 17 : tensor<5x8x!binvit.q<s12, 0.125>> -> tensor<5x8x!binvit.q<s8, 0.5>>
  %y = binvit.requantize %sum by 32768 shift 17 : !acc -> !q
  // CHECK: binvit.attention_scores %x, %y heads 2 scale 5.000000e-01 : {{.*}} -> tensor<2x5x5x!binvit.q<s18, 0.125>>
  %scores = binvit.attention_scores %x, %y heads 2 scale 5.000000e-01 : (!q, !q) -> tensor<2x5x5x!binvit.q<s18, 0.125>>
  // CHECK: binvit.softmax %scores : {{.*}} -> tensor<2x5x5x!binvit.q<u8, 0.00390625>>
  %p = binvit.softmax %scores : tensor<2x5x5x!binvit.q<s18, 0.125>> -> tensor<2x5x5x!binvit.q<u8, 0.00390625>>
  // CHECK: binvit.attention_context %p, %x : {{.*}} -> tensor<5x8x!binvit.q<s19, 0.001953125>>
  %context = binvit.attention_context %p, %x : (tensor<2x5x5x!binvit.q<u8, 0.00390625>>, !q) -> tensor<5x8x!binvit.q<s19, 0.001953125>>
  // CHECK: binvit.gelu %x approximate "tanh" : {{.*}} -> tensor<5x8x!binvit.q<s4, 1.0>>
  %gelu = binvit.gelu %x approximate "tanh" : !q -> tensor<5x8x!binvit.q<s4, 1.0>>
  // CHECK: %corrected = binvit.complement_bias %bw bias %bb columns 16 : (tensor<8x8x!binvit.binary<0.5>>, tensor<8x!binvit.q<s4, 0.25>>) -> tensor<8x!binvit.q<s32, 0.25>>
  %bw = "test.op"() : () -> tensor<8x8x!binvit.binary<0.5>>
  %bb = "test.op"() : () -> tensor<8x!binvit.q<s4, 0.25>>
  %corrected = binvit.complement_bias %bw bias %bb columns 16 : (tensor<8x8x!binvit.binary<0.5>>, tensor<8x!binvit.q<s4, 0.25>>) -> tensor<8x!binvit.q<s32, 0.25>>
  // CHECK: binvit.complement_bias %bw columns 8 : (tensor<8x8x!binvit.binary<0.5>>) -> tensor<8x!binvit.q<s5, 0.25>>
  %negative = binvit.complement_bias %bw columns 8 : (tensor<8x8x!binvit.binary<0.5>>) -> tensor<8x!binvit.q<s5, 0.25>>
  // CHECK: binvit.all_values : tensor<256x!binvit.q<s8, 0.5>>
  %all = binvit.all_values : tensor<256x!binvit.q<s8, 0.5>>
  // CHECK: binvit.mean_tokens %x from 1 : {{.*}} -> tensor<1x8x!binvit.q<s10, 0.125>>
  %mean = binvit.mean_tokens %x from 1 : !q -> tensor<1x8x!binvit.q<s10, 0.125>>
  // CHECK: binvit.average %x, %y : {{.*}} -> tensor<5x8x!binvit.q<s9, 0.25>>
  %average = binvit.average %x, %y : (!q, !q) -> tensor<5x8x!binvit.q<s9, 0.25>>
  return
}

// CHECK-LABEL: @quantised_layer_norm
func.func @quantised_layer_norm(%x: tensor<5x8x!binvit.q<s16, 0.001>>, %g: tensor<8x!binvit.q<s16, 4.0>>,
                                %b: tensor<8x!binvit.q<s32, 0.0009765625>>) {
  // The result's scale is beta's times 2**8, gamma's is beta's times 2**12.
  // CHECK: binvit.layer_norm %x, %g, %b epsilon {{.*}} -> tensor<5x8x!binvit.q<s8, 0.25>>
  %y = binvit.layer_norm %x, %g, %b epsilon 1.000000e-06 : (tensor<5x8x!binvit.q<s16, 0.001>>, tensor<8x!binvit.q<s16, 4.0>>, tensor<8x!binvit.q<s32, 0.0009765625>>) -> tensor<5x8x!binvit.q<s8, 0.25>>
  return
}
