// What hls-verify refuses: for each rule, loops that break it.

// RUN: vaqf-opt %s --split-input-file --verify-diagnostics --allow-unregistered-dialect -p hls-verify | filecheck %s

// Without --verify-diagnostics it is an error at its place, and hls-cpp prints nothing.
// RUN: not vaqf-opt %s --split-input-file -p hls-verify 2>&1 | filecheck %s --check-prefix=PLACE
// RUN: not vaqf-opt %s --split-input-file -t hls-cpp 2>&1 | filecheck %s --check-prefix=PLACE
// PLACE-NOT: Traceback
// PLACE: hls-verify-invalid.mlir:15:3: error: hls-verify refuses 'func.call' in @caller: @elsewhere has no body; define it in this module
// PLACE-NOT: #include

// CHECK: hls-verify refuses 'func.call' in @caller: @elsewhere has no body; define it in this module
func.func private @elsewhere()
func.func @caller() {
  func.call @elsewhere() : () -> ()
  func.return
}

// -----

// CHECK: hls-verify refuses 'func.call' in @itself: @itself calls @itself, and recursion has no hardware; make it a loop
func.func @itself() {
  func.call @itself() : () -> ()
  func.return
}

// -----

// CHECK: hls-verify refuses 'func.call' in @odd: @even calls @odd calls @even, and recursion has no hardware
func.func @even() {
  func.call @odd() : () -> ()
  func.return
}
func.func @odd() {
  func.call @even() : () -> ()
  func.return
}

// -----

// CHECK: hls-verify refuses 'func.func': @main has the name that the testbench needs; give it another name
func.func @main() {
  func.return
}

// -----

// CHECK: hls-verify refuses 'memref.global': @hls has the name that the library of Vitis HLS needs
"memref.global"() <{sym_name = "hls", type = memref<2xi8>, initial_value = dense<[1, 2]> : tensor<2xi8>, sym_visibility = "private", constant}> : () -> ()

// -----

// CHECK: hls-verify refuses 'func.func': @a_b and @a.b are both called a_b in C++; give one another name
func.func @a.b() {
  func.return
}
func.func @a_b() {
  func.return
}

// -----

// CHECK: hls-verify refuses 'func.func': the top function @register would be called register_ in C++; give it a name that C++ allows
func.func @register() {
  vhls.interface mode = "s_axilite" bundle = "control"
  func.return
}

// -----

// CHECK: hls-verify refuses 'func.func': the value %x is of the type memref<4xf32>; compute in integers
func.func @float(%x: memref<4xf32>) {
  func.return
}

// -----

// CHECK: hls-verify refuses 'arith.index_cast' in @truth: an i1 is a truth value, and no number to convert from or to; use arith.extui or arith.cmpi
func.func @truth(%x: index, %out: memref<2xi1>) {
  %0 = arith.constant 0 : index
  %1 = arith.index_cast %x : index to i1
  memref.store %1, %out[%0] : memref<2xi1>
  func.return
}

// -----

// CHECK: hls-verify refuses 'func.func': the value %x has 1025 bits; use several of at most 1024
func.func @wide(%x: memref<4xi1025>) {
  func.return
}

// -----

// CHECK: hls-verify refuses 'scf.while' in @unbounded: nothing bounds how often it repeats
func.func @unbounded(%go: i1) {
  %0 = scf.while (%again = %go) : (i1) -> i1 {
    scf.condition(%again) %again : i1
  } do {
  ^bb0(%x: i1):
    scf.yield %x : i1
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'cf.br' in @jump: nothing bounds how often it repeats, and where it ends; write it as scf.for
func.func @jump() {
  cf.br ^bb0
^bb0:
  cf.br ^bb0
}

// -----

// CHECK: hls-verify refuses 'scf.for' in @standstill: the loop over %i has the step 0 and does not end; count upwards
func.func @standstill(%n: index) {
  %zero = arith.constant 0 : index
  scf.for %i = %zero to %n step %zero {
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'memref.alloc' in @dynamic: the size of the array %x is not constant; allocate the most that is needed
func.func @dynamic(%n: index) {
  %x = memref.alloc(%n) : memref<?xi8>
  func.return
}

// -----

// CHECK: hls-verify refuses 'memref.dealloc' in @heap: hardware has no heap
func.func @heap() {
  %x = memref.alloc() : memref<4xi8>
  memref.dealloc %x : memref<4xi8>
  func.return
}

// -----

// CHECK: hls-verify refuses 'builtin.unregistered' in @packed: Vitis HLS has no pragma 'data_pack', Vivado HLS had; pack the fields into the bits of one integer
func.func @packed(%x: memref<4xi8>) {
  "vhls.data_pack"(%x) : (memref<4xi8>) -> ()
  func.return
}

// -----

// CHECK: hls-verify refuses 'builtin.unregistered' in @core: Vitis HLS has no pragma 'resource', Vivado HLS had; say vhls.bind_storage of an array
func.func @core(%x: memref<4xi8>) {
  "vhls.resource"(%x) {core = "RAM_2P_BRAM"} : (memref<4xi8>) -> ()
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.pipeline' in @pipelined_twice: the loop over %i has this pragma already; keep one of the two
func.func @pipelined_twice() {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  scf.for %i = %zero to %one step %one {
    vhls.pipeline ii = 1
    vhls.pipeline ii = 2
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.unroll' in @unrolled_twice: the loop over %i has this pragma already
func.func @unrolled_twice() {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  scf.for %i = %zero to %one step %one {
    vhls.unroll
    vhls.unroll factor = 2
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.pipeline' in @function_pipelined_twice: the function @function_pipelined_twice has this pragma already
func.func @function_pipelined_twice() {
  vhls.pipeline ii = 1
  vhls.pipeline ii = 2
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.bind_storage' in @bound_twice: %x has this pragma already
func.func @bound_twice() {
  %x = memref.alloc() : memref<4xi8>
  vhls.bind_storage %x type = "ram_2p" impl = "bram" : memref<4xi8>
  vhls.bind_storage %x type = "ram_2p" impl = "uram" : memref<4xi8>
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.pipeline' in @nothing_left: the loop over %i is unrolled as a whole, which leaves nothing to pipeline; keep one of the two pragmas, or unroll by less
func.func @nothing_left() {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %four = arith.constant 4 : index
  scf.for %i = %zero to %four step %one {
    vhls.unroll
    vhls.pipeline ii = 1
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'func.func': @second has ports, and so has @first; a design has one top function
func.func @first(%x: memref<4xi128>) {
  vhls.interface %x : memref<4xi128> mode = "m_axi" bundle = "gmem"
  func.return
}
func.func @second(%x: memref<4xi128>) {
  vhls.interface %x : memref<4xi128> mode = "m_axi" bundle = "gmem"
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.interface' in @port_twice: %x has an interface of the mode m_axi already; keep one of the two
func.func @port_twice(%x: memref<4xi128>) {
  vhls.interface %x : memref<4xi128> mode = "m_axi" bundle = "gmem0"
  vhls.interface %x : memref<4xi128> mode = "m_axi" bundle = "gmem1"
  vhls.interface mode = "s_axilite" bundle = "control"
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.interface' in @return_twice: the return has an interface of the mode s_axilite already
func.func @return_twice() {
  vhls.interface mode = "s_axilite" bundle = "control"
  vhls.interface mode = "s_axilite" bundle = "other"
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.interface' in @no_name: the bundle 'gmem-0' cannot be in the names of signals; use letters, digits and single underscores between them, a letter first
func.func @no_name(%x: memref<4xi128>) {
  vhls.interface %x : memref<4xi128> mode = "m_axi" bundle = "gmem-0"
  vhls.interface mode = "s_axilite" bundle = "control"
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.interface' in @too_long: the bundle 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb' gives a file a name of 256 characters, more than 255; use a shorter one
func.func @too_long(%x: memref<4xi128>) {
  vhls.interface %x : memref<4xi128> mode = "m_axi" bundle = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
  vhls.interface mode = "s_axilite" bundle = "control"
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.interface' in @cases: the bundles 'gmem' and 'GMEM' are one name in VHDL; let them differ in more than the case of letters
func.func @cases(%x: memref<4xi128>, %y: memref<4xi128>) {
  vhls.interface %x : memref<4xi128> mode = "m_axi" bundle = "gmem"
  vhls.interface %y : memref<4xi128> mode = "m_axi" bundle = "GMEM"
  vhls.interface mode = "s_axilite" bundle = "control"
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.interface' in @modes: the bundle 'axi' has ports of the modes m_axi and s_axilite; give each mode a bundle of its own
func.func @modes(%x: memref<4xi128>) {
  vhls.interface %x : memref<4xi128> mode = "m_axi" bundle = "axi"
  vhls.interface mode = "s_axilite" bundle = "axi"
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.interface' in @shallow: the m_axi port %x has 64 elements and the depth 63; say depth = 64
func.func @shallow(%x: memref<2x32xi128>) {
  vhls.interface %x : memref<2x32xi128> mode = "m_axi" bundle = "gmem" depth = 63
  vhls.interface mode = "s_axilite" bundle = "control"
  func.return
}

// -----

// CHECK: hls-verify refuses 'func.func': no interface says how the array %y is got at; make it an m_axi port, or allocate it
func.func @no_port(%x: memref<4xi128>, %y: memref<4xi128>) {
  vhls.interface %x : memref<4xi128> mode = "m_axi" bundle = "gmem"
  vhls.interface mode = "s_axilite" bundle = "control"
  func.return
}

// -----

// CHECK: hls-verify refuses 'func.func': the argument %y is a queue, for which there is no port; read what is in it from an m_axi port
func.func @queue_port(%x: memref<4xi128>, %y: memref<4xi128, "fifo">) {
  vhls.interface %x : memref<4xi128> mode = "m_axi" bundle = "gmem"
  vhls.interface %y : memref<4xi128, "fifo"> mode = "m_axi" bundle = "queue"
  vhls.interface mode = "s_axilite" bundle = "control"
  func.return
}

// -----

// CHECK: hls-verify refuses 'func.func': no interface of its return says how the function is started; give it one of the mode s_axilite
func.func @no_start(%x: memref<4xi128>) {
  vhls.interface %x : memref<4xi128> mode = "m_axi" bundle = "gmem"
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.interface' in @odd_width: the elements behind the m_axi port %x are 24 bits wide; pack them into a power of two, 8 to 1024 bits
func.func @odd_width(%x: memref<4xi24>) {
  vhls.interface %x : memref<4xi24> mode = "m_axi" bundle = "gmem"
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.interface' in @bit: the elements behind the m_axi port %x are 4 bits wide
func.func @bit(%x: memref<4xi4>) {
  vhls.interface %x : memref<4xi4> mode = "m_axi" bundle = "gmem"
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.interface' in @indices: the elements behind the m_axi port %x are indices
func.func @indices(%x: memref<4xindex>) {
  vhls.interface %x : memref<4xindex> mode = "m_axi" bundle = "gmem"
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.interface' in @mixed: the port %y has another width than %x in the bundle 'gmem'; give each width a bundle of its own
func.func @mixed(%x: memref<4xi128>, %y: memref<4xi64>) {
  vhls.interface %x : memref<4xi128> mode = "m_axi" bundle = "gmem"
  vhls.interface %y : memref<4xi64> mode = "m_axi" bundle = "gmem"
  func.return
}

// -----

// In the top function itself the verifiers of the pragmas see it.
// CHECK: an m_axi port cannot be divided: copy it to a buffer first
func.func @divided_port(%x: memref<4xi128>) {
  vhls.interface %x : memref<4xi128> mode = "m_axi" bundle = "gmem"
  vhls.array_partition %x "complete" dim = 1 : memref<4xi128>
  func.return
}

// -----

// CHECK: only arrays that the function itself allocates can be bound
func.func @bound_port(%x: memref<4xi128>) {
  vhls.interface %x : memref<4xi128> mode = "m_axi" bundle = "gmem"
  vhls.bind_storage %x type = "ram_2p" impl = "bram" : memref<4xi128>
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.array_partition' in @engine: %y is the m_axi port %x, which is no memory; copy what is needed to an array of the function first
func.func @engine(%y: memref<4xi128>) {
  vhls.array_partition %y "complete" dim = 1 : memref<4xi128>
  func.return
}
func.func @top(%x: memref<4xi128>) {
  vhls.interface %x : memref<4xi128> mode = "m_axi" bundle = "gmem"
  func.call @engine(%x) : (memref<4xi128>) -> ()
  func.return
}

// -----

// Of one call in two, and through another function.
// CHECK: hls-verify refuses 'vhls.array_reshape' in @engine: %z is the m_axi port %x, which is no memory
func.func @engine(%z: memref<4xi128>) {
  vhls.array_reshape %z "complete" dim = 1 : memref<4xi128>
  func.return
}
func.func @between(%y: memref<4xi128>) {
  func.call @engine(%y) : (memref<4xi128>) -> ()
  func.return
}
func.func @top(%x: memref<4xi128>) {
  vhls.interface %x : memref<4xi128> mode = "m_axi" bundle = "gmem"
  %own = memref.alloc() : memref<4xi128>
  func.call @engine(%own) : (memref<4xi128>) -> ()
  func.call @between(%x) : (memref<4xi128>) -> ()
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.array_partition' in @pieces: the array %x falls into 1,025 pieces, more than 1,024; divide it by less, or reshape it into wider words
func.func @pieces() {
  %x = memref.alloc() : memref<1025xi8>
  vhls.array_partition %x "complete" dim = 1 : memref<1025xi8>
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.array_partition' in @pieces_of_dimensions: the array %x falls into 1,056 pieces
func.func @pieces_of_dimensions() {
  %x = memref.alloc() : memref<64x64xi8>
  vhls.array_partition %x "cyclic" factor = 33 dim = 1 : memref<64x64xi8>
  vhls.array_partition %x "block" factor = 32 dim = 2 : memref<64x64xi8>
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.array_reshape' in @divided_twice: dimension 1 of %x is divided already; keep one of the two pragmas
func.func @divided_twice() {
  %x = memref.alloc() : memref<64xi8>
  vhls.array_partition %x "cyclic" factor = 2 dim = 1 : memref<64xi8>
  vhls.array_reshape %x "cyclic" factor = 2 dim = 1 : memref<64xi8>
  func.return
}

// -----

// An array is divided where it is allocated.
// CHECK: hls-verify refuses 'vhls.array_partition' in @callee: %y is an argument, of an array that is allocated elsewhere; divide the array where it is allocated
func.func @callee(%y: memref<64xi8>) {
  vhls.array_partition %y "cyclic" factor = 2 dim = 1 : memref<64xi8>
  func.return
}
func.func @caller() {
  %x = memref.alloc() : memref<64xi8>
  vhls.array_partition %x "cyclic" factor = 4 dim = 1 : memref<64xi8>
  func.call @callee(%x) : (memref<64xi8>) -> ()
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.array_reshape' in @second: %z is an argument, of an array that is allocated elsewhere
func.func @first(%y: memref<64xi8>) {
  func.return
}
func.func @second(%z: memref<64xi8>) {
  vhls.array_reshape %z "cyclic" factor = 2 dim = 1 : memref<64xi8>
  func.return
}
func.func @caller() {
  %x = memref.alloc() : memref<64xi8>
  func.call @first(%x) : (memref<64xi8>) -> ()
  func.call @second(%x) : (memref<64xi8>) -> ()
  func.return
}

// -----

// Also where both divide it alike.
// CHECK: hls-verify refuses 'vhls.array_partition' in @callee: %y is an argument
func.func @callee(%y: memref<64x64xi8>) {
  vhls.array_partition %y "cyclic" factor = 32 dim = 2 : memref<64x64xi8>
  func.return
}
func.func @caller() {
  %x = memref.alloc() : memref<64x64xi8>
  vhls.array_partition %x "cyclic" factor = 32 dim = 2 : memref<64x64xi8>
  func.call @callee(%x) : (memref<64x64xi8>) -> ()
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.array_partition' in @one_element: dimension 2 of %x is divided into one part; remove the pragma, which says nothing
func.func @one_element() {
  %x = memref.alloc() : memref<64x1xi8>
  vhls.array_partition %x "complete" dim = 2 : memref<64x1xi8>
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.array_reshape' in @by_one: dimension 1 of %x is divided into one part
func.func @by_one() {
  %x = memref.alloc() : memref<64xi8>
  vhls.array_reshape %x "cyclic" factor = 1 dim = 1 : memref<64xi8>
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.array_partition' in @divided_queue: %queue is a queue, which has no elements at places of their own; use several queues; vhls.stream says how long one is
func.func @divided_queue(%queue: memref<64xi8, "fifo">) {
  vhls.array_partition %queue "complete" dim = 1 : memref<64xi8, "fifo">
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.bind_storage' in @bound_queue: %queue is a queue
func.func @bound_queue() {
  %queue = memref.alloca() : memref<64xi8, "fifo">
  vhls.bind_storage %queue type = "ram_2p" impl = "bram" : memref<64xi8, "fifo">
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.bind_storage' in @true_dual_port: %x cannot be a ram_t2p of lutram: LUT RAM has one port that writes; say impl = "bram", or another type
func.func @true_dual_port() {
  %x = memref.alloc() : memref<64xi8>
  vhls.bind_storage %x type = "ram_t2p" impl = "lutram" : memref<64xi8>
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.bind_storage' in @ultra_rom: %x cannot be a rom_1p of uram: UltraRAM has no initial contents
func.func @ultra_rom() {
  %x = memref.alloc() : memref<64xi8>
  vhls.bind_storage %x type = "rom_1p" impl = "uram" : memref<64xi8>
  func.return
}

// -----

// CHECK: hls-verify refuses 'memref.store' in @write: the array %y is bound to a ROM, and what is written here is not known when the hardware is built; bind it to a RAM
func.func @write(%y: memref<64xi8>, %byte: i8) {
  %zero = arith.constant 0 : index
  memref.store %byte, %y[%zero] : memref<64xi8>
  func.return
}
func.func @written_rom(%byte: i8) {
  %x = memref.alloc() : memref<64xi8>
  vhls.bind_storage %x type = "rom_1p" impl = "bram" : memref<64xi8>
  func.call @write(%x, %byte) : (memref<64xi8>, i8) -> ()
  func.return
}

// -----

// CHECK: hls-verify refuses 'memref.store' in @copied_rom: the array %x is bound to a ROM, and what is written here is not known
func.func @copied_rom() {
  %x = memref.alloc() : memref<64xi8>
  vhls.bind_storage %x type = "rom_1p" impl = "bram" : memref<64xi8>
  %ram = memref.alloc() : memref<64xi8>
  %zero = arith.constant 0 : index
  %byte = memref.load %ram[%zero] : memref<64xi8>
  memref.store %byte, %x[%zero] : memref<64xi8>
  func.return
}

// -----

// CHECK: hls-verify refuses 'memref.store' in @written_table: the array %x is the constant table @table; copy the table to an array, and write that
"memref.global"() <{sym_name = "table", type = memref<2xi8>, initial_value = dense<[1, 2]> : tensor<2xi8>, sym_visibility = "private", constant}> : () -> ()
func.func @written_table(%byte: i8) {
  %x = memref.get_global @table : memref<2xi8>
  %zero = arith.constant 0 : index
  memref.store %byte, %x[%zero] : memref<2xi8>
  func.return
}

// -----

// CHECK: hls-verify refuses 'scf.for' in @no_trip_count: the loop over %i has a variable bound, and nothing says its trip count; say with vhls.loop_tripcount what it can be
func.func @no_trip_count(%n: index) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  scf.for %i = %zero to %n step %one {
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'scf.for' in @endless: the loop over %i counts to 2,147,483,648, and its counter, an int, only to 2,147,483,647; make it two loops, one in the other
func.func @endless() {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %many = arith.constant 2147483648 : index
  scf.for %i = %zero to %many step %one {
  }
  func.return
}

// -----

// The bound is in reach, but no step ends there.
// CHECK: hls-verify refuses 'scf.for' in @overshoots: the loop over %i counts to 2,147,483,648
func.func @overshoots() {
  %zero = arith.constant 0 : index
  %two = arith.constant 2 : index
  %many = arith.constant 2147483647 : index
  scf.for %i = %zero to %many step %two {
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'scf.for' in @claimed: the loop over %i counts to 3,000,000,000
func.func @claimed(%n: index) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  scf.for %i = %zero to %n step %one {
    vhls.loop_tripcount min = 1 max = 3000000000
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'scf.for' in @unrolled: the loop over %i has a variable bound, so that it cannot be unrolled; give it its greatest trip count, and make what is beyond conditional
func.func @unrolled(%n: index) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  scf.for %i = %zero to %n step %one {
    vhls.unroll
    vhls.loop_tripcount min = 1 max = 4
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'scf.for' in @pipelined: the loop over %j has a variable bound and is in a pipelined loop or function, where it would have to be unrolled
func.func @pipelined(%n: index) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 1
    scf.for %j = %zero to %n step %one {
      vhls.loop_tripcount min = 1 max = 4
    }
  }
  func.return
}

// -----

// A pipelined loop pipelines the functions that it calls.
// CHECK: hls-verify refuses 'scf.for' in @called: the loop over %j has a variable bound and is in a pipelined loop or function
func.func @called(%n: index) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  scf.for %j = %zero to %n step %one {
    vhls.loop_tripcount min = 1 max = 4
  }
  func.return
}
func.func @calls(%n: index) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 1
    func.call @called(%n) : (index) -> ()
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'scf.for' in @copies: 4,160 copies of the body of the loop over %j (64 x 65), more than 4,096; unroll less, or make the body of an outer loop a function
func.func @copies() {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  %more = arith.constant 65 : index
  scf.for %i = %zero to %size step %one {
    vhls.unroll
    scf.for %j = %zero to %more step %one {
      vhls.unroll
    }
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'scf.for' in @implied: 4,160 copies of the body of the loop over %k (65 x 64)
func.func @implied() {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  %more = arith.constant 65 : index
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 1
    scf.for %j = %zero to %more step %one {
      scf.for %k = %zero to %size step %one {
      }
    }
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'scf.for' in @factors: 8,192 copies of the body of the loop over %j (2 x 4,096)
func.func @factors(%n: index) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  scf.for %i = %zero to %n step %one {
    vhls.unroll factor = 2
    vhls.loop_tripcount min = 1 max = 4
    scf.for %j = %zero to %n step %one {
      vhls.unroll factor = 4096
      vhls.loop_tripcount min = 1 max = 9999
    }
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'scf.for' in @conditional: the loop over %i is dataflow but stands in 'scf.if'; call a function that has nothing but the loop
func.func @conditional(%asked: i1) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  scf.if %asked {
    scf.for %i = %zero to %one step %one {
      vhls.dataflow
    }
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'memref.alloc' in @accompanied: it stands beside the loop over %i, which is dataflow; call a function that has nothing but the loop
func.func @accompanied() {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %x = memref.alloc() : memref<4xi8>
  scf.for %i = %zero to %one step %one {
    vhls.dataflow
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'scf.for' in @start: the loop over %i is dataflow but does not count 0, 1, 2; count from 0 with step 1
func.func @start() {
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  scf.for %i = %one to %two step %one {
    vhls.dataflow
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'scf.for' in @bound: the loop over %i is dataflow but its bound is neither a positive constant nor an argument of the function; compute the bound in the caller and pass it on
func.func @bound() {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  scf.for %i = %zero to %zero step %one {
    vhls.dataflow
  }
  func.return
}

// -----

// The pragma's verifier refuses statements between processes, conditional ones among them.
// CHECK: a dataflow region has nothing but calls and their arrays, got scf.if
func.func @process() {
  func.return
}
func.func @conditional_process(%asked: i1) {
  vhls.dataflow
  scf.if %asked {
    func.call @process() : () -> ()
  }
  func.return
}

// -----

// The same for a value that one iteration hands to the next, and for loops of two kinds.
// CHECK: a dataflow region has nothing but calls and their arrays, got scf.yield
func.func @carried(%byte: i8) -> i8 {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %0 = scf.for %i = %zero to %one step %one iter_args(%kept = %byte) -> (i8) {
    vhls.dataflow
    scf.yield %kept : i8
  }
  func.return %0 : i8
}

// -----

// CHECK: a dataflow region has nothing but calls and their arrays, got vhls.pipeline
func.func @pipelined_too() {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  scf.for %i = %zero to %one step %one {
    vhls.dataflow
    vhls.pipeline ii = 1
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'func.call' in @returned: the process @process of the dataflow function @returned returns a value; write it to an array of the region
func.func @process() -> i8 {
  %zero = arith.constant 0 : i8
  func.return %zero : i8
}
func.func @returned() {
  vhls.dataflow
  %0 = func.call @process() : () -> i8
  func.return
}

// -----

// CHECK: hls-verify refuses 'func.call' in @pipeline: the dataflow function @region is part of a pipelined loop or function, which has no processes; pipeline the loops of its processes instead
func.func @process() {
  func.return
}
func.func @region() {
  vhls.dataflow
  func.call @process() : () -> ()
  func.return
}
func.func @pipeline() {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 64
    func.call @region() : () -> ()
  }
  func.return
}

// -----

// Through a function that is part of the pipeline.
// CHECK: hls-verify refuses 'func.call' in @between: the loop over %i, which is dataflow, is part of a pipelined loop or function
func.func @process() {
  func.return
}
func.func @region() {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  scf.for %i = %zero to %one step %one {
    vhls.dataflow
    func.call @process() : () -> ()
  }
  func.return
}
func.func @between() {
  func.call @region() : () -> ()
  func.return
}
func.func @pipelined() {
  vhls.pipeline ii = 64
  func.call @between() : () -> ()
  func.return
}

// -----

// Or in a pipelined function itself.
// CHECK: hls-verify refuses 'scf.for' in @pipelined_region: the loop over %i, which is dataflow, is part of a pipelined loop or function
func.func @pipelined_region() {
  vhls.pipeline ii = 64
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  scf.for %i = %zero to %one step %one {
    vhls.dataflow
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'func.call' in @shared: the processes @process and @process of the dataflow function @shared share the static array %kept in @process; make it memref.alloca, or give each process a function of its own
func.func @process(%x: memref<4xi8>) {
  %kept = memref.alloc() : memref<4xi8>
  %zero = arith.constant 0 : index
  %byte = memref.load %kept[%zero] : memref<4xi8>
  memref.store %byte, %x[%zero] : memref<4xi8>
  func.return
}
func.func @shared(%x: memref<4xi8>, %y: memref<4xi8>) {
  vhls.dataflow
  func.call @process(%x) : (memref<4xi8>) -> ()
  func.call @process(%y) : (memref<4xi8>) -> ()
  func.return
}

// -----

// Of a function that both call.
// CHECK: hls-verify refuses 'func.call' in @shared_through: the processes @first and @second of the loop over %i, which is dataflow, share the static array %kept in @inner
func.func @inner(%x: memref<4xi8>) {
  %kept = memref.alloc() : memref<4xi8>
  %zero = arith.constant 0 : index
  %byte = memref.load %kept[%zero] : memref<4xi8>
  memref.store %byte, %x[%zero] : memref<4xi8>
  func.return
}
func.func @first(%x: memref<4xi8>) {
  func.call @inner(%x) : (memref<4xi8>) -> ()
  func.return
}
func.func @second(%x: memref<4xi8>) {
  func.call @inner(%x) : (memref<4xi8>) -> ()
  func.return
}
func.func @shared_through(%x: memref<4xi8>, %y: memref<4xi8>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  scf.for %i = %zero to %one step %one {
    vhls.dataflow
    func.call @first(%x) : (memref<4xi8>) -> ()
    func.call @second(%y) : (memref<4xi8>) -> ()
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'func.call' in @producers: the array %x of the dataflow function @producers has two producers, @write and @write; give each an array of its own
func.func @write(%x: memref<4xi8>) {
  %zero = arith.constant 0 : index
  %byte = arith.constant 0 : i8
  memref.store %byte, %x[%zero] : memref<4xi8>
  func.return
}
func.func @read(%x: memref<4xi8>, %y: memref<4xi8>) {
  %zero = arith.constant 0 : index
  %byte = memref.load %x[%zero] : memref<4xi8>
  memref.store %byte, %y[%zero] : memref<4xi8>
  func.return
}
func.func @producers(%y: memref<4xi8>) {
  vhls.dataflow
  %x = memref.alloca() : memref<4xi8>
  func.call @write(%x) : (memref<4xi8>) -> ()
  func.call @write(%x) : (memref<4xi8>) -> ()
  func.call @read(%x, %y) : (memref<4xi8>, memref<4xi8>) -> ()
  func.return
}

// -----

// Of an argument too, also where only the caller makes two arguments one array.
// CHECK: hls-verify refuses 'func.call' in @consumers: the array %x of the dataflow function @consumers has two consumers, @read and @read
func.func @read(%x: memref<4xi8>, %y: memref<4xi8>) {
  %zero = arith.constant 0 : index
  %byte = memref.load %x[%zero] : memref<4xi8>
  memref.store %byte, %y[%zero] : memref<4xi8>
  func.return
}
func.func @consumers(%x: memref<4xi8>, %alias: memref<4xi8>, %y: memref<4xi8>, %z: memref<4xi8>) {
  vhls.dataflow
  func.call @read(%x, %y) : (memref<4xi8>, memref<4xi8>) -> ()
  func.call @read(%alias, %z) : (memref<4xi8>, memref<4xi8>) -> ()
  func.return
}
func.func @caller(%a: memref<4xi8>, %b: memref<4xi8>, %c: memref<4xi8>) {
  func.call @consumers(%a, %a, %b, %c) : (memref<4xi8>, memref<4xi8>, memref<4xi8>, memref<4xi8>) -> ()
  func.return
}

// -----

// CHECK: hls-verify refuses 'func.call' in @feedback: the array %kept of the loop over %i, which is dataflow, goes from @last to @first, which is before it; let one process do what both do with it
func.func @first(%kept: memref<4xi8>, %x: memref<4xi8>) {
  %zero = arith.constant 0 : index
  %byte = memref.load %kept[%zero] : memref<4xi8>
  memref.store %byte, %x[%zero] : memref<4xi8>
  func.return
}
func.func @last(%x: memref<4xi8>, %kept: memref<4xi8>) {
  %zero = arith.constant 0 : index
  %byte = memref.load %x[%zero] : memref<4xi8>
  memref.store %byte, %kept[%zero] : memref<4xi8>
  func.return
}
func.func @feedback(%kept: memref<4xi8>, %n: index) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  scf.for %i = %zero to %n step %one {
    vhls.loop_tripcount min = 1 max = 4
    vhls.dataflow
    %x = memref.alloca() : memref<4xi8>
    func.call @first(%kept, %x) : (memref<4xi8>, memref<4xi8>) -> ()
    func.call @last(%x, %kept) : (memref<4xi8>, memref<4xi8>) -> ()
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'func.call' in @through_argument: the array %x of the dataflow function @through_argument goes from @copy to @copy but belongs to the caller; allocate it in the region
func.func @copy(%x: memref<4xi8>, %y: memref<4xi8>) {
  %zero = arith.constant 0 : index
  %byte = memref.load %x[%zero] : memref<4xi8>
  memref.store %byte, %y[%zero] : memref<4xi8>
  func.return
}
func.func @through_argument(%in: memref<4xi8>, %x: memref<4xi8>, %out: memref<4xi8>) {
  vhls.dataflow
  func.call @copy(%in, %x) : (memref<4xi8>, memref<4xi8>) -> ()
  func.call @copy(%x, %out) : (memref<4xi8>, memref<4xi8>) -> ()
  func.return
}

// -----

// CHECK: hls-verify refuses 'func.call' in @unread: the array %x of the dataflow function @unread is never read; remove it, or what is missing
func.func @copy(%x: memref<4xi8>, %y: memref<4xi8>) {
  %zero = arith.constant 0 : index
  %byte = memref.load %x[%zero] : memref<4xi8>
  memref.store %byte, %y[%zero] : memref<4xi8>
  func.return
}
func.func @unread(%in: memref<4xi8>) {
  vhls.dataflow
  %x = memref.alloca() : memref<4xi8>
  func.call @copy(%in, %x) : (memref<4xi8>, memref<4xi8>) -> ()
  func.return
}

// -----

// CHECK: hls-verify refuses 'func.call' in @bypass: the array %b of the dataflow function @bypass bypasses a process between @split and @join; hand it on through that process, or make it a queue
func.func @split(%in: memref<4xi8>, %a: memref<4xi8>, %b: memref<4xi8>) {
  %zero = arith.constant 0 : index
  %byte = memref.load %in[%zero] : memref<4xi8>
  memref.store %byte, %a[%zero] : memref<4xi8>
  memref.store %byte, %b[%zero] : memref<4xi8>
  func.return
}
func.func @copy(%x: memref<4xi8>, %y: memref<4xi8>) {
  %zero = arith.constant 0 : index
  %byte = memref.load %x[%zero] : memref<4xi8>
  memref.store %byte, %y[%zero] : memref<4xi8>
  func.return
}
func.func @join(%b: memref<4xi8>, %c: memref<4xi8>, %out: memref<4xi8>) {
  %zero = arith.constant 0 : index
  %first = memref.load %b[%zero] : memref<4xi8>
  %second = memref.load %c[%zero] : memref<4xi8>
  %sum = arith.addi %first, %second : i8
  memref.store %sum, %out[%zero] : memref<4xi8>
  func.return
}
func.func @bypass(%in: memref<4xi8>, %out: memref<4xi8>) {
  vhls.dataflow
  %a = memref.alloca() : memref<4xi8>
  %b = memref.alloca() : memref<4xi8>
  %c = memref.alloca() : memref<4xi8>
  func.call @split(%in, %a, %b) : (memref<4xi8>, memref<4xi8>, memref<4xi8>) -> ()
  func.call @copy(%a, %c) : (memref<4xi8>, memref<4xi8>) -> ()
  func.call @join(%b, %c, %out) : (memref<4xi8>, memref<4xi8>, memref<4xi8>) -> ()
  func.return
}

// -----

// CHECK: hls-verify refuses 'memref.alloca' in @sequence: the queue %queue has the depth 2, but 64 elements are written before they are read, since no dataflow region does both at a time; say depth = 64, or make processes of what writes and what reads
func.func @write(%queue: memref<64xi8, "fifo">, %byte: i8) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  scf.for %i = %zero to %size step %one {
    memref.store %byte, %queue[%i] : memref<64xi8, "fifo">
  }
  func.return
}
func.func @read(%queue: memref<64xi8, "fifo">) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  scf.for %i = %zero to %size step %one {
    %byte = memref.load %queue[%i] : memref<64xi8, "fifo">
  }
  func.return
}
func.func @sequence(%byte: i8) {
  %queue = memref.alloca() : memref<64xi8, "fifo">
  func.call @write(%queue, %byte) : (memref<64xi8, "fifo">, i8) -> ()
  func.call @read(%queue) : (memref<64xi8, "fifo">) -> ()
  func.return
}

// -----

// One element more in each iteration: 2 are left of each but the last, which has 3 for a time.
// CHECK: hls-verify refuses 'memref.alloca' in @left_over: the queue %queue has the depth 20, but 21 elements are written before they are read
func.func @left_over(%byte: i8, %asked: i1, %n: index) {
  %queue = memref.alloca() : memref<64xi8, "fifo">
  vhls.stream %queue depth = 20 : memref<64xi8, "fifo">
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  scf.for %i = %zero to %n step %one {
    vhls.loop_tripcount min = 10 max = 20
    memref.store %byte, %queue[%zero] : memref<64xi8, "fifo">
    scf.if %asked {
      memref.store %byte, %queue[%zero] : memref<64xi8, "fifo">
    } else {
      memref.store %byte, %queue[%zero] : memref<64xi8, "fifo">
      memref.store %byte, %queue[%zero] : memref<64xi8, "fifo">
      %first = memref.load %queue[%zero] : memref<64xi8, "fifo">
    }
    memref.store %byte, %queue[%zero] : memref<64xi8, "fifo">
    %second = memref.load %queue[%zero] : memref<64xi8, "fifo">
  }
  scf.for %i = %zero to %n step %one {
    vhls.loop_tripcount min = 10 max = 64
    %rest = memref.load %queue[%zero] : memref<64xi8, "fifo">
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'func.call' in @region: the processes of the dataflow function @region use %x and %y of the bundle 'gmem' at the same time; give each port a bundle of its own
func.func @copy(%x: memref<4xi128>, %y: memref<4xi128>) {
  %zero = arith.constant 0 : index
  %word = memref.load %x[%zero] : memref<4xi128>
  memref.store %word, %y[%zero] : memref<4xi128>
  func.return
}
func.func @region(%a: memref<4xi128>, %b: memref<4xi128>) {
  vhls.dataflow
  %kept = memref.alloca() : memref<4xi128>
  func.call @copy(%a, %kept) : (memref<4xi128>, memref<4xi128>) -> ()
  func.call @copy(%kept, %b) : (memref<4xi128>, memref<4xi128>) -> ()
  func.return
}
func.func @top(%x: memref<4xi128>, %y: memref<4xi128>) {
  vhls.interface %x : memref<4xi128> mode = "m_axi" bundle = "gmem"
  vhls.interface %y : memref<4xi128> mode = "m_axi" bundle = "gmem"
  func.call @region(%x, %y) : (memref<4xi128>, memref<4xi128>) -> ()
  func.return
}

// -----

// CHECK: hls-verify refuses 'memref.load' in @stride: the address in the m_axi port %port moves by 4 words from iteration to iteration of the loop over %i, not by 1; access consecutive words in order
func.func @stride(%port: memref<256xi128>, %kept: memref<64xi128>) {
  vhls.interface %port : memref<256xi128> mode = "m_axi" bundle = "gmem"
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %four = arith.constant 4 : index
  %size = arith.constant 64 : index
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 1
    %at = arith.muli %i, %four : index
    %word = memref.load %port[%at] : memref<256xi128>
    memref.store %word, %kept[%i] : memref<64xi128>
  }
  func.return
}

// -----

// Backwards is no order, and columns of rows are not consecutive.
// CHECK: hls-verify refuses 'memref.store' in @backwards: the address in the m_axi port %port moves by -1 words
func.func @backwards(%port: memref<64xi128>, %word: i128) {
  vhls.interface %port : memref<64xi128> mode = "m_axi" bundle = "gmem"
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %last = arith.constant 63 : index
  scf.for %i = %zero to %last step %one {
    vhls.pipeline ii = 1
    %at = arith.subi %last, %i : index
    memref.store %word, %port[%at] : memref<64xi128>
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'memref.store' in @column: the address in the m_axi port %port moves by 4 words
func.func @column(%port: memref<64x4xi128>, %word: i128) {
  vhls.interface %port : memref<64x4xi128> mode = "m_axi" bundle = "gmem"
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 1
    memref.store %word, %port[%i, %one] : memref<64x4xi128>
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'memref.load' in @gather: the address in the m_axi port %port moves in no fixed step from iteration to iteration of the loop over %i
func.func @gather(%port: memref<64xi128>, %where: memref<64xindex>, %kept: memref<64xi128>) {
  vhls.interface %port : memref<64xi128> mode = "m_axi" bundle = "gmem"
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 1
    %at = memref.load %where[%i] : memref<64xindex>
    %word = memref.load %port[%at] : memref<64xi128>
    memref.store %word, %kept[%i] : memref<64xi128>
  }
  func.return
}

// -----

// Consecutive words, but several of an iteration: bursts of two at best.
// CHECK: hls-verify refuses 'memref.load' in @two_words: the loop over %i accesses 2 words of the m_axi port %port in an iteration; access one, and keep those that are used together in registers
func.func @two_words(%port: memref<256xi128>, %kept: memref<64x2xi128>) {
  vhls.interface %port : memref<256xi128> mode = "m_axi" bundle = "gmem"
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %size = arith.constant 64 : index
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 2
    scf.for %j = %zero to %two step %one {
      vhls.unroll
      %row = arith.muli %i, %two : index
      %at = arith.addi %row, %j : index
      %word = memref.load %port[%at] : memref<256xi128>
      memref.store %word, %kept[%i, %j] : memref<64x2xi128>
    }
  }
  func.return
}

// -----

// The tool makes copies of this access as well.
// CHECK: hls-verify refuses 'memref.store' in @by_a_factor: the loop over %i accesses 4 words of the m_axi port %port in an iteration
func.func @by_a_factor(%port: memref<256xi128>, %word: i128) {
  vhls.interface %port : memref<256xi128> mode = "m_axi" bundle = "gmem"
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 4
    vhls.unroll factor = 4
    memref.store %word, %port[%i] : memref<256xi128>
  }
  func.return
}

// -----

// Each iteration has two words and leaves out two.
// CHECK: hls-verify refuses 'memref.load' in @gaps: the loop over %i accesses 2 words of the m_axi port %port in an iteration
func.func @gaps(%port: memref<256xi128>, %kept: memref<64x2xi128>) {
  vhls.interface %port : memref<256xi128> mode = "m_axi" bundle = "gmem"
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %four = arith.constant 4 : index
  %size = arith.constant 64 : index
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 2
    scf.for %j = %zero to %two step %one {
      vhls.unroll
      %row = arith.muli %i, %four : index
      %at = arith.addi %row, %j : index
      %word = memref.load %port[%at] : memref<256xi128>
      memref.store %word, %kept[%i, %j] : memref<64x2xi128>
    }
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'memref.load' in @sometimes: the access to the m_axi port %port is conditional; access it always, or in a loop of its own
func.func @sometimes(%port: memref<64xi128>, %kept: memref<64xi128>, %asked: i1) {
  vhls.interface %port : memref<64xi128> mode = "m_axi" bundle = "gmem"
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 1
    scf.if %asked {
      %word = memref.load %port[%i] : memref<64xi128>
      memref.store %word, %kept[%i] : memref<64xi128>
    }
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'memref.load' in @word: the m_axi port %port is accessed in a function that a pipelined loop calls; access it in a loop of its own
func.func @word(%x: memref<64xi128>, %i: index) {
  %word = memref.load %x[%i] : memref<64xi128>
  func.return
}
func.func @words(%port: memref<64xi128>) {
  vhls.interface %port : memref<64xi128> mode = "m_axi" bundle = "gmem"
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 1
    func.call @word(%port, %i) : (memref<64xi128>, index) -> ()
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'memref.load' in @narrow: the elements behind the m_axi port %port are 8 bits wide, the board's ports 128; pack them into words of 128 bits
func.func @narrow(%port: memref<64xi8>, %kept: memref<64xi8>, %n: index) {
  vhls.interface %port : memref<64xi8> mode = "m_axi" bundle = "gmem"
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  scf.for %i = %zero to %n step %one {
    vhls.loop_tripcount min = 1 max = 64
    vhls.pipeline ii = 1
    %byte = memref.load %port[%i] : memref<64xi8>
    memref.store %byte, %kept[%i] : memref<64xi8>
  }
  func.return
}

// -----

// The tool pipelines loops without a pragma.
// CHECK: hls-verify refuses 'memref.load' in @narrow_without_pragma: the elements behind the m_axi port %port are 8 bits wide
func.func @narrow_without_pragma(%port: memref<64xi8>, %kept: memref<64xi8>) {
  vhls.interface %port : memref<64xi8> mode = "m_axi" bundle = "gmem"
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  scf.for %i = %zero to %size step %one {
    %byte = memref.load %port[%i] : memref<64xi8>
    memref.store %byte, %kept[%i] : memref<64xi8>
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'memref.load' in @byte: the elements behind the m_axi port %port are 8 bits wide
func.func @byte(%x: memref<64xi8>, %i: index) {
  %byte = memref.load %x[%i] : memref<64xi8>
  func.return
}
func.func @called_in_a_loop(%port: memref<64xi8>) {
  vhls.interface %port : memref<64xi8> mode = "m_axi" bundle = "gmem"
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  scf.for %i = %zero to %size step %one {
    func.call @byte(%port, %i) : (memref<64xi8>, index) -> ()
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'memref.load' in @one_bus: the loop over %i already accesses %x, which shares the bundle 'gmem' with %y; give each port a bundle of its own
func.func @one_bus(%x: memref<64xi128>, %y: memref<64xi128>, %kept: memref<64xi128>) {
  vhls.interface %x : memref<64xi128> mode = "m_axi" bundle = "gmem"
  vhls.interface %y : memref<64xi128> mode = "m_axi" bundle = "gmem"
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 1
    %a = memref.load %x[%i] : memref<64xi128>
    %b = memref.load %y[%i] : memref<64xi128>
    %c = arith.xori %a, %b : i128
    memref.store %c, %kept[%i] : memref<64xi128>
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'memref.store' in @in_place: the loop over %i already accesses the m_axi port %x that it writes here; access one word in an iteration, or make it two loops
func.func @in_place(%x: memref<64xi128>) {
  vhls.interface %x : memref<64xi128> mode = "m_axi" bundle = "gmem"
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 1
    %a = memref.load %x[%i] : memref<64xi128>
    memref.store %a, %x[%i] : memref<64xi128>
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.dependence' in @unused: the loop over %i does not access the array %x; remove the pragma, or name the array that is meant
func.func @unused(%x: memref<64xi8>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  scf.for %i = %zero to %one step %one {
    vhls.dependence %x "inter" false : memref<64xi8>
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.dependence' in @bundled: the array %x is an m_axi port that shares its bundle; give the port a bundle of its own
func.func @bundled(%x: memref<64xi128>, %y: memref<64xi128>, %word: i128) {
  vhls.interface %x : memref<64xi128> mode = "m_axi" bundle = "gmem"
  vhls.interface %y : memref<64xi128> mode = "m_axi" bundle = "gmem"
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 1
    vhls.dependence %x "inter" false : memref<64xi128>
    memref.store %word, %x[%i] : memref<64xi128>
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.dependence' in @shifted: iterations of the loop over %i that are 1 apart access one element of the array %x; remove the pragma, or say the distance
func.func @shifted(%x: memref<64xi8>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %last = arith.constant 63 : index
  scf.for %i = %zero to %last step %one {
    vhls.dependence %x "inter" false : memref<64xi8>
    %a = memref.load %x[%i] : memref<64xi8>
    %next = arith.addi %i, %one : index
    memref.store %a, %x[%next] : memref<64xi8>
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.dependence' in @accumulator: iterations of the loop over %i that are 1 apart access one element of the array %x
func.func @accumulator(%x: memref<64xi8>, %n: index) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  scf.for %i = %zero to %n step %one {
    vhls.loop_tripcount min = 1 max = 2
    vhls.dependence %x "inter" false : memref<64xi8>
    %a = memref.load %x[%zero] : memref<64xi8>
    memref.store %a, %x[%zero] : memref<64xi8>
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.dependence' in @distance: iterations of the loop over %i that are 2 apart access one element of the array %x
func.func @distance(%x: memref<64xi8>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %last = arith.constant 62 : index
  scf.for %i = %zero to %last step %one {
    vhls.dependence %x "inter" distance = 3 : memref<64xi8>
    %a = memref.load %x[%i] : memref<64xi8>
    %next = arith.addi %i, %two : index
    memref.store %a, %x[%next] : memref<64xi8>
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.dependence' in @same_iteration: each iteration of the loop over %i accesses an element of the array %x twice; remove the pragma
func.func @same_iteration(%x: memref<64xi8>, %byte: i8) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  scf.for %i = %zero to %size step %one {
    vhls.dependence %x "intra" false : memref<64xi8>
    memref.store %byte, %x[%i] : memref<64xi8>
    %a = memref.load %x[%i] : memref<64xi8>
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'memref.store' in @looked_up: the loop over %i reads and writes %x at places that are no sums of its counters times constants, so that iterations seem to depend on one another; say after how many they do: vhls.dependence %x
func.func @looked_up(%at: memref<64xindex>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  %x = memref.alloc() : memref<64xi8>
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 2
    %row = memref.load %at[%i] : memref<64xindex>
    %a = memref.load %x[%row] : memref<64xi8>
    memref.store %a, %x[%i] : memref<64xi8>
  }
  func.return
}

// -----

// Subscripts of one dimension that are all known do not help if they can be equal.
// CHECK: hls-verify refuses 'memref.store' in @halves: the loop over %i reads and writes %x at places that are no sums of its counters
func.func @halves() {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %size = arith.constant 64 : index
  %x = memref.alloc() : memref<64x2xi8>
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 1
    %half = arith.divsi %i, %two : index
    %a = memref.load %x[%half, %zero] : memref<64x2xi8>
    memref.store %a, %x[%i, %zero] : memref<64x2xi8>
  }
  func.return
}

// -----

// Halves that are only known at run time may be the same for all that the tool knows.
// CHECK: hls-verify refuses 'memref.store' in @taking_turns: the loop over %i reads and writes %x
func.func @taking_turns(%read_half: index, %written_half: index) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  %x = memref.alloc() : memref<2x64xi8>
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 1
    %a = memref.load %x[%read_half, %i] : memref<2x64xi8>
    memref.store %a, %x[%written_half, %i] : memref<2x64xi8>
  }
  func.return
}

// -----

// What is claimed of the accesses of one iteration says nothing of others.
// CHECK: hls-verify refuses 'memref.store' in @other_claim: the loop over %i reads and writes %x
func.func @other_claim(%at: memref<64xindex>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  %x = memref.alloc() : memref<64xi8>
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 1
    vhls.dependence %x "intra" false : memref<64xi8>
    %row = memref.load %at[%i] : memref<64xindex>
    %a = memref.load %x[%row] : memref<64xi8>
    memref.store %a, %x[%i] : memref<64xi8>
  }
  func.return
}

// -----

// What is read and added to is written 3 cycles after the read begins, and a sum takes 1 itself.
// CHECK: hls-verify refuses 'scf.for' in @too_near: the loop over %i cannot start every 1 cycles: at the distance that is claimed of x it needs 2; say ii = 2, or a greater distance if it is true
func.func @too_near(%at: memref<64xindex>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  %x = memref.alloc() : memref<64xi64>
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 1
    vhls.dependence %x "inter" distance = 3 : memref<64xi64>
    %row = memref.load %at[%i] : memref<64xindex>
    %a = memref.load %x[%row] : memref<64xi64>
    %b = arith.addi %a, %a : i64
    memref.store %b, %x[%row] : memref<64xi64>
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'scf.for' in @three_reads: the loop over %i cannot start every 1 cycles: the ports of x need 2; say ii = 2, or divide that array so that accesses fall into more memories
func.func @three_reads(%x: memref<64xi8>, %y: memref<64xi8>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %three = arith.constant 3 : index
  %size = arith.constant 60 : index
  vhls.array_partition %y "complete" dim = 1 : memref<64xi8>
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 1
    scf.for %j = %zero to %three step %one {
      vhls.unroll
      %at = arith.addi %i, %j : index
      %a = memref.load %x[%at] : memref<64xi8>
      memref.store %a, %y[%at] : memref<64xi8>
    }
  }
  func.return
}

// -----

// Unrolled by a factor, a pipelined loop takes that many iterations at a time.
// CHECK: hls-verify refuses 'scf.for' in @factor: the loop over %i cannot start every 1 cycles: the ports of x need 2
func.func @factor(%x: memref<64xi8>, %y: memref<64xi8>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  vhls.array_partition %y "complete" dim = 1 : memref<64xi8>
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 1
    vhls.unroll factor = 4
    %a = memref.load %x[%i] : memref<64xi8>
    memref.store %a, %y[%i] : memref<64xi8>
  }
  func.return
}

// -----

// A memory with a port for each direction reads once a cycle.
// CHECK: hls-verify refuses 'scf.for' in @simple_dual_port: the loop over %i cannot start every 1 cycles: the ports of x need 2
func.func @simple_dual_port(%y: memref<64xi8>) {
  %x = memref.alloc() : memref<64xi8>
  vhls.bind_storage %x type = "ram_s2p" impl = "bram" : memref<64xi8>
  vhls.array_partition %y "complete" dim = 1 : memref<64xi8>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %last = arith.constant 63 : index
  scf.for %i = %zero to %last step %one {
    vhls.pipeline ii = 1
    %next = arith.addi %i, %one : index
    %a = memref.load %x[%i] : memref<64xi8>
    %b = memref.load %x[%next] : memref<64xi8>
    %c = arith.addi %a, %b : i8
    memref.store %c, %y[%i] : memref<64xi8>
  }
  func.return
}

// -----

// Banks that are chosen by the data of each copy may be one.
// CHECK: hls-verify refuses 'scf.for' in @lookups: the loop over %i cannot start every 1 cycles: the ports of x need 2
func.func @lookups(%where: memref<4xindex>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %four = arith.constant 4 : index
  %size = arith.constant 64 : index
  vhls.array_partition %where "complete" dim = 1 : memref<4xindex>
  %x = memref.alloc() : memref<64x8xi8>
  vhls.array_partition %x "complete" dim = 2 : memref<64x8xi8>
  %y = memref.alloc() : memref<64x4xi8>
  vhls.array_partition %y "complete" dim = 2 : memref<64x4xi8>
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 1
    scf.for %j = %zero to %four step %one {
      vhls.unroll
      %bank = memref.load %where[%j] : memref<4xindex>
      %a = memref.load %x[%i, %bank] : memref<64x8xi8>
      memref.store %a, %y[%i, %j] : memref<64x4xi8>
    }
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'scf.for' in @unknown: the interval of the loop over %i cannot be checked: no latency is known for memref.dim; move that out of it
func.func @unknown(%x: memref<4xi8>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  scf.for %i = %zero to %one step %one {
    vhls.pipeline ii = 1
    %size = memref.dim %x, %zero : memref<4xi8>
  }
  func.return
}

// -----

// A pipelined function starts a call every `ii` cycles.
// CHECK: hls-verify refuses 'vhls.pipeline' in @called_each_cycle: the function cannot start every 1 cycles: the ports of x need 2; say ii = 2, or divide that array
func.func @called_each_cycle(%x: memref<64xi8>, %y: memref<64xi8>) {
  vhls.pipeline ii = 1
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %a = memref.load %x[%zero] : memref<64xi8>
  %b = memref.load %x[%one] : memref<64xi8>
  %c = memref.load %x[%two] : memref<64xi8>
  %ab = arith.addi %a, %b : i8
  %abc = arith.addi %ab, %c : i8
  memref.store %abc, %y[%zero] : memref<64xi8>
  func.return
}

// -----

// Its loops are unrolled.
// CHECK: hls-verify refuses 'scf.for' in @unrolled: the loop over %i has a variable bound and is in a pipelined loop or function
func.func @unrolled(%x: memref<64xi8>, %size: index, %value: i8) {
  vhls.pipeline ii = 1
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  scf.for %i = %zero to %size step %one {
    vhls.loop_tripcount min = 1 max = 4
    memref.store %value, %x[%i] : memref<64xi8>
  }
  func.return
}

// -----

// Elements of a word that are not stored would have to be read first.
// CHECK: hls-verify refuses 'memref.store' in @half_a_word: part of a word of %x is stored, which is reshaped in dimension 2; gather its elements, and store them in an unrolled loop over all
func.func @half_a_word(%value: i8) {
  %x = memref.alloc() : memref<8x4xi8>
  vhls.array_reshape %x "complete" dim = 2 : memref<8x4xi8>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %four = arith.constant 4 : index
  scf.for %i = %zero to %four step %one {
    vhls.pipeline ii = 1
    scf.for %lane = %zero to %two step %one {
      vhls.unroll
      memref.store %value, %x[%i, %lane] : memref<8x4xi8>
    }
  }
  func.return
}

// -----

// The same where a condition is another for each of them.
// CHECK: hls-verify refuses 'memref.store' in @some_lanes: part of a word of %x is stored, which is reshaped in dimension 2; gather its elements, and store them in an unrolled loop over all
func.func @some_lanes(%value: i8) {
  %x = memref.alloc() : memref<8x4xi8>
  vhls.array_reshape %x "complete" dim = 2 : memref<8x4xi8>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %four = arith.constant 4 : index
  scf.for %i = %zero to %four step %one {
    vhls.pipeline ii = 1
    scf.for %lane = %zero to %four step %one {
      vhls.unroll
      %is_first = arith.cmpi eq, %lane, %zero : index
      scf.if %is_first {
        memref.store %value, %x[%i, %lane] : memref<8x4xi8>
      }
    }
  }
  func.return
}

// -----

// Nor words of several places, an element each.
// CHECK: hls-verify refuses 'memref.store' in @diagonal: part of a word of %x is stored, which is reshaped in dimension 2; gather its elements, and store them in an unrolled loop over all
func.func @diagonal(%value: i8) {
  %x = memref.alloc() : memref<8x4xi8>
  vhls.array_reshape %x "complete" dim = 2 : memref<8x4xi8>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %four = arith.constant 4 : index
  scf.for %lane = %zero to %four step %one {
    vhls.unroll
    memref.store %value, %x[%lane, %lane] : memref<8x4xi8>
  }
  func.return
}

// -----

// Arguments are taken to be arrays of their own.
// CHECK: hls-verify refuses 'func.call' in @twice: %x is passed twice; pass it once, and use that argument for both
func.func @both(%a: memref<4xi8>, %b: memref<4xi8>) {
  func.return
}
func.func @twice() {
  %x = memref.alloc() : memref<4xi8>
  func.call @both(%x, %x) : (memref<4xi8>, memref<4xi8>) -> ()
  func.return
}

// -----

// CHECK: hls-verify refuses 'func.call' in @above: @below has ports, and is called by another function; only the caller can be the top function; give it the ports
func.func @below(%p: memref<64xi128>) {
  vhls.interface %p : memref<64xi128> mode = "m_axi" bundle = "p"
  vhls.interface mode = "s_axilite" bundle = "control"
  func.return
}
func.func @above(%p: memref<64xi128>) {
  func.call @below(%p) : (memref<64xi128>) -> ()
  func.return
}

// -----

// CHECK: hls-verify refuses 'func.func': @blocks has several blocks; write branches as scf.if, and loops as scf.for
func.func @blocks() {
  func.return
^other:
  func.return
}

// -----

// CHECK: hls-verify refuses 'func.call': @outside is called in no function; call it in one
func.func @outside() {
  func.return
}
func.call @outside() : () -> ()

// -----

// VHDL has no names with two underscores in a row.
// CHECK: hls-verify refuses 'vhls.interface' in @underscores: the bundle 'a__b' cannot be in the names of signals
func.func @underscores(%x: memref<4xi128>) {
  vhls.interface %x : memref<4xi128> mode = "m_axi" bundle = "a__b"
  vhls.interface mode = "s_axilite" bundle = "control"
  func.return
}

// -----

// Contents of a ROM do not depend on a condition either.
// CHECK: hls-verify refuses 'memref.store' in @conditional_rom: the array %x is bound to a ROM, and what is written here is not known
func.func @conditional_rom(%written: i1) {
  %x = memref.alloc() : memref<64xi8>
  vhls.bind_storage %x type = "rom_1p" impl = "bram" : memref<64xi8>
  %zero = arith.constant 0 : index
  %byte = arith.constant 1 : i8
  scf.if %written {
    memref.store %byte, %x[%zero] : memref<64xi8>
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.inline' in @inlined_twice: the function @inlined_twice has this pragma already; keep one of the two
func.func @inlined_twice() {
  vhls.inline off
  vhls.inline off
  func.return
}

// -----

// Through a function in between, too.
// CHECK: hls-verify refuses 'vhls.array_partition' in @cyclic: %y is an argument
func.func @cyclic(%y: memref<64xi8>) {
  vhls.array_partition %y "cyclic" factor = 2 dim = 1 : memref<64xi8>
  func.return
}
func.func @blocked() {
  %x = memref.alloc() : memref<64xi8>
  func.call @passes_it(%x) : (memref<64xi8>) -> ()
  func.return
}
func.func @passes_it(%z: memref<64xi8>) {
  func.call @cyclic(%z) : (memref<64xi8>) -> ()
  func.return
}

// -----

// CHECK: hls-verify refuses 'func.func': @vaqf has the name that vaqf_types.h needs; give it another name
func.func @vaqf() {
  func.return
}

// -----

// CHECK: hls-verify refuses 'scf.for' in @every_other: the loop over %i is dataflow but does not count 0, 1, 2; count from 0 with step 1
func.func @every_other() {
  %zero = arith.constant 0 : index
  %two = arith.constant 2 : index
  %four = arith.constant 4 : index
  scf.for %i = %zero to %four step %two {
    vhls.dataflow
  }
  func.return
}

// -----

// Elements of a word that are stored one after another.
// CHECK: hls-verify refuses 'memref.store' in @in_turn: part of a word of %x is stored, which is reshaped in dimension 1
func.func @in_turn(%value: i8) {
  %x = memref.alloc() : memref<4xi8>
  vhls.array_reshape %x "complete" dim = 1 : memref<4xi8>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %four = arith.constant 4 : index
  scf.for %lane = %zero to %four step %one {
    memref.store %value, %x[%lane] : memref<4xi8>
  }
  func.return
}

// -----

// Every other one of them.
// CHECK: hls-verify refuses 'memref.store' in @gaps: part of a word of %x is stored, which is reshaped in dimension 1
func.func @gaps(%value: i8) {
  %x = memref.alloc() : memref<4xi8>
  vhls.array_reshape %x "complete" dim = 1 : memref<4xi8>
  %zero = arith.constant 0 : index
  %two = arith.constant 2 : index
  %eight = arith.constant 8 : index
  scf.for %lane = %zero to %eight step %two {
    vhls.unroll
    memref.store %value, %x[%lane] : memref<4xi8>
  }
  func.return
}

// -----

// One of them, by a constant.
// CHECK: hls-verify refuses 'memref.store' in @first_lane: part of a word of %x is stored, which is reshaped in dimension 1
func.func @first_lane(%value: i8) {
  %x = memref.alloc() : memref<4xi8>
  vhls.array_reshape %x "complete" dim = 1 : memref<4xi8>
  %zero = arith.constant 0 : index
  memref.store %value, %x[%zero] : memref<4xi8>
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.bind_op' in @bound_twice: %sum has this pragma already; keep one of the two
func.func @bound_twice(%x: i8) {
  %sum = arith.addi %x, %x : i8
  vhls.bind_op %sum impl = "dsp" : i8
  vhls.bind_op %sum impl = "fabric" : i8
  func.return
}

// -----

// The outer pipeline unrolls the inner loop.
// CHECK: hls-verify refuses 'vhls.pipeline' in @nested: the loop over %j is in a pipelined loop or function, which unrolls it; keep the pragma of one of the two
func.func @nested() {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %four = arith.constant 4 : index
  scf.for %i = %zero to %four step %one {
    vhls.pipeline ii = 4
    scf.for %j = %zero to %four step %one {
      vhls.pipeline ii = 1
    }
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.stream' in @two_depths: %a has this pragma already; keep one of the two
func.func @writer(%b: memref<64xi8, "fifo">) {
  vhls.stream %b depth = 4 : memref<64xi8, "fifo">
  func.return
}
func.func @two_depths() {
  %a = memref.alloca() : memref<64xi8, "fifo">
  vhls.stream %a depth = 2 : memref<64xi8, "fifo">
  func.call @writer(%a) : (memref<64xi8, "fifo">) -> ()
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.allocation' in @two_limits: the function @one_of_them has this pragma already; keep one of the two
func.func @one_of_them() {
  func.return
}
func.func @two_limits() {
  vhls.allocation function @one_of_them limit = 1
  vhls.allocation function @one_of_them limit = 2
  func.return
}

// -----

// CHECK: hls-verify refuses 'memref.alloc' in @fills_up: the queue %queue is left with 1 of its elements, and the next time with as many more; read as many as are written
func.func @fills_up(%byte: i8) {
  %zero = arith.constant 0 : index
  %queue = memref.alloc() : memref<64xi8, "fifo">
  memref.store %byte, %queue[%zero] : memref<64xi8, "fifo">
  memref.store %byte, %queue[%zero] : memref<64xi8, "fifo">
  %read = memref.load %queue[%zero] : memref<64xi8, "fifo">
  func.return
}

// -----

// Processes, too, wait for what never comes.
// CHECK: hls-verify refuses 'memref.alloca' in @starves: reads of the queue %queue are 1 more than writes, and wait for them; write as many as are read
func.func @writes_one(%queue: memref<64xi8, "fifo">, %byte: i8) {
  %zero = arith.constant 0 : index
  memref.store %byte, %queue[%zero] : memref<64xi8, "fifo">
  func.return
}
func.func @reads_two(%queue: memref<64xi8, "fifo">) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %first = memref.load %queue[%zero] : memref<64xi8, "fifo">
  %second = memref.load %queue[%one] : memref<64xi8, "fifo">
  func.return
}
func.func @starves(%byte: i8) {
  vhls.dataflow
  %queue = memref.alloca() : memref<64xi8, "fifo">
  func.call @writes_one(%queue, %byte) : (memref<64xi8, "fifo">, i8) -> ()
  func.call @reads_two(%queue) : (memref<64xi8, "fifo">) -> ()
  func.return
}

// -----

// CHECK: hls-verify refuses 'memref.alloca' in @too_early: the queue %queue is read when it is empty, and no dataflow region writes it meanwhile; write it first, or make processes of what writes and reads
func.func @too_early(%byte: i8) {
  %zero = arith.constant 0 : index
  %queue = memref.alloca() : memref<64xi8, "fifo">
  %read = memref.load %queue[%zero] : memref<64xi8, "fifo">
  memref.store %byte, %queue[%zero] : memref<64xi8, "fifo">
  func.return
}

// -----

// CHECK: hls-verify refuses 'scf.for' in @steps_beyond: the loop over %i counts to 2,147,483,649
func.func @steps_beyond(%n: index) {
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  scf.for %i = %one to %n step %two {
    vhls.loop_tripcount min = 1 max = 1073741824
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'scf.for' in @from_below: the loop over %i counts to -2,147,483,649
func.func @from_below() {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %first = arith.constant -2147483649 : index
  scf.for %i = %first to %zero step %one {
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'arith.constant' in @far: the index 2,147,483,648 is beyond 2,147,483,647, the last of an int; make it an integer of as many bits as it needs
func.func @far() -> index {
  %far = arith.constant 2147483648 : index
  func.return %far : index
}

// -----

// CHECK: hls-verify refuses 'vhls.interface' in @unknown_size: nothing says how many elements the m_axi port %port has; say its depth, for co-simulation
func.func @unknown_size(%port: memref<?xi128>) {
  vhls.interface %port : memref<?xi128> mode = "m_axi" bundle = "gmem"
  vhls.interface mode = "s_axilite" bundle = "control"
  func.return
}

// -----

// CHECK: hls-verify refuses 'func.func': the array %port has no size, and registers of control do; make it an m_axi port, or say its size
func.func @unknown_registers(%port: memref<?xi32>) {
  vhls.interface %port : memref<?xi32> mode = "s_axilite" bundle = "control"
  vhls.interface mode = "s_axilite" bundle = "control"
  func.return
}

// -----

// CHECK: hls-verify refuses 'func.func': @load and @Load are one name in VHDL, which does not tell capitals; give one another name
func.func @Load() {
  func.return
}
func.func @load() {
  func.return
}

// -----

// CHECK: hls-verify refuses 'func.func': the top function @DUT would be called DUT_ in C++; give it a name that C++ allows
func.func @DUT(%n: index) {
  vhls.interface %n : index mode = "s_axilite" bundle = "control"
  vhls.interface mode = "s_axilite" bundle = "control"
  func.return
}

// -----

// CHECK: hls-verify refuses 'memref.get_global' in @no_table: there is no table @squares; define it in this module
func.func @no_table() {
  %table = memref.get_global @squares : memref<2xi8>
  func.return
}

// -----

// CHECK: hls-verify refuses 'memref.get_global' in @other_table: the table @cubes is a memref<2xi8>, not a memref<4xi8>; write its type as it is defined
"memref.global"() <{sym_name = "cubes", type = memref<2xi8>, initial_value = dense<[1, 8]> : tensor<2xi8>, sym_visibility = "private", constant}> : () -> ()
func.func @other_table() {
  %table = memref.get_global @cubes : memref<4xi8>
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.bind_storage' in @registers: %x is partitioned into registers, one for each element; bind an array that is a memory, or partition it less
func.func @registers() {
  %x = memref.alloc() : memref<4x2xi8>
  vhls.array_partition %x "complete" dim = 1 : memref<4x2xi8>
  vhls.array_partition %x "complete" dim = 2 : memref<4x2xi8>
  vhls.bind_storage %x type = "ram_2p" impl = "uram" : memref<4x2xi8>
  func.return
}

// -----

// CHECK: hls-verify refuses 'memref.store' in @overwritten: the array %x is bound to a ROM, and is written after it is read; write all that it holds first, or bind it to a RAM
func.func @overwritten(%out: memref<2xi8>) {
  %zero = arith.constant 0 : index
  %a = arith.constant 1 : i8
  %x = memref.alloc() : memref<8xi8>
  vhls.bind_storage %x type = "rom_1p" impl = "bram" : memref<8xi8>
  memref.store %a, %x[%zero] : memref<8xi8>
  %read = memref.load %x[%zero] : memref<8xi8>
  memref.store %read, %out[%zero] : memref<2xi8>
  memref.store %a, %x[%zero] : memref<8xi8>
  func.return
}

// -----

// Where it is written is no more known than what.
// CHECK: hls-verify refuses 'memref.store' in @somewhere: the array %x is bound to a ROM, and what is written here is not known
func.func @somewhere(%at: index) {
  %x = memref.alloc() : memref<64xi8>
  vhls.bind_storage %x type = "rom_1p" impl = "bram" : memref<64xi8>
  %byte = arith.constant 1 : i8
  memref.store %byte, %x[%at] : memref<64xi8>
  func.return
}

// -----

// The pipeline unrolls the loop over %j, though no pragma says so.
// CHECK: hls-verify refuses 'memref.load' in @every_other_four: the loop over %i accesses 4 words of the m_axi port %port in an iteration
func.func @every_other_four(%port: memref<64xi128>) {
  vhls.interface %port : memref<64xi128> mode = "m_axi" bundle = "gmem"
  vhls.interface mode = "s_axilite" bundle = "control"
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %four = arith.constant 4 : index
  %eight = arith.constant 8 : index
  scf.for %i = %zero to %eight step %one {
    vhls.pipeline ii = 4
    scf.for %j = %zero to %four step %one {
      %row = arith.muli %i, %eight : index
      %at = arith.addi %row, %j : index
      %word = memref.load %port[%at] : memref<64xi128>
    }
  }
  func.return
}

// -----

// A word of four elements, of which three have a statement.
// CHECK: hls-verify refuses 'memref.store' in @three_of_four: part of a word of %x is stored, which is reshaped in dimension 1
func.func @three_of_four(%value: i8) {
  %x = memref.alloc() : memref<4xi8>
  vhls.array_reshape %x "complete" dim = 1 : memref<4xi8>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %three = arith.constant 3 : index
  memref.store %value, %x[%zero] : memref<4xi8>
  memref.store %value, %x[%one] : memref<4xi8>
  memref.store %value, %x[%three] : memref<4xi8>
  func.return
}

// -----

// Two words, one element of each.
// CHECK: hls-verify refuses 'memref.store' in @one_of_each: part of a word of %x is stored, which is reshaped in dimension 2
func.func @one_of_each(%value: i8, %i: index, %j: index) {
  %x = memref.alloc() : memref<8x2xi8>
  vhls.array_reshape %x "complete" dim = 2 : memref<8x2xi8>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  memref.store %value, %x[%i, %zero] : memref<8x2xi8>
  memref.store %value, %x[%j, %one] : memref<8x2xi8>
  func.return
}

// -----

// Of two constants, or of the index of a loop around, the tool knows neither.
// CHECK: hls-verify refuses 'scf.for' in @maybe_apart: the loop over %i cannot start every 1 cycles: the ports of x need 2
func.func @maybe_apart(%x: memref<64xi8>, %n: index) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %size = arith.constant 32 : index
  %sums = memref.alloc() : memref<64xi8>
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 1
    %first = arith.muli %i, %two : index
    %second = arith.addi %first, %n : index
    %a = memref.load %x[%first] : memref<64xi8>
    %b = memref.load %x[%second] : memref<64xi8>
    %ab = arith.addi %a, %b : i8
    memref.store %ab, %sums[%i] : memref<64xi8>
  }
  func.return
}
func.func @two_constants() {
  %one = arith.constant 1 : index
  %three = arith.constant 3 : index
  %x = memref.alloc() : memref<64xi8>
  vhls.array_partition %x "cyclic" factor = 2 dim = 1 : memref<64xi8>
  vhls.bind_storage %x type = "ram_1p" impl = "bram" : memref<64xi8>
  func.call @maybe_apart(%x, %one) : (memref<64xi8>, index) -> ()
  func.call @maybe_apart(%x, %three) : (memref<64xi8>, index) -> ()
  func.return
}

// -----

// CHECK: hls-verify refuses 'scf.for' in @outer_index: the loop over %i cannot start every 1 cycles: the ports of x need 2
func.func @outer_index() {
  %x = memref.alloc() : memref<64xi8>
  vhls.array_partition %x "cyclic" factor = 2 dim = 1 : memref<64xi8>
  vhls.bind_storage %x type = "ram_1p" impl = "bram" : memref<64xi8>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %three = arith.constant 3 : index
  %size = arith.constant 30 : index
  %sums = memref.alloc() : memref<64xi8>
  scf.for %j = %one to %three step %one {
    scf.for %i = %zero to %size step %one {
      vhls.pipeline ii = 1
      %first = arith.muli %i, %two : index
      %second = arith.addi %first, %j : index
      %a = memref.load %x[%first] : memref<64xi8>
      %b = memref.load %x[%second] : memref<64xi8>
      %ab = arith.addi %a, %b : i8
      memref.store %ab, %sums[%i] : memref<64xi8>
    }
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'scf.for': it is in no function; put it in one
%zero = arith.constant 0 : index
%one = arith.constant 1 : index
scf.for %i = %zero to %one step %one {
  vhls.pipeline ii = 1
}

// -----

// Banks that only meet in later iterations: %i comes to the block of the two others at 16.
// CHECK: hls-verify refuses 'scf.for' in @later: the loop over %i cannot start every 1 cycles: the ports of x need 2
func.func @later() {
  %x = memref.alloc() : memref<64xi8>
  vhls.array_partition %x "block" factor = 4 dim = 1 : memref<64xi8>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %near = arith.constant 20 : index
  %next = arith.constant 21 : index
  %size = arith.constant 64 : index
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 1
    %a = memref.load %x[%i] : memref<64xi8>
    %b = memref.load %x[%near] : memref<64xi8>
    %c = memref.load %x[%next] : memref<64xi8>
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'memref.store' in @in_turns: the array %rom is bound to a ROM, and is written after it is read
func.func @in_turns() {
  %rom = memref.alloc() : memref<64xi8>
  vhls.bind_storage %rom type = "rom_1p" impl = "bram" : memref<64xi8>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  %byte = arith.constant 1 : i8
  scf.for %i = %zero to %size step %one {
    memref.store %byte, %rom[%i] : memref<64xi8>
    %read = memref.load %rom[%i] : memref<64xi8>
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'memref.store' in @after: the array %y is bound to a ROM, and is written after it is read
func.func @after(%y: memref<64xi8>) {
  %zero = arith.constant 0 : index
  %byte = arith.constant 1 : i8
  %false = arith.constant false
  scf.if %false {
  } else {
    %read = memref.load %y[%zero] : memref<64xi8>
  }
  memref.store %byte, %y[%zero] : memref<64xi8>
  func.return
}
func.func @calls_after() {
  %rom = memref.alloc() : memref<64xi8>
  vhls.bind_storage %rom type = "rom_1p" impl = "bram" : memref<64xi8>
  func.call @after(%rom) : (memref<64xi8>) -> ()
  func.return
}

// -----

// CHECK: hls-verify refuses 'memref.store' in @fills_it: the array %y is bound to a ROM, and what is written here is not known
func.func @fills_it(%y: memref<64xi8>) {
  %zero = arith.constant 0 : index
  %byte = arith.constant 1 : i8
  memref.store %byte, %y[%zero] : memref<64xi8>
  func.return
}
func.func @maybe_filled(%asked: i1) {
  %rom = memref.alloc() : memref<64xi8>
  vhls.bind_storage %rom type = "rom_1p" impl = "bram" : memref<64xi8>
  scf.if %asked {
    func.call @fills_it(%rom) : (memref<64xi8>) -> ()
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.dependence' in @two_claims: %x has this pragma already; keep one of the two
func.func @two_claims() {
  %x = memref.alloc() : memref<64xi8>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 1
    vhls.dependence %x "inter" distance = 4 : memref<64xi8>
    vhls.dependence %x "intra" false : memref<64xi8>
    vhls.dependence %x "inter" false : memref<64xi8>
    %a = memref.load %x[%i] : memref<64xi8>
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'vhls.pipeline' in @by_its_factor: the loop over %i is unrolled as a whole, which leaves nothing to pipeline; keep one of the two pragmas, or unroll by less
func.func @by_its_factor() {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %four = arith.constant 4 : index
  scf.for %i = %zero to %four step %one {
    vhls.pipeline ii = 1
    vhls.unroll factor = 4
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'arith.muli' in @product: the index 4,294,967,296 is beyond 2,147,483,647
func.func @product() -> index {
  %a = arith.constant 65536 : index
  %b = arith.muli %a, %a : index
  func.return %b : index
}

// -----

// CHECK: hls-verify refuses 'memref.global': the table @tail is a memref<2xi8, "fifo">; make it constant integers
"memref.global"() <{sym_name = "tail", type = memref<2xi8, "fifo">, initial_value = dense<[1, 2]> : tensor<2xi8>, sym_visibility = "private", constant}> : () -> ()

// -----

// CHECK: hls-verify refuses 'memref.global': the table @halves is a memref<2xf32>; make it constant integers
"memref.global"() <{sym_name = "halves", type = memref<2xf32>, initial_value = dense<[0.5, 1.5]> : tensor<2xf32>, sym_visibility = "private", constant}> : () -> ()

// -----

// CHECK: hls-verify refuses 'memref.global': the table @changes is no constant; make it constant integers
"memref.global"() <{sym_name = "changes", type = memref<2xi8>, initial_value = dense<[1, 2]> : tensor<2xi8>, sym_visibility = "private"}> : () -> ()

// -----

// CHECK: hls-verify refuses 'func.func': the top function @exp has the name of a function of the C library; give it another name
func.func @exp(%n: index) {
  vhls.interface %n : index mode = "s_axilite" bundle = "control"
  vhls.interface mode = "s_axilite" bundle = "control"
  func.return
}

// -----

// CHECK: hls-verify refuses 'memref.store' in @as_many_as_come: part of a word of %x is stored, which is reshaped in dimension 1
func.func @as_many_as_come(%value: i8, %n: index) {
  %x = memref.alloc() : memref<4xi8>
  vhls.array_reshape %x "complete" dim = 1 : memref<4xi8>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  scf.for %j = %zero to %n step %one {
    vhls.loop_tripcount min = 0 max = 4
    memref.store %value, %x[%j] : memref<4xi8>
  }
  func.return
}

// -----

// Two elements at a time, but from any one on.
// CHECK: hls-verify refuses 'memref.store' in @across_words: part of a word of %x is stored, which is reshaped in dimension 1
func.func @across_words(%value: i8, %n: index) {
  %x = memref.alloc() : memref<8xi8>
  vhls.array_reshape %x "cyclic" factor = 2 dim = 1 : memref<8xi8>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  scf.for %j = %zero to %two step %one {
    vhls.unroll
    %at = arith.addi %n, %j : index
    memref.store %value, %x[%at] : memref<8xi8>
  }
  func.return
}

// -----

// A loop between the stores of a word's elements takes its time.
// CHECK: hls-verify refuses 'memref.store' in @one_after_another: part of a word of %x is stored, which is reshaped in dimension 1
func.func @one_after_another(%value: i8) {
  %x = memref.alloc() : memref<2xi8>
  vhls.array_reshape %x "complete" dim = 1 : memref<2xi8>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  memref.store %value, %x[%zero] : memref<2xi8>
  scf.for %i = %zero to %size step %one {
    %read = memref.load %x[%zero] : memref<2xi8>
  }
  memref.store %value, %x[%one] : memref<2xi8>
  func.return
}

// -----

// As does one in the loop that is unrolled.
// CHECK: hls-verify refuses 'memref.store' in @slow_lanes: part of a word of %x is stored, which is reshaped in dimension 1
func.func @slow_lanes(%value: i8) {
  %x = memref.alloc() : memref<2xi8>
  vhls.array_reshape %x "complete" dim = 1 : memref<2xi8>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %size = arith.constant 64 : index
  scf.for %lane = %zero to %two step %one {
    vhls.unroll
    scf.for %i = %zero to %size step %one {
    }
    memref.store %value, %x[%lane] : memref<2xi8>
  }
  func.return
}

// -----

// The row of a word is another one for each lane, though not as a sum.
// CHECK: hls-verify refuses 'memref.store' in @other_rows: part of a word of %x is stored, which is reshaped in dimension 2
func.func @other_rows(%value: i8) {
  %x = memref.alloc() : memref<4x2xi8>
  vhls.array_reshape %x "complete" dim = 2 : memref<4x2xi8>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  scf.for %lane = %zero to %two step %one {
    vhls.unroll
    %row = arith.divsi %lane, %two : index
    memref.store %value, %x[%row, %lane] : memref<4x2xi8>
  }
  func.return
}

// -----

// Another ROM in each iteration of the loop around it.
// CHECK: hls-verify refuses 'memref.store' in @changing_rom: the array %rom is bound to a ROM, and what is written here is not known
func.func @changing_rom() {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %four = arith.constant 4 : index
  scf.for %i = %zero to %four step %one {
    %rom = memref.alloca() : memref<4xi8>
    vhls.bind_storage %rom type = "rom_1p" impl = "lutram" : memref<4xi8>
    %byte = arith.index_cast %i : index to i8
    memref.store %byte, %rom[%zero] : memref<4xi8>
  }
  func.return
}

// -----

// And one in each call.
// CHECK: hls-verify refuses 'memref.store' in @called_with: the array %rom is bound to a ROM, and what is written here is not known
func.func @called_with(%byte: i8) {
  %zero = arith.constant 0 : index
  %rom = memref.alloc() : memref<4xi8>
  vhls.bind_storage %rom type = "rom_1p" impl = "bram" : memref<4xi8>
  memref.store %byte, %rom[%zero] : memref<4xi8>
  func.return
}
func.func @two_contents() {
  %a = arith.constant 1 : i8
  %b = arith.constant 2 : i8
  func.call @called_with(%a) : (i8) -> ()
  func.call @called_with(%b) : (i8) -> ()
  func.return
}

// -----

// What a pragma says of iterations does not count where bounds are known.
// CHECK: hls-verify refuses 'scf.for' in @hinted: the loop over %i cannot start every 1 cycles: the ports of x need 2
func.func @hinted(%byte: i8) {
  %x = memref.alloc() : memref<64xi8>
  vhls.array_partition %x "cyclic" factor = 2 dim = 1 : memref<64xi8>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %eight = arith.constant 8 : index
  scf.for %i = %zero to %eight step %one {
    vhls.loop_tripcount min = 1 max = 1
    vhls.pipeline ii = 1
    %twice = arith.muli %i, %two : index
    %odd = arith.addi %twice, %one : index
    memref.store %byte, %x[%i] : memref<64xi8>
    memref.store %byte, %x[%odd] : memref<64xi8>
  }
  func.return
}

// -----

// Nor is it known where a loop begins, if an argument says so.
// CHECK: hls-verify refuses 'scf.for' in @from_anywhere: the loop over %i cannot start every 1 cycles: the ports of x need 2
func.func @from_anywhere(%byte: i8, %n: index) {
  %x = memref.alloc() : memref<64xi8>
  vhls.array_partition %x "cyclic" factor = 2 dim = 1 : memref<64xi8>
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %eight = arith.constant 8 : index
  scf.for %i = %n to %eight step %two {
    vhls.loop_tripcount min = 1 max = 4
    vhls.pipeline ii = 1
    %twice = arith.muli %i, %two : index
    %odd = arith.addi %twice, %one : index
    memref.store %byte, %x[%i] : memref<64xi8>
    memref.store %byte, %x[%odd] : memref<64xi8>
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'scf.for' in @a_billion: 1,000,000,000 copies of the body of the loop over %i
func.func @a_billion(%byte: i8) {
  %x = memref.alloc() : memref<4xi8>
  vhls.array_reshape %x "complete" dim = 1 : memref<4xi8>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %many = arith.constant 1000000000 : index
  scf.for %i = %zero to %many step %one {
    vhls.unroll
    memref.store %byte, %x[%i] : memref<4xi8>
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'memref.global': the table @short is a memref<3xi8>, and its contents are not; give it as many values of its type
"memref.global"() <{sym_name = "short", type = memref<3xi8>, initial_value = dense<[1, 2]> : tensor<2xi8>, sym_visibility = "private", constant}> : () -> ()

// -----

// A factor of all elements leaves no memory either.
// CHECK: hls-verify refuses 'vhls.bind_storage' in @all_of_them: %x is partitioned into registers, one for each element
func.func @all_of_them() {
  %x = memref.alloc() : memref<8xi8>
  vhls.array_partition %x "cyclic" factor = 8 dim = 1 : memref<8xi8>
  vhls.bind_storage %x type = "ram_2p" impl = "bram" : memref<8xi8>
  func.return
}

// -----

// CHECK: hls-verify refuses 'arith.shrsi' in @signed_amount: the amount %n may be negative, which takes a second shifter; extend it with arith.extui from 5 bits or fewer
func.func @signed_amount(%x: i20, %n: i20) -> i20 {
  %0 = arith.shrsi %x, %n : i20
  func.return %0 : i20
}

// -----

// An index is an int.
// CHECK: hls-verify refuses 'arith.shli' in @index_as_amount: the amount %amount may be negative, which takes a second shifter; extend it with arith.extui from 4 bits or fewer
func.func @index_as_amount(%x: i16, %n: index) -> i16 {
  %amount = arith.index_cast %n : index to i16
  %0 = arith.shli %x, %amount : i16
  func.return %0 : i16
}

// -----

// CHECK: hls-verify refuses 'arith.shrui' in @wide_amount: the amount %amount has 6 bits, where 20 places take 5; extend it with arith.extui from 5 bits or fewer
func.func @wide_amount(%x: i20, %n: i6) -> i20 {
  %amount = arith.extui %n : i6 to i20
  %0 = arith.shrui %x, %amount : i20
  func.return %0 : i20
}

// -----

// CHECK: hls-verify refuses 'arith.shrsi' in @shifted_index: the amount %n of an index may be negative; shift an integer, by one that is extended with arith.extui
func.func @shifted_index(%at: index, %n: index) -> index {
  %0 = arith.shrsi %at, %n : index
  func.return %0 : index
}

// -----

// CHECK: hls-verify refuses 'arith.remsi' in @divider: 32 bits are divided in a pipeline by no power of two, in a stage for each; multiply with the reciprocal and shift, or count, or divide 8 bits
func.func @divider() {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %twelve = arith.constant 12 : index
  scf.for %i = %zero to %twelve step %one {
    vhls.pipeline ii = 1
    %0 = arith.remsi %i, %twelve : index
  }
  func.return
}

// -----

// A function that a pipelined loop calls is part of its pipeline.
// CHECK: hls-verify refuses 'arith.divui' in @part: 9 bits are divided in a pipeline by no power of two
func.func @part(%x: i9, %n: i9) {
  %0 = arith.divui %x, %n : i9
  func.return
}
func.func @calls_divider(%x: i9, %n: i9) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  scf.for %i = %zero to %two step %one {
    vhls.pipeline ii = 1
    func.call @part(%x, %n) : (i9, i9) -> ()
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'arith.addi' in @chain_of_products: a chain of 4 terms, 3 of them products, becomes a tree, whose sums are not all in the DSP blocks of the products; say vhls.expression_balance off in the loop, or add up at most 3
func.func @chain_of_products(%a: i8, %b: i8, %c: i18, %out: memref<4xi18>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  scf.for %i = %zero to %two step %one {
    %wa = arith.extsi %a : i8 to i17
    %wb = arith.extsi %b : i8 to i17
    %0 = arith.muli %wa, %wa overflow<nsw> : i17
    %1 = arith.muli %wa, %wb overflow<nsw> : i17
    %2 = arith.muli %wb, %wb overflow<nsw> : i17
    %3 = arith.addi %0, %1 overflow<nsw> : i17
    %4 = arith.addi %3, %2 overflow<nsw> : i17
    %5 = arith.extsi %4 : i17 to i18
    %6 = arith.addi %c, %5 overflow<nsw> : i18
    memref.store %6, %out[%i] : memref<4xi18>
  }
  func.return
}

// -----

// What the copies of an unrolled loop add to one another is a chain, too.
// CHECK: hls-verify refuses 'scf.for' in @accumulated_products: a chain of 4 terms, 3 of them products, becomes a tree
func.func @accumulated_products(%x: memref<4xi8>, %out: memref<4xi18>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %three = arith.constant 3 : index
  %none = arith.constant 0 : i18
  scf.for %i = %zero to %three step %one {
    vhls.pipeline ii = 1
    %sum = scf.for %j = %zero to %three step %one iter_args(%so_far = %none) -> (i18) {
      vhls.unroll
      %a = memref.load %x[%j] : memref<4xi8>
      %wide = arith.extsi %a : i8 to i18
      %square = arith.muli %wide, %wide overflow<nsw> : i18
      %next = arith.addi %so_far, %square overflow<nsw> : i18
      scf.yield %next : i18
    }
    memref.store %sum, %out[%i] : memref<4xi18>
  }
  func.return
}

// -----

// More places than there are, and fewer than none, have no meaning in C++.
// CHECK: hls-verify refuses 'arith.shrsi' in @too_far: the amount %n is 20, and 20 bits have 0 to 19 places to move; shift by one of these, in every copy of an unrolled loop
func.func @too_far(%x: i20) -> i20 {
  %n = arith.constant 20 : i20
  %0 = arith.shrsi %x, %n : i20
  func.return %0 : i20
}

// -----

// CHECK: hls-verify refuses 'arith.shli' in @backwards: the amount %n is -1, and 32 bits have 0 to 31 places to move
func.func @backwards(%x: i32) -> i32 {
  %n = arith.constant -1 : i32
  %0 = arith.shli %x, %n : i32
  func.return %0 : i32
}

// -----

// An index is an int of 32 bits.
// CHECK: hls-verify refuses 'arith.shrui' in @index_beyond: the amount %n is 32, and 32 bits have 0 to 31 places to move
func.func @index_beyond(%at: index) -> index {
  %n = arith.constant 32 : index
  %0 = arith.shrui %at, %n : index
  func.return %0 : index
}

// -----

// The last copy of an unrolled loop shifts too far.
// CHECK: hls-verify refuses 'arith.shrui' in @last_field: the amount %amount is 24, and 20 bits have 0 to 19 places to move
func.func @last_field(%x: i20) {
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %four = arith.constant 4 : index
  %five = arith.constant 5 : index
  scf.for %i = %one to %five step %two {
    vhls.unroll factor = 2
    scf.for %j = %one to %five step %one {
      vhls.unroll
      %ij = arith.muli %i, %j : index
      %places = arith.muli %ij, %two : index
      %amount = arith.index_cast %places : index to i20
      %0 = arith.shrui %x, %amount : i20
    }
  }
  func.return
}

// -----

// Neither is it known how often a loop runs whose bound is shifted so.
// CHECK: hls-verify refuses 'scf.for' in @shifted_bound: the loop over %i has a variable bound
func.func @shifted_bound() {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %back = arith.constant -1 : index
  %bound = arith.shrsi %one, %back : index
  scf.for %i = %zero to %bound step %one {
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'arith.divsi' in @by_nothing: the divisor %zero is 0; divide by another number, in every copy of an unrolled loop
func.func @by_nothing(%x: i8) -> i8 {
  %zero = arith.constant 0 : i8
  %0 = arith.divsi %x, %zero : i8
  func.return %0 : i8
}

// -----

// CHECK: hls-verify refuses 'arith.remui' in @first_copy: the divisor %j is 0
func.func @first_copy(%at: index) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  scf.for %j = %zero to %two step %one {
    vhls.unroll
    %0 = arith.remui %at, %j : index
  }
  func.return
}

// -----

// Two products are several.
// CHECK: hls-verify refuses 'arith.addi' in @two_products: a chain of 4 terms, 2 of them products, becomes a tree
func.func @two_products(%a: i8, %b: i8, %c: i18, %d: i18, %out: memref<4xi18>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  scf.for %i = %zero to %two step %one {
    %wa = arith.extsi %a : i8 to i18
    %wb = arith.extsi %b : i8 to i18
    %aa = arith.muli %wa, %wa overflow<nsw> : i18
    %bb = arith.muli %wb, %wb overflow<nsw> : i18
    %0 = arith.addi %aa, %c overflow<nsw> : i18
    %1 = arith.addi %0, %bb overflow<nsw> : i18
    %2 = arith.addi %1, %d overflow<nsw> : i18
    memref.store %2, %out[%i] : memref<4xi18>
  }
  func.return
}

// -----

// Products that something else needs too are made all the same.
// CHECK: hls-verify refuses 'arith.addi' in @needed_twice: a chain of 4 terms, 2 of them products, becomes a tree
func.func @needed_twice(%a: i8, %b: i8, %c: i18, %d: i18, %out: memref<4xi18>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  scf.for %i = %zero to %two step %one {
    %wa = arith.extsi %a : i8 to i18
    %wb = arith.extsi %b : i8 to i18
    %aa = arith.muli %wa, %wa overflow<nsw> : i18
    %bb = arith.muli %wb, %wb overflow<nsw> : i18
    memref.store %aa, %out[%zero] : memref<4xi18>
    memref.store %bb, %out[%one] : memref<4xi18>
    %0 = arith.addi %aa, %c overflow<nsw> : i18
    %1 = arith.addi %0, %bb overflow<nsw> : i18
    %2 = arith.addi %1, %d overflow<nsw> : i18
    memref.store %2, %out[%two] : memref<4xi18>
  }
  func.return
}

// -----

// A function that may be inlined brings its chain into the loop around its call, also through others.
// CHECK: hls-verify refuses 'arith.addi' in @dot: a chain of 4 terms, 3 of them products, becomes a tree, whose sums are not all in the DSP blocks of the products; say vhls.expression_balance off in each loop that calls the function, or vhls.inline off in it, or add up at most 3
func.func @dot(%a: i8, %b: i8, %c: i18) -> i18 {
  %wa = arith.extsi %a : i8 to i18
  %wb = arith.extsi %b : i8 to i18
  %aa = arith.muli %wa, %wa overflow<nsw> : i18
  %ab = arith.muli %wa, %wb overflow<nsw> : i18
  %bb = arith.muli %wb, %wb overflow<nsw> : i18
  %0 = arith.addi %aa, %ab overflow<nsw> : i18
  %1 = arith.addi %0, %bb overflow<nsw> : i18
  %2 = arith.addi %1, %c overflow<nsw> : i18
  func.return %2 : i18
}
func.func @between(%a: i8, %b: i8, %c: i18) -> i18 {
  %0 = func.call @dot(%a, %b, %c) : (i8, i8, i18) -> i18
  func.return %0 : i18
}
func.func @calls_dot(%a: i8, %b: i8, %c: i18, %out: memref<4xi18>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  scf.for %i = %zero to %two step %one {
    vhls.expression_balance off
    %0 = func.call @dot(%a, %b, %c) : (i8, i8, i18) -> i18
    memref.store %0, %out[%i] : memref<4xi18>
  }
  scf.for %i = %zero to %two step %one {
    %0 = func.call @between(%a, %b, %c) : (i8, i8, i18) -> i18
    memref.store %0, %out[%i] : memref<4xi18>
  }
  func.return
}

// -----

// What memory gives, even of a place that is known, or a call, an argument, a sum on its way or a loop
// that stays one, is not fixed.
// CHECK: hls-verify refuses 'arith.shrsi' in @loaded_amount: the amount %n may be negative
func.func @loaded_amount(%x: i20, %amounts: memref<4xi20>) {
  %zero = arith.constant 0 : index
  %n = memref.load %amounts[%zero] : memref<4xi20>
  %0 = arith.shrsi %x, %n : i20
  func.return
}

// -----

// CHECK: hls-verify refuses 'arith.shrsi' in @called_amount: the amount %n may be negative
func.func @four() -> i20 {
  %four = arith.constant 4 : i20
  func.return %four : i20
}
func.func @called_amount(%x: i20) {
  %n = func.call @four() : () -> i20
  %0 = arith.shrsi %x, %n : i20
  func.return
}

// -----

// CHECK: hls-verify refuses 'arith.shrsi' in @carried_amount: the amount %n may be negative
func.func @carried_amount(%x: i20, %amounts: memref<4xi20>, %start: i20) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %four = arith.constant 4 : index
  %end = scf.for %i = %zero to %four step %one iter_args(%n = %start) -> (i20) {
    vhls.unroll
    %0 = arith.shrsi %x, %n : i20
    scf.yield %0 : i20
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'arith.shrsi' in @less_one: the amount %before may be negative
func.func @less_one(%x: i20, %n: i20) {
  %one = arith.constant 1 : i20
  %before = arith.subi %n, %one : i20
  %0 = arith.shrsi %x, %before : i20
  func.return
}

// -----

// CHECK: hls-verify refuses 'arith.shrsi' in @counted_amount: the amount %n may be negative
func.func @counted_amount(%x: i20) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %four = arith.constant 4 : index
  scf.for %i = %zero to %four step %one {
    %n = arith.index_cast %i : index to i20
    %0 = arith.shrsi %x, %n : i20
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'arith.divsi' in @loaded_dividend: 32 bits are divided in a pipeline by no power of two
func.func @loaded_dividend(%x: memref<4xi32>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %four = arith.constant 4 : index
  %twelve = arith.constant 12 : i32
  scf.for %i = %zero to %four step %one {
    vhls.pipeline ii = 1
    %n = memref.load %x[%zero] : memref<4xi32>
    %0 = arith.divsi %n, %twelve : i32
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'arith.remui' in @called_dividend: 32 bits are divided in a pipeline by no power of two
func.func @seven() -> i32 {
  %seven = arith.constant 7 : i32
  func.return %seven : i32
}
func.func @called_dividend() {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %four = arith.constant 4 : index
  %twelve = arith.constant 12 : i32
  scf.for %i = %zero to %four step %one {
    vhls.pipeline ii = 1
    %n = func.call @seven() : () -> i32
    %0 = arith.remui %n, %twelve : i32
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'arith.divui' in @argument_dividend: 32 bits are divided in a pipeline by no power of two
func.func @argument_dividend(%a: i32) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %four = arith.constant 4 : index
  %twelve = arith.constant 12 : i32
  scf.for %i = %zero to %four step %one {
    vhls.pipeline ii = 1
    %n = arith.addi %a, %twelve : i32
    %0 = arith.divui %n, %twelve : i32
  }
  func.return
}

// -----

// CHECK: hls-verify refuses 'arith.remsi' in @carried_dividend: 32 bits are divided in a pipeline by no power of two
func.func @carried_dividend() {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %four = arith.constant 4 : index
  %first = arith.constant 100 : i32
  %twelve = arith.constant 12 : i32
  scf.for %i = %zero to %four step %one {
    vhls.pipeline ii = 1
    %last = scf.for %j = %zero to %four step %one iter_args(%n = %first) -> (i32) {
      vhls.unroll
      %0 = arith.remsi %n, %twelve : i32
      scf.yield %0 : i32
    }
  }
  func.return
}

// -----

// A function that reads and writes an array may do so anywhere.
// CHECK: hls-verify refuses 'func.call' in @updates: the loop over %i reads and writes %x at places that are no sums of its counters
func.func @update(%x: memref<64xi8>, %row: index) {
  %a = memref.load %x[%row] : memref<64xi8>
  memref.store %a, %x[%row] : memref<64xi8>
  func.return
}
func.func @updates() {
  %x = memref.alloc() : memref<64xi8>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 1
    func.call @update(%x, %i) : (memref<64xi8>, index) -> ()
  }
  func.return
}

// -----

// Rows differ in an iteration, but not from one to another of the loop that the tool makes of two.
// CHECK: hls-verify refuses 'memref.store' in @next_row: the loop over %j reads and writes %x at places that are no sums of its counters
func.func @next_row(%at: memref<64xindex>) {
  %x = memref.alloc() : memref<65x64xi8>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  scf.for %i = %zero to %size step %one {
    scf.for %j = %zero to %size step %one {
      vhls.pipeline ii = 1
      %next = arith.addi %i, %one : index
      %column = memref.load %at[%j] : memref<64xindex>
      %a = memref.load %x[%i, %column] : memref<65x64xi8>
      memref.store %a, %x[%next, %column] : memref<65x64xi8>
    }
  }
  func.return
}

// What is of an earlier stage is named, with what to run.
// RUN: not vaqf-opt %S/Inputs/model.mlir -p hls-verify 2>&1 | filecheck %s --check-prefix=STAGE
// RUN: not vaqf-opt %S/Inputs/model.mlir -t hls-cpp 2>&1 | filecheck %s --check-prefix=STAGE
// STAGE: model.mlir:{{[0-9]+}}:{{[0-9]+}}: error: 'binvit.{{.*}}' is of a stage before loops; run lower-binvit-to-loops first
