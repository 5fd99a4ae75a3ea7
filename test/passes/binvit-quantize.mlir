// RUN: vaqf-opt %S/Inputs/model.mlir -p 'binvit-quantize{activation-bits=6}' 2>%t.notice | filecheck %s
// RUN: filecheck %s --check-prefix=NOTICE < %t.notice

// A range that leaves out the few largest values makes a unit of the others stand for less: by
// default the one with the least mean square error is taken, method=minmax takes them all.
// RUN: vaqf-opt %S/Inputs/model.mlir -p 'binvit-quantize{activation-bits=3}' 2>/dev/null | filecheck %s --check-prefix=MSE
// RUN: vaqf-opt %S/Inputs/model.mlir -p 'binvit-quantize{activation-bits=3 method=minmax}' 2>/dev/null | filecheck %s --check-prefix=MINMAX
// MSE: %n1 = binvit.layer_norm {{.*}} -> tensor<5x16x!binvit.q<s3, 0.15{{[0-9]+}}>>
// MINMAX: %n1 = binvit.layer_norm {{.*}} -> tensor<5x16x!binvit.q<s3, 0.20{{[0-9]+}}>>

// NOTICE: binvit-quantize: calibrating on 2 images of Gaussian noise (seed 0); give calibration=IMAGES.npy for real ranges

// The image has 8 bits, whatever the activations have; the logits are the head's exact sums.
// CHECK-LABEL: func.func @main(%image: tensor<1x8x8x!binvit.q<s8, 0.017{{[0-9]+}}>>) -> tensor<1x4x!binvit.q<s18, {{.*}}>>

// Patch embedding and head have 8-bit weights.
// CHECK: %[[PW:.*]] = binvit.quantize %patch_w : tensor<16x1x4x4xf32> -> tensor<16x1x4x4x!binvit.q<s8, {{.*}}>>
// CHECK: binvit.patch_embed %image, %[[PW]] bias {{.*}} {layer = "patch"}

// The residual stream has 16 bits and one scale.
// CHECK: binvit.requantize {{.*}} -> tensor<4x16x!binvit.q<s16, [[R:.*]]>>
// CHECK: binvit.add {{.*}} -> tensor<5x16x!binvit.q<s16, [[R]]>>

// What feeds a layer has the bits asked for; gamma has 16 bits, beta 32.
// CHECK: binvit.quantize %g1 : tensor<16xf32> -> tensor<16x!binvit.q<s16, {{.*}}>>
// CHECK: binvit.quantize %b1 : tensor<16xf32> -> tensor<16x!binvit.q<s32, {{.*}}>>
// CHECK: %n1 = binvit.layer_norm {{.*}} -> tensor<5x16x!binvit.q<s6, {{.*}}>>

// Weights of the encoder are binary, their scale is the mean absolute value.
// CHECK: binvit.quantize %q_w : tensor<16x16xf32> -> tensor<16x16x!binvit.binary<0.1591{{[0-9]+}}>>
// CHECK: %q = binvit.linear {{.*}} -> tensor<5x16x!binvit.q<s11, {{.*}}>>
// CHECK: binvit.requantize %q by {{[0-9]+}} shift {{[0-9]+}} {layer = "q"} : {{.*}} -> tensor<5x16x!binvit.q<s6, {{.*}}>>

// Attention: exact sums, and probabilities without sign whose scale is a power of two.
// CHECK: %s = binvit.attention_scores {{.*}} -> tensor<2x5x5x!binvit.q<s15, {{.*}}>>
// CHECK: %p = binvit.softmax %s : {{.*}} -> tensor<2x5x5x!binvit.q<u6, 0.00390625>>
// CHECK: %c = binvit.attention_context %p, {{.*}} -> tensor<5x16x!binvit.q<s15, {{.*}}>>

// A layer before the residual stream is brought to its scale.
// CHECK: %o = binvit.linear
// CHECK: binvit.requantize %o {{.*}} -> tensor<5x16x!binvit.q<s16, [[R]]>>

// GELU is a table over two bits more than the activations have.
// CHECK: binvit.requantize %f {{.*}} -> tensor<5x32x!binvit.q<s8, {{.*}}>>
// CHECK: %h = binvit.gelu {{.*}} -> tensor<5x32x!binvit.q<s6, {{.*}}>>

// CHECK: %l = binvit.linear {{.*}} {layer = "head"} : {{.*}} -> tensor<1x4x!binvit.q<s18, {{.*}}>>
// CHECK-NEXT: func.return %l
