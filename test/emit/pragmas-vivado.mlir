// Vivado HLS has other words for some options, and cores instead of bindings. All else is as for Vitis
// HLS: pragmas.mlir.

// RUN: vaqf-opt %s -t 'hls-cpp{flow=vivado-hls verify=false}' | filecheck %s

// CHECK-LABEL: static void engine(i8 input[64], i20 output[8][64]) {
func.func @engine(%input: memref<64xi8>, %output: memref<8x64xi20>) {
  // CHECK-NEXT: {{^}}#pragma HLS INLINE off
  vhls.inline off
  // CHECK-NEXT: static i20 buffer[8][64];
  %buffer = memref.alloc() : memref<8x64xi20>
  // CHECK-NEXT: #pragma HLS ARRAY_PARTITION variable=buffer complete dim=1
  vhls.array_partition %buffer "complete" dim = 1 : memref<8x64xi20>
  // CHECK-NEXT: #pragma HLS ARRAY_PARTITION variable=buffer cyclic factor=4 dim=2
  vhls.array_partition %buffer "cyclic" factor = 4 dim = 2 : memref<8x64xi20>
  // CHECK-NEXT: #pragma HLS ARRAY_RESHAPE variable=buffer block factor=2 dim=2
  vhls.array_reshape %buffer "block" factor = 2 dim = 2 : memref<8x64xi20>
  // CHECK-NEXT: #pragma HLS RESOURCE variable=buffer core=XPM_MEMORY uram latency=3
  vhls.bind_storage %buffer type = "ram_2p" impl = "uram" latency = 3 : memref<8x64xi20>
  // CHECK-NEXT: #pragma HLS RESOURCE variable=buffer core=RAM_2P_BRAM
  vhls.bind_storage %buffer type = "ram_2p" impl = "bram" : memref<8x64xi20>
  // CHECK-NEXT: #pragma HLS RESOURCE variable=buffer core=RAM_S2P_LUTRAM
  vhls.bind_storage %buffer type = "ram_s2p" impl = "lutram" : memref<8x64xi20>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant 64 : index
  // CHECK-NEXT: for (int i = 0; i < 64; ++i) {
  scf.for %i = %zero to %size step %one {
    // CHECK-NEXT: #pragma HLS PIPELINE II=2
    vhls.pipeline ii = 2
    // CHECK-NEXT: #pragma HLS UNROLL factor=8
    vhls.unroll factor = 8
    // CHECK-NEXT: {{^}}#pragma HLS UNROLL{{$}}
    vhls.unroll
    // CHECK-NEXT: #pragma HLS LOOP_TRIPCOUNT min=1 max=64
    vhls.loop_tripcount min = 1 max = 64
    // CHECK-NEXT: #pragma HLS DEPENDENCE variable=buffer inter false
    vhls.dependence %buffer "inter" false : memref<8x64xi20>
    // CHECK-NEXT: #pragma HLS DEPENDENCE variable=buffer inter RAW distance=3 true
    vhls.dependence %buffer "inter" distance = 3 : memref<8x64xi20>
    // CHECK-NEXT: #pragma HLS EXPRESSION_BALANCE off
    vhls.expression_balance off
    // CHECK: #pragma HLS RESOURCE variable=product core=DSP48 latency=2
    // CHECK: #pragma HLS RESOURCE variable=power core=Mul_LUT
    // CHECK: #pragma HLS RESOURCE variable=sum core=AddSub_DSP
    // CHECK: #pragma HLS RESOURCE variable=difference core=AddSub{{$}}
    %x = memref.load %input[%i] : memref<64xi8>
    %product = arith.muli %x, %x overflow<nsw> : i8
    vhls.bind_op %product impl = "dsp" latency = 2 : i8
    %power = arith.muli %product, %x overflow<nsw> : i8
    vhls.bind_op %power impl = "fabric" : i8
    %sum = arith.addi %power, %x overflow<nsw> : i8
    vhls.bind_op %sum impl = "dsp" : i8
    %difference = arith.subi %sum, %x overflow<nsw> : i8
    vhls.bind_op %difference impl = "fabric" : i8
    %wide = arith.extsi %difference : i8 to i20
    memref.store %wide, %output[%zero, %i] : memref<8x64xi20>
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
  scf.for %i = %zero to %tiles step %one {
    // CHECK: {{^}}#pragma HLS DATAFLOW{{$}}
    vhls.dataflow
    %buffer = memref.alloca() : memref<4xi8>
    func.call @load(%buffer, %i) : (memref<4xi8>, index) -> ()
  }
  func.return
}

// CHECK-LABEL: extern "C" void top(u128 weights[], i8 image[64], i20 logits[8][64], int count) {
func.func @top(%weights: memref<?xi128>, %image: memref<64xi8>, %logits: memref<8x64xi20>, %count: index) {
  // CHECK-NEXT: #pragma HLS INTERFACE m_axi port=weights bundle=gmem0 offset=slave depth=4096 latency=60 max_read_burst_length=64 num_read_outstanding=8
  vhls.interface %weights : memref<?xi128> mode = "m_axi" bundle = "gmem0" depth = 4096 latency = 60 max_read_burst_length = 64 num_read_outstanding = 8
  // CHECK-NEXT: #pragma HLS INTERFACE s_axilite port=count bundle=control
  vhls.interface %count : index mode = "s_axilite" bundle = "control"
  // CHECK-NEXT: #pragma HLS INTERFACE s_axilite port=return bundle=control
  vhls.interface mode = "s_axilite" bundle = "control"
  // CHECK-NEXT: #pragma HLS ALLOCATION instances=engine limit=1 function
  vhls.allocation function @engine limit = 1
  func.call @engine(%image, %logits) : (memref<64xi8>, memref<8x64xi20>) -> ()
  func.return
}
