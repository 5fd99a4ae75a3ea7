// RUN: vaqf-opt %s --split-input-file --verify-diagnostics -p binvit-map | filecheck %s

// CHECK: expected one function with one argument, the image
module {
}

// -----

// CHECK: the model is not quantised; run binvit-quantize first
func.func @main(%image: tensor<1x8x8xf32>) {
  return
}

// -----

// CHECK: no engine computes binvit.mean_tokens; the accelerator supports models that pool by a token and have one head
func.func @main(%x: tensor<4x8x!binvit.q<s8, 0.5>>) -> tensor<1x8x!binvit.q<s10, 0.125>> {
  %0 = binvit.mean_tokens %x from 0 : tensor<4x8x!binvit.q<s8, 0.5>> -> tensor<1x8x!binvit.q<s10, 0.125>>
  return %0 : tensor<1x8x!binvit.q<s10, 0.125>>
}

// -----

// CHECK: no engine computes this addition: the accelerator adds positions to tokens, and the results of linear layers to the residual stream
func.func @main(%x: tensor<4x8x!binvit.q<s8, 0.5>>) -> tensor<4x8x!binvit.q<s8, 0.5>> {
  %0 = binvit.add %x, %x : (tensor<4x8x!binvit.q<s8, 0.5>>, tensor<4x8x!binvit.q<s8, 0.5>>) -> tensor<4x8x!binvit.q<s8, 0.5>>
  return %0 : tensor<4x8x!binvit.q<s8, 0.5>>
}
