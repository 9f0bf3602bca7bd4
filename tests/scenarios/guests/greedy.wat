;; A guest that requests the radio and sends its memory on every channel, in init and in every event.
;; It stays within the 16 KiB of its page that every board provides.
(module
  (import "board" "radio_request" (func $radio (param i32)))
  (import "board" "net_send" (func $send (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1 1)
  (func $greed
    (call $radio (i32.const 1))
    (drop (call $send (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1024)))
    (drop (call $send (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1)))
    (drop (call $send (i32.const 0) (i32.const 2) (i32.const 15360) (i32.const 1024))))
  (func (export "abi_version") (result i32) (i32.const 2))
  (func (export "rx_buffer") (result i32) (i32.const 1024))
  (func (export "state_ptr") (result i32) (i32.const 0))
  (func (export "state_len") (result i32) (i32.const 8))
  (func (export "init") (param i32) (call $greed))
  (func (export "on_event") (param i32) (param i32) (param i32) (call $greed)))
