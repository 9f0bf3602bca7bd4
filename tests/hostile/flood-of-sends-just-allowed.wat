;; Requests the radio and sends as often as the host allows.
(module
  (import "board" "radio_request" (func $radio (param i32)))
  (import "board" "net_send" (func $send (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1 1)
  (func (export "abi_version") (result i32) (i32.const 2))
  (func (export "rx_buffer") (result i32) (i32.const 1024))
  (func (export "state_ptr") (result i32) (i32.const 0))
  (func (export "state_len") (result i32) (i32.const 8))
  (func (export "init") (param i32))
  (func (export "on_event") (param $kind i32) (param $a i32) (param $b i32) (local $i i32) (loop $more (call $radio (i32.const 1)) (drop (call $send (i32.const 0) (i32.const 1) (local.get $i) (i32.const 1024))) (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 2048))))))
