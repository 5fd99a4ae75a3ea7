// RUN: not vaqf-opt %S/Inputs/model.mlir -p binvit-estimate 2>&1 | filecheck %s --check-prefix=EARLY
// EARLY: error: the module has no engines; run binvit-map first
// RUN: vaqf-opt %S/Inputs/model.mlir -p 'binvit-canonicalize-tokens,binvit-quantize,binvit-map,binvit-tile,binvit-unroll{lanes=8 binary-n=16},binvit-allocate' -o %t.mlir 2>/dev/null
// RUN: not vaqf-opt %t.mlir -p 'binvit-estimate{board=zcu12}' 2>&1 | filecheck %s --check-prefix=BOARD
// BOARD: error: unknown board 'zcu12'; did you mean 'zcu102'?
// RUN: not vaqf-opt %t.mlir -p 'binvit-estimate{board="%S/Inputs/no-dsp.toml"}' 2>&1 | filecheck %s --check-prefix=LACKS
// LACKS: error: board No DSP has no dsp, of which the accelerator needs {{[0-9]+}}; choose another board
// RUN: not vaqf-opt %t.mlir -p 'binvit-estimate{clock-mhz=0}' 2>&1 | filecheck %s --check-prefix=ZERO
// ZERO: error: clock-mhz must be in 1..1000, got 0
// RUN: not vaqf-opt %t.mlir -p 'binvit-estimate{clock-mhz=-200.0}' 2>&1 | filecheck %s --check-prefix=NEGATIVE
// NEGATIVE: error: clock-mhz must be in 1..1000, got -200.0
// RUN: not vaqf-opt %t.mlir -p 'binvit-estimate{clock-mhz=fast}' 2>&1 | filecheck %s --check-prefix=WORD
// WORD: error: pass 'binvit-estimate': option 'clock-mhz' must be a number, got fast
// RUN: not vaqf-opt %t.mlir -p 'binvit-estimate{profile=vivado}' 2>&1 | filecheck %s --check-prefix=PROFILE
// PROFILE: error: profile must be calibrated or vaqf2022, got 'vivado'
// RUN: not vaqf-opt %t.mlir -p 'binvit-estimate{profile=vaqf2022 board=kv260}' 2>&1 | filecheck %s --check-prefix=FITTED
// FITTED: error: profile vaqf2022 was fitted to zcu102 at 150 MHz and knows no other board or clock
