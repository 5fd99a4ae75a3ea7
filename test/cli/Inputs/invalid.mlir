func.func @valid() {
  func.return
}
// -----
func.func @f(%x: i32) -> i32 {
  %sum = "arith.addi"(%x) : (i32) -> i32
  func.return %sum : i32
}
