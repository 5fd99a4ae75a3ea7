// RUN: vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-quantize,binvit-map' 2>/dev/null | filecheck %s

// The engines that the model needs, before any parameter is chosen.
// CHECK: binvit.engine @load_image "load_image" {}
// CHECK-NEXT: binvit.engine @load_rows "load_rows" {}
// CHECK-NEXT: binvit.engine @int8_linear "linear" {weight_bits = 8 : i64}
// CHECK-NEXT: binvit.engine @layer_norm "layer_norm" {}
// CHECK-NEXT: binvit.engine @binary_linear "linear" {weight_bits = 1 : i64}
// CHECK-NEXT: binvit.engine @attention "attention" {}
// CHECK-NEXT: binvit.engine @copy_tokens "copy_tokens" {}

// The image is fetched; so are the class token and the position embeddings.
// CHECK: %[[IMAGE:.*]] = binvit.dispatch @load_image
// CHECK-NEXT: binvit.yield %image
// CHECK: %[[CLS:.*]] = binvit.dispatch @load_rows
// CHECK-NEXT: binvit.add
// CHECK-NEXT: binvit.yield
// CHECK: %[[POSITION:.*]] = binvit.dispatch @load_rows
// CHECK-NEXT: binvit.yield

// The patch embedding adds to the position embeddings that are in memory already.
// CHECK: %[[PATCHES:.*]] = binvit.dispatch @int8_linear {layer = "patch"}
// CHECK-NEXT: binvit.patch_embed %[[IMAGE]]
// CHECK-NEXT: binvit.requantize
// CHECK-NEXT: binvit.add %{{.*}}, %[[POSITION]]
// CHECK-NEXT: binvit.yield
// CHECK: binvit.concat_tokens %[[CLS]], %[[PATCHES]]

// CHECK: %n1 = binvit.dispatch @layer_norm {layer = "norm1"}
// CHECK-NEXT: binvit.layer_norm
// CHECK-NEXT: binvit.yield

// A layer with its requantisation.
// CHECK: %q = binvit.dispatch @binary_linear {layer = "q"}
// CHECK-NEXT: binvit.linear %n1
// CHECK-NEXT: binvit.requantize
// CHECK-NEXT: binvit.yield

// Attention from scores to context.
// CHECK: %c = binvit.dispatch @attention
// CHECK-NEXT: binvit.attention_scores
// CHECK-NEXT: binvit.softmax
// CHECK-NEXT: binvit.attention_context
// CHECK-NEXT: binvit.requantize
// CHECK-NEXT: binvit.yield

// A layer with requantisation and GELU, and one that adds to the residual stream.
// CHECK: %h = binvit.dispatch @binary_linear {layer = "fc1"}
// CHECK-NEXT: binvit.linear
// CHECK-NEXT: binvit.requantize
// CHECK-NEXT: binvit.gelu
// CHECK-NEXT: binvit.yield
// CHECK: %x2 = binvit.dispatch @binary_linear {layer = "fc2"}
// CHECK-NEXT: binvit.linear %h
// CHECK-NEXT: binvit.requantize
// CHECK-NEXT: binvit.add
// CHECK-NEXT: binvit.yield

// The head reads its token where the engine for 8-bit weights reads; its sums are the logits.
// CHECK: %[[TOKEN:.*]] = binvit.dispatch @copy_tokens
// CHECK-NEXT: binvit.yield %n
// CHECK: %l = binvit.dispatch @int8_linear {layer = "head"}
// CHECK-NEXT: binvit.linear %[[TOKEN]]
// CHECK-NEXT: binvit.yield
// CHECK: return %l
