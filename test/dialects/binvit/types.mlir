// RUN: vaqf-opt %s | vaqf-opt | filecheck %s
// RUN: vaqf-opt %s --print-op-generic | vaqf-opt | filecheck %s

// The element types of quantised tensors: signed, unsigned and binary.

// CHECK-LABEL: @types
// CHECK-SAME: tensor<4x!binvit.q<s8, 0.05>>
// CHECK-SAME: tensor<4x!binvit.q<u8, 0.00390625>>
// CHECK-SAME: tensor<4x!binvit.q<s1, 1.0>>
// CHECK-SAME: tensor<4x!binvit.q<s63, 1.5e-07>>
// CHECK-SAME: tensor<4x!binvit.binary<0.02>>
func.func @types(%0: tensor<4x!binvit.q<s8, 0.05>>, %1: tensor<4x!binvit.q<u8, 0.00390625>>,
                 %2: tensor<4x!binvit.q<s1, 1.0>>, %3: tensor<4x!binvit.q<s63, 1.5e-07>>,
                 %4: tensor<4x!binvit.binary<0.02>>) {
  return
}

// What hardware takes of an FPGA; what is left of one may be negative.

// CHECK-LABEL: @resources
// CHECK-SAME: left = #binvit.resources<lut = -12, ff = 0, dsp = 3, bram18 = 4, uram = 0>
func.func @resources() attributes {left = #binvit.resources<lut = -12, ff = 0, dsp = 3, bram18 = 4, uram = 0>} {
  return
}
