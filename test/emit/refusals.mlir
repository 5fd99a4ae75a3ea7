// Whatever has no C++ is refused, by the name of the operation and of its function.

// RUN: vaqf-opt %s -t 'hls-cpp{verify=false}' --split-input-file --verify-diagnostics | filecheck %s

// CHECK: hls-cpp cannot print 'test.op' in @unknown: there is no C++ for it
func.func @unknown() {
  "test.op"() : () -> ()
  func.return
}

// -----

// CHECK: hls-cpp cannot print 'test.op': there is no C++ for it
"test.op"() : () -> ()

// -----

// CHECK: hls-cpp cannot print 'func.func': there is no C++ type for f32
func.func @float(%x: f32) {
  func.return
}

// -----

// CHECK: hls-cpp cannot print 'func.func': @results returns more than one value
func.func @results(%x: i8) -> (i8, i8) {
  func.return %x, %x : i8, i8
}

// -----

// CHECK: hls-cpp cannot print 'func.func': the array 'x' must have a static shape, not memref<4x?xi8>
func.func @argument(%x: memref<4x?xi8>) {
  func.return
}

// -----

// CHECK: hls-cpp cannot print 'memref.alloc' in @array: the array 'x' must have a static shape, not memref<?xi8>
func.func @array(%n: index) {
  %x = memref.alloc(%n) : memref<?xi8>
  func.return
}

// -----

// CHECK: hls-cpp cannot print 'func.call' in @even: @odd calls itself; HLS has no recursion
func.func @odd() {
  func.call @even() : () -> ()
  func.return
}
func.func @even() {
  func.call @odd() : () -> ()
  func.return
}

// -----

// CHECK: hls-cpp cannot print 'func.func': @elsewhere has no body
func.func private @elsewhere()

// -----

// CHECK: hls-cpp cannot print 'memref.global': @table must be constant
"memref.global"() <{sym_name = "table", sym_visibility = "private", type = memref<2xi8>, initial_value = dense<[1, 2]> : tensor<2xi8>}> : () -> ()

// -----

// CHECK: hls-cpp cannot print 'memref.global': @table must have dense values
"memref.global"() <{sym_name = "table", sym_visibility = "private", type = memref<2xi8>, initial_value, constant}> : () -> ()

// -----

// CHECK: hls-cpp cannot print 'memref.global': there is no C++ type for f32
"memref.global"() <{sym_name = "table", sym_visibility = "private", type = memref<1xf32>, initial_value = dense<[1.0]> : tensor<1xf32>, constant}> : () -> ()

// -----

// CHECK: hls-cpp cannot print 'scf.for' in @loop: the loop must be over an index, not i32
func.func @loop(%a: i32, %b: i32) {
  scf.for %i = %a to %b step %a : i32 {
  }
  func.return
}

// -----

// CHECK: hls-cpp cannot print 'arith.addi' in @bits: not on i1; use arith.xori or arith.andi
func.func @bits(%a: i1) -> i1 {
  %0 = arith.addi %a, %a : i1
  func.return %0 : i1
}

// -----

// CHECK: hls-cpp cannot print 'arith.shli' in @shift: not on i1; use arith.select
func.func @shift(%a: i1) -> i1 {
  %0 = arith.shli %a, %a : i1
  func.return %0 : i1
}

// -----

// CHECK: hls-cpp cannot print 'arith.maxsi' in @extremum: not on i1; use arith.andi or arith.ori
func.func @extremum(%a: i1) -> i1 {
  %0 = arith.maxsi %a, %a : i1
  func.return %0 : i1
}

// -----

// CHECK: hls-cpp cannot print 'arith.cmpi' in @order: i1 has no sign; compare for equality, or unsigned
func.func @order(%a: i1) -> i1 {
  %0 = arith.cmpi slt, %a, %a : i1
  func.return %0 : i1
}

// -----

// CHECK: hls-cpp cannot print 'arith.index_cast' in @cast: not on i1; use arith.extui or arith.cmpi
func.func @cast(%a: i1) -> index {
  %0 = arith.index_cast %a : i1 to index
  func.return %0 : index
}

// -----

// CHECK: hls-cpp cannot print 'arith.shrsi' in @word: not on more than 64 bits: such words are only bits
func.func @word(%a: i128) -> i128 {
  %0 = arith.shrsi %a, %a : i128
  func.return %0 : i128
}

// -----

// CHECK: hls-cpp cannot print 'arith.extsi' in @extension: not from i96: such words are only bits
func.func @extension(%a: i96) -> i128 {
  %0 = arith.extsi %a : i96 to i128
  func.return %0 : i128
}

// -----

// CHECK: hls-cpp cannot print 'arith.select' in @arrays: there is no C++ type for memref<2xi8>
func.func @arrays(%a: memref<2xi8>, %c: i1, %i: index) {
  %0 = arith.select %c, %a, %a : memref<2xi8>
  %1 = memref.load %0[%i] : memref<2xi8>
  memref.store %1, %0[%i] : memref<2xi8>
  func.return
}
