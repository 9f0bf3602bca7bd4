;; A guest that requests the radio when the gate goes live and hangs when the button is pressed.
(module
  (import "board" "radio_request" (func $radio (param i32)))
  (memory (export "memory") 1 1)
  (func (export "abi_version") (result i32) (i32.const 2))
  (func (export "rx_buffer") (result i32) (i32.const 1024))
  (func (export "state_ptr") (result i32) (i32.const 0))
  (func (export "state_len") (result i32) (i32.const 8))
  (func (export "init") (param i32))
  (func (export "on_event") (param $kind i32) (param $a i32) (param $b i32)
    ;; GATE, LIVE
    (if (i32.and (i32.eq (local.get $kind) (i32.const 4)) (i32.eq (local.get $b) (i32.const 3)))
      (then (call $radio (i32.const 1))))
    ;; BUTTON, pressed
    (if (i32.and (i32.eq (local.get $kind) (i32.const 1)) (local.get $b))
      (then (loop $forever (br $forever))))))
