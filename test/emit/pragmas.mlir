// Each operation of the vhls dialect is one line, where the operation stands. Words that an option has
// for values stand alone, which all releases of Vitis HLS take.

// RUN: vaqf-opt %s -t 'hls-cpp{verify=false}' | filecheck %s

// CHECK: #include "vaqf_trace.h"

// CHECK-LABEL: static void engine(i8 input[64], i20 output[8][64]) {
func.func @engine(%input: memref<64xi8>, %output: memref<8x64xi20>) {
  // CHECK-NEXT: {{^}}#pragma HLS inline off
  vhls.inline off
  // CHECK-NEXT: static i20 buffer[8][64];
  %buffer = memref.alloc() : memref<8x64xi20>
  // CHECK-NEXT: #pragma HLS array_partition variable=buffer complete dim=1
  vhls.array_partition %buffer "complete" dim = 1 : memref<8x64xi20>
  // CHECK-NEXT: #pragma HLS array_partition variable=buffer cyclic factor=4 dim=2
  vhls.array_partition %buffer "cyclic" factor = 4 dim = 2 : memref<8x64xi20>
  // CHECK-NEXT: #pragma HLS array_reshape variable=buffer block factor=2 dim=2
  vhls.array_reshape %buffer "block" factor = 2 dim = 2 : memref<8x64xi20>
  // CHECK-NEXT: #pragma HLS bind_storage variable=buffer type=ram_2p impl=uram latency=3
  vhls.bind_storage %buffer type = "ram_2p" impl = "uram" latency = 3 : memref<8x64xi20>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  // CHECK-NEXT: {{^  }}// layer 3: query
  vhls.comment "layer 3: query"
  // CHECK-NEXT: for (int i = 0; i < 64; ++i) {
  scf.for %i = %zero to %size step %one {
    // CHECK-NEXT: #pragma HLS pipeline II=2
    vhls.pipeline ii = 2
    // CHECK-NEXT: #pragma HLS unroll factor=8
    vhls.unroll factor = 8
    // CHECK-NEXT: {{^}}#pragma HLS unroll{{$}}
    vhls.unroll
    // CHECK-NEXT: #pragma HLS loop_tripcount min=1 max=64
    vhls.loop_tripcount min = 1 max = 64
    // CHECK-NEXT: #pragma HLS dependence variable=buffer inter false
    vhls.dependence %buffer "inter" false : memref<8x64xi20>
    // CHECK-NEXT: #pragma HLS dependence variable=buffer inter RAW distance=32 true
    vhls.dependence %buffer "inter" distance = 32 : memref<8x64xi20>
    // CHECK-NEXT: #pragma HLS expression_balance off
    vhls.expression_balance off
    // What a bind_op is about is a variable.
    // CHECK-NEXT: const i20 v = input[i] * input[i];
    // CHECK-NEXT: #pragma HLS bind_op variable=v op=mul impl=dsp latency=2
    // CHECK-NEXT: buffer[0][i] = v;
    %3 = memref.load %input[%i] : memref<64xi8>
    %4 = memref.load %input[%i] : memref<64xi8>
    %0 = arith.extsi %3 : i8 to i20
    %1 = arith.extsi %4 : i8 to i20
    %2 = arith.muli %0, %1 overflow<nsw> : i20
    vhls.bind_op %2 impl = "dsp" latency = 2 : i20
    memref.store %2, %buffer[%zero, %i] : memref<8x64xi20>
    memref.store %2, %output[%zero, %i] : memref<8x64xi20>
  }
  func.return
}

// CHECK-LABEL: static void load(
func.func @load(%buffer: memref<4xi8>, %i: index) {
  func.return
}

// CHECK-LABEL: static void processes(int tiles) {
func.func @processes(%tiles: index) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  // CHECK-NEXT: for (int i = 0; i < tiles; ++i) {
  scf.for %i = %zero to %tiles step %one {
    // CHECK-NEXT: {{^}}#pragma HLS dataflow
    vhls.dataflow
    // An array of the body is declared in it, so that the tool doubles it.
    // CHECK-NEXT: {{^    }}i8 buffer[4];
    %buffer = memref.alloca() : memref<4xi8>
    // CHECK-NEXT: #pragma HLS array_partition variable=buffer complete dim=1
    vhls.array_partition %buffer "complete" dim = 1 : memref<4xi8>
    // CHECK-NEXT: load(buffer, i);
    func.call @load(%buffer, %i) : (memref<4xi8>, index) -> ()
  }
  func.return
}

// Arrays of the memory space "fifo" are queues. Reading one is a statement of its own.
// CHECK-LABEL: static void write(hls::stream<u128> &queue, u128 word) {
func.func @write(%queue: memref<64xi128, "fifo">, %word: i128) {
  %zero = arith.constant 0 : index
  // CHECK-NEXT: queue.write(word);
  memref.store %word, %queue[%zero] : memref<64xi128, "fifo">
  func.return
}

// CHECK-LABEL: static void read(hls::stream<u128> &queue, u128 words[2]) {
func.func @read(%queue: memref<64xi128, "fifo">, %words: memref<2xi128>) {
  %zero = arith.constant 0 : index
  // CHECK-NEXT: const u128 word = queue.read();
  // CHECK-NEXT: words[0] = word;
  %word = memref.load %queue[%zero] : memref<64xi128, "fifo">
  memref.store %word, %words[%zero] : memref<2xi128>
  func.return
}

// CHECK-LABEL: static void processes_of_a_function(u128 word, u128 words[2]) {
func.func @processes_of_a_function(%word: i128, %words: memref<2xi128>) {
  // CHECK-NEXT: {{^}}#pragma HLS dataflow
  vhls.dataflow
  // CHECK-NEXT: hls::stream<u128> queue;
  %queue = memref.alloca() : memref<64xi128, "fifo">
  // CHECK-NEXT: {{^}}#pragma HLS stream variable=queue depth=16
  vhls.stream %queue depth = 16 : memref<64xi128, "fifo">
  // CHECK-NEXT: write(queue, word);
  func.call @write(%queue, %word) : (memref<64xi128, "fifo">, i128) -> ()
  // CHECK-NEXT: read(queue, words);
  func.call @read(%queue, %words) : (memref<64xi128, "fifo">, memref<2xi128>) -> ()
  func.return
}

// A function with ports is the top function: not static, and of C linkage, as kernels are.
// CHECK-LABEL: extern "C" void top(u128 weights[], i8 image[64], i20 logits[8][64], int count) {
func.func @top(%weights: memref<?xi128>, %image: memref<64xi8>, %logits: memref<8x64xi20>, %count: index) {
  // CHECK-NEXT: #pragma HLS interface m_axi port=weights bundle=gmem0 offset=slave depth=4096 latency=60 max_read_burst_length=64 num_read_outstanding=8
  vhls.interface %weights : memref<?xi128> mode = "m_axi" bundle = "gmem0" depth = 4096 latency = 60 max_read_burst_length = 64 num_read_outstanding = 8
  // CHECK-NEXT: #pragma HLS interface m_axi port=image bundle=gmem1 offset=slave
  vhls.interface %image : memref<64xi8> mode = "m_axi" bundle = "gmem1"
  // CHECK-NEXT: #pragma HLS interface s_axilite port=count bundle=control
  vhls.interface %count : index mode = "s_axilite" bundle = "control"
  // CHECK-NEXT: #pragma HLS interface s_axilite port=return bundle=control
  vhls.interface mode = "s_axilite" bundle = "control"
  // CHECK-NEXT: #pragma HLS allocation function instances=engine limit=1
  vhls.allocation function @engine limit = 1
  // CHECK-NEXT: engine(image, logits);
  func.call @engine(%image, %logits) : (memref<64xi8>, memref<8x64xi20>) -> ()
  // A trace is for simulation; the macro is nothing in synthesis.
  // CHECK-NEXT: static i8 memory[20][4][16];
  // CHECK-NEXT: VAQF_TRACE("004-layers.0.norm", memory, 10, 5, 72);
  %memory = memref.alloc() : memref<20x4x16xi8>
  vhls.trace "004-layers.0.norm" %memory row 10 tokens 5 channels 72 : memref<20x4x16xi8>
  func.return
}
