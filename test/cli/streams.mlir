// Input comes from a file or from stdin, in custom or generic form, and both can be printed;
// locations are those of the file unless `loc` says otherwise.

// RUN: vaqf-opt %s | filecheck %s
// RUN: vaqf-opt < %s | filecheck %s
// RUN: vaqf-opt %s --print-op-generic | vaqf-opt | filecheck %s
// RUN: vaqf-opt %s --print-op-generic | filecheck %s --check-prefix=GENERIC
// RUN: vaqf-opt < %s --print-debuginfo | filecheck %s --check-prefix=LOCATION
// RUN: vaqf-opt %s -p canonicalize,dce --print-between-passes | filecheck %s --check-prefix=BETWEEN

func.func @f(%x: i32) -> i32 {
  %double = arith.addi %x, %x : i32 loc("model.py":3:7)
  func.return %double : i32
}

// CHECK:       func.func @f(%x: i32) -> i32 {
// CHECK-NEXT:    %double = arith.addi %x, %x : i32
// CHECK-NEXT:    func.return %double : i32
// CHECK-NEXT:  }

// GENERIC:     "arith.addi"(%x, %x)

// LOCATION:    arith.addi %x, %x : i32 loc("model.py":3:7)
// LOCATION-NEXT: func.return %double : i32 loc("stdin":13:3)

// BETWEEN:     IR after canonicalize:
// BETWEEN:     func.func @f
// BETWEEN:     func.func @f
