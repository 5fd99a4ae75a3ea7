// RUN: vaqf-opt %s --split-input-file -p convert-torch-to-binvit | filecheck %s

// Patch embedding: a convolution whose stride is its kernel, flattened and transposed. The class
// token is put in front, and position embeddings are added. The batch of one is dropped.

// CHECK-LABEL: func.func @main(%image: tensor<3x8x8xf32>) -> tensor<5x4xf32>
// CHECK-NEXT: %patch_weight = binvit.parameter "patch.weight" : tensor<4x3x4x4xf32>
// CHECK-NEXT: %0 = binvit.patch_embed %image, %patch_weight {layer = "patch"} : (tensor<3x8x8xf32>, tensor<4x3x4x4xf32>) -> tensor<4x4xf32>
// CHECK-NEXT: %cls = binvit.parameter "cls" : tensor<1x4xf32>
// CHECK-NEXT: %1 = binvit.concat_tokens %cls, %0 : (tensor<1x4xf32>, tensor<4x4xf32>) -> tensor<5x4xf32>
// CHECK-NEXT: %position = binvit.parameter "position" : tensor<5x4xf32>
// CHECK-NEXT: %2 = binvit.add %1, %position : (tensor<5x4xf32>, tensor<5x4xf32>) -> tensor<5x4xf32>
// CHECK-NEXT: func.return %2 : tensor<5x4xf32>
func.func @main(%image: !torch.vtensor<[1,3,8,8],f32>) -> !torch.vtensor<[1,5,4],f32> {
  %0 = torch.constant.int 0
  %1 = torch.constant.int 1
  %2 = torch.constant.int 2
  %3 = torch.constant.int 3
  %4 = torch.constant.int 4
  %minus = torch.constant.int -1
  %false = torch.constant.bool false
  %none = torch.constant.none
  %float = torch.constant.float 0.000000e+00
  %weight = torch.vtensor.literal(dense_resource<patch.weight> : tensor<4x3x4x4xf32>) : !torch.vtensor<[4,3,4,4],f32>
  %stride = torch.prim.ListConstruct %4, %4 : (!torch.int, !torch.int) -> !torch.list<int>
  %zeros = torch.prim.ListConstruct %0, %0 : (!torch.int, !torch.int) -> !torch.list<int>
  %ones = torch.prim.ListConstruct %1, %1 : (!torch.int, !torch.int) -> !torch.list<int>
  %conv = torch.aten.conv2d %image, %weight, %none, %stride, %zeros, %ones, %1 : !torch.vtensor<[1,3,8,8],f32>, !torch.vtensor<[4,3,4,4],f32>, !torch.none, !torch.list<int>, !torch.list<int>, !torch.list<int>, !torch.int -> !torch.vtensor<[1,4,2,2],f32>
  %flat = torch.aten.flatten.using_ints %conv, %2, %minus : !torch.vtensor<[1,4,2,2],f32>, !torch.int, !torch.int -> !torch.vtensor<[1,4,4],f32>
  %patches = torch.aten.transpose.int %flat, %1, %2 : !torch.vtensor<[1,4,4],f32>, !torch.int, !torch.int -> !torch.vtensor<[1,4,4],f32>
  %cls = torch.vtensor.literal(dense_resource<cls> : tensor<1x1x4xf32>) : !torch.vtensor<[1,1,4],f32>
  %size = torch.prim.ListConstruct %1, %minus, %minus : (!torch.int, !torch.int, !torch.int) -> !torch.list<int>
  %token = torch.aten.expand %cls, %size, %false : !torch.vtensor<[1,1,4],f32>, !torch.list<int>, !torch.bool -> !torch.vtensor<[1,1,4],f32>
  %parts = torch.prim.ListConstruct %token, %patches : (!torch.vtensor<[1,1,4],f32>, !torch.vtensor<[1,4,4],f32>) -> !torch.list<vtensor>
  %tokens = torch.aten.cat %parts, %1 : !torch.list<vtensor>, !torch.int -> !torch.vtensor<[1,5,4],f32>
  %position = torch.vtensor.literal(dense_resource<position> : tensor<1x5x4xf32>) : !torch.vtensor<[1,5,4],f32>
  %sum = torch.aten.add.Tensor %tokens, %position, %1 : !torch.vtensor<[1,5,4],f32>, !torch.vtensor<[1,5,4],f32>, !torch.int -> !torch.vtensor<[1,5,4],f32>
  %kept = torch.aten.dropout %sum, %float, %false : !torch.vtensor<[1,5,4],f32>, !torch.float, !torch.bool -> !torch.vtensor<[1,5,4],f32>
  return %kept : !torch.vtensor<[1,5,4],f32>
}

// -----

// Attention from one fused linear layer: reshape, permute and unbind take query, key and value out
// of its result, so the layer becomes three, each with its rows of the weight. The mask is
// computed from constants and hides nothing.

// CHECK-LABEL: func.func @main(%image: tensor<1x2x2xf32>) -> tensor<1x4xf32>
// CHECK: binvit.parameter "qkv.weight" from row 0 of [12, 4] : tensor<4x4xf32>
// CHECK: %{{.*}} = binvit.linear %{{.*}}, %{{.*}} {layer = "qkv[0:4]"} : (tensor<1x4xf32>, tensor<4x4xf32>) -> tensor<1x4xf32>
// CHECK: binvit.parameter "qkv.weight" from row 4 of [12, 4] : tensor<4x4xf32>
// CHECK: {layer = "qkv[4:8]"}
// CHECK: binvit.parameter "qkv.weight" from row 8 of [12, 4] : tensor<4x4xf32>
// CHECK: {layer = "qkv[8:12]"}
// CHECK: %[[S:.*]] = binvit.attention_scores %{{.*}}, %{{.*}} heads 2 scale 2.500000e-01 : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<2x1x1xf32>
// CHECK-NEXT: %[[P:.*]] = binvit.softmax %[[S]]
// CHECK-NEXT: %[[C:.*]] = binvit.attention_context %[[P]], %{{.*}} : (tensor<2x1x1xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
// CHECK-NEXT: func.return %[[C]] : tensor<1x4xf32>
func.func @main(%image: !torch.vtensor<[1,1,2,2],f32>) -> !torch.vtensor<[1,1,4],f32> {
  %0 = torch.constant.int 0
  %1 = torch.constant.int 1
  %2 = torch.constant.int 2
  %3 = torch.constant.int 3
  %4 = torch.constant.int 4
  %minus = torch.constant.int -1
  %false = torch.constant.bool false
  %none = torch.constant.none
  %cpu = torch.constant.device "cpu"
  %float = torch.constant.float 0.000000e+00
  %scale = torch.constant.float 2.500000e-01
  %kernel = torch.vtensor.literal(dense_resource<patch.weight> : tensor<4x1x2x2xf32>) : !torch.vtensor<[4,1,2,2],f32>
  %stride = torch.prim.ListConstruct %2, %2 : (!torch.int, !torch.int) -> !torch.list<int>
  %zeros = torch.prim.ListConstruct %0, %0 : (!torch.int, !torch.int) -> !torch.list<int>
  %ones = torch.prim.ListConstruct %1, %1 : (!torch.int, !torch.int) -> !torch.list<int>
  %conv = torch.aten.conv2d %image, %kernel, %none, %stride, %zeros, %ones, %1 : !torch.vtensor<[1,1,2,2],f32>, !torch.vtensor<[4,1,2,2],f32>, !torch.none, !torch.list<int>, !torch.list<int>, !torch.list<int>, !torch.int -> !torch.vtensor<[1,4,1,1],f32>
  %flat = torch.aten.flatten.using_ints %conv, %2, %minus : !torch.vtensor<[1,4,1,1],f32>, !torch.int, !torch.int -> !torch.vtensor<[1,4,1],f32>
  %x = torch.aten.transpose.int %flat, %1, %2 : !torch.vtensor<[1,4,1],f32>, !torch.int, !torch.int -> !torch.vtensor<[1,1,4],f32>
  %weight = torch.vtensor.literal(dense_resource<qkv.weight> : tensor<12x4xf32>) : !torch.vtensor<[12,4],f32>
  %qkv = torch.aten.linear %x, %weight, %none : !torch.vtensor<[1,1,4],f32>, !torch.vtensor<[12,4],f32>, !torch.none -> !torch.vtensor<[1,1,12],f32>
  %sizes = torch.prim.ListConstruct %1, %1, %3, %2, %2 : (!torch.int, !torch.int, !torch.int, !torch.int, !torch.int) -> !torch.list<int>
  %split = torch.aten.reshape %qkv, %sizes : !torch.vtensor<[1,1,12],f32>, !torch.list<int> -> !torch.vtensor<[1,1,3,2,2],f32>
  %dims = torch.prim.ListConstruct %2, %0, %3, %1, %4 : (!torch.int, !torch.int, !torch.int, !torch.int, !torch.int) -> !torch.list<int>
  %heads = torch.aten.permute %split, %dims : !torch.vtensor<[1,1,3,2,2],f32>, !torch.list<int> -> !torch.vtensor<[3,1,2,1,2],f32>
  %list = torch.aten.unbind.int %heads, %0 : !torch.vtensor<[3,1,2,1,2],f32>, !torch.int -> !torch.list<vtensor>
  %q, %k, %v = torch.prim.ListUnpack %list : !torch.list<vtensor> -> !torch.vtensor<[1,2,1,2],f32>, !torch.vtensor<[1,2,1,2],f32>, !torch.vtensor<[1,2,1,2],f32>
  %range = torch.aten.arange %1, %none, %none, %cpu, %false : !torch.int, !torch.none, !torch.none, !torch.Device, !torch.bool -> !torch.vtensor<[1],si64>
  %mask = torch.aten.ge.Scalar %range, %0 : !torch.vtensor<[1],si64>, !torch.int -> !torch.vtensor<[1],i1>
  %attention = torch.aten.scaled_dot_product_attention %q, %k, %v, %mask, %float, %false, %scale, %false : !torch.vtensor<[1,2,1,2],f32>, !torch.vtensor<[1,2,1,2],f32>, !torch.vtensor<[1,2,1,2],f32>, !torch.vtensor<[1],i1>, !torch.float, !torch.bool, !torch.float, !torch.bool -> !torch.vtensor<[1,2,1,2],f32>
  %back = torch.aten.transpose.int %attention, %1, %2 : !torch.vtensor<[1,2,1,2],f32>, !torch.int, !torch.int -> !torch.vtensor<[1,1,2,2],f32>
  %joined = torch.prim.ListConstruct %1, %1, %4 : (!torch.int, !torch.int, !torch.int) -> !torch.list<int>
  %context = torch.aten.reshape %back, %joined : !torch.vtensor<[1,1,2,2],f32>, !torch.list<int> -> !torch.vtensor<[1,1,4],f32>
  return %context : !torch.vtensor<[1,1,4],f32>
}

// -----

// A factor of the image stays with the patch embedding.

// CHECK: binvit.patch_embed %image, %{{.*}} scale 2.500000e-01 {layer = "patch"}
func.func @main(%image: !torch.vtensor<[1,1,2,2],f32>) -> !torch.vtensor<[1,4],f32> {
  %0 = torch.constant.int 0
  %1 = torch.constant.int 1
  %2 = torch.constant.int 2
  %4 = torch.constant.int 4
  %none = torch.constant.none
  %scaled = torch.aten.div.Scalar %image, %4 : !torch.vtensor<[1,1,2,2],f32>, !torch.int -> !torch.vtensor<[1,1,2,2],f32>
  %kernel = torch.vtensor.literal(dense_resource<patch.weight> : tensor<4x1x2x2xf32>) : !torch.vtensor<[4,1,2,2],f32>
  %stride = torch.prim.ListConstruct %2, %2 : (!torch.int, !torch.int) -> !torch.list<int>
  %zeros = torch.prim.ListConstruct %0, %0 : (!torch.int, !torch.int) -> !torch.list<int>
  %ones = torch.prim.ListConstruct %1, %1 : (!torch.int, !torch.int) -> !torch.list<int>
  %conv = torch.aten.conv2d %scaled, %kernel, %none, %stride, %zeros, %ones, %1 : !torch.vtensor<[1,1,2,2],f32>, !torch.vtensor<[4,1,2,2],f32>, !torch.none, !torch.list<int>, !torch.list<int>, !torch.list<int>, !torch.int -> !torch.vtensor<[1,4,1,1],f32>
  %sizes = torch.prim.ListConstruct %1, %4 : (!torch.int, !torch.int) -> !torch.list<int>
  %token = torch.aten.view %conv, %sizes : !torch.vtensor<[1,4,1,1],f32>, !torch.list<int> -> !torch.vtensor<[1,4],f32>
  return %token : !torch.vtensor<[1,4],f32>
}
