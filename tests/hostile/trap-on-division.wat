;; Divides by zero, and the lowest integer by -1.
(module
  (import "board" "mark" (func $mark (param i32)))
  (memory (export "memory") 1 1)
  (func (export "abi_version") (result i32) (i32.const 2))
  (func (export "rx_buffer") (result i32) (i32.const 1024))
  (func (export "state_ptr") (result i32) (i32.const 0))
  (func (export "state_len") (result i32) (i32.const 8))
  (func (export "init") (param i32))
  (func (export "on_event") (param $kind i32) (param $a i32) (param $b i32) (if (i32.eqz (local.get $kind)) (then (call $mark (i32.const 14)) (drop (i32.div_s (i32.const 0x80000000) (i32.sub (i32.const 0) (i32.const 1)))))) (drop (i32.rem_u (local.get $a) (i32.const 0)))))
