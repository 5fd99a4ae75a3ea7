// Text that is not ASCII, as it is and as MLIR prints it, in any locale.

// RUN: vaqf-opt %s | filecheck %s
// RUN: env LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 vaqf-opt %s | filecheck %s

// CHECK: a = "v\C3\AEt", b = "v\C3\AEt"
builtin.module attributes {a = "v\C3\AEt", b = "vît"} {
}
