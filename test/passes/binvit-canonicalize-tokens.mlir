// RUN: vaqf-opt %s -p binvit-canonicalize-tokens | filecheck %s

// Position embeddings are added to each part of the tokens before the parts are joined.

// CHECK-LABEL: @position
// CHECK-SAME: (%patches: tensor<4x8xf32>)
// CHECK: %[[P0:.*]] = binvit.parameter "position" from row 0 of [5, 8] : tensor<1x8xf32>
// CHECK-NEXT: %[[A:.*]] = binvit.add %cls, %[[P0]]
// CHECK-NEXT: %[[P1:.*]] = binvit.parameter "position" from row 1 of [5, 8] : tensor<4x8xf32>
// CHECK-NEXT: %[[B:.*]] = binvit.add %patches, %[[P1]]
// CHECK-NEXT: %[[R:.*]] = binvit.concat_tokens %[[A]], %[[B]]
// CHECK-NEXT: return %[[R]]
func.func @position(%patches: tensor<4x8xf32>) -> tensor<5x8xf32> {
  %cls = binvit.parameter "cls" : tensor<1x8xf32>
  %tokens = binvit.concat_tokens %cls, %patches : (tensor<1x8xf32>, tensor<4x8xf32>) -> tensor<5x8xf32>
  %position = binvit.parameter "position" : tensor<5x8xf32>
  %sum = binvit.add %tokens, %position : (tensor<5x8xf32>, tensor<5x8xf32>) -> tensor<5x8xf32>
  return %sum : tensor<5x8xf32>
}

// In the other order of the sum too.

// CHECK-LABEL: @position_first
// CHECK: %[[P0:.*]] = binvit.parameter "position" from row 0 of [5, 8] : tensor<1x8xf32>
// CHECK-NEXT: %[[A:.*]] = binvit.add %cls, %[[P0]]
// CHECK-NEXT: %[[P1:.*]] = binvit.parameter "position" from row 1 of [5, 8] : tensor<4x8xf32>
// CHECK-NEXT: %[[B:.*]] = binvit.add %patches, %[[P1]]
// CHECK-NEXT: %[[R:.*]] = binvit.concat_tokens %[[A]], %[[B]]
// CHECK-NEXT: return %[[R]]
func.func @position_first(%patches: tensor<4x8xf32>) -> tensor<5x8xf32> {
  %cls = binvit.parameter "cls" : tensor<1x8xf32>
  %tokens = binvit.concat_tokens %cls, %patches : (tensor<1x8xf32>, tensor<4x8xf32>) -> tensor<5x8xf32>
  %position = binvit.parameter "position" : tensor<5x8xf32>
  %sum = binvit.add %position, %tokens : (tensor<5x8xf32>, tensor<5x8xf32>) -> tensor<5x8xf32>
  return %sum : tensor<5x8xf32>
}

// A token is selected before normalising, so that only one is normalised.

// CHECK-LABEL: @select
// CHECK: %[[T:.*]] = binvit.select_token %x at 0 : tensor<5x8xf32> -> tensor<1x8xf32>
// CHECK-NEXT: %[[N:.*]] = binvit.layer_norm %[[T]], %g, %g epsilon {{.*}} {layer = "norm"} : (tensor<1x8xf32>
// CHECK-NEXT: return %[[N]]
func.func @select(%x: tensor<5x8xf32>, %g: tensor<8xf32>) -> tensor<1x8xf32> {
  %norm = binvit.layer_norm %x, %g, %g epsilon 1.0e-06 {layer = "norm"} : (tensor<5x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<5x8xf32>
  %token = binvit.select_token %norm at 0 : tensor<5x8xf32> -> tensor<1x8xf32>
  return %token : tensor<1x8xf32>
}

// What is added to activations stays where it is.

// CHECK-LABEL: @residual
// CHECK: binvit.concat_tokens
// CHECK-NEXT: binvit.add
func.func @residual(%a: tensor<1x8xf32>, %b: tensor<5x8xf32>) -> tensor<6x8xf32> {
  %tokens = binvit.concat_tokens %a, %b : (tensor<1x8xf32>, tensor<5x8xf32>) -> tensor<6x8xf32>
  %sum = binvit.add %tokens, %tokens : (tensor<6x8xf32>, tensor<6x8xf32>) -> tensor<6x8xf32>
  return %sum : tensor<6x8xf32>
}
