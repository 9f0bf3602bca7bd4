;; A guest that requests the radio and traps in every event.
(module
  (import "board" "radio_request" (func $radio (param i32)))
  (memory (export "memory") 1 1)
  (func (export "abi_version") (result i32) (i32.const 2))
  (func (export "rx_buffer") (result i32) (i32.const 1024))
  (func (export "state_ptr") (result i32) (i32.const 0))
  (func (export "state_len") (result i32) (i32.const 8))
  (func (export "init") (param i32) (call $radio (i32.const 1)))
  (func (export "on_event") (param i32) (param i32) (param i32)
    (call $radio (i32.const 1))
    unreachable))
