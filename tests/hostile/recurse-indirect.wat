;; Endless recursion through a table.
(module
  (memory (export "memory") 1 1)
  (table 1 1 funcref)
  (elem (i32.const 0) $deeper)
  (type $none (func))
  (func $deeper (call_indirect (type $none) (i32.const 0)))
  (func (export "abi_version") (result i32) (i32.const 2))
  (func (export "rx_buffer") (result i32) (i32.const 1024))
  (func (export "state_ptr") (result i32) (i32.const 0))
  (func (export "state_len") (result i32) (i32.const 8))
  (func (export "init") (param i32))
  (func (export "on_event") (param $kind i32) (param $a i32) (param $b i32) (call $deeper)))
