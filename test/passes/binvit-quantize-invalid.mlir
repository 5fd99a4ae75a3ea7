// RUN: not vaqf-opt %S/Inputs/model.mlir -p 'binvit-quantize{activation-bits=0}' 2>&1 | filecheck %s --check-prefix=BITS
// BITS: error: activation-bits must be in 1..16, got 0
// RUN: not vaqf-opt %S/Inputs/model.mlir -p 'binvit-quantize{activation-bits=17}' 2>&1 | filecheck %s --check-prefix=WIDE
// WIDE: error: activation-bits must be in 1..16, got 17
// RUN: not vaqf-opt %S/Inputs/model.mlir -p 'binvit-quantize{images=0}' 2>&1 | filecheck %s --check-prefix=NO-IMAGE
// NO-IMAGE: error: images must be at least 1, got 0
// RUN: not vaqf-opt %S/Inputs/model.mlir -p 'binvit-quantize{images=100000000000}' 2>&1 | filecheck %s --check-prefix=IMAGES-ABOVE
// IMAGES-ABOVE: error: images must be at most {{[0-9,]+}} of this size, got 100,000,000,000
// RUN: not vaqf-opt %S/Inputs/model.mlir -p 'binvit-quantize{seed=-1}' 2>&1 | filecheck %s --check-prefix=SEED
// SEED: error: seed must be a whole number from 0 up, got -1
// RUN: not vaqf-opt %S/Inputs/model.mlir -p 'binvit-quantize{method=entropy}' 2>&1 | filecheck %s --check-prefix=METHOD
// METHOD: error: method must be one of minmax, percentile, mse, got 'entropy'
// RUN: not vaqf-opt %S/Inputs/model.mlir -p 'binvit-quantize,binvit-quantize' 2>&1 | filecheck %s --check-prefix=TWICE
// TWICE: error: the model is quantised already
// RUN: not vaqf-opt %S/Inputs/model.mlir -p 'binvit-quantize{calibration="nowhere.npy"}' 2>&1 | filecheck %s --check-prefix=IMAGES
// IMAGES: error: cannot read calibration images 'nowhere.npy'
// RUN: not vaqf-opt %S/Inputs/model.mlir -p 'binvit-quantize{weights="nowhere.safetensors"}' 2>&1 | filecheck %s --check-prefix=WEIGHTS
// WEIGHTS: error: weights file 'nowhere.safetensors' does not exist
// RUN: not vaqf-opt %S/Inputs/model.mlir -p 'binvit-quantize{weights="%S/Inputs/model.mlir"}' 2>&1 | filecheck %s --check-prefix=FORMAT
// FORMAT: error: '{{.*}}model.mlir' is not a .safetensors file

// RUN: vaqf-opt %s --split-input-file --verify-diagnostics -p 'binvit-quantize{weights="%S/Inputs/model.safetensors"}' 2>/dev/null | filecheck %s

// CHECK: expected one function with one argument, the image
func.func @main(%a: tensor<1x8x8xf32>, %b: tensor<1x8x8xf32>) {
  return
}

// -----

// LayerScale has no integer arithmetic yet.
// CHECK: cannot quantise binvit.channel_scale of layer "scale": no integer arithmetic is defined for it
func.func @main(%image: tensor<1x8x8xf32>) -> tensor<4x16xf32> {
  %w = binvit.parameter "patch.weight" : tensor<16x1x4x4xf32>
  %b = binvit.parameter "patch.bias" : tensor<16xf32>
  %x = binvit.patch_embed %image, %w bias %b : (tensor<1x8x8xf32>, tensor<16x1x4x4xf32>, tensor<16xf32>) -> tensor<4x16xf32>
  %y = binvit.channel_scale %x, %b {layer = "scale"} : (tensor<4x16xf32>, tensor<16xf32>) -> tensor<4x16xf32>
  return %y : tensor<4x16xf32>
}
