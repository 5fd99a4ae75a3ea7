// A Vision Transformer of one layer: 1x8x8 pixels, 4 patches, 16 channels, 2 heads, 4 classes.
module attributes {binvit.weights = "model.safetensors"} {
  func.func @main(%image: tensor<1x8x8xf32>) -> tensor<1x4xf32> {
    %patch_w = binvit.parameter "patch.weight" : tensor<16x1x4x4xf32>
    %patch_b = binvit.parameter "patch.bias" : tensor<16xf32>
    %patches = binvit.patch_embed %image, %patch_w bias %patch_b {layer = "patch"} : (tensor<1x8x8xf32>, tensor<16x1x4x4xf32>, tensor<16xf32>) -> tensor<4x16xf32>
    %cls = binvit.parameter "cls" : tensor<1x16xf32>
    %tokens = binvit.concat_tokens %cls, %patches : (tensor<1x16xf32>, tensor<4x16xf32>) -> tensor<5x16xf32>
    %pos = binvit.parameter "position" : tensor<5x16xf32>
    %x0 = binvit.add %tokens, %pos : (tensor<5x16xf32>, tensor<5x16xf32>) -> tensor<5x16xf32>
    %g1 = binvit.parameter "norm1.weight" : tensor<16xf32>
    %b1 = binvit.parameter "norm1.bias" : tensor<16xf32>
    %n1 = binvit.layer_norm %x0, %g1, %b1 epsilon 1.0e-06 {layer = "norm1"} : (tensor<5x16xf32>, tensor<16xf32>, tensor<16xf32>) -> tensor<5x16xf32>
    %q_w = binvit.parameter "q.weight" : tensor<16x16xf32>
    %q_b = binvit.parameter "q.bias" : tensor<16xf32>
    %q = binvit.linear %n1, %q_w bias %q_b {layer = "q"} : (tensor<5x16xf32>, tensor<16x16xf32>, tensor<16xf32>) -> tensor<5x16xf32>
    %k_w = binvit.parameter "k.weight" : tensor<16x16xf32>
    %k = binvit.linear %n1, %k_w {layer = "k"} : (tensor<5x16xf32>, tensor<16x16xf32>) -> tensor<5x16xf32>
    %v_w = binvit.parameter "v.weight" : tensor<16x16xf32>
    %v_b = binvit.parameter "v.bias" : tensor<16xf32>
    %v = binvit.linear %n1, %v_w bias %v_b {layer = "v"} : (tensor<5x16xf32>, tensor<16x16xf32>, tensor<16xf32>) -> tensor<5x16xf32>
    %s = binvit.attention_scores %q, %k heads 2 scale 0.35 : (tensor<5x16xf32>, tensor<5x16xf32>) -> tensor<2x5x5xf32>
    %p = binvit.softmax %s : tensor<2x5x5xf32> -> tensor<2x5x5xf32>
    %c = binvit.attention_context %p, %v : (tensor<2x5x5xf32>, tensor<5x16xf32>) -> tensor<5x16xf32>
    %o_w = binvit.parameter "o.weight" : tensor<16x16xf32>
    %o_b = binvit.parameter "o.bias" : tensor<16xf32>
    %o = binvit.linear %c, %o_w bias %o_b {layer = "o"} : (tensor<5x16xf32>, tensor<16x16xf32>, tensor<16xf32>) -> tensor<5x16xf32>
    %x1 = binvit.add %o, %x0 : (tensor<5x16xf32>, tensor<5x16xf32>) -> tensor<5x16xf32>
    %g2 = binvit.parameter "norm2.weight" : tensor<16xf32>
    %b2 = binvit.parameter "norm2.bias" : tensor<16xf32>
    %n2 = binvit.layer_norm %x1, %g2, %b2 epsilon 1.0e-06 {layer = "norm2"} : (tensor<5x16xf32>, tensor<16xf32>, tensor<16xf32>) -> tensor<5x16xf32>
    %f_w = binvit.parameter "fc1.weight" : tensor<32x16xf32>
    %f_b = binvit.parameter "fc1.bias" : tensor<32xf32>
    %f = binvit.linear %n2, %f_w bias %f_b {layer = "fc1"} : (tensor<5x16xf32>, tensor<32x16xf32>, tensor<32xf32>) -> tensor<5x32xf32>
    %h = binvit.gelu %f approximate "none" : tensor<5x32xf32> -> tensor<5x32xf32>
    %m_w = binvit.parameter "fc2.weight" : tensor<16x32xf32>
    %m_b = binvit.parameter "fc2.bias" : tensor<16xf32>
    %m = binvit.linear %h, %m_w bias %m_b {layer = "fc2"} : (tensor<5x32xf32>, tensor<16x32xf32>, tensor<16xf32>) -> tensor<5x16xf32>
    %x2 = binvit.add %m, %x1 : (tensor<5x16xf32>, tensor<5x16xf32>) -> tensor<5x16xf32>
    %t = binvit.select_token %x2 at 0 : tensor<5x16xf32> -> tensor<1x16xf32>
    %n = binvit.layer_norm %t, %g1, %b1 epsilon 1.0e-06 {layer = "norm"} : (tensor<1x16xf32>, tensor<16xf32>, tensor<16xf32>) -> tensor<1x16xf32>
    %h_w = binvit.parameter "head.weight" : tensor<4x16xf32>
    %h_b = binvit.parameter "head.bias" : tensor<4xf32>
    %l = binvit.linear %n, %h_w bias %h_b {layer = "head"} : (tensor<1x16xf32>, tensor<4x16xf32>, tensor<4xf32>) -> tensor<1x4xf32>
    return %l : tensor<1x4xf32>
  }
}
