;; Writes one byte past its memory, and to an address that wraps round with its offset.
(module
  (memory (export "memory") 1 1)
  (func (export "abi_version") (result i32) (i32.const 2))
  (func (export "rx_buffer") (result i32) (i32.const 1024))
  (func (export "state_ptr") (result i32) (i32.const 0))
  (func (export "state_len") (result i32) (i32.const 8))
  (func (export "init") (param i32) (i32.store8 (i32.const 65535) (i32.const 7)))
  (func (export "on_event") (param $kind i32) (param $a i32) (param $b i32) (if (i32.eqz (local.get $kind)) (then (i32.store8 offset=0xffffffff (i32.const 1) (i32.const 7)))) (i32.store (i32.const 65533) (i32.const 7))))
