builtin.module attributes {binvit.weights = "missing.safetensors"} {
  func.func @main(%image: tensor<3x16x16xf32>) -> tensor<3x16x16xf32> {
    func.return %image : tensor<3x16x16xf32>
  }
}
