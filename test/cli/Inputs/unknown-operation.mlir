// An operation of a dialect that nobody has registered.

func.func @f() {
  %x = foo.bar : i32
  func.return
}
