// Arithmetic has exactly MLIR's value: conversions are printed where a result wraps, and only
// there. That it holds at all widths is tested by running it (test/unit/test_hls_cpp.py).

// RUN: vaqf-opt %s -t hls-cpp | filecheck %s

// Results wrap to their width; the machine's integers hold the exact sum.
// CHECK-LABEL: static i20 wrapping(i20 a, i20 b) {
func.func @wrapping(%a: i20, %b: i20) -> i20 {
  // CHECK-NEXT: const i20 sum = a + b;
  %sum = arith.addi %a, %b : i20
  // CHECK-NEXT: return i20(sum - a) * i20(sum - b);
  %0 = arith.subi %sum, %a : i20
  %1 = arith.subi %sum, %b : i20
  %2 = arith.muli %0, %1 overflow<nsw> : i20
  func.return %2 : i20
}

// Where they do not, unsigned numbers wrap as MLIR's integers do.
// CHECK-LABEL: static i32 wrapping_machine_integer(i32 a, i32 b) {
func.func @wrapping_machine_integer(%a: i32, %b: i32) -> i32 {
  // CHECK-NEXT: const i32 sum = u32(a) + u32(b);
  %sum = arith.addi %a, %b : i32
  // CHECK-NEXT: return u32(sum) * u32(b);
  %0 = arith.muli %sum, %b : i32
  func.return %0 : i32
}

// `nsw` promises that nothing wraps. Parentheses where C++ needs them, and no others.
// CHECK-LABEL: static i20 promised(i20 a, i20 b, i20 c) {
func.func @promised(%a: i20, %b: i20, %c: i20) -> i20 {
  // CHECK-NEXT: return a * (b + c) - (b - c) * c;
  %0 = arith.addi %b, %c overflow<nsw> : i20
  %1 = arith.muli %a, %0 overflow<nsw> : i20
  %2 = arith.subi %b, %c overflow<nsw> : i20
  %3 = arith.muli %2, %c overflow<nsw> : i20
  %4 = arith.subi %1, %3 overflow<nsw> : i20
  func.return %4 : i20
}

// CHECK-LABEL: static i20 negation(i20 a) {
func.func @negation(%a: i20) -> i20 {
  // CHECK-NEXT: return -a;
  %zero = arith.constant 0 : i20
  %0 = arith.subi %zero, %a overflow<nsw> : i20
  func.return %0 : i20
}

// C++ extends signs; a product is converted where the machine would compute it in too few bits.
// CHECK-LABEL: static i20 sign_extension(i8 a, i8 b) {
func.func @sign_extension(%a: i8, %b: i8) -> i20 {
  // CHECK-NEXT: return a * b;
  %0 = arith.extsi %a : i8 to i20
  %1 = arith.extsi %b : i8 to i20
  %2 = arith.muli %0, %1 overflow<nsw> : i20
  func.return %2 : i20
}

// CHECK-LABEL: static i48 sign_extension_to_long(i24 a, i24 b) {
func.func @sign_extension_to_long(%a: i24, %b: i24) -> i48 {
  // CHECK-NEXT: return i48(a) * b;
  %0 = arith.extsi %a : i24 to i48
  %1 = arith.extsi %b : i24 to i48
  %2 = arith.muli %0, %1 overflow<nsw> : i48
  func.return %2 : i48
}

// CHECK-LABEL: static i20 extension_of_a_bit(bool bit, i20 a) {
func.func @extension_of_a_bit(%bit: i1, %a: i20) -> i20 {
  // CHECK-NEXT: return a * (bit ? -1 : 0) + int(bit);
  %0 = arith.extsi %bit : i1 to i20
  %1 = arith.extui %bit : i1 to i20
  %2 = arith.muli %a, %0 overflow<nsw> : i20
  %3 = arith.addi %2, %1 overflow<nsw> : i20
  func.return %3 : i20
}

// CHECK-LABEL: static i20 zero_extension(i8 a) {
func.func @zero_extension(%a: i8) -> i20 {
  // CHECK-NEXT: return u8(a);
  %0 = arith.extui %a : i8 to i20
  func.return %0 : i20
}

// CHECK-LABEL: static i8 truncation(i20 a, i20 b) {
func.func @truncation(%a: i20, %b: i20) -> i8 {
  // CHECK-NEXT: return a * b;
  %0 = arith.muli %a, %b overflow<nsw> : i20
  %1 = arith.trunci %0 : i20 to i8
  func.return %1 : i8
}

// CHECK-LABEL: static i8 division(i8 a, i8 b) {
func.func @division(%a: i8, %b: i8) -> i8 {
  // CHECK-NEXT: return a / b % 3 - i8(u8(a) / u8(b));
  %three = arith.constant 3 : i8
  %0 = arith.divsi %a, %b : i8
  %1 = arith.remsi %0, %three : i8
  %2 = arith.divui %a, %b : i8
  %3 = arith.subi %1, %2 overflow<nsw> : i8
  func.return %3 : i8
}

// CHECK-LABEL: static i20 shifts(i20 a, int n) {
func.func @shifts(%a: i20, %n: index) -> i20 {
  // CHECK-NEXT: const i20 left = u20(a) << 3U;
  %three = arith.constant 3 : i20
  %left = arith.shli %a, %three : i20
  // CHECK-NEXT: return ((left + a) >> 3U) | i20(u20(a) >> 3U);
  %0 = arith.addi %left, %a overflow<nsw> : i20
  %1 = arith.shrsi %0, %three : i20
  %2 = arith.shrui %a, %three : i20
  %3 = arith.ori %1, %2 : i20
  func.return %3 : i20
}

// An amount is unsigned, and has as many bits as before it was extended: ap_int shifts the other way by
// negative ones, and builds shifters for both.
// CHECK-LABEL: static i20 amounts(i20 a, i6 n, int m) {
func.func @amounts(%a: i20, %n: i6, %m: index) -> i20 {
  // CHECK-NEXT: return (a >> u5(n - 1)) >> u5(m);
  %one = arith.constant 1 : i6
  %0 = arith.subi %n, %one overflow<nsw> : i6
  %1 = arith.trunci %0 : i6 to i5
  %2 = arith.extui %1 : i5 to i20
  %3 = arith.shrsi %a, %2 : i20
  %4 = arith.index_cast %m : index to i5
  %5 = arith.extui %4 : i5 to i20
  %6 = arith.shrsi %3, %5 : i20
  func.return %6 : i20
}

// CHECK-LABEL: static bool bit_of_word(u128 word, int n) {
func.func @bit_of_word(%word: i128, %n: index) -> i1 {
  // CHECK-NEXT: return bool(word[u7(n)]);
  %0 = arith.index_cast %n : index to i7
  %1 = arith.extui %0 : i7 to i128
  %2 = arith.shrui %word, %1 : i128
  %3 = arith.trunci %2 : i128 to i1
  func.return %3 : i1
}

// A remainder of what is not negative needs no conversion to count bits with: one for each bit of a
// row of weights would take most of the time of a simulation.
// CHECK-LABEL: static void bits_of_row(
func.func @bits_of_row(%word: i128, %out: memref<256xi1>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c128 = arith.constant 128 : index
  %c256 = arith.constant 256 : index
  scf.for %v = %c0 to %c256 step %c1 {
    // CHECK: out[v] = bool(word[v % 128]);
    %0 = arith.remsi %v, %c128 : index
    %1 = arith.index_cast %0 : index to i7
    %2 = arith.extui %1 : i7 to i128
    %3 = arith.shrui %word, %2 : i128
    %4 = arith.trunci %3 : i128 to i1
    memref.store %4, %out[%v] : memref<256xi1>
    // CHECK-NEXT: out[v] = bool(word[u7(n % 128)]);
    %5 = arith.remsi %n, %c128 : index
    %6 = arith.index_cast %5 : index to i7
    %7 = arith.extui %6 : i7 to i128
    %8 = arith.shrui %word, %7 : i128
    %9 = arith.trunci %8 : i128 to i1
    memref.store %9, %out[%v] : memref<256xi1>
    scf.yield
  }
  func.return
}

// CHECK-LABEL: static i8 sign_or_complement(u128 word, i7 n, i8 x) {
func.func @sign_or_complement(%word: i128, %n: i7, %x: i8) -> i8 {
  // CHECK-NEXT: return word[u7(n)] ? x : i8(~x);
  %0 = arith.extui %n : i7 to i128
  %1 = arith.shrui %word, %0 : i128
  %2 = arith.trunci %1 : i128 to i1
  %ones = arith.constant -1 : i8
  %3 = arith.xori %x, %ones : i8
  %4 = arith.select %2, %x, %3 : i8
  func.return %4 : i8
}

// CHECK-LABEL: static bool bit_of_sum(i8 a, i8 b, i3 n) {
func.func @bit_of_sum(%a: i8, %b: i8, %n: i3) -> i1 {
  // A sum is no variable, of which a bit could be taken.
  // CHECK-NEXT: return bool(((a + b) >> u3(n)) & 1);
  %0 = arith.addi %a, %b overflow<nsw> : i8
  %1 = arith.extui %n : i3 to i8
  %2 = arith.shrsi %0, %1 : i8
  %3 = arith.trunci %2 : i8 to i1
  func.return %3 : i1
}

// CHECK-LABEL: static u128 pack(i8 low, i8 high) {
func.func @pack(%low: i8, %high: i8) -> i128 {
  // CHECK-NEXT: return u128(u8(low)) | (u128(u8(high)) << 8U);
  %eight = arith.constant 8 : i128
  %0 = arith.extui %low : i8 to i128
  %1 = arith.extui %high : i8 to i128
  %2 = arith.shli %1, %eight : i128
  %3 = arith.ori %0, %2 : i128
  func.return %3 : i128
}

// CHECK-LABEL: static i8 clamp(i20 a) {
func.func @clamp(%a: i20) -> i8 {
  // CHECK-NEXT: return minimum<i20>(maximum<i20>(a, -128), 127);
  %low = arith.constant -128 : i20
  %high = arith.constant 127 : i20
  %0 = arith.maxsi %a, %low : i20
  %1 = arith.minsi %0, %high : i20
  %2 = arith.trunci %1 : i20 to i8
  func.return %2 : i8
}

// CHECK-LABEL: static i8 unsigned_extrema(i8 a, i8 b) {
func.func @unsigned_extrema(%a: i8, %b: i8) -> i8 {
  // CHECK-NEXT: return minimum<u8>(maximum<u8>(a, b), 5);
  %five = arith.constant 5 : i8
  %0 = arith.maxui %a, %b : i8
  %1 = arith.minui %0, %five : i8
  func.return %1 : i8
}

// Both arms of `?:` have one type.
// CHECK-LABEL: static i20 select(bool negative, i8 x) {
func.func @select(%negative: i1, %x: i8) -> i20 {
  // CHECK-NEXT: const i20 wide = x;
  // CHECK-NEXT: return negative ? i20(-wide) : wide;
  %zero = arith.constant 0 : i20
  %wide = arith.extsi %x : i8 to i20
  %0 = arith.subi %zero, %wide overflow<nsw> : i20
  %1 = arith.select %negative, %0, %wide : i20
  func.return %1 : i20
}

// CHECK-LABEL: static bool comparisons(i8 a, i8 b) {
func.func @comparisons(%a: i8, %b: i8) -> i1 {
  // CHECK-NEXT: return (a == b || !(a < b)) && u8(a) >= u8(b);
  %true = arith.constant true
  %0 = arith.cmpi eq, %a, %b : i8
  %1 = arith.cmpi slt, %a, %b : i8
  %2 = arith.xori %1, %true : i1
  %3 = arith.ori %0, %2 : i1
  %4 = arith.cmpi uge, %a, %b : i8
  %5 = arith.andi %3, %4 : i1
  func.return %5 : i1
}

// CHECK-LABEL: static int indices(int row, int column, i20 offset) {
func.func @indices(%row: index, %column: index, %offset: i20) -> index {
  // CHECK-NEXT: return row * 64 + column / 16 + int(offset);
  %size = arith.constant 64 : index
  %lanes = arith.constant 16 : index
  %0 = arith.muli %row, %size : index
  %1 = arith.divsi %column, %lanes : index
  %2 = arith.addi %0, %1 : index
  %3 = arith.index_cast %offset : i20 to index
  %4 = arith.addi %2, %3 : index
  func.return %4 : index
}

// Literals fit their type, the smallest 64-bit number and words of bits included.
// CHECK-LABEL: static void literals(i64 a[2], u128 b[1], bool c[1], i8 d[1]) {
func.func @literals(%a: memref<2xi64>, %b: memref<1xi128>, %c: memref<1xi1>, %d: memref<1xi8>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  // CHECK-NEXT: a[0] = (-9223372036854775807LL - 1);
  %smallest = arith.constant -9223372036854775808 : i64
  memref.store %smallest, %a[%zero] : memref<2xi64>
  // CHECK-NEXT: a[1] = 2147483648LL;
  %long = arith.constant 2147483648 : i64
  memref.store %long, %a[%one] : memref<2xi64>
  // CHECK-NEXT: b[0] = (u128(2) << 63U | u128(1LL));
  %word = arith.constant 18446744073709551617 : i128
  memref.store %word, %b[%zero] : memref<1xi128>
  // CHECK-NEXT: c[0] = true;
  %bit = arith.constant true
  memref.store %bit, %c[%zero] : memref<1xi1>
  // CHECK-NEXT: d[0] = -1;
  %byte = arith.constant 255 : i8
  memref.store %byte, %d[%zero] : memref<1xi8>
  func.return
}
