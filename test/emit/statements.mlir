// Loops, branches, memories and calls: one C++ construct for one operation.

// RUN: vaqf-opt %s -t 'hls-cpp{verify=false}' | filecheck %s

// The integer types in use, then tables, then functions.
// CHECK:      #include "vaqf_types.h"
// CHECK-EMPTY:
// CHECK-NEXT: typedef ap_int<8> i8;
// CHECK-NEXT: typedef ap_int<20> i20;
// CHECK-EMPTY:

// CHECK-NEXT: static const i8 primes[4] = {2, 3, 5, -7};
"memref.global"() <{sym_name = "primes", sym_visibility = "private", type = memref<4xi8>, initial_value = dense<[2, 3, 5, -7]> : tensor<4xi8>, constant}> : () -> ()

// CHECK:      static const bool corners[2][2] = {{[{][{]}}1, 0}, {0, 1}};
"memref.global"() <{sym_name = "corners", sym_visibility = "private", type = memref<2x2xi1>, initial_value = dense<[[true, false], [false, true]]> : tensor<2x2xi1>, constant}> : () -> ()

// CHECK-LABEL: static void memories(i8 x[4][8], int row) {
func.func @memories(%x: memref<4x8xi8>, %row: index) {
  %two = arith.constant 2 : index
  // CHECK-NEXT: static i8 kept[4];
  %kept = memref.alloc() : memref<4xi8>
  // CHECK-NEXT: i8 local[4];
  %local = memref.alloca() : memref<4xi8>
  // CHECK-NEXT: local[row] = primes[row];
  %primes = memref.get_global @primes : memref<4xi8>
  %0 = memref.load %primes[%row] : memref<4xi8>
  memref.store %0, %local[%row] : memref<4xi8>
  // CHECK-NEXT: kept[2] = x[row][row + 2];
  %1 = arith.addi %row, %two : index
  %2 = memref.load %x[%row, %1] : memref<4x8xi8>
  memref.store %2, %kept[%two] : memref<4xi8>
  // CHECK-NEXT: }
  func.return
}

// CHECK-LABEL: static i20 loops(i8 x[64], int from, int to) {
func.func @loops(%x: memref<64xi8>, %from: index, %to: index) -> i20 {
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %zero = arith.constant 0 : i20
  // A loop with a carried value.
  // CHECK-NEXT: i20 sum = 0;
  // CHECK-NEXT: for (int i = from; i < to; ++i) {
  // CHECK-NEXT:   sum = sum + x[i];
  // CHECK-NEXT: }
  %sum = scf.for %i = %from to %to step %one iter_args(%partial = %zero) -> (i20) {
    %0 = memref.load %x[%i] : memref<64xi8>
    %1 = arith.extsi %0 : i8 to i20
    %2 = arith.addi %partial, %1 overflow<nsw> : i20
    scf.yield %2 : i20
  }
  // One without, with a step; its index may have the name of the other's.
  // CHECK-NEXT: for (int i = from; i < to * 2; i += 2) {
  // CHECK-NEXT:   x[i] = 0;
  // CHECK-NEXT: }
  %3 = arith.muli %to, %two : index
  %byte = arith.constant 0 : i8
  scf.for %i = %from to %3 step %two {
    memref.store %byte, %x[%i] : memref<64xi8>
  }
  // CHECK-NEXT: return sum;
  func.return %sum : i20
}

// New values of carried variables are computed from the old ones.
// CHECK-LABEL: static void fibonacci(i20 x[2], int n) {
func.func @fibonacci(%x: memref<2xi20>, %n: index) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %start = arith.constant 1 : i20
  // CHECK-NEXT: i20 last = 1;
  // CHECK-NEXT: i20 next = 1;
  // CHECK-NEXT: for (int i = 0; i < n; ++i) {
  // CHECK-NEXT:   const i20 next_next = last + next;
  // CHECK-NEXT:   last = next;
  // CHECK-NEXT:   next = next_next;
  // CHECK-NEXT: }
  %last, %next = scf.for %i = %zero to %n step %one iter_args(%a = %start, %b = %start) -> (i20, i20) {
    %0 = arith.addi %a, %b overflow<nsw> : i20
    scf.yield %b, %0 : i20, i20
  }
  // CHECK-NEXT: x[0] = last;
  // CHECK-NEXT: x[1] = next;
  memref.store %last, %x[%zero] : memref<2xi20>
  memref.store %next, %x[%one] : memref<2xi20>
  func.return
}

// CHECK-LABEL: static i8 branches(i8 x[3], int mode) {
func.func @branches(%x: memref<3xi8>, %mode: index) -> i8 {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %byte = arith.constant 7 : i8
  // CHECK-NEXT: if (mode == 0) {
  // CHECK-NEXT:   x[0] = 7;
  // CHECK-NEXT: } else if (mode == 1) {
  // CHECK-NEXT:   x[1] = 7;
  // CHECK-NEXT: } else {
  // CHECK-NEXT:   x[mode] = 7;
  // CHECK-NEXT: }
  %0 = arith.cmpi eq, %mode, %zero : index
  scf.if %0 {
    memref.store %byte, %x[%zero] : memref<3xi8>
  } else {
    %1 = arith.cmpi eq, %mode, %one : index
    scf.if %1 {
      memref.store %byte, %x[%one] : memref<3xi8>
    } else {
      memref.store %byte, %x[%mode] : memref<3xi8>
    }
  }
  // CHECK-NEXT: i8 chosen;
  // CHECK-NEXT: if (mode < 1) {
  // CHECK-NEXT:   chosen = x[0];
  // CHECK-NEXT: } else {
  // CHECK-NEXT:   chosen = 7;
  // CHECK-NEXT: }
  %2 = arith.cmpi slt, %mode, %one : index
  %chosen = scf.if %2 -> (i8) {
    %3 = memref.load %x[%zero] : memref<3xi8>
    scf.yield %3 : i8
  } else {
    scf.yield %byte : i8
  }
  // An else branch that does two things, and one that does nothing.
  // CHECK-NEXT: i8 stored;
  // CHECK-NEXT: if (mode < 1) {
  // CHECK-NEXT:   stored = chosen;
  // CHECK-NEXT: } else {
  // CHECK-NEXT:   if (mode == 1) {
  // CHECK-NEXT:     x[mode] = 7;
  // CHECK-NEXT:   }
  // CHECK-NEXT:   stored = 7;
  // CHECK-NEXT: }
  %4 = arith.cmpi slt, %mode, %one : index
  %stored = scf.if %4 -> (i8) {
    scf.yield %chosen : i8
  } else {
    %5 = arith.cmpi eq, %mode, %one : index
    scf.if %5 {
      memref.store %byte, %x[%mode] : memref<3xi8>
    } else {
    }
    scf.yield %byte : i8
  }
  // CHECK-NEXT: return stored;
  func.return %stored : i8
}

// Callees come before callers; an unused result is dropped.
// CHECK-LABEL: static i8 callee(i8 x) {
// CHECK-LABEL: static void caller(i8 x[1]) {
func.func @caller(%x: memref<1xi8>) {
  %zero = arith.constant 0 : index
  // CHECK-NEXT: const i8 answer = callee(x[0] / 2);
  %two = arith.constant 2 : i8
  %0 = memref.load %x[%zero] : memref<1xi8>
  %1 = arith.divsi %0, %two : i8
  %answer = func.call @callee(%1) : (i8) -> i8
  // CHECK-NEXT: callee(answer);
  %unused = func.call @callee(%answer) : (i8) -> i8
  // CHECK-NEXT: x[0] = answer;
  memref.store %answer, %x[%zero] : memref<1xi8>
  func.return
}

func.func @callee(%x: i8) -> i8 {
  func.return %x : i8
}
