;; Reports an ABI version that no host supports.
(module
  (memory (export "memory") 1 1)
  (func (export "abi_version") (result i32) (i32.const 3))
  (func (export "rx_buffer") (result i32) (i32.const 1024))
  (func (export "state_ptr") (result i32) (i32.const 0))
  (func (export "state_len") (result i32) (i32.const 8))
  (func (export "init") (param i32))
  (func (export "on_event") (param $kind i32) (param $a i32) (param $b i32)))
