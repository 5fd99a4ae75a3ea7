// RUN: vaqf-opt %s | vaqf-opt | filecheck %s
// RUN: vaqf-opt %s --print-op-generic | vaqf-opt | filecheck %s

// The torch dialect as torch-mlir prints it, in pretty form and back from the generic one.

!t = !torch.vtensor<[1,4,8],f32>

// CHECK-LABEL: @constants
func.func @constants() {
  // CHECK: %int16 = torch.constant.int 16
  %int16 = torch.constant.int 16
  // CHECK: torch.constant.int -1
  %int-1 = torch.constant.int -1
  // CHECK: torch.constant.float 1.250000e-01
  %float = torch.constant.float 1.250000e-01
  // CHECK: torch.constant.float 0x7ff0000000000000
  %inf = torch.constant.float 0x7FF0000000000000
  // CHECK: torch.constant.float 0xfff0000000000000
  %-inf = torch.constant.float 0xFFF0000000000000
  // CHECK: torch.constant.float 0x7ff8000000000000
  %nan = torch.constant.float 0x7FF8000000000000
  // CHECK: torch.constant.float 0x4132D68700000000
  %large = torch.constant.float 1234567.0
  // CHECK: torch.constant.bool false
  %false = torch.constant.bool false
  // CHECK: torch.constant.bool true
  %true = torch.constant.bool true
  // CHECK: torch.constant.str "none"
  %str = torch.constant.str "none"
  // CHECK: torch.constant.device "cpu"
  %cpu = torch.constant.device "cpu"
  // CHECK: torch.constant.none
  %none = torch.constant.none
  // CHECK: torch.vtensor.literal(dense_resource<layer.0.weight> : tensor<8x8xf32>) : !torch.vtensor<[8,8],f32>
  %weight = torch.vtensor.literal(dense_resource<layer.0.weight> : tensor<8x8xf32>) : !torch.vtensor<[8,8],f32>
  // CHECK: torch.vtensor.literal(dense_resource<"0.a \22b\22"> : tensor<8xf32>) : !torch.vtensor<[8],f32>
  %odd = torch.vtensor.literal(dense_resource<"0.a \22b\22"> : tensor<8xf32>) : !torch.vtensor<[8],f32>
  // CHECK: torch.vtensor.literal(dense<[1, 2]> : tensor<2xsi64>) : !torch.vtensor<[2],si64>
  %indices = torch.vtensor.literal(dense<[1, 2]> : tensor<2xsi64>) : !torch.vtensor<[2],si64>
  // CHECK: torch.prim.ListConstruct %int16, %{{.*}} : (!torch.int, !torch.int) -> !torch.list<int>
  %sizes = torch.prim.ListConstruct %int16, %int-1 : (!torch.int, !torch.int) -> !torch.list<int>
  return
}

// CHECK-LABEL: @compute
func.func @compute(%x: !t, %w: !torch.vtensor<[8,8],f32>, %b: !torch.vtensor<[8],f32>, %image: !torch.vtensor<[1,3,8,8],f32>,
                   %kernel: !torch.vtensor<[8,3,4,4],f32>, %l: !torch.list<int>, %i: !torch.int, %f: !torch.float,
                   %no: !torch.bool, %s: !torch.str, %none: !torch.none, %cpu: !torch.Device, %h: !torch.vtensor<[1,2,4,4],f32>) {
  // CHECK: torch.aten.conv2d %image, %kernel, %b, %l, %l, %l, %i : !torch.vtensor<[1,3,8,8],f32>, !torch.vtensor<[8,3,4,4],f32>, !torch.vtensor<[8],f32>, !torch.list<int>, !torch.list<int>, !torch.list<int>, !torch.int -> !torch.vtensor<[1,8,2,2],f32>
  %0 = torch.aten.conv2d %image, %kernel, %b, %l, %l, %l, %i : !torch.vtensor<[1,3,8,8],f32>, !torch.vtensor<[8,3,4,4],f32>, !torch.vtensor<[8],f32>, !torch.list<int>, !torch.list<int>, !torch.list<int>, !torch.int -> !torch.vtensor<[1,8,2,2],f32>
  // CHECK: torch.aten.linear %x, %w, %none : !torch.vtensor<[1,4,8],f32>, !torch.vtensor<[8,8],f32>, !torch.none -> !torch.vtensor<[1,4,8],f32>
  %1 = torch.aten.linear %x, %w, %none : !t, !torch.vtensor<[8,8],f32>, !torch.none -> !t
  // CHECK: torch.aten.layer_norm
  %2 = torch.aten.layer_norm %x, %l, %b, %b, %f, %no : !t, !torch.list<int>, !torch.vtensor<[8],f32>, !torch.vtensor<[8],f32>, !torch.float, !torch.bool -> !t
  // CHECK: torch.aten.gelu %x, %s : !torch.vtensor<[1,4,8],f32>, !torch.str -> !torch.vtensor<[1,4,8],f32>
  %3 = torch.aten.gelu %x, %s : !t, !torch.str -> !t
  // CHECK: torch.aten.scaled_dot_product_attention %h, %h, %h, %none, %f, %no, %f, %no
  %4 = torch.aten.scaled_dot_product_attention %h, %h, %h, %none, %f, %no, %f, %no : !torch.vtensor<[1,2,4,4],f32>, !torch.vtensor<[1,2,4,4],f32>, !torch.vtensor<[1,2,4,4],f32>, !torch.none, !torch.float, !torch.bool, !torch.float, !torch.bool -> !torch.vtensor<[1,2,4,4],f32>
  // CHECK: torch.aten.matmul %h, %h
  %5 = torch.aten.matmul %h, %h : !torch.vtensor<[1,2,4,4],f32>, !torch.vtensor<[1,2,4,4],f32> -> !torch.vtensor<[1,2,4,4],f32>
  // CHECK: torch.aten.softmax.int %h, %i, %none
  %6 = torch.aten.softmax.int %h, %i, %none : !torch.vtensor<[1,2,4,4],f32>, !torch.int, !torch.none -> !torch.vtensor<[1,2,4,4],f32>
  // CHECK: torch.aten.add.Tensor %x, %x, %i
  %7 = torch.aten.add.Tensor %x, %x, %i : !t, !t, !torch.int -> !t
  // CHECK: torch.aten.add.Scalar %x, %f, %i
  %8 = torch.aten.add.Scalar %x, %f, %i : !t, !torch.float, !torch.int -> !t
  // CHECK: torch.aten.mul.Tensor %x, %b
  %9 = torch.aten.mul.Tensor %x, %b : !t, !torch.vtensor<[8],f32> -> !t
  // CHECK: torch.aten.mul.Scalar %x, %f
  %10 = torch.aten.mul.Scalar %x, %f : !t, !torch.float -> !t
  // CHECK: torch.aten.div.Scalar %x, %i
  %11 = torch.aten.div.Scalar %x, %i : !t, !torch.int -> !t
  // CHECK: torch.aten.arange %i, %none, %none, %cpu, %no
  %12 = torch.aten.arange %i, %none, %none, %cpu, %no : !torch.int, !torch.none, !torch.none, !torch.Device, !torch.bool -> !torch.vtensor<[4],si64>
  // CHECK: torch.aten.ge.Scalar {{.*}} -> !torch.vtensor<[4],i1>
  %13 = torch.aten.ge.Scalar %12, %i : !torch.vtensor<[4],si64>, !torch.int -> !torch.vtensor<[4],i1>
  return
}

// CHECK-LABEL: @moves
func.func @moves(%x: !t, %l: !torch.list<int>, %i: !torch.int, %f: !torch.float, %no: !torch.bool, %none: !torch.none) {
  // CHECK: torch.prim.ListConstruct %x, %x : (!torch.vtensor<[1,4,8],f32>, !torch.vtensor<[1,4,8],f32>) -> !torch.list<vtensor>
  %pair = torch.prim.ListConstruct %x, %x : (!t, !t) -> !torch.list<vtensor>
  // CHECK: torch.aten.cat %{{.*}}, %i : !torch.list<vtensor>, !torch.int -> !torch.vtensor<[1,8,8],f32>
  %0 = torch.aten.cat %pair, %i : !torch.list<vtensor>, !torch.int -> !torch.vtensor<[1,8,8],f32>
  // CHECK: torch.aten.expand
  %1 = torch.aten.expand %x, %l, %no : !t, !torch.list<int>, !torch.bool -> !t
  // CHECK: torch.aten.flatten.using_ints
  %2 = torch.aten.flatten.using_ints %x, %i, %i : !t, !torch.int, !torch.int -> !torch.vtensor<[1,32],f32>
  // CHECK: torch.aten.transpose.int
  %3 = torch.aten.transpose.int %x, %i, %i : !t, !torch.int, !torch.int -> !torch.vtensor<[1,8,4],f32>
  // CHECK: torch.aten.permute
  %4 = torch.aten.permute %x, %l : !t, !torch.list<int> -> !t
  // CHECK: torch.aten.view
  %5 = torch.aten.view %x, %l : !t, !torch.list<int> -> !t
  // CHECK: torch.aten.reshape
  %6 = torch.aten.reshape %x, %l : !t, !torch.list<int> -> !t
  // CHECK: torch.aten.unflatten.int
  %7 = torch.aten.unflatten.int %x, %i, %l : !t, !torch.int, !torch.list<int> -> !torch.vtensor<[1,4,2,4],f32>
  // CHECK: torch.aten.unbind.int %x, %i : !torch.vtensor<[1,4,8],f32>, !torch.int -> !torch.list<vtensor>
  %8 = torch.aten.unbind.int %x, %i : !t, !torch.int -> !torch.list<vtensor>
  // CHECK: torch.prim.ListUnpack %{{.*}} : !torch.list<vtensor> -> !torch.vtensor<[4,8],f32>
  %9 = torch.prim.ListUnpack %8 : !torch.list<vtensor> -> !torch.vtensor<[4,8],f32>
  // CHECK: torch.aten.chunk %x, %i, %i : !torch.vtensor<[1,4,8],f32>, !torch.int, !torch.int -> !torch.list<vtensor<[1,4,4],f32>>
  %10 = torch.aten.chunk %x, %i, %i : !t, !torch.int, !torch.int -> !torch.list<vtensor<[1,4,4],f32>>
  // CHECK: torch.aten.split.Tensor
  %11 = torch.aten.split.Tensor %x, %i, %i : !t, !torch.int, !torch.int -> !torch.list<vtensor>
  // CHECK: torch.aten.select.int
  %12 = torch.aten.select.int %x, %i, %i : !t, !torch.int, !torch.int -> !torch.vtensor<[1,8],f32>
  // CHECK: torch.aten.slice.Tensor
  %13 = torch.aten.slice.Tensor %x, %i, %none, %i, %i : !t, !torch.int, !torch.none, !torch.int, !torch.int -> !torch.vtensor<[1,3,8],f32>
  // CHECK: torch.aten.unsqueeze
  %14 = torch.aten.unsqueeze %x, %i : !t, !torch.int -> !torch.vtensor<[1,1,4,8],f32>
  // CHECK: torch.aten.squeeze.dim
  %15 = torch.aten.squeeze.dim %x, %i : !t, !torch.int -> !torch.vtensor<[4,8],f32>
  // CHECK: torch.aten.mean.dim
  %16 = torch.aten.mean.dim %x, %l, %no, %none : !t, !torch.list<int>, !torch.bool, !torch.none -> !torch.vtensor<[1,8],f32>
  // CHECK: torch.aten.dropout
  %17 = torch.aten.dropout %x, %f, %no : !t, !torch.float, !torch.bool -> !t
  // CHECK: torch.aten.contiguous
  %18 = torch.aten.contiguous %x, %i : !t, !torch.int -> !t
  // CHECK: torch.aten.clone %x, %none
  %19 = torch.aten.clone %x, %none : !t, !torch.none -> !t
  // CHECK: torch.aten.to.dtype
  %20 = torch.aten.to.dtype %x, %i, %no, %no, %none : !t, !torch.int, !torch.bool, !torch.bool, !torch.none -> !t
  // CHECK: torch.aten.to.dtype_layout
  %21 = torch.aten.to.dtype_layout %x, %i, %none, %none, %none, %no, %no, %none : !t, !torch.int, !torch.none, !torch.none, !torch.none, !torch.bool, !torch.bool, !torch.none -> !t
  // CHECK: torch.aten.alias
  %22 = torch.aten.alias %x : !t -> !t
  // CHECK: torch.aten.detach
  %23 = torch.aten.detach %x : !t -> !t
  // CHECK: torch.aten._assert_tensor_metadata %x, %none, %none, %i, %none, %none
  torch.aten._assert_tensor_metadata %x, %none, %none, %i, %none, %none : !t, !torch.none, !torch.none, !torch.int, !torch.none, !torch.none
  return
}

// Operations that the dialect lacks are read and, in generic form, printed; tensors of unknown
// shape and other types come with them.

// CHECK-LABEL: @unknown
// CHECK-SAME: %x: !torch.vtensor<[1,?],f32>, %y: !torch.vtensor<*,f32>, %z: !torch.vtensor<[2],unk>, %l: !torch.list<optional<vtensor<[2],si64>>>, %n: !torch.number, %a: !torch.any, %g: !torch.Generator
func.func @unknown(%x : !torch.vtensor<[1,?],f32>, %y : !torch.vtensor<*,f32>, %z : !torch.vtensor<[2],unk>, %l : !torch.list<optional<vtensor<[2],si64>>>, %n : !torch.number, %a : !torch.any, %g : !torch.Generator) {
  // CHECK: "torch.aten.relu"(%x) : (!torch.vtensor<[1,?],f32>) -> !torch.vtensor<[1,?],f32>
  %0 = torch.aten.relu %x : !torch.vtensor<[1,?],f32> -> !torch.vtensor<[1,?],f32>
  // CHECK: %{{.*}}, %{{.*}} = "torch.aten.max.dim"(%x, %n)
  %1, %2 = torch.aten.max.dim %x, %n {note = 1 : i64} : !torch.vtensor<[1,?],f32>, !torch.number -> !torch.vtensor<[1],f32>, !torch.vtensor<[1],si64>
  // CHECK: "torch.aten._check"(%x)
  torch.aten._check %x : !torch.vtensor<[1,?],f32>
  // CHECK: torch.operator "torch.aten.upsample_bicubic2d.vec"(%y, %l) : (!torch.vtensor<*,f32>, !torch.list<optional<vtensor<[2],si64>>>) -> !torch.vtensor<*,f32>
  %3 = torch.operator "torch.aten.upsample_bicubic2d.vec"(%y, %l) : (!torch.vtensor<*,f32>, !torch.list<optional<vtensor<[2],si64>>>) -> !torch.vtensor<*,f32>
  return
}
