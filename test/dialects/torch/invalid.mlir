// RUN: vaqf-opt %s --split-input-file --verify-diagnostics --parsing-diagnostics | filecheck %s

// An operand of the wrong kind.
// CHECK: !torch.none should be of base attribute torch.vtensor
func.func @weight(%x: !torch.vtensor<[1,4,8],f32>, %n: !torch.none) {
  %0 = torch.aten.linear %x, %n, %n : !torch.vtensor<[1,4,8],f32>, !torch.none, !torch.none -> !torch.vtensor<[1,4,8],f32>
  return
}

// -----

// Too few operands.
// CHECK: Expected 3 operands, but got 2
func.func @arity(%x: !torch.vtensor<[1,4,8],f32>) {
  %0 = "torch.aten.linear"(%x, %x) : (!torch.vtensor<[1,4,8],f32>, !torch.vtensor<[1,4,8],f32>) -> !torch.vtensor<[1,4,8],f32>
  return
}

// -----

// A result that is no tensor.
// CHECK: !torch.int should be of base attribute torch.vtensor
func.func @result(%x: !torch.vtensor<[1,4,8],f32>, %s: !torch.str) {
  %0 = torch.aten.gelu %x, %s : !torch.vtensor<[1,4,8],f32>, !torch.str -> !torch.int
  return
}

// -----

// CHECK: unknown element type 'tuple' of a !torch.list
func.func private @list() -> !torch.list<tuple>

// -----

// An operation that the dialect lacks is read in the form that all ATen operations have.
// CHECK: expected 2 operand types but had 1
func.func @sort(%x: !torch.vtensor<[4],f32>) {
  %0 = torch.aten.sort %x : !torch.vtensor<[4],f32>, !torch.int -> !torch.vtensor<[4],f32>
  return
}

// -----

// Other dialects are as strict as they were.
// CHECK: Operation scf.sort is not registered
func.func @sort(%x: i32) {
  %0 = scf.sort %x : i32 -> i32
  return
}

// -----

// CHECK: Expected float literal
%0 = torch.constant.float 5

// -----

// CHECK: a number of 64 bits has at most 16 hexadecimal digits
%0 = torch.constant.float 0x17FF0000000000000
