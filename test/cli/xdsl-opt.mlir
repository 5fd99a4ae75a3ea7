// Stock xdsl-opt knows our dialects, passes and target through the entry point `xdsl.universe`.

// RUN: xdsl-opt %s | filecheck %s
// RUN: xdsl-opt -p binvit-canonicalize-tokens %s | filecheck %s
// RUN: xdsl-opt -t hls-cpp %s | filecheck %s --check-prefix=CPP

func.func @add(%x: i32, %y: i32) -> i32 {
  vhls.comment "one addition"
  %sum = arith.addi %x, %y : i32
  func.return %sum : i32
}

// CHECK: vhls.comment "one addition"

// CPP: // one addition
