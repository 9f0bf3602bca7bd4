;; Grows its memory by one page, by the maximum, and by a negative number of pages.
(module
  (import "board" "mark" (func $mark (param i32)))
  (memory (export "memory") 1 1)
  (func (export "abi_version") (result i32) (i32.const 2))
  (func (export "rx_buffer") (result i32) (i32.const 1024))
  (func (export "state_ptr") (result i32) (i32.const 0))
  (func (export "state_len") (result i32) (i32.const 8))
  (func (export "init") (param i32))
  (func (export "on_event") (param $kind i32) (param $a i32) (param $b i32) (call $mark (i32.add (i32.const 12) (memory.grow (i32.const 1)))) (call $mark (i32.add (i32.const 12) (memory.grow (i32.const 65535)))) (call $mark (i32.add (i32.const 12) (memory.grow (i32.const -1)))) (call $mark (i32.add (i32.const 12) (memory.grow (i32.const 0)))) (call $mark (i32.add (i32.const 12) (memory.size))) (i32.store (i32.const 65532) (local.get $a))))
