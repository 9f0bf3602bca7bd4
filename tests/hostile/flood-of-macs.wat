;; Signs with the device's key in an endless loop.
(module
  (import "board" "mac_sign" (func $sign (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1 1)
  (func (export "abi_version") (result i32) (i32.const 1))
  (func (export "rx_buffer") (result i32) (i32.const 1024))
  (func (export "state_ptr") (result i32) (i32.const 0))
  (func (export "state_len") (result i32) (i32.const 8))
  (func (export "init") (param i32))
  (func (export "on_event") (param $kind i32) (param $a i32) (param $b i32) (if (i32.gt_u (local.get $a) (i32.const 600)) (then (loop $forever (drop (call $sign (i32.const 0) (i32.const 256) (i32.const 4096))) (br $forever))))))
