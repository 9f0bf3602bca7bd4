;; Endless recursion with many local variables.
(module
  (memory (export "memory") 1 1)
  (func $deeper (param i64) (result i64) (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64) (i64.add (local.get 12) (call $deeper (i64.add (local.get 0) (i64.const 1)))))
  (func (export "abi_version") (result i32) (i32.const 2))
  (func (export "rx_buffer") (result i32) (i32.const 1024))
  (func (export "state_ptr") (result i32) (i32.const 0))
  (func (export "state_len") (result i32) (i32.const 8))
  (func (export "init") (param i32))
  (func (export "on_event") (param $kind i32) (param $a i32) (param $b i32) (drop (call $deeper (i64.const 1)))))
