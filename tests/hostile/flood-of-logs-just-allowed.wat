;; Logs as many lines as the host allows, each of the longest length.
(module
  (import "board" "log" (func $log (param i32 i32)))
  (memory (export "memory") 1 1)
  (func (export "abi_version") (result i32) (i32.const 2))
  (func (export "rx_buffer") (result i32) (i32.const 1024))
  (func (export "state_ptr") (result i32) (i32.const 0))
  (func (export "state_len") (result i32) (i32.const 8))
  (func (export "init") (param i32))
  (func (export "on_event") (param $kind i32) (param $a i32) (param $b i32) (local $i i32) (loop $more (call $log (i32.const 0) (i32.const 120)) (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4096))))))
