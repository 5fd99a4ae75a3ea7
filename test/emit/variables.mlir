// Which values become variables, and what they are called.

// RUN: vaqf-opt %s -t 'hls-cpp{verify=false}' | filecheck %s

// A value with a name is a variable; one without, used once, is part of its user's expression.
// CHECK-LABEL: static i20 named(i20 a, i20 b) {
func.func @named(%a: i20, %b: i20) -> i20 {
  // CHECK-NEXT: const i20 sum = a + b;
  // CHECK-NEXT: return (sum & 15) * a;
  %mask = arith.constant 15 : i20
  %sum = arith.addi %a, %b overflow<nsw> : i20
  %0 = arith.andi %sum, %mask : i20
  %1 = arith.muli %0, %a overflow<nsw> : i20
  func.return %1 : i20
}

// Macros are in capitals, and headers have other names that a variable must not take.
// CHECK-LABEL: static void taken(i8 BIAS_, i8 int8_t_, i8 uint_fast16_t_, i8 intptr_t_, i8 assert_) {
func.func @taken(%BIAS: i8, %int8_t: i8, %uint_fast16_t: i8, %intptr_t: i8, %assert: i8) {
  func.return
}
// CHECK-LABEL: static void free(i8 A, i8 Bias) {
func.func @free(%A: i8, %Bias: i8) {
  func.return
}

// A value without a name but with two users is a variable too; one that nothing uses is not.
// CHECK-LABEL: static i20 unnamed(i20 a, i20 b) {
func.func @unnamed(%a: i20, %b: i20) -> i20 {
  // CHECK-NEXT: const i20 v = a + b;
  // CHECK-NEXT: return v * v;
  %0 = arith.addi %a, %b overflow<nsw> : i20
  %1 = arith.muli %0, %0 overflow<nsw> : i20
  %unused = arith.muli %1, %b overflow<nsw> : i20
  func.return %1 : i20
}

// A load stays before what may change memory: a store, a call, or a region.
// CHECK-LABEL: static void swap(i8 x[2], int i) {
func.func @swap(%x: memref<2xi8>, %i: index) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  // CHECK-NEXT: const i8 v = x[0];
  // CHECK-NEXT: x[0] = x[1];
  // CHECK-NEXT: x[1] = v;
  %0 = memref.load %x[%zero] : memref<2xi8>
  %1 = memref.load %x[%one] : memref<2xi8>
  memref.store %1, %x[%zero] : memref<2xi8>
  memref.store %0, %x[%one] : memref<2xi8>
  // CHECK-NEXT: const i8 v_2 = x[0];
  // CHECK-NEXT: other(x, i);
  // CHECK-NEXT: x[1] = v_2;
  %2 = memref.load %x[%zero] : memref<2xi8>
  func.call @other(%x, %i) : (memref<2xi8>, index) -> ()
  memref.store %2, %x[%one] : memref<2xi8>
  func.return
}
func.func @other(%x: memref<2xi8>, %i: index) {
  func.return
}

// A bound that is loaded is loaded once, not in every iteration; an initial value is in place.
// CHECK-LABEL: static int bounds(int x[2], int n) {
func.func @bounds(%x: memref<2xindex>, %n: index) -> index {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  // CHECK-NEXT: const int v = x[0];
  // CHECK-NEXT: int total = x[1];
  // CHECK-NEXT: for (int i = 0; i < v + n; ++i) {
  %0 = memref.load %x[%zero] : memref<2xindex>
  %1 = arith.addi %0, %n : index
  %2 = memref.load %x[%one] : memref<2xindex>
  %total = scf.for %i = %zero to %1 step %one iter_args(%partial = %2) -> (index) {
    memref.store %i, %x[%zero] : memref<2xindex>
    %3 = arith.addi %partial, %i : index
    scf.yield %3 : index
  }
  func.return %total : index
}

// Names that C++ keeps for itself, or that hide a function, a table or a type, are changed; a
// name may come again in a scope beside the first, not within it.
// CHECK-LABEL: static void clashes(i20 int_, i20 i20_, i20 named_2, i20 table_2, i20 x[4]) {
func.func @clashes(%int: i20, %i20: i20, %named: i20, %table: i20, %x: memref<4xi20>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 4 : index
  // CHECK-NEXT: for (int i = 0; i < 4; ++i) {
  // CHECK-NEXT:   const i20 sum = int_ + i20_;
  // CHECK-NEXT:   for (int i_2 = 0; i_2 < i; ++i_2) {
  // CHECK-NEXT:     const i20 sum_2 = sum + named_2;
  // CHECK-NEXT:     x[i_2] = sum_2;
  // CHECK-NEXT:   }
  // CHECK-NEXT:   for (int i_2 = 0; i_2 < i; ++i_2) {
  // CHECK-NEXT:     const i20 sum_2 = sum + table_2;
  // CHECK-NEXT:     x[i_2] = sum_2;
  // CHECK-NEXT:   }
  // CHECK-NEXT: }
  scf.for %i = %zero to %size step %one {
    %sum = arith.addi %int, %i20 overflow<nsw> : i20
    scf.for %i_1 = %zero to %i step %one {
      %sum_1 = arith.addi %sum, %named overflow<nsw> : i20
      memref.store %sum_1, %x[%i_1] : memref<4xi20>
    }
    scf.for %i_1 = %zero to %i step %one {
      %sum_1 = arith.addi %sum, %table overflow<nsw> : i20
      memref.store %sum_1, %x[%i_1] : memref<4xi20>
    }
  }
  func.return
}
"memref.global"() <{sym_name = "table", sym_visibility = "private", type = memref<2xi8>, initial_value = dense<[1, 2]> : tensor<2xi8>, constant}> : () -> ()

// Long statements are broken after a comma or an operator.
// CHECK-LABEL: static i20 long_statement(i20 first_long_argument, i20 second_long_argument,
// CHECK-NEXT:      i20 third_long_argument) {
func.func @long_statement(%first_long_argument: i20, %second_long_argument: i20, %third_long_argument: i20) -> i20 {
  // CHECK-NEXT:   return first_long_argument * second_long_argument + second_long_argument * third_long_argument -
  // CHECK-NEXT:       first_long_argument;
  %0 = arith.muli %first_long_argument, %second_long_argument overflow<nsw> : i20
  %1 = arith.muli %second_long_argument, %third_long_argument overflow<nsw> : i20
  %2 = arith.addi %0, %1 overflow<nsw> : i20
  %3 = arith.subi %2, %first_long_argument overflow<nsw> : i20
  func.return %3 : i20
}
