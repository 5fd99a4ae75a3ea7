// RUN: vaqf-opt %s --split-input-file --verify-diagnostics -p convert-torch-to-binvit | filecheck %s

// What is not understood stops with the operation, its operands and the reason.

// CHECK: @main: expected one argument, the image, got 2
func.func @main(%a: !torch.vtensor<[1,3,8,8],f32>, %b: !torch.vtensor<[1,3,8,8],f32>) {
  return
}

// -----

// CHECK: @main: the image must be 1xCxHxW, got !torch.vtensor<[2,3,8,8],f32>
func.func @main(%a: !torch.vtensor<[2,3,8,8],f32>) {
  return
}

// -----

// CHECK: @main: the image must be 1xCxHxW, got !torch.vtensor<{{.}}?,3,8,8],f32>
func.func @main(%a: !torch.vtensor<[?,3,8,8],f32>) {
  return
}

// -----

// CHECK: @main: the image must be 1xCxHxW, got !torch.vtensor<*,f32>
func.func @main(%a: !torch.vtensor<*,f32>) {
  return
}

// -----

// CHECK: cannot convert torch.aten.alias (result %r) on ({{.*}}): !torch.vtensor<{{.}}?,3,8,8],f32> has sizes that are unknown; give the model a fixed shape
func.func @main(%a: !torch.vtensor<[1,3,8,8],f32>) -> !torch.vtensor<[?,3,8,8],f32> {
  %r = torch.aten.alias %a : !torch.vtensor<[1,3,8,8],f32> -> !torch.vtensor<[?,3,8,8],f32>
  return %r : !torch.vtensor<[?,3,8,8],f32>
}

// -----

// CHECK: cannot convert torch.aten.alias (result %r) on ({{.*}}): !torch.vtensor<*,f32> has sizes that are unknown; give the model a fixed shape
func.func @main(%a: !torch.vtensor<[1,3,8,8],f32>) -> !torch.vtensor<*,f32> {
  %r = torch.aten.alias %a : !torch.vtensor<[1,3,8,8],f32> -> !torch.vtensor<*,f32>
  return %r : !torch.vtensor<*,f32>
}

// -----

// CHECK: cannot convert torch.vtensor.literal (result %w) on (): !torch.vtensor<{{.}}?,8],f32> has sizes that are unknown; give the model a fixed shape
func.func @main(%a: !torch.vtensor<[1,3,8,8],f32>) -> !torch.vtensor<[?,8],f32> {
  %w = torch.vtensor.literal(dense_resource<w> : tensor<?x8xf32>) : !torch.vtensor<[?,8],f32>
  return %w : !torch.vtensor<[?,8],f32>
}

// -----

// CHECK: cannot convert torch.aten.softmax.int (result %p) on ({{.*}}): only the softmax of attention scores is supported
func.func @main(%a: !torch.vtensor<[1,3,8,8],f32>) -> !torch.vtensor<[1,3,8,8],f32> {
  %i = torch.constant.int -1
  %none = torch.constant.none
  %p = torch.aten.softmax.int %a, %i, %none : !torch.vtensor<[1,3,8,8],f32>, !torch.int, !torch.none -> !torch.vtensor<[1,3,8,8],f32>
  return %p : !torch.vtensor<[1,3,8,8],f32>
}

// -----

// CHECK: cannot convert torch.aten.conv2d (result %c) on ({{.*}}): only square patches are supported: stride = kernel, no padding or groups
func.func @main(%a: !torch.vtensor<[1,3,8,8],f32>) -> !torch.vtensor<[1,4,7,7],f32> {
  %none = torch.constant.none
  %0 = torch.constant.int 0
  %1 = torch.constant.int 1
  %w = torch.vtensor.literal(dense_resource<w> : tensor<4x3x2x2xf32>) : !torch.vtensor<[4,3,2,2],f32>
  %ones = torch.prim.ListConstruct %1, %1 : (!torch.int, !torch.int) -> !torch.list<int>
  %zeros = torch.prim.ListConstruct %0, %0 : (!torch.int, !torch.int) -> !torch.list<int>
  %c = torch.aten.conv2d %a, %w, %none, %ones, %zeros, %ones, %1 : !torch.vtensor<[1,3,8,8],f32>, !torch.vtensor<[4,3,2,2],f32>, !torch.none, !torch.list<int>, !torch.list<int>, !torch.list<int>, !torch.int -> !torch.vtensor<[1,4,7,7],f32>
  return %c : !torch.vtensor<[1,4,7,7],f32>
}

// -----

// CHECK: cannot convert torch.aten.dropout (result %d) on ({{.*}}): the model was exported in training mode; call eval() first
func.func @main(%a: !torch.vtensor<[1,3,8,8],f32>) -> !torch.vtensor<[1,3,8,8],f32> {
  %p = torch.constant.float 1.000000e-01
  %true = torch.constant.bool true
  %d = torch.aten.dropout %a, %p, %true : !torch.vtensor<[1,3,8,8],f32>, !torch.float, !torch.bool -> !torch.vtensor<[1,3,8,8],f32>
  return %d : !torch.vtensor<[1,3,8,8],f32>
}

// -----

// The image itself is no matrix of tokens.
// CHECK: cannot convert torch.aten.gelu (result %g) on ({{.*}}): an operand is not a whole matrix of tokens by channels
func.func @main(%a: !torch.vtensor<[1,3,8,8],f32>) -> !torch.vtensor<[1,3,8,8],f32> {
  %s = torch.constant.str "none"
  %g = torch.aten.gelu %a, %s : !torch.vtensor<[1,3,8,8],f32>, !torch.str -> !torch.vtensor<[1,3,8,8],f32>
  return %g : !torch.vtensor<[1,3,8,8],f32>
}

// -----

// What an operation computes is compared with the type of its result.
// CHECK: cannot convert torch.aten.transpose.int (result %t) on ({{.*}}): its result would have shape 1x8x4x3, its type says !torch.vtensor<[1,3,8,4],f32>
func.func @main(%a: !torch.vtensor<[1,3,4,8],f32>) -> !torch.vtensor<[1,3,8,4],f32> {
  %1 = torch.constant.int 1
  %3 = torch.constant.int 3
  %t = torch.aten.transpose.int %a, %1, %3 : !torch.vtensor<[1,3,4,8],f32>, !torch.int, !torch.int -> !torch.vtensor<[1,3,8,4],f32>
  return %t : !torch.vtensor<[1,3,8,4],f32>
}

// -----

// CHECK: cannot convert torch.aten.view (result %v) on ({{.*}}): cannot reshape array of size 96 into shape (5,)
func.func @main(%a: !torch.vtensor<[1,3,4,8],f32>) -> !torch.vtensor<[5],f32> {
  %5 = torch.constant.int 5
  %sizes = torch.prim.ListConstruct %5 : (!torch.int) -> !torch.list<int>
  %v = torch.aten.view %a, %sizes : !torch.vtensor<[1,3,4,8],f32>, !torch.list<int> -> !torch.vtensor<[5],f32>
  return %v : !torch.vtensor<[5],f32>
}

// -----

// CHECK: @main: the image must have elements of f32, got !torch.vtensor<[1,3,8,8],f64>
func.func @main(%a: !torch.vtensor<[1,3,8,8],f64>) {
  return
}

// -----

// CHECK: cannot convert torch.vtensor.literal (result %w) on (): the parameter 'w' is tensor<4x3xf32>, which is not !torch.vtensor<[3,4],f32>
func.func @main(%a: !torch.vtensor<[1,3,8,8],f32>) -> !torch.vtensor<[3,4],f32> {
  %w = torch.vtensor.literal(dense_resource<w> : tensor<4x3xf32>) : !torch.vtensor<[3,4],f32>
  return %w : !torch.vtensor<[3,4],f32>
}

// -----

// Operations that the dialect lacks are refused by name.
// CHECK: cannot convert torch.aten.relu (result %r) on (!torch.vtensor<[1,3,8,8],f32>): no Vision Transformer operation is known that uses it
func.func @main(%a: !torch.vtensor<[1,3,8,8],f32>) -> !torch.vtensor<[1,3,8,8],f32> {
  %r = torch.aten.relu %a : !torch.vtensor<[1,3,8,8],f32> -> !torch.vtensor<[1,3,8,8],f32>
  return %r : !torch.vtensor<[1,3,8,8],f32>
}

// -----

// CHECK: cannot convert torch.operator "torch.aten.mT" (result %r) on (!torch.vtensor<[1,3,8,8],f32>): no Vision Transformer operation is known that uses it
func.func @main(%a: !torch.vtensor<[1,3,8,8],f32>) -> !torch.vtensor<[1,3,8,8],f32> {
  %r = torch.operator "torch.aten.mT"(%a) : (!torch.vtensor<[1,3,8,8],f32>) -> !torch.vtensor<[1,3,8,8],f32>
  return %r : !torch.vtensor<[1,3,8,8],f32>
}

// -----

// Only conversions that convert nothing are left out.
// CHECK: cannot convert torch.aten.to.dtype (result %r) on ({{.*}}): !torch.vtensor<[1,3,8,8],f32> has another element type than it asks for
func.func @main(%a: !torch.vtensor<[1,3,8,8],f32>) -> !torch.vtensor<[1,3,8,8],f64> {
  %7 = torch.constant.int 7
  %no = torch.constant.bool false
  %none = torch.constant.none
  %r = torch.aten.to.dtype %a, %7, %no, %no, %none : !torch.vtensor<[1,3,8,8],f32>, !torch.int, !torch.bool, !torch.bool, !torch.none -> !torch.vtensor<[1,3,8,8],f64>
  return %r : !torch.vtensor<[1,3,8,8],f64>
}

// -----

// CHECK: cannot convert torch.aten._assert_tensor_metadata on ({{.*}}): !torch.vtensor<[1,3,8,8],f32> has another element type than it asks for
func.func @main(%a: !torch.vtensor<[1,3,8,8],f32>) {
  %5 = torch.constant.int 5
  %none = torch.constant.none
  torch.aten._assert_tensor_metadata %a, %none, %none, %5, %none, %none : !torch.vtensor<[1,3,8,8],f32>, !torch.none, !torch.none, !torch.int, !torch.none, !torch.none
  return
}

// -----

// Dimensions are counted from either end, and there are no others.
// CHECK: cannot convert torch.aten.transpose.int (result %r) on ({{.*}}): a tensor of 4 dimensions has no dimension 9223372036854775807
func.func @main(%a: !torch.vtensor<[1,3,8,8],f32>) -> !torch.vtensor<[1,3,8,8],f32> {
  %one = torch.constant.int 1
  %huge = torch.constant.int 9223372036854775807
  %r = torch.aten.transpose.int %a, %one, %huge : !torch.vtensor<[1,3,8,8],f32>, !torch.int, !torch.int -> !torch.vtensor<[1,3,8,8],f32>
  return %r : !torch.vtensor<[1,3,8,8],f32>
}

// -----

// CHECK: cannot convert torch.aten.flatten.using_ints (result %r) on ({{.*}}): a tensor of 4 dimensions has no dimension 4
func.func @main(%a: !torch.vtensor<[1,3,8,8],f32>) -> !torch.vtensor<[192],f32> {
  %zero = torch.constant.int 0
  %four = torch.constant.int 4
  %r = torch.aten.flatten.using_ints %a, %zero, %four : !torch.vtensor<[1,3,8,8],f32>, !torch.int, !torch.int -> !torch.vtensor<[192],f32>
  return %r : !torch.vtensor<[192],f32>
}

// -----

// CHECK: cannot convert torch.aten.chunk (result %list) on ({{.*}}): there cannot be 0 parts
func.func @main(%a: !torch.vtensor<[1,3,8,8],f32>) -> !torch.vtensor<[1,3,8,8],f32> {
  %zero = torch.constant.int 0
  %list = torch.aten.chunk %a, %zero, %zero : !torch.vtensor<[1,3,8,8],f32>, !torch.int, !torch.int -> !torch.list<vtensor>
  %r = torch.prim.ListUnpack %list : !torch.list<vtensor> -> !torch.vtensor<[1,3,8,8],f32>
  return %r : !torch.vtensor<[1,3,8,8],f32>
}
