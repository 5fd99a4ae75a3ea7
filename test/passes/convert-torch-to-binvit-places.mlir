// RUN: not vaqf-opt %s -p convert-torch-to-binvit 2>&1 | filecheck %s
// RUN: vaqf-opt %s --print-debuginfo | filecheck %s --check-prefix=ROUND
// RUN: vaqf-opt %s --print-debuginfo --print-op-generic | vaqf-opt --print-debuginfo | filecheck %s --check-prefix=ROUND

// A refusal says the line of the model's Python and the layer, as vaqf-import writes them.

// CHECK: models/vit.py:17: error: in layer 'blocks.0.attn': cannot convert torch.aten.relu (result %r) on ({{.*}}): no Vision Transformer operation is known that uses it

// ROUND: "torch.aten.relu"(%a) {{.*}} loc("blocks.0.attn"("models/vit.py":17:0))
#vit = loc("models/vit.py":17:0)
func.func @main(%a: !torch.vtensor<[1,3,8,8],f32>) -> !torch.vtensor<[1,3,8,8],f32> {
  %r = torch.aten.relu %a : !torch.vtensor<[1,3,8,8],f32> -> !torch.vtensor<[1,3,8,8],f32> loc(#relu)
  return %r : !torch.vtensor<[1,3,8,8],f32>
}
#relu = loc("blocks.0.attn"(#vit))
