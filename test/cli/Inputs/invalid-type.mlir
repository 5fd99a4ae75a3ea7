func.func private @f(tensor<3x!binvit.q<s99, 1.0>>)
