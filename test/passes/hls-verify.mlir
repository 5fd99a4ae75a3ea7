// What hls-verify lets through: for each rule, what only just keeps it. docs/hls-verify.md says what
// the rules rest on, hls-verify-invalid.mlir has what breaks them.

// RUN: vaqf-opt %s --split-input-file -p hls-verify | filecheck %s

// The loops that the compiler makes pass.
// RUN: vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-quantize,binvit-map,binvit-tile{binary-m=32 binary-n=16 int8-m=16 int8-n=16},binvit-unroll{binary-m=8 lanes=8 keys=2},binvit-allocate,binvit-estimate,lower-binvit-to-loops,hls-verify' | filecheck %s --check-prefix=MODEL
// MODEL: func.func @vaqf_top

// Functions may share what they call, as long as none calls itself.
// CHECK-LABEL: func.func @shared
func.func @shared() {
  func.return
}
func.func @first() {
  func.call @shared() : () -> ()
  func.return
}
func.func @second() {
  func.call @shared() : () -> ()
  func.call @first() : () -> ()
  func.return
}

// -----

// Two loops, and two arrays, may each say the same. A pipelined loop may be unrolled by a factor.
// CHECK-LABEL: func.func @once_each
func.func @once_each() {
  %x = memref.alloc() : memref<4xi8>
  vhls.bind_storage %x type = "ram_2p" impl = "bram" : memref<4xi8>
  %y = memref.alloc() : memref<4xi8>
  vhls.bind_storage %y type = "ram_2p" impl = "bram" : memref<4xi8>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %four = arith.constant 4 : index
  scf.for %i = %zero to %four step %one {
    vhls.pipeline ii = 1
    vhls.unroll factor = 2
    scf.for %j = %zero to %four step %one {
      vhls.unroll
    }
  }
  scf.for %i = %zero to %four step %one {
    vhls.pipeline ii = 1
  }
  func.return
}

// -----

// Names that C++ tells apart, and from words of its own, which get an underscore. A variable may have
// any.
// CHECK-LABEL: func.func @register
func.func @register(%main: i8, %std: i8) {
  func.return
}
func.func @a.b() {
  func.return
}
func.func @main.1() {
  func.return
}

// -----

// A top function with ports of a byte and of 1,024 bits, on buses of their own. Ports of one width
// may share a bus, if no loop needs both.
// CHECK-LABEL: func.func @widths
func.func @widths(%byte: memref<64xi8>, %widest: memref<64xi1024>, %a: memref<64xi128>, %b: memref<64xi128>) {
  vhls.interface %byte : memref<64xi8> mode = "m_axi" bundle = "bytes"
  vhls.interface %widest : memref<64xi1024> mode = "m_axi" bundle = "words"
  vhls.interface %a : memref<64xi128> mode = "m_axi" bundle = "shared"
  vhls.interface %b : memref<64xi128> mode = "m_axi" bundle = "shared"
  vhls.interface mode = "s_axilite" bundle = "control"
  func.return
}

// -----

// An m_axi port has a register of its address, too; its depth is at least its size. Bundles of a letter,
// and of as many as the name of a file can have; ports of one mode may share one. What runs in the top
// function need not be a port.
// CHECK-LABEL: func.func @bundles
func.func @bundles(%x: memref<64xi128>, %y: memref<2x32xi128>, %z: memref<?xi128>, %n: index) {
  vhls.interface %x : memref<64xi128> mode = "m_axi" bundle = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" depth = 64
  vhls.interface %y : memref<2x32xi128> mode = "m_axi" bundle = "A_0" depth = 65
  vhls.interface %z : memref<?xi128> mode = "m_axi" bundle = "A_0" depth = 1
  vhls.interface %x : memref<64xi128> mode = "s_axilite" bundle = "c"
  vhls.interface %y : memref<2x32xi128> mode = "s_axilite" bundle = "c"
  vhls.interface %z : memref<?xi128> mode = "s_axilite" bundle = "c"
  vhls.interface %n : index mode = "s_axilite" bundle = "c"
  vhls.interface mode = "s_axilite" bundle = "c"
  %kept = memref.alloc() : memref<64xi128>
  func.return
}

// -----

// Exactly 1,024 pieces. Words that are reshaped are no pieces.
// CHECK-LABEL: func.func @pieces
func.func @pieces() {
  %all = memref.alloc() : memref<1024xi8>
  vhls.array_partition %all "complete" dim = 1 : memref<1024xi8>
  %table = memref.alloc() : memref<64x64x4xi8>
  vhls.array_partition %table "cyclic" factor = 32 dim = 1 : memref<64x64x4xi8>
  vhls.array_partition %table "block" factor = 32 dim = 2 : memref<64x64x4xi8>
  vhls.array_reshape %table "complete" dim = 3 : memref<64x64x4xi8>
  func.return
}

// -----

// An array that is passed on is divided where it is allocated. So may be what nothing passes.
// CHECK-LABEL: func.func @gets_it
func.func @gets_it(%y: memref<64x64x1xi8>) {
  func.return
}
func.func @divides_it(%z: memref<64xi8>) {
  %x = memref.alloc() : memref<64x64x1xi8>
  vhls.array_partition %x "cyclic" factor = 32 dim = 1 : memref<64x64x1xi8>
  vhls.array_reshape %x "complete" dim = 2 : memref<64x64x1xi8>
  vhls.array_partition %z "cyclic" factor = 2 dim = 1 : memref<64xi8>
  func.call @gets_it(%x) : (memref<64x64x1xi8>) -> ()
  func.return
}

// -----

// Memories that there are. What is written to a ROM are its contents, which constants and indices of
// loops give.
// CHECK: memref.global
"memref.global"() <{sym_name = "table", type = memref<2xi8>, initial_value = dense<[1, 2]> : tensor<2xi8>, sym_visibility = "private", constant}> : () -> ()
// CHECK-LABEL: func.func @memories
func.func @memories() {
  %simple = memref.alloc() : memref<64xi8>
  vhls.bind_storage %simple type = "ram_s2p" impl = "lutram" : memref<64xi8>
  %dual = memref.alloc() : memref<64xi8>
  vhls.bind_storage %dual type = "ram_t2p" impl = "uram" : memref<64xi8>
  %rom = memref.alloc() : memref<64xi8>
  vhls.bind_storage %rom type = "rom_1p" impl = "lutram" : memref<64xi8>
  %table = memref.get_global @table : memref<2xi8>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  scf.for %i = %zero to %size step %one {
    %square = arith.muli %i, %i : index
    %byte = arith.index_cast %square : index to i8
    memref.store %byte, %rom[%i] : memref<64xi8>
  }
  %a = memref.load %rom[%zero] : memref<64xi8>
  memref.store %a, %simple[%zero] : memref<64xi8>
  %b = memref.load %table[%zero] : memref<2xi8>
  memref.store %b, %dual[%zero] : memref<64xi8>
  func.return
}

// -----

// What a port holds is copied to an array, which is divided and bound to a memory.
// CHECK-LABEL: func.func @copied
func.func @copied(%port: memref<64xi128>) {
  vhls.interface %port : memref<64xi128> mode = "m_axi" bundle = "gmem"
  vhls.interface mode = "s_axilite" bundle = "control"
  %kept = memref.alloc() : memref<64xi128>
  vhls.array_partition %kept "cyclic" factor = 2 dim = 1 : memref<64xi128>
  vhls.bind_storage %kept type = "ram_2p" impl = "bram" : memref<64xi128>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 1
    %word = memref.load %port[%i] : memref<64xi128>
    memref.store %word, %kept[%i] : memref<64xi128>
  }
  func.return
}

// -----

// A variable bound with its trip count; a loop inside that is unrolled has constant bounds.
// CHECK-LABEL: func.func @bounds
func.func @bounds(%x: memref<64x4xi8>, %n: index, %byte: i8) {
  vhls.array_partition %x "complete" dim = 2 : memref<64x4xi8>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %four = arith.constant 4 : index
  scf.for %i = %zero to %n step %one {
    vhls.loop_tripcount min = 1 max = 64
    vhls.pipeline ii = 1
    scf.for %j = %zero to %four step %one {
      vhls.unroll
      memref.store %byte, %x[%i, %j] : memref<64x4xi8>
    }
  }
  // Unrolled by a factor, a loop checks its bound after each iteration.
  scf.for %i = %zero to %n step %one {
    vhls.loop_tripcount min = 1 max = 64
    vhls.unroll factor = 2
    memref.store %byte, %x[%i, %zero] : memref<64x4xi8>
  }
  func.return
}

// -----

// As far as an int counts, also when it leaves the loop.
// CHECK-LABEL: func.func @counters
func.func @counters(%n: index) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %last = arith.constant 2147483647 : index
  scf.for %i = %zero to %last step %one {
  }
  scf.for %i = %one to %last step %two {
  }
  scf.for %i = %zero to %n step %one {
    vhls.loop_tripcount min = 1 max = 2147483647
  }
  func.return
}

// -----

// Exactly 4,096 copies, some of them only because the loop around is pipelined.
// CHECK-LABEL: func.func @copies
func.func @copies(%x: memref<64x64xi8>, %byte: i8) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  %kept = memref.alloca() : memref<64xi8>
  vhls.array_partition %kept "complete" dim = 1 : memref<64xi8>
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 1
    scf.for %j = %zero to %size step %one {
      vhls.unroll
      scf.for %k = %zero to %size step %one {
        memref.store %byte, %kept[%k] : memref<64xi8>
      }
    }
  }
  func.return
}

// -----

// A dataflow loop: alone in its function, from 0 to an argument, nothing in it but calls; each array
// goes from one process to the next, and a process may keep what is its own. Scalars go anywhere.
// CHECK-LABEL: func.func @produce
func.func @produce(%in: memref<64xi8>, %out: memref<64xi8>, %i: index) {
  %byte = memref.load %in[%i] : memref<64xi8>
  memref.store %byte, %out[%i] : memref<64xi8>
  func.return
}
func.func @consume(%in: memref<64xi8>, %sums: memref<64xi8>, %i: index) {
  %byte = memref.load %in[%i] : memref<64xi8>
  %sum = memref.load %sums[%i] : memref<64xi8>
  %next = arith.addi %byte, %sum : i8
  memref.store %next, %sums[%i] : memref<64xi8>
  func.return
}
func.func @region(%x: memref<64xi8>, %sums: memref<64xi8>, %n: index) {
  vhls.inline off
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  scf.for %i = %zero to %n step %one {
    vhls.dataflow
    vhls.loop_tripcount min = 1 max = 64
    %handed = memref.alloca() : memref<64xi8>
    func.call @produce(%x, %handed, %i) : (memref<64xi8>, memref<64xi8>, index) -> ()
    func.call @consume(%handed, %sums, %i) : (memref<64xi8>, memref<64xi8>, index) -> ()
  }
  func.return
}

// -----

// A dataflow function: two producers of one consumer bypass nothing, and a queue may.
// CHECK-LABEL: func.func @fetch
func.func @fetch(%port: memref<64xi128>, %out: memref<64xi128, "fifo">, %words: index) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  scf.for %i = %zero to %words step %one {
    vhls.loop_tripcount min = 1 max = 64
    vhls.pipeline ii = 1
    %word = memref.load %port[%i] : memref<64xi128>
    memref.store %word, %out[%i] : memref<64xi128, "fifo">
  }
  func.return
}
func.func @both(%a: memref<64xi128, "fifo">, %b: memref<64xi128, "fifo">, %out: memref<64xi128>, %words: index) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  scf.for %i = %zero to %words step %one {
    vhls.loop_tripcount min = 1 max = 64
    vhls.pipeline ii = 1
    %first = memref.load %a[%i] : memref<64xi128, "fifo">
    %second = memref.load %b[%i] : memref<64xi128, "fifo">
    %sum = arith.xori %first, %second : i128
    memref.store %sum, %out[%i] : memref<64xi128>
  }
  func.return
}
func.func @processes(%p: memref<64xi128>, %q: memref<64xi128>, %out: memref<64xi128>, %words: index) {
  vhls.dataflow
  %a = memref.alloca() : memref<64xi128, "fifo">
  vhls.stream %a depth = 2 : memref<64xi128, "fifo">
  %b = memref.alloca() : memref<64xi128, "fifo">
  vhls.stream %b depth = 2 : memref<64xi128, "fifo">
  func.call @fetch(%p, %a, %words) : (memref<64xi128>, memref<64xi128, "fifo">, index) -> ()
  func.call @fetch(%q, %b, %words) : (memref<64xi128>, memref<64xi128, "fifo">, index) -> ()
  func.call @both(%a, %b, %out, %words) : (memref<64xi128, "fifo">, memref<64xi128, "fifo">, memref<64xi128>, index) -> ()
  func.return
}
func.func @top(%p: memref<64xi128>, %q: memref<64xi128>, %out: memref<64xi128>) {
  vhls.interface %p : memref<64xi128> mode = "m_axi" bundle = "gmem0"
  vhls.interface %q : memref<64xi128> mode = "m_axi" bundle = "gmem1"
  vhls.interface %out : memref<64xi128> mode = "m_axi" bundle = "gmem2"
  vhls.interface mode = "s_axilite" bundle = "control"
  %words = arith.constant 64 : index
  func.call @processes(%p, %q, %out, %words) : (memref<64xi128>, memref<64xi128>, memref<64xi128>, index) -> ()
  func.return
}

// -----

// A function that is two processes has arrays of its own in each call, of one that is a process and
// called elsewhere too they may be static. A loop that is not pipelined calls a dataflow function,
// whose processes have pipelines.
// CHECK-LABEL: func.func @called_twice
func.func @called_twice(%x: memref<64xi8>) {
  %own = memref.alloca() : memref<64xi8>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 1
    %byte = memref.load %own[%i] : memref<64xi8>
    memref.store %byte, %x[%i] : memref<64xi8>
  }
  func.return
}
func.func @called_once(%x: memref<64xi8>) {
  %kept = memref.alloc() : memref<64xi8>
  %zero = arith.constant 0 : index
  %byte = memref.load %kept[%zero] : memref<64xi8>
  memref.store %byte, %x[%zero] : memref<64xi8>
  func.return
}
func.func @three_processes(%x: memref<64xi8>, %y: memref<64xi8>, %z: memref<64xi8>) {
  vhls.dataflow
  func.call @called_twice(%x) : (memref<64xi8>) -> ()
  func.call @called_twice(%y) : (memref<64xi8>) -> ()
  func.call @called_once(%z) : (memref<64xi8>) -> ()
  func.return
}
func.func @repeats(%x: memref<64xi8>, %y: memref<64xi8>, %z: memref<64xi8>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  scf.for %i = %zero to %size step %one {
    func.call @three_processes(%x, %y, %z) : (memref<64xi8>, memref<64xi8>, memref<64xi8>) -> ()
  }
  func.call @called_once(%x) : (memref<64xi8>) -> ()
  func.return
}

// -----

// Queues outside dataflow that hold just their depth, or maybe less; more goes through one in a
// dataflow function.
// CHECK-LABEL: func.func @fill
func.func @fill(%queue: memref<64xi8, "fifo">, %byte: i8) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  scf.for %i = %zero to %size step %one {
    memref.store %byte, %queue[%i] : memref<64xi8, "fifo">
  }
  func.return
}
func.func @drain(%queue: memref<64xi8, "fifo">) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  scf.for %i = %zero to %size step %one {
    %byte = memref.load %queue[%i] : memref<64xi8, "fifo">
  }
  func.return
}
func.func @at_a_time(%byte: i8) {
  vhls.dataflow
  %passed = memref.alloca() : memref<64xi8, "fifo">
  func.call @fill(%passed, %byte) : (memref<64xi8, "fifo">, i8) -> ()
  func.call @drain(%passed) : (memref<64xi8, "fifo">) -> ()
  func.return
}
func.func @queues(%byte: i8, %asked: i1, %n: index) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %whole = memref.alloca() : memref<64xi8, "fifo">
  vhls.stream %whole depth = 64 : memref<64xi8, "fifo">
  func.call @fill(%whole, %byte) : (memref<64xi8, "fifo">, i8) -> ()
  scf.for %i = %zero to %n step %one {
    vhls.loop_tripcount min = 1 max = 64
    %taken = memref.load %whole[%i] : memref<64xi8, "fifo">
  }
  func.call @fill(%whole, %byte) : (memref<64xi8, "fifo">, i8) -> ()
  func.call @drain(%whole) : (memref<64xi8, "fifo">) -> ()
  func.call @at_a_time(%byte) : (i8) -> ()
  // Two are all that one without a pragma holds.
  %short = memref.alloca() : memref<64xi8, "fifo">
  memref.store %byte, %short[%zero] : memref<64xi8, "fifo">
  scf.for %i = %zero to %n step %one {
    vhls.loop_tripcount min = 10 max = 20
    memref.store %byte, %short[%zero] : memref<64xi8, "fifo">
    %first = memref.load %short[%zero] : memref<64xi8, "fifo">
  }
  // If it is read each time.
  scf.for %i = %zero to %n step %one {
    vhls.loop_tripcount min = 10 max = 20
    memref.store %byte, %short[%zero] : memref<64xi8, "fifo">
    scf.if %asked {
      %second = memref.load %short[%zero] : memref<64xi8, "fifo">
    }
  }
  // If nothing comes, for a time or at all.
  scf.for %i = %zero to %n step %one {
    vhls.loop_tripcount min = 0 max = 20
    memref.store %byte, %short[%zero] : memref<64xi8, "fifo">
    memref.store %byte, %short[%one] : memref<64xi8, "fifo">
    %third = memref.load %short[%zero] : memref<64xi8, "fifo">
    %fourth = memref.load %short[%one] : memref<64xi8, "fifo">
  }
  scf.if %asked {
    memref.store %byte, %short[%zero] : memref<64xi8, "fifo">
    memref.store %byte, %short[%one] : memref<64xi8, "fifo">
    %fifth = memref.load %short[%zero] : memref<64xi8, "fifo">
    %sixth = memref.load %short[%one] : memref<64xi8, "fifo">
  }
  scf.for %i = %zero to %n step %one {
    vhls.loop_tripcount min = 0 max = 20
    memref.store %byte, %short[%zero] : memref<64xi8, "fifo">
    memref.store %byte, %short[%one] : memref<64xi8, "fifo">
  }
  // What may all be read in the end.
  scf.for %i = %zero to %n step %one {
    vhls.loop_tripcount min = 0 max = 64
    %rest = memref.load %short[%zero] : memref<64xi8, "fifo">
  }
  func.return
}

// -----

// Bursts: consecutive words in order, from a start and to an end that are known when the loop
// begins. One word in an iteration, which is kept in registers until there are as many as are used
// together. A condition around the loop is none in it.
// CHECK-LABEL: func.func @bursts
func.func @bursts(%port: memref<4096xi128>, %narrow: memref<64xi64>, %start: index, %n: index, %asked: i1) {
  vhls.interface %port : memref<4096xi128> mode = "m_axi" bundle = "gmem0"
  vhls.interface %narrow : memref<64xi64> mode = "m_axi" bundle = "gmem1"
  vhls.interface mode = "s_axilite" bundle = "control"
  %kept = memref.alloc() : memref<256x4xi128>
  vhls.array_partition %kept "complete" dim = 2 : memref<256x4xi128>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %three = arith.constant 3 : index
  %four = arith.constant 4 : index
  %four_words = memref.alloc() : memref<4xi128>
  vhls.array_partition %four_words "complete" dim = 1 : memref<4xi128>
  scf.if %asked {
    scf.for %i = %zero to %n step %one {
      vhls.loop_tripcount min = 1 max = 1024
      vhls.pipeline ii = 1
      %at = arith.addi %start, %i : index
      %part = arith.remsi %i, %four : index
      scf.for %once = %zero to %one step %one {
        vhls.unroll
        %from = arith.addi %at, %once : index
        %word = memref.load %port[%from] : memref<4096xi128>
        memref.store %word, %four_words[%part] : memref<4xi128>
      }
      %is_last = arith.cmpi eq, %part, %three : index
      scf.if %is_last {
        %row = arith.divsi %i, %four : index
        scf.for %j = %zero to %four step %one {
          vhls.unroll
          %kept_word = memref.load %four_words[%j] : memref<4xi128>
          memref.store %kept_word, %kept[%row, %j] : memref<256x4xi128>
        }
      }
    }
  }
  // Half of the board's 128 bits.
  %number = arith.constant 1 : i64
  scf.for %i = %zero to %n step %one {
    vhls.loop_tripcount min = 1 max = 64
    vhls.pipeline ii = 1
    memref.store %number, %narrow[%i] : memref<64xi64>
  }
  // Single words need no burst.
  %last = memref.load %port[%start] : memref<4096xi128>
  memref.store %last, %kept[%zero, %zero] : memref<256x4xi128>
  func.return
}

// -----

// One read and one write of a bus in a loop: the two directions are independent.
// CHECK-LABEL: func.func @directions
func.func @directions(%in: memref<64xi128>, %out: memref<64xi128>) {
  vhls.interface %in : memref<64xi128> mode = "m_axi" bundle = "gmem"
  vhls.interface %out : memref<64xi128> mode = "m_axi" bundle = "gmem"
  vhls.interface mode = "s_axilite" bundle = "control"
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 1
    %word = memref.load %in[%i] : memref<64xi128>
    memref.store %word, %out[%i] : memref<64xi128>
  }
  func.return
}

// -----

// Two accesses of a memory in a cycle; four of one that is divided in two, or in two cycles. A memory
// with a port for each direction takes one read and one write.
// CHECK-LABEL: func.func @ports
func.func @ports() {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %size = arith.constant 64 : index
  %whole = memref.alloc() : memref<64xi8>
  %divided = memref.alloc() : memref<64xi8>
  vhls.array_partition %divided "cyclic" factor = 2 dim = 1 : memref<64xi8>
  %simple = memref.alloc() : memref<64xi8>
  vhls.bind_storage %simple type = "ram_s2p" impl = "bram" : memref<64xi8>
  scf.for %i = %zero to %size step %two {
    vhls.pipeline ii = 1
    %next = arith.addi %i, %one : index
    %a = memref.load %whole[%i] : memref<64xi8>
    %b = memref.load %whole[%next] : memref<64xi8>
    %c = memref.load %divided[%i] : memref<64xi8>
    %d = memref.load %divided[%next] : memref<64xi8>
    %e = arith.addi %a, %b : i8
    %f = arith.addi %c, %d : i8
    memref.store %e, %divided[%i] : memref<64xi8>
    memref.store %f, %divided[%next] : memref<64xi8>
    %g = memref.load %simple[%next] : memref<64xi8>
    memref.store %g, %simple[%i] : memref<64xi8>
  }
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 2
    scf.for %j = %zero to %two step %one {
      vhls.unroll
      %a = memref.load %whole[%i] : memref<64xi8>
      %at = arith.addi %i, %j : index
      memref.store %a, %whole[%at] : memref<64xi8>
    }
  }
  func.return
}

// -----

// Banks that are chosen by one number differ where they are apart by known ones.
// CHECK-LABEL: func.func @chosen
func.func @chosen(%from: memref<1xindex>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %four = arith.constant 4 : index
  %size = arith.constant 64 : index
  %x = memref.alloc() : memref<64x8xi8>
  vhls.array_partition %x "complete" dim = 2 : memref<64x8xi8>
  %y = memref.alloc() : memref<64x4xi8>
  vhls.array_partition %y "complete" dim = 2 : memref<64x4xi8>
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 1
    %start = memref.load %from[%zero] : memref<1xindex>
    scf.for %j = %zero to %four step %one {
      vhls.unroll
      %bank = arith.addi %start, %j : index
      %a = memref.load %x[%i, %bank] : memref<64x8xi8>
      memref.store %a, %y[%i, %j] : memref<64x4xi8>
    }
  }
  func.return
}

// -----

// Claims that the loop does not refute: of elements of their own, and of a distance that is kept.
// CHECK-LABEL: func.func @dependences
func.func @dependences(%x: memref<64xi8>, %y: memref<64xi8>, %at: memref<64xindex>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %four = arith.constant 4 : index
  %size = arith.constant 60 : index
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 1
    vhls.dependence %x "inter" distance = 4 : memref<64xi8>
    vhls.dependence %y "inter" false : memref<64xi8>
    %next = arith.addi %i, %four : index
    %a = memref.load %x[%i] : memref<64xi8>
    memref.store %a, %x[%next] : memref<64xi8>
    %row = memref.load %at[%i] : memref<64xindex>
    %b = memref.load %y[%row] : memref<64xi8>
    memref.store %b, %y[%i] : memref<64xi8>
  }
  func.return
}

// A distance that is just enough for the interval: 4 cycles from one read to the next, two by two.
// CHECK-LABEL: func.func @just_far_enough
func.func @just_far_enough(%at: memref<64xindex>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  %x = memref.alloc() : memref<64xi64>
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 2
    vhls.dependence %x "inter" distance = 2 : memref<64xi64>
    %row = memref.load %at[%i] : memref<64xindex>
    %a = memref.load %x[%row] : memref<64xi64>
    %b = arith.addi %a, %a : i64
    memref.store %b, %x[%row] : memref<64xi64>
  }
  func.return
}

// -----

// What the tool can compare needs no claim: sums of counters, of a nest that is one loop and of loops
// that are unrolled, from a common start; or a subscript that always differs. Registers do not either.
// CHECK-LABEL: func.func @compared
func.func @compared(%at: memref<64xindex>, %base: index) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %size = arith.constant 8 : index
  %x = memref.alloc() : memref<64x2xi8>
  vhls.array_partition %x "complete" dim = 2 : memref<64x2xi8>
  %y = memref.alloc() : memref<64x2xi8>
  %z = memref.alloc() : memref<8xi8>
  vhls.array_partition %z "complete" dim = 1 : memref<8xi8>
  scf.for %i = %zero to %size step %one {
    scf.for %j = %zero to %size step %one {
      vhls.pipeline ii = 1
      %row = arith.muli %i, %size : index
      %cell = arith.addi %row, %j : index
      %from_base = arith.addi %cell, %base : index
      %next = arith.addi %from_base, %one : index
      scf.for %k = %zero to %two step %one {
        vhls.unroll
        %a = memref.load %x[%next, %k] : memref<64x2xi8>
        memref.store %a, %x[%from_base, %k] : memref<64x2xi8>
      }
      %any = memref.load %at[%cell] : memref<64xindex>
      %b = memref.load %y[%any, %zero] : memref<64x2xi8>
      memref.store %b, %y[%cell, %one] : memref<64x2xi8>
      %half = arith.divsi %cell, %size : index
      %c = memref.load %z[%half] : memref<8xi8>
      memref.store %c, %z[%j] : memref<8xi8>
    }
  }
  func.return
}

// -----

// A pipelined function reads a memory twice in a call, as both of its ports can.
// CHECK-LABEL: func.func @called_each_cycle
func.func @called_each_cycle(%x: memref<64xi8>, %y: memref<64xi8>) {
  vhls.pipeline ii = 1
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %a = memref.load %x[%zero] : memref<64xi8>
  %b = memref.load %x[%one] : memref<64xi8>
  %ab = arith.addi %a, %b : i8
  memref.store %ab, %y[%zero] : memref<64xi8>
  func.return
}

// -----

// All elements of a word are stored at a time, here if a condition holds for all of them.
// CHECK-LABEL: func.func @whole_words
func.func @whole_words(%value: i8, %which: i1) {
  %x = memref.alloc() : memref<8x4xi8>
  vhls.array_reshape %x "complete" dim = 2 : memref<8x4xi8>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %four = arith.constant 4 : index
  scf.for %i = %zero to %four step %one {
    vhls.pipeline ii = 1
    scf.for %lane = %zero to %four step %one {
      vhls.unroll
      scf.if %which {
        memref.store %value, %x[%i, %lane] : memref<8x4xi8>
      }
    }
  }
  func.return
}

// -----

// A function may be given arrays that differ.
// CHECK-LABEL: func.func @filled
func.func @filled(%a: memref<8x4xi8>, %b: memref<8x4xi8>, %value: i8) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %four = arith.constant 4 : index
  scf.for %lane = %zero to %four step %one {
    vhls.unroll
    memref.store %value, %a[%zero, %lane] : memref<8x4xi8>
  }
  func.return
}
func.func @two_arrays(%value: i8) {
  %x = memref.alloc() : memref<8x4xi8>
  %y = memref.alloc() : memref<8x4xi8>
  vhls.array_reshape %x "complete" dim = 2 : memref<8x4xi8>
  vhls.array_reshape %y "complete" dim = 2 : memref<8x4xi8>
  func.call @filled(%x, %y, %value) : (memref<8x4xi8>, memref<8x4xi8>, i8) -> ()
  func.return
}

// -----

// Words whose elements each have a statement, and those of a loop that the pipeline around it unrolls.
// CHECK-LABEL: func.func @each_element
func.func @each_element(%value: i8, %other: i8) {
  %x = memref.alloc() : memref<8x2xi8>
  vhls.array_reshape %x "complete" dim = 2 : memref<8x2xi8>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  memref.store %value, %x[%zero, %zero] : memref<8x2xi8>
  memref.store %other, %x[%zero, %one] : memref<8x2xi8>
  scf.for %i = %zero to %two step %one {
    vhls.pipeline ii = 1
    scf.for %lane = %zero to %two step %one {
      memref.store %value, %x[%i, %lane] : memref<8x2xi8>
    }
  }
  func.return
}

// -----

// Two callers of a function each say how many there are of it. A queue has its depth from one of the
// functions that it is passed to.
// CHECK-LABEL: func.func @engine
func.func @engine() {
  func.return
}
func.func @first_caller() {
  vhls.allocation function @engine limit = 1
  func.call @engine() : () -> ()
  func.return
}
func.func @second_caller() {
  vhls.allocation function @engine limit = 1
  func.call @engine() : () -> ()
  func.return
}
func.func @fills(%queue: memref<64xi8, "fifo">, %byte: i8) {
  vhls.stream %queue depth = 3 : memref<64xi8, "fifo">
  %zero = arith.constant 0 : index
  memref.store %byte, %queue[%zero] : memref<64xi8, "fifo">
  memref.store %byte, %queue[%zero] : memref<64xi8, "fifo">
  memref.store %byte, %queue[%zero] : memref<64xi8, "fifo">
  func.return
}
func.func @three_deep(%byte: i8) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %three = arith.constant 3 : index
  %queue = memref.alloc() : memref<64xi8, "fifo">
  func.call @fills(%queue, %byte) : (memref<64xi8, "fifo">, i8) -> ()
  scf.for %i = %zero to %three step %one {
    %read = memref.load %queue[%i] : memref<64xi8, "fifo">
  }
  func.return
}

// -----

// The last index of an int, also in steps; the first one.
// CHECK-LABEL: func.func @in_steps
func.func @in_steps(%n: index) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %first = arith.constant -2147483648 : index
  scf.for %i = %one to %n step %two {
    vhls.loop_tripcount min = 1 max = 1073741823
  }
  scf.for %i = %first to %zero step %one {
  }
  func.return
}

// -----

// A memory of which a dimension is left, and a ROM that is read after all of it is written.
// CHECK-LABEL: func.func @bound
func.func @bound(%out: memref<2xi8>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %a = arith.constant 1 : i8
  %x = memref.alloc() : memref<8x2xi8>
  vhls.array_partition %x "complete" dim = 2 : memref<8x2xi8>
  vhls.bind_storage %x type = "rom_1p" impl = "bram" : memref<8x2xi8>
  memref.store %a, %x[%zero, %zero] : memref<8x2xi8>
  memref.store %a, %x[%one, %one] : memref<8x2xi8>
  %read = memref.load %x[%one, %one] : memref<8x2xi8>
  memref.store %read, %out[%zero] : memref<2xi8>
  func.return
}

// -----

// An argument that is one constant in all calls says that accesses are apart.
// CHECK-LABEL: func.func @apart
func.func @apart(%x: memref<64xi8>, %n: index) {
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
func.func @calls_apart() {
  %one = arith.constant 1 : index
  %x = memref.alloc() : memref<64xi8>
  vhls.array_partition %x "cyclic" factor = 2 dim = 1 : memref<64xi8>
  vhls.bind_storage %x type = "ram_1p" impl = "bram" : memref<64xi8>
  func.call @apart(%x, %one) : (memref<64xi8>, index) -> ()
  func.call @apart(%x, %one) : (memref<64xi8>, index) -> ()
  func.return
}

// -----

// A constant that a function passes on is one, also of what is written to a ROM.
// CHECK-LABEL: func.func @sets
func.func @sets(%rom: memref<64xi8>, %value: i8, %at: index) {
  memref.store %value, %rom[%at] : memref<64xi8>
  func.return
}
func.func @passes_on(%rom: memref<64xi8>, %at: index) {
  %value = arith.constant 1 : i8
  func.call @sets(%rom, %value, %at) : (memref<64xi8>, i8, index) -> ()
  func.return
}
func.func @filled_rom() {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  %rom = memref.alloc() : memref<64xi8>
  vhls.bind_storage %rom type = "rom_1p" impl = "bram" : memref<64xi8>
  scf.for %i = %zero to %size step %one {
    func.call @passes_on(%rom, %i) : (memref<64xi8>, index) -> ()
  }
  scf.for %i = %zero to %size step %one {
    %read = memref.load %rom[%i] : memref<64xi8>
  }
  func.return
}

// -----

// Words of two elements of a dimension, of elements of two dimensions, several at a time, by a factor
// of all iterations, and with a place that two statements compute.
// CHECK-LABEL: func.func @words_of_all_kinds
func.func @words_of_all_kinds(%value: i8, %n: index) {
  %pairs = memref.alloc() : memref<8xi8>
  vhls.array_reshape %pairs "cyclic" factor = 2 dim = 1 : memref<8xi8>
  %halves = memref.alloc() : memref<8xi8>
  vhls.array_reshape %halves "block" factor = 2 dim = 1 : memref<8xi8>
  %squares = memref.alloc() : memref<4x2x2xi8>
  vhls.array_reshape %squares "complete" dim = 2 : memref<4x2x2xi8>
  vhls.array_reshape %squares "complete" dim = 3 : memref<4x2x2xi8>
  %rows = memref.alloc() : memref<4x2xi8>
  vhls.array_reshape %rows "complete" dim = 2 : memref<4x2xi8>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %four = arith.constant 4 : index
  scf.for %i = %zero to %four step %one {
    vhls.pipeline ii = 1
    scf.for %j = %zero to %two step %one {
      %first = arith.muli %i, %two : index
      %at = arith.addi %first, %j : index
      memref.store %value, %pairs[%at] : memref<8xi8>
      scf.for %k = %zero to %two step %one {
        memref.store %value, %squares[%i, %j, %k] : memref<4x2x2xi8>
      }
    }
  }
  memref.store %value, %halves[%one] : memref<8xi8>
  %five = arith.constant 5 : index
  memref.store %value, %halves[%five] : memref<8xi8>
  scf.for %lane = %zero to %two step %one {
    vhls.unroll factor = 2
    scf.for %row = %zero to %four step %one {
      vhls.unroll
      memref.store %value, %rows[%row, %lane] : memref<4x2xi8>
    }
  }
  %here = arith.addi %n, %one : index
  %same = arith.addi %n, %one : index
  memref.store %value, %rows[%here, %zero] : memref<4x2xi8>
  memref.store %value, %rows[%same, %one] : memref<4x2xi8>
  func.return
}

// -----

// A pipelined loop that a factor leaves some iterations of; one of a single iteration; a factor beyond
// all iterations, which makes no more copies than there are.
// CHECK-LABEL: func.func @factors
func.func @factors() {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %four = arith.constant 4 : index
  scf.for %i = %zero to %four step %one {
    vhls.pipeline ii = 1
    vhls.unroll factor = 3
  }
  scf.for %i = %zero to %one step %one {
    vhls.pipeline ii = 1
  }
  scf.for %i = %zero to %four step %one {
    vhls.unroll factor = 5000
  }
  func.return
}

// -----

// Loops without iterations take no port.
// CHECK-LABEL: func.func @never
func.func @never(%n: index) {
  %x = memref.alloc() : memref<64xi8>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %four = arith.constant 4 : index
  scf.for %i = %zero to %zero step %one {
    vhls.pipeline ii = 1
    %a = memref.load %x[%i] : memref<64xi8>
  }
  scf.for %i = %zero to %n step %one {
    vhls.loop_tripcount min = 0 max = 0
    vhls.pipeline ii = 1
    %a = memref.load %x[%i] : memref<64xi8>
    scf.for %j = %zero to %zero step %one {
      memref.store %a, %x[%j] : memref<64xi8>
    }
  }
  func.return
}

// -----

// A function that fills a ROM of its own, whenever it is called. Words that begin with every other
// element, as a loop counts.
// CHECK-LABEL: func.func @own_rom
func.func @own_rom() {
  %zero = arith.constant 0 : index
  %byte = arith.constant 1 : i8
  %rom = memref.alloc() : memref<64xi8>
  vhls.bind_storage %rom type = "rom_1p" impl = "bram" : memref<64xi8>
  memref.store %byte, %rom[%zero] : memref<64xi8>
  %read = memref.load %rom[%zero] : memref<64xi8>
  func.return
}
func.func @maybe_calls(%asked: i1, %value: i8) {
  scf.if %asked {
    func.call @own_rom() : () -> ()
  }
  %x = memref.alloc() : memref<8xi8>
  vhls.array_reshape %x "cyclic" factor = 2 dim = 1 : memref<8xi8>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %eight = arith.constant 8 : index
  scf.for %i = %zero to %eight step %two {
    vhls.pipeline ii = 1
    scf.for %j = %zero to %two step %one {
      %at = arith.addi %i, %j : index
      memref.store %value, %x[%at] : memref<8xi8>
    }
  }
  func.return
}

// -----

// Shifts by constants, also of an index, by the index of an unrolled loop, and by unsigned numbers with as
// many bits as the shifted one has uses for: 20 bits can be shifted by 31, and two by one.
// CHECK-LABEL: func.func @shifts
func.func @shifts(%x: i20, %pair: i2, %word: i128, %n: i6, %bit: i1, %at: index) -> i20 {
  %one = arith.constant 1 : i6
  %before = arith.subi %n, %one overflow<nsw> : i6
  %few = arith.trunci %before : i6 to i5
  %amount = arith.extui %few : i5 to i20
  %0 = arith.shrsi %x, %amount : i20
  %single = arith.extui %bit : i1 to i2
  %1 = arith.shli %pair, %single : i2
  %low = arith.index_cast %at : index to i7
  %place = arith.extui %low : i7 to i128
  %2 = arith.shrui %word, %place : i128
  %two = arith.constant 2 : index
  %3 = arith.shrsi %at, %two : index
  %zero = arith.constant 0 : index
  %step = arith.constant 1 : index
  scf.for %i = %zero to %two step %step {
    vhls.unroll
    %field = arith.muli %i, %two : index
    %known = arith.index_cast %field : index to i20
    %4 = arith.shrsi %x, %known : i20
  }
  func.return %0 : i20
}

// -----

// In pipelines, dividers of 8 bits, by powers of two, and of what unrolling leaves as constants; outside,
// of any width.
// CHECK-LABEL: func.func @dividers
func.func @dividers(%x: i8, %n: i8, %at: index) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %eight = arith.constant 8 : index
  %twelve = arith.constant 12 : index
  %row = arith.divsi %at, %twelve : index
  scf.for %i = %zero to %twelve step %one {
    vhls.pipeline ii = 1
    %0 = arith.divsi %i, %eight : index
    %1 = arith.remsi %i, %eight : index
    %2 = arith.divsi %x, %n : i8
    scf.for %j = %zero to %eight step %one {
      vhls.unroll
      %3 = arith.remsi %j, %twelve : index
    }
  }
  func.return
}

// -----

// Chains of three products, and of four where balancing is off, in any loop around; four as a tree, or with
// one product only, or in LUTs.
// CHECK-LABEL: func.func @sums_of_products
func.func @sums_of_products(%a: i8, %b: i8, %c: i8, %d: i8, %out: memref<4xi18>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  scf.for %i = %zero to %two step %one {
    %wa = arith.extsi %a : i8 to i18
    %wb = arith.extsi %b : i8 to i18
    %wc = arith.extsi %c : i8 to i18
    %wd = arith.extsi %d : i8 to i18
    %aa = arith.muli %wa, %wa overflow<nsw> : i18
    %bb = arith.muli %wb, %wb overflow<nsw> : i18
    %cc = arith.muli %wc, %wc overflow<nsw> : i18
    %dd = arith.muli %wd, %wd overflow<nsw> : i18
    %0 = arith.addi %aa, %bb overflow<nsw> : i18
    %1 = arith.addi %0, %cc overflow<nsw> : i18
    memref.store %1, %out[%zero] : memref<4xi18>
    %2 = arith.addi %aa, %bb overflow<nsw> : i18
    %3 = arith.addi %cc, %dd overflow<nsw> : i18
    %4 = arith.addi %2, %3 overflow<nsw> : i18
    memref.store %4, %out[%zero] : memref<4xi18>
    %5 = arith.addi %aa, %wb overflow<nsw> : i18
    %6 = arith.addi %5, %wc overflow<nsw> : i18
    %7 = arith.addi %6, %wd overflow<nsw> : i18
    memref.store %7, %out[%zero] : memref<4xi18>
  }
  scf.for %i = %zero to %two step %one {
    vhls.pipeline ii = 2
    vhls.expression_balance off
    scf.for %j = %zero to %two step %one {
      vhls.unroll
      %wa = arith.extsi %a : i8 to i18
      %aa = arith.muli %wa, %wa overflow<nsw> : i18
      %0 = arith.addi %aa, %aa overflow<nsw> : i18
      %1 = arith.addi %0, %aa overflow<nsw> : i18
      %2 = arith.addi %1, %aa overflow<nsw> : i18
      memref.store %2, %out[%j] : memref<4xi18>
    }
  }
  func.return
}

// -----

// The farthest shifts, and copies that no condition lets shift farther or divide by zero.
// CHECK-LABEL: func.func @farthest
func.func @farthest(%x: i20, %at: index, %asked: i1) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %three = arith.constant 3 : index
  %ten = arith.constant 10 : index
  %none = arith.constant 0 : i20
  %most = arith.constant 19 : i20
  %sign = arith.constant 31 : index
  %0 = arith.shrsi %x, %most : i20
  %1 = arith.shli %x, %none : i20
  %2 = arith.shrsi %at, %sign : index
  scf.for %j = %zero to %three step %one {
    vhls.unroll
    %before = arith.subi %j, %one : index
    %places = arith.muli %before, %ten : index
    %amount = arith.index_cast %places : index to i20
    %first = arith.cmpi eq, %j, %zero : index
    scf.if %first {
      %3 = arith.remsi %at, %before : index
    } else {
      %4 = arith.shrui %x, %amount : i20
      scf.if %asked {
        %5 = arith.divsi %at, %j : index
      }
    }
  }
  // A loop without iterations has no copies.
  scf.for %j = %zero to %zero step %one {
    vhls.unroll
    %3 = arith.remsi %at, %j : index
  }
  func.return
}

// -----

// Chains that anything else uses on their way, with products in LUTs or by constants, in loops that
// stay loops, or in none.
// CHECK-LABEL: func.func @no_chains
func.func @no_chains(%a: i8, %b: i8, %out: memref<4xi18>) -> i18 {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %four = arith.constant 4 : index
  %none = arith.constant 0 : i18
  %seven = arith.constant 7 : i18
  %wa = arith.extsi %a : i8 to i18
  %wb = arith.extsi %b : i8 to i18
  scf.for %i = %zero to %two step %one {
    %aa = arith.muli %wa, %wa overflow<nsw> : i18
    %ab = arith.muli %wa, %wb overflow<nsw> : i18
    %bb = arith.muli %wb, %wb overflow<nsw> : i18
    %0 = arith.addi %aa, %ab overflow<nsw> : i18
    memref.store %0, %out[%zero] : memref<4xi18>
    %1 = arith.addi %0, %bb overflow<nsw> : i18
    %2 = arith.addi %1, %aa overflow<nsw> : i18
    memref.store %2, %out[%one] : memref<4xi18>
  }
  scf.for %i = %zero to %two step %one {
    %aa = arith.muli %wa, %wa overflow<nsw> : i18
    vhls.bind_op %aa impl = "fabric" : i18
    %ab = arith.muli %wa, %wb overflow<nsw> : i18
    vhls.bind_op %ab impl = "fabric" : i18
    %bb = arith.muli %wb, %wb overflow<nsw> : i18
    %0 = arith.addi %aa, %ab overflow<nsw> : i18
    %1 = arith.addi %0, %bb overflow<nsw> : i18
    %2 = arith.addi %1, %wa overflow<nsw> : i18
    memref.store %2, %out[%zero] : memref<4xi18>
  }
  scf.for %i = %zero to %two step %one {
    %a7 = arith.muli %wa, %seven overflow<nsw> : i18
    %b7 = arith.muli %seven, %wb overflow<nsw> : i18
    %ab = arith.muli %wa, %wb overflow<nsw> : i18
    %0 = arith.addi %a7, %b7 overflow<nsw> : i18
    %1 = arith.addi %0, %ab overflow<nsw> : i18
    %2 = arith.addi %1, %wa overflow<nsw> : i18
    memref.store %2, %out[%zero] : memref<4xi18>
  }
  scf.for %i = %zero to %two step %one {
    %rolled = scf.for %j = %zero to %four step %one iter_args(%so_far = %none) -> (i18) {
      %aa = arith.muli %wa, %wa overflow<nsw> : i18
      %next = arith.addi %so_far, %aa overflow<nsw> : i18
      scf.yield %next : i18
    }
    %shown = scf.for %j = %zero to %four step %one iter_args(%so_far = %none) -> (i18) {
      vhls.unroll
      %aa = arith.muli %wa, %wa overflow<nsw> : i18
      memref.store %so_far, %out[%j] : memref<4xi18>
      %next = arith.addi %so_far, %aa overflow<nsw> : i18
      scf.yield %next : i18
    }
    %shown_after = scf.for %j = %zero to %four step %one iter_args(%so_far = %none) -> (i18) {
      vhls.unroll
      %aa = arith.muli %wa, %wa overflow<nsw> : i18
      %next = arith.addi %so_far, %aa overflow<nsw> : i18
      memref.store %next, %out[%j] : memref<4xi18>
      scf.yield %next : i18
    }
    %indices = scf.for %j = %zero to %four step %one iter_args(%so_far = %i) -> (index) {
      vhls.unroll
      %next = arith.addi %so_far, %j : index
      scf.yield %next : index
    }
  }
  %aa = arith.muli %wa, %wa overflow<nsw> : i18
  %ab = arith.muli %wa, %wb overflow<nsw> : i18
  %bb = arith.muli %wb, %wb overflow<nsw> : i18
  %0 = arith.addi %aa, %ab overflow<nsw> : i18
  %1 = arith.addi %0, %bb overflow<nsw> : i18
  %2 = arith.addi %1, %wa overflow<nsw> : i18
  func.return %2 : i18
}

// -----

// A function with a chain that is called in no loop, or in loops that leave sums as they are, or that
// stays a function.
// CHECK-LABEL: func.func @dot
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
func.func @kept(%a: i8, %b: i8, %c: i18) -> i18 {
  vhls.inline off
  %0 = func.call @dot(%a, %b, %c) : (i8, i8, i18) -> i18
  func.return %0 : i18
}
func.func @call_dots(%a: i8, %b: i8, %c: i18, %out: memref<4xi18>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %0 = func.call @dot(%a, %b, %c) : (i8, i8, i18) -> i18
  memref.store %0, %out[%zero] : memref<4xi18>
  scf.for %i = %zero to %two step %one {
    vhls.expression_balance off
    scf.for %j = %zero to %two step %one {
      %1 = func.call @dot(%a, %b, %c) : (i8, i8, i18) -> i18
      memref.store %1, %out[%j] : memref<4xi18>
    }
  }
  scf.for %i = %zero to %two step %one {
    %1 = func.call @kept(%a, %b, %c) : (i8, i8, i18) -> i18
    memref.store %1, %out[%i] : memref<4xi18>
  }
  func.return
}

// -----

// A loop of one iteration inside a burst takes no part in the address.
// CHECK-LABEL: func.func @once
func.func @once(%port: memref<64xi128>, %out: memref<64xi128>) {
  vhls.interface %port : memref<64xi128> mode = "m_axi" bundle = "gmem"
  vhls.interface %out : memref<64xi128> mode = "m_axi" bundle = "other"
  vhls.interface mode = "s_axilite" bundle = "control"
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 1
    scf.for %j = %zero to %one step %one {
      vhls.unroll
      %word = memref.load %port[%i] : memref<64xi128>
      memref.store %word, %out[%i] : memref<64xi128>
    }
  }
  func.return
}

// -----

// A distance that a loop is too short for; one between a read and the write after it, which a claim is
// not about; and an array of each iteration's own, for which there is nothing to claim.
// CHECK-LABEL: func.func @nothing_to_claim
func.func @nothing_to_claim(%at: memref<64xindex>) {
  %x = memref.alloc() : memref<64xi8>
  %y = memref.alloc() : memref<64xi8>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %three = arith.constant 3 : index
  %size = arith.constant 60 : index
  scf.for %i = %zero to %three step %one {
    vhls.pipeline ii = 1
    vhls.dependence %x "inter" distance = 4 : memref<64xi8>
    %next = arith.addi %i, %three : index
    %a = memref.load %x[%i] : memref<64xi8>
    memref.store %a, %x[%next] : memref<64xi8>
  }
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 1
    vhls.dependence %y "inter" distance = 4 : memref<64xi8>
    %next = arith.addi %i, %one : index
    %a = memref.load %y[%next] : memref<64xi8>
    memref.store %a, %y[%i] : memref<64xi8>
  }
  scf.for %i = %zero to %size step %one {
    vhls.pipeline ii = 1
    %own = memref.alloca() : memref<64xi8>
    %row = memref.load %at[%i] : memref<64xindex>
    %a = memref.load %own[%row] : memref<64xi8>
    memref.store %a, %own[%i] : memref<64xi8>
  }
  func.return
}
